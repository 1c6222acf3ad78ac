"""A container's files: its own, and those of volumes, which other containers of the Pod may write at the same time.

Each entry has an owner and a mode, which limit the container's user. The simulator runs a process to its end at once,
ahead of the simulated time. Its changes to files are therefore planned in the folders with their times, and each folder
applies a planned change once its time has come.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from kubesim.api.clock import Clock, Micros
from kubesim.shell.memoryfiles import ChangeKind, Entries, MemoryFiles, apply_change, parent
from kubesim.shell.users import FILE, FOLDER, ROOT, SEARCH, Owner, User
from kubesim.workspace import file_error


class PlannedChange(NamedTuple):
    """A change of an entry at a moment."""

    at: Micros
    path: str
    text: str | None  # None for a folder
    kind: ChangeKind
    owner: Owner


class Folder:
    """The entries of a container or a volume by path ("" is the folder itself), and the planned changes to them.

    An entry without a row in `owners` belongs to root, with the mode of FILE or FOLDER.
    """

    def __init__(self, entries: Entries, owners: dict[str, Owner] | None = None, is_read_only: bool = False) -> None:
        self.entries = entries
        self.owners = owners or {}
        self.is_read_only = is_read_only
        self.planned: list[PlannedChange] = []

    def copy(self) -> Folder:
        copy = Folder(self.entries.copy(), self.owners.copy(), self.is_read_only)
        copy.planned = self.planned.copy()
        return copy

    def advance_to(self, now: Micros) -> Entries:
        """Apply the changes due by `now`, and return the entries. `now` never goes back between two calls."""
        due = [planned for planned in self.planned if planned.at <= now]
        self.planned = [planned for planned in self.planned if planned.at > now]
        for _, path, text, kind, owner in sorted(due, key=lambda planned: planned.at):
            apply_change(self.entries, path, text, kind)
            self.owners[path] = owner  # a removed entry keeps its row, which is never read
        return self.entries


class ContainerFiles(MemoryFiles):
    """The files of a container at a moment. `folders` has its own folder under "", and volumes by mount path.

    `own` creates the container's own folder when something first opens the files; in most containers nothing does.
    Raises PermissionError for operations that `user` may not do.
    """

    _clock: Clock
    """The clock of the process that has the files open; see `open_at`."""

    def __init__(self, own: Callable[[], Folder], user: User = ROOT) -> None:
        super().__init__()
        self.folders: dict[str, Folder] = {}
        self.read_only: set[str] = set()  # mount paths that are read-only in this container
        self.user = user
        self._own = own
        self._owners: dict[str, Owner] = {}

    def twin(self, folders: Mapping[int, Folder]) -> ContainerFiles:
        """A copy. `folders` has the copies of shared volumes, by the id() of the original folder."""
        other = ContainerFiles(self._own, self.user)
        other.folders = {
            mount_path: folders.get(id(folder)) or folder.copy() for mount_path, folder in self.folders.items()
        }
        other.read_only = self.read_only
        return other

    def open_at(self, clock: Clock) -> None:
        """Open the files for a process whose clock is `clock`, as they are at its present time."""
        if "" not in self.folders:
            self.folders[""] = self._own()
        self._clock = clock
        self.entries = {}
        self._owners = {}
        for mount_path, folder in self.folders.items():
            mounted_in_it = tuple(f"{other}/" for other in self.folders if other.startswith(f"{mount_path}/"))
            for path, text in folder.advance_to(clock.now).items():
                key = mount_path + path
                if f"{key}/".startswith(mounted_in_it):  # hidden by a volume that is mounted there
                    continue
                self.entries[key] = text
                if path in folder.owners:
                    self._owners[key] = folder.owners[path]

    def text_at(self, path: str, now: Micros) -> str:
        """The text of a file, "" if it doesn't exist. No process has written to files that were never opened."""
        if "" not in self.folders:
            return ""
        mount_path = _innermost(self.folders, path)
        return self.folders[mount_path].advance_to(now).get(path[len(mount_path) :]) or ""

    def owner(self, path: str) -> Owner:
        """The owner and mode of an existing entry."""
        return self._owner_of(self._key(path))

    def _owner_of(self, key: str) -> Owner:
        default = FOLDER if self.entries.get(key) is None else FILE
        return self._owners.get(key, default)

    def _require(self, right: int, key: str, path: str) -> None:
        if not self._owner_of(key).lets(self.user, right):
            raise file_error(errno.EACCES, path)

    def _key(self, path: str) -> str:
        key = super()._key(path)
        above = key
        while above != "/" and self.user != ROOT:  # the user needs the right to search each folder above
            above = parent(above)
            if self.entries.get(above, "") is None:
                self._require(SEARCH, above, path)
        return key

    def _require_writable(self, key: str, path: str) -> None:
        if key.startswith("/dev/"):  # a file system of its own, always writable
            return
        mount_path = _innermost({*self.folders, *self.read_only}, key)
        if mount_path in self.read_only or self.folders[mount_path].is_read_only:
            raise file_error(errno.EROFS, path)

    def require_removable(self, path: str) -> None:
        super().require_removable(path)
        if self._key(path) in self.folders:
            raise file_error(errno.EBUSY, path)

    def _change(self, key: str, text: str | None, kind: ChangeKind) -> None:
        """Change the open files now, and plan the change in the entry's folder.

        A new entry belongs to the user. Its group is the folder's (as fsGroup has it), or the user's if the folder's is
        root.
        """
        if key not in self.entries:
            mode = FOLDER.mode if text is None else FILE.mode
            gid = self._owner_of(parent(key)).gid or self.user.gid
            self._owners[key] = Owner(mode, self.user.uid, gid)
        mount_path = _innermost(self.folders, key)
        planned = PlannedChange(self._clock.now, key[len(mount_path) :], text, kind, self._owner_of(key))
        self.folders[mount_path].planned.append(planned)
        super()._change(key, text, kind)


def _innermost(mount_paths: Iterable[str], path: str) -> str:
    """The deepest of the mount paths that contain `path`."""
    return max((mount_path for mount_path in mount_paths if f"{path}/".startswith(f"{mount_path}/")), key=len)
