"""A container's files: its own and those of volumes, which other containers of its Pod may write at the same time.

Each has an owner and a mode, which say what the container's user may do. A process is run at once to its end, ahead of
the time at which it does things. So what it does to files is planned as changes with their times in the folders, which
make each one when its time has come.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from kubesim.api.clock import Clock, Micros
from kubesim.shell.memoryfiles import ChangeKind, Entries, MemoryFiles, change, parent
from kubesim.shell.users import FILE, FOLDER, ROOT, SEARCH, Owner, User
from kubesim.workspace import file_error


class Change(NamedTuple):
    """Something that is done to an entry."""

    at: Micros
    path: str
    text: str | None  # None for a folder
    kind: ChangeKind
    owner: Owner


class Folder:
    """Entries by their paths, "" for the folder itself, and the changes to them that are `planned`.

    One without a row in `owners` is root's, as FILE or FOLDER has it.
    """

    def __init__(self, entries: Entries, owners: dict[str, Owner] | None = None, is_read_only: bool = False) -> None:
        self.entries = entries
        self.owners = owners or {}
        self.is_read_only = is_read_only
        self.planned: list[Change] = []

    def copy(self) -> Folder:
        copy = Folder(self.entries.copy(), self.owners.copy(), self.is_read_only)
        copy.planned = self.planned.copy()
        return copy

    def advance_to(self, now: Micros) -> Entries:
        """Make the changes that are due by a moment, no earlier than that of the last call; what it holds then."""
        due = [planned for planned in self.planned if planned.at <= now]
        self.planned = [planned for planned in self.planned if planned.at > now]
        for _, path, text, kind, owner in sorted(due, key=lambda planned: planned.at):
            change(self.entries, path, text, kind)
            self.owners[path] = owner  # nobody asks for that of what is gone
        return self.entries


class ContainerFiles(MemoryFiles):
    """The files of a container as they are at a moment: its own folder "", and by mount path those of volumes.

    `own` makes what it begins with, and isn't asked before something looks: in most containers nothing does. What
    `user` may not do raises PermissionError.
    """

    _clock: Clock
    """That of the process which works on them; see `open_at`."""

    def __init__(self, own: Callable[[], Folder], user: User = ROOT) -> None:
        super().__init__()
        self.folders: dict[str, Folder] = {}
        self.read_only: set[str] = set()  # mount paths where nothing can be written, though other containers may do so
        self.user = user
        self._own = own
        self._owners: dict[str, Owner] = {}

    def twin(self, folders: Mapping[int, Folder]) -> ContainerFiles:
        """Other files that hold the same. `folders` has the copies of those that several containers share, by id."""
        other = ContainerFiles(self._own, self.user)
        other.folders = {
            mount_path: folders.get(id(folder)) or folder.copy() for mount_path, folder in self.folders.items()
        }
        other.read_only = self.read_only
        return other

    def open_at(self, clock: Clock) -> None:
        """Be the files as of now, for a process whose time is that of `clock`."""
        if "" not in self.folders:
            self.folders[""] = self._own()
        self._clock = clock
        self.entries = {}
        self._owners = {}
        for mount_path, folder in self.folders.items():
            mounted_in_it = tuple(f"{other}/" for other in self.folders if other.startswith(f"{mount_path}/"))
            for path, text in folder.advance_to(clock.now).items():
                key = mount_path + path
                if f"{key}/".startswith(mounted_in_it):  # another folder covers it
                    continue
                self.entries[key] = text
                if path in folder.owners:
                    self._owners[key] = folder.owners[path]

    def text_at(self, path: str, now: Micros) -> str:
        """What a file holds, "" for none; where nothing has looked at the files, nothing has written one."""
        if "" not in self.folders:
            return ""
        mount_path = _innermost(self.folders, path)
        return self.folders[mount_path].advance_to(now).get(path[len(mount_path) :]) or ""

    def owner(self, path: str) -> Owner:
        """Whose a file or folder is, which must be there."""
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
        while above != "/" and self.user != ROOT:  # who must be let through each folder that leads there
            above = parent(above)
            if self.entries.get(above, "") is None:
                self._require(SEARCH, above, path)
        return key

    def _require_writable(self, key: str, path: str) -> None:
        if key.startswith("/dev/"):  # is mounted of its own
            return
        mount_path = _innermost({*self.folders, *self.read_only}, key)
        if mount_path in self.read_only or self.folders[mount_path].is_read_only:
            raise file_error(errno.EROFS, path)

    def require_removable(self, path: str) -> None:
        super().require_removable(path)
        if self._key(path) in self.folders:
            raise file_error(errno.EBUSY, path)

    def _change(self, key: str, text: str | None, kind: ChangeKind) -> None:
        """Make a change now, and plan it in the entry's folder.

        A new entry is the user's, and of its folder's group, if that isn't root's.
        """
        if key not in self.entries:
            mode = FOLDER.mode if text is None else FILE.mode
            gid = self._owner_of(parent(key)).gid or self.user.gid
            self._owners[key] = Owner(mode, self.user.uid, gid)
        mount_path = _innermost(self.folders, key)
        planned = Change(self._clock.now, key[len(mount_path) :], text, kind, self._owner_of(key))
        self.folders[mount_path].planned.append(planned)
        super()._change(key, text, kind)


def _innermost(mount_paths: Iterable[str], path: str) -> str:
    """Of the mount paths around a path, the one that is the deepest."""
    return max((mount_path for mount_path in mount_paths if f"{path}/".startswith(f"{mount_path}/")), key=len)
