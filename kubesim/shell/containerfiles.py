"""A container's files: its own and those of volumes, which other containers of its Pod may write at the same time.

Each has an owner and a mode, which say what the container's user may do. A process is run at once to its end, ahead of
the time at which it does things. So what it does to files is planned as changes with their times in the folders, which
make each one when its time has come.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple

from kubesim.api.clock import Clock, Micros
from kubesim.shell.memoryfiles import Entries, MemoryFiles, parent
from kubesim.shell.users import FILE, FOLDER, READ, ROOT, SEARCH, WRITE, Owner, User
from kubesim.workspace import file_error


class Change(NamedTuple):
    """Something that is done to an entry."""

    at: Micros
    path: str
    text: str | None  # None for a folder
    kind: Literal["set", "added", "gone"]  # added: the text comes behind what is there
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
        due = [change for change in self.planned if change.at <= now]
        self.planned = [change for change in self.planned if change.at > now]
        for change in sorted(due, key=lambda change: change.at):
            self._make(change)
        return self.entries

    def _make(self, change: Change) -> None:
        if change.kind == "gone":
            self.entries.pop(change.path, None)  # another process may have been faster
            self.owners.pop(change.path, None)
            return
        text = change.text
        if change.kind == "added":
            text = f"{self.entries.get(change.path) or ''}{text}"
        self.entries[change.path] = text
        self.owners[change.path] = change.owner


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
        """Raise PermissionError where the user may not do that to an entry; `path` is what was typed."""
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

    def _readable(self, path: str) -> str | None:
        entry = super()._readable(path)
        self._require(READ, self._key(path), path)
        return entry

    def chdir(self, path: str) -> None:
        if self.is_dir(path):
            self._require(SEARCH, self._key(path), path)
        super().chdir(path)

    def _require_writable_folder(self, key: str, path: str) -> None:
        if key.startswith("/dev/"):  # is mounted of its own
            return
        mount_path = _innermost({*self.folders, *self.read_only}, key)
        if mount_path in self.read_only or self.folders[mount_path].is_read_only:
            raise file_error(errno.EROFS, path)

    def _writable(self, path: str) -> str:
        key = super()._writable(path)
        self._require_writable_folder(key, path)
        self._require(WRITE, key if key in self.entries else parent(key), path)
        return key

    def _store(self, key: str, text: str | None) -> None:
        self._plan(key, text, "set")
        super()._store(key, text)

    def _append(self, key: str, text: str) -> None:
        self._plan(key, text, "added")
        super()._append(key, text)

    def require_removable(self, path: str) -> None:
        """Raise OSError where the user may not remove an entry from its folder."""
        key = self._key(path)
        self._require_writable_folder(key, path)
        if key in self.folders:
            raise file_error(errno.EBUSY, path)
        self._require(WRITE, parent(key), path)

    def _drop(self, key: str) -> None:
        self.require_removable(key)
        self._plan(key, None, "gone")
        super()._drop(key)
        self._owners.pop(key, None)

    def _plan(self, key: str, text: str | None, kind: Literal["set", "added", "gone"]) -> None:
        """Plan a change in the entry's folder; a new one is the user's, and of its folder's group, if not root's."""
        if key not in self.entries:
            mode = FOLDER.mode if text is None else FILE.mode
            gid = self._owner_of(parent(key)).gid or self.user.gid
            self._owners[key] = Owner(mode, self.user.uid, gid)
        mount_path = _innermost(self.folders, key)
        change = Change(self._clock.now, key[len(mount_path) :], text, kind, self._owner_of(key))
        self.folders[mount_path].planned.append(change)


def _innermost(mount_paths: Iterable[str], path: str) -> str:
    """Of the mount paths around a path, the one that is the deepest."""
    return max((mount_path for mount_path in mount_paths if f"{path}/".startswith(f"{mount_path}/")), key=len)
