"""A container's files: its own and those of volumes, which other containers of its Pod may write at the same time.

Each has an owner, a group and a mode, which say what the container's user may do. A process is run at once to its end,
ahead of the time at which it does things. So what it does to files is noted as changes with their times, and handed
over to the folders, which make each one when its time has come.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from math import ceil
from typing import Literal, NamedTuple

from kubesim.api.clock import Clock, Micros
from kubesim.shell.users import ROOT, User
from kubesim.workspace import Entries, MemoryFiles

READ = 4
WRITE = 2
SEARCH = 1
"""What a user may do to a file or a folder, as the bits of a mode."""
_BLOCK = 4  # kilobytes: how a file system counts what a file or folder takes


class Attributes(NamedTuple):
    """Who owns a file or a folder, and who may do what."""

    mode: int  # permissions, and whether a folder is sticky or gives its group to what is created in it
    uid: int = 0
    gid: int = 0
    time: Micros = 0
    """When it was last changed. An image's files are of no known time."""

    def allows(self, user: User, right: int) -> bool:
        if user.overrides_modes:
            return True
        if user.uid == self.uid:
            bits = self.mode >> 6
        elif self.gid in user.groups:
            bits = self.mode >> 3
        else:
            bits = self.mode
        return bool(bits & right)


class Status(NamedTuple):
    """What `ls` and `stat` tell of a file, a folder or a link."""

    attributes: Attributes
    type: int  # as the mode has it: stat.S_IFREG, S_IFDIR or S_IFLNK
    size: int  # bytes
    blocks: int  # kilobytes that it takes
    links: int  # how many names it has
    target: str = ""  # what a symbolic link leads to


FILE = Attributes(0o644)
FOLDER = Attributes(0o755)
_UMASK = 0o022


class Change(NamedTuple):
    """Something that is done to an entry."""

    at: Micros
    path: str
    text: str | None  # None for a folder
    kind: Literal["set", "added", "gone", "owned"]  # added: the text comes behind what is there
    attributes: Attributes = FILE
    """Those that it has then; "owned" changes nothing else."""


class Folder:
    """Entries by their paths, "" for the folder itself, and the changes to them that are `planned`.

    An entry without `attributes` has those of FILE or FOLDER. `links` are symbolic links, by their paths, with what
    they lead to; they are entries, too. What is `in_memory` is a tmpfs.
    """

    def __init__(
        self,
        entries: Entries,
        attributes: dict[str, Attributes] | None = None,
        links: Mapping[str, str] | None = None,
        in_memory: bool = False,
    ) -> None:
        self.entries = entries
        self.attributes = attributes or {}
        self.links = links or {}
        self.in_memory = in_memory
        self.planned: list[Change] = []

    def copy(self) -> Folder:
        copy = Folder(self.entries.copy(), self.attributes.copy(), self.links, self.in_memory)
        copy.planned = self.planned.copy()
        return copy

    def at_time(self, now: Micros) -> Entries:
        """What it holds at a moment, no earlier than that of the last call."""
        due = [change for change in self.planned if change.at <= now]
        due.sort(key=lambda change: change.at)
        self.planned = [change for change in self.planned if change.at > now]
        for change in due:
            self._make(change)
        return self.entries

    def _make(self, change: Change) -> None:
        path = change.path
        if change.kind == "gone":
            self.entries.pop(path, None)  # another process may have been faster
            self.attributes.pop(path, None)
            return
        self.attributes[path] = change.attributes
        if change.kind == "added":
            self.entries[path] = (self.entries.get(path) or "") + str(change.text)
        elif change.kind == "set":
            self.entries[path] = change.text


class Mount(NamedTuple):
    """A folder where a container finds it."""

    folder: Folder
    is_read_only: bool = False


class _NotingEntries(dict[str, str | None]):
    """Entries of `files` that note what is done to them, and when."""

    def __init__(self, entries: Entries, files: ContainerFiles) -> None:
        super().__init__(entries)
        self._files = files

    def __setitem__(self, path: str, text: str | None) -> None:
        before = self.get(path)
        is_new = path not in self
        super().__setitem__(path, text)
        if before and text and text.startswith(before):
            self._files.note(path, text[len(before) :], "added", is_new)
        else:
            self._files.note(path, text, "set", is_new)

    def __delitem__(self, path: str) -> None:
        self._files.note(path, None, "gone", is_new=False)
        super().__delitem__(path)


class ContainerFiles(MemoryFiles):
    """The files of a container as they are at a moment: its own folder "", and by mount path those of volumes.

    `own` makes what it begins with, and isn't asked before something looks: in most containers nothing does. What
    `user` may not do raises PermissionError.
    """

    def __init__(self, own: Callable[[], Folder], user: User = ROOT, is_read_only: bool = False) -> None:
        super().__init__()
        self.mounts: dict[str, Mount] = {}
        self.user = user
        self.is_read_only = is_read_only
        """Whether its own folder is."""
        self._own = own
        self._clock: Clock | None = None
        self._attributes: dict[str, Attributes] = {}
        self._links: dict[str, str] = {}
        self._changes: list[Change] = []

    def twin(self, folders: Mapping[int, Folder]) -> ContainerFiles:
        """Other files that hold the same. `folders` has the copies of those that several containers share, by id."""
        other = ContainerFiles(self._own, self.user, self.is_read_only)
        for place, mount in self.mounts.items():
            folder = folders.get(id(mount.folder))
            if folder is None:
                folder = mount.folder if mount.is_read_only else mount.folder.copy()
            other.mounts[place] = mount._replace(folder=folder)
        other._changes = self._changes.copy()
        return other

    def open_at(self, clock: Clock) -> None:
        """Be the files as of now, for a process whose time is that of `clock`."""
        self._clock = clock
        if "" not in self.mounts:
            self.mounts[""] = Mount(self._own(), self.is_read_only)
        self.hand_over()
        visible: Entries = {}
        self._attributes = {}
        self._links = {}
        for place, mount in self.mounts.items():
            folder = mount.folder
            for path, text in folder.at_time(clock.now).items():
                if self._place(place + path) != place:  # another volume is mounted over it
                    continue
                visible[place + path] = text
                if path in folder.attributes:
                    self._attributes[place + path] = folder.attributes[path]
                if path in folder.links:
                    self._links[place + path] = folder.links[path]
        self.entries = _NotingEntries(visible, self)

    def text_at(self, path: str, now: Micros) -> str:
        """What a file holds, "" for none; where nothing has looked at the files, nothing has written one."""
        if "" not in self.mounts:
            return ""
        self.hand_over()
        place = self._place(path)
        return self.mounts[place].folder.at_time(now).get(path[len(place) :]) or ""

    def note(self, path: str, text: str | None, kind: Literal["set", "added", "gone"], is_new: bool) -> None:
        """Note what has been done to an entry, with the attributes that it has then."""
        attributes = self._of_new(path, text) if is_new else self._attributes_of(path)
        self._note_change(Change(self._now, path, text, kind, attributes._replace(time=self._now)))
        if kind == "gone":
            del self._attributes[path]

    def set_attributes(self, path: str, attributes: Attributes) -> None:
        """Give a file or folder another owner, group, mode or time. Raises OSError where it is not there."""
        self._entry(path)
        self._note_change(Change(self._now, self._key(path), None, "owned", attributes))

    def _note_change(self, change: Change) -> None:
        self._attributes[change.path] = change.attributes
        self._changes.append(change)

    def _of_new(self, path: str, text: str | None) -> Attributes:
        """The attributes of what the user creates."""
        folder = self._attributes_of(_parent(path))
        mode = FOLDER.mode if text is None else FILE.mode
        if not folder.mode & stat.S_ISGID:
            return Attributes(mode, self.user.uid, self.user.gid)
        if text is None:
            mode |= stat.S_ISGID
        return Attributes(mode, self.user.uid, folder.gid)

    @property
    def _now(self) -> Micros:
        return self._clock.now if self._clock else 0

    def hand_over(self) -> None:
        """Plan in the folders what has been noted here."""
        for change in self._changes:
            place = self._place(change.path)
            self.mounts[place].folder.planned.append(change._replace(path=change.path[len(place) :]))
        self._changes.clear()

    def discard(self) -> None:
        """Forget what has been noted here since then."""
        self._changes.clear()

    def statuses(self, paths: Iterable[str]) -> list[Status]:
        """What is to be told of files, folders and links. Raises OSError where one isn't there, or can't be reached."""
        counts = Counter(_parent(key) for key in self.entries if key != "/")
        folder_counts = Counter(_parent(key) for key, text in self.entries.items() if text is None and key != "/")
        statuses = []
        for path in paths:
            key = self._own_key(path)
            self._entry(key)
            attributes = self._attributes_of(key)
            in_memory = self.mounts[self._place(key)].folder.in_memory
            target = self._links.get(key)
            if target:
                status = Status(attributes, stat.S_IFLNK, len(target), 0, 1, target)
            elif self.entries[key] is not None:
                size = self.size(key)
                status = Status(attributes, stat.S_IFREG, size, _BLOCK * ceil(size / (_BLOCK * 1024)), 1)
            elif in_memory:
                status = Status(attributes, stat.S_IFDIR, 40 + 20 * counts[key], 0, 2 + folder_counts[key])
            else:
                status = Status(attributes, stat.S_IFDIR, 4096, _BLOCK, 2 + folder_counts[key])
            statuses.append(status)
        return statuses

    def target(self, path: str) -> str:
        """What a symbolic link leads to, "" for what is none; a path with a slash at its end is none."""
        return self._links.get(self._own_key(path), "")

    def permits(self, path: str, right: int) -> bool:
        """Whether the user may do that to a file or folder that is there."""
        with suppress(OSError):
            is_file = self._entry(path) is not None
            key = self._key(path)
            attributes = self._attributes_of(key)
            if right == WRITE and self.mounts[self._place(key)].is_read_only:
                return False
            if right == SEARCH and is_file and not attributes.mode & 0o111:
                return False  # what no one may run, root can't either
            return attributes.allows(self.user, right)
        return False

    def exists(self, path: str) -> bool:
        with suppress(PermissionError):
            return super().exists(path)
        return False

    def read_text(self, path: str) -> str:
        if self.exists(path) and not self.is_dir(path):
            self._require(self._key(path), READ, path)
        return super().read_text(path)

    def write_text(self, path: str, text: str) -> None:
        if self.exists(path) and not self.is_dir(path):
            self._require(self._writable(path), WRITE, path)
        super().write_text(path, text)

    def copy(self, path: str, target: str) -> None:
        """Copy a file, whose mode a new one has, too."""
        is_new = not self.exists(target)
        super().copy(path, target)
        if is_new:
            mode = self._attributes_of(self._key(path)).mode & ~_UMASK
            key = self._key(target)
            self.set_attributes(target, self._attributes_of(key)._replace(mode=mode))

    def listdir(self, path: str) -> list[str]:
        if self.is_dir(path):
            self._require(self._key(path), READ, path)
        return super().listdir(path)

    def chdir(self, path: str) -> None:
        if self.is_dir(path):
            self._require(self._key(path), SEARCH, path)
        super().chdir(path)

    def remove(self, path: str, *, recursive: bool = False) -> None:
        key = self._writable(path)
        if key in self.mounts:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), path)
        inside = self._below(key) if recursive else []
        for name in (key, *inside):
            if name in self.entries:
                self._require_removable(name, path)
        super().remove(path, recursive=recursive)

    def _require_removable(self, key: str, path: str) -> None:
        """Raise PermissionError where the user may not remove an entry, in a sticky folder one of another user."""
        self._require(_parent(key), WRITE, path)
        folder = self._attributes_of(_parent(key))
        is_owner = self.user.uid in (folder.uid, self._attributes_of(key).uid)
        if folder.mode & stat.S_ISVTX and not (is_owner or self.user.overrides_modes):
            raise OSError(errno.EPERM, os.strerror(errno.EPERM), path)

    def _place(self, path: str) -> str:
        """The folder that a path is in: of those around it the innermost."""
        return max((place for place in self.mounts if f"{path}/".startswith(f"{place}/")), key=len)

    def _attributes_of(self, key: str) -> Attributes:
        default = FOLDER if self.entries.get(key) is None else FILE
        return self._attributes.get(key, default)

    def _require(self, key: str, right: int, path: str) -> None:
        """Raise PermissionError where the user may not do that to an entry that is there; `path` is what was typed."""
        if key in self.entries and not self._attributes_of(key).allows(self.user, right):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES), path)

    def _key(self, path: str, follow: bool = True) -> str:
        """The key of a path, through the links on its way. Raises PermissionError where a folder can't be searched."""
        names = deque(super()._key(path).strip("/").split("/"))
        key = ""
        while names:
            if self.entries.get(key or "/", "") is None:
                self._require(key or "/", SEARCH, path)
            inner = f"{key}/{names.popleft()}"
            target = self._links.get(inner)
            if target and (names or follow):
                names.extendleft(reversed(target.split("/")))
            else:
                key = inner
        return key

    def _own_key(self, path: str) -> str:
        """The key of what a path names, be it a link; not so where the path goes on behind that."""
        return self._key(path, follow=path.endswith(("/", "/.", "/..")))

    def _writable(self, path: str) -> str:
        key = super()._writable(path)
        if self.mounts[self._place(key)].is_read_only:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
        if key not in self.entries:
            self._require(_parent(key), WRITE, path)
        return key


def _parent(key: str) -> str:
    """The folder that an entry is in."""
    return key.rpartition("/")[0] or "/"
