"""A container's files: its own and those of volumes, which other containers of its Pod may write at the same time.

Each has an owner, a group and a mode, which say what the container's user may do.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from collections.abc import Callable, Mapping
from math import ceil
from typing import Literal

from kubesim.api.clock import Clock, Micros
from kubesim.shell.folders import FILE, FOLDER, READ, SEARCH, WRITE, Attributes, Change, Folder, Mount, Status
from kubesim.shell.users import ROOT, User
from kubesim.workspace import MemoryFiles

_BLOCK = 4  # kilobytes: how a file system counts what a file or folder takes


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
        self.entries = {}
        self._attributes = {}
        self._links = {}
        for place in sorted(self.mounts, key=len):
            folder = self.mounts[place].folder
            self._hide(place)
            self.entries |= {place + path: text for path, text in folder.advance_to(clock.now).items()}
            self._attributes |= {place + path: attributes for path, attributes in folder.attributes.items()}
            self._links |= {place + path: target for path, target in folder.links.items()}

    def _hide(self, place: str) -> None:
        """Show nothing of what is where a volume is mounted."""
        if place in self.entries:
            for key in [place, *self._below(place)]:
                del self.entries[key]
                self._attributes.pop(key, None)
                self._links.pop(key, None)

    def text_at(self, path: str, now: Micros) -> str:
        """What a file holds, "" for none; where nothing has looked at the files, nothing has written one."""
        if "" not in self.mounts:
            return ""
        self.hand_over()
        place = self._place(path)
        return self.mounts[place].folder.advance_to(now).get(path[len(place) :]) or ""

    def close(self) -> None:
        """Forget what volumes show that can't be written, unless it is kept: the next one mounts them anew."""
        self.hand_over()
        self.entries = {}
        self._attributes = {}
        self._links = {}
        for place, mount in list(self.mounts.items()):
            if place and mount.is_read_only and not mount.is_kept:
                del self.mounts[place]

    def _store(self, key: str, text: str | None) -> None:
        attributes = self._after_write(key, text)
        super()._store(key, text)
        self._note(key, text, "set", attributes)

    def _append(self, key: str, text: str) -> None:
        attributes = self._after_write(key, text)
        super()._append(key, text)
        self._note(key, text, "added", attributes)

    def _drop(self, key: str, path: str) -> None:
        self._require(_parent(key), WRITE, path)
        super()._drop(key, path)
        self._note(key, None, "gone", FILE)
        del self._attributes[key]

    def _note(self, key: str, text: str | None, kind: Literal["set", "added", "gone"], attributes: Attributes) -> None:
        """Note what is done to an entry, with the attributes that it has then."""
        self._attributes[key] = attributes
        self._changes.append(Change(self._now, key, text, kind, attributes))

    def _after_write(self, key: str, text: str | None) -> Attributes:
        """The attributes of what the user writes or creates."""
        if key in self.entries:
            return self._attributes_of(key)._replace(time=self._now)
        folder = self._attributes_of(_parent(key))
        mode = FOLDER.mode if text is None else FILE.mode
        if not folder.mode & stat.S_ISGID:
            return Attributes(mode, self.user.uid, self.user.gid, self._now)
        if text is None:
            mode |= stat.S_ISGID
        return Attributes(mode, self.user.uid, folder.gid, self._now)

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

    def status(self, path: str) -> Status:
        """What is to be told of a file, a folder or a link. Raises OSError for one that isn't there or out of reach."""
        key = self._own_key(path)
        text = self._entry(key)
        attributes = self._attributes_of(key)
        target = self._links.get(key, "")
        if target:
            return Status(attributes, stat.S_IFLNK, len(target), 0, 1, target)
        if text is not None:
            size = self.size(key)
            return Status(attributes, stat.S_IFREG, size, _BLOCK * ceil(size / (_BLOCK * 1024)), 1)
        inner = [name for name in self._below(key) if _parent(name) == key]
        links = 2 + sum(self.entries[name] is None for name in inner)
        if self.mounts[self._place(key)].folder.in_memory:
            return Status(attributes, stat.S_IFDIR, 40 + 20 * len(inner), 0, links)
        return Status(attributes, stat.S_IFDIR, 4096, _BLOCK, links)

    def target(self, path: str) -> str:
        """What a symbolic link leads to, "" for what is none; a path with a slash at its end is none."""
        return self._links.get(self._own_key(path), "")

    def read_text(self, path: str) -> str:
        if self.exists(path) and not self.is_dir(path):
            self._require(self._key(path), READ, path)
        return super().read_text(path)

    def listdir(self, path: str) -> list[str]:
        if self.is_dir(path):
            self._require(self._key(path), READ, path)
        return super().listdir(path)

    def chdir(self, path: str) -> None:
        if self.is_dir(path):
            self._require(self._key(path), SEARCH, path)
        super().chdir(path)

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
        self._require_changeable(key, path)
        self._require(key if key in self.entries else _parent(key), WRITE, path)
        return key

    def _removable(self, path: str) -> str:
        key = super()._writable(path)
        self._require_changeable(key, path)
        if key in self.mounts:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), path)
        return key

    def _require_changeable(self, key: str, path: str) -> None:
        if self.mounts[self._place(key)].is_read_only:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)


def _parent(key: str) -> str:
    """The folder that an entry is in."""
    return key.rpartition("/")[0] or "/"
