"""A container's files: its own and those of volumes, which other containers of its Pod may write at the same time.

A process is run at once to its end, ahead of the time at which it does things. So what it does to files is noted as
changes with their times, and handed over to the folders, which make each one when its time has come.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from kubesim.api.clock import Clock, Micros
from kubesim.workspace import Entries, MemoryFiles


class Change(NamedTuple):
    """Something that is done to an entry."""

    at: Micros
    path: str
    text: str | None  # None for a folder
    kind: Literal["set", "added", "gone"]  # added: the text comes behind what is there


class Folder:
    """Entries by their paths, "" for the folder itself, and the changes to them that are `planned`."""

    def __init__(self, entries: Entries, is_read_only: bool = False) -> None:
        self.entries = entries
        self.is_read_only = is_read_only
        self.planned: list[Change] = []

    def copy(self) -> Folder:
        copy = Folder(self.entries.copy(), self.is_read_only)
        copy.planned = self.planned.copy()
        return copy

    def at_time(self, now: Micros) -> Entries:
        """What it holds at a moment, no earlier than that of the last call."""
        due = [change for change in self.planned if change.at <= now]
        due.sort(key=lambda change: change.at)
        self.planned = [change for change in self.planned if change.at > now]
        for change in due:
            if change.kind == "gone":
                self.entries.pop(change.path, None)  # another process may have been faster
            elif change.kind == "added":
                self.entries[change.path] = (self.entries.get(change.path) or "") + str(change.text)
            else:
                self.entries[change.path] = change.text
        return self.entries


class _NotingEntries(dict[str, str | None]):
    """Entries that note in `changes` what is done to them, and when."""

    def __init__(self, entries: Entries, clock: Clock, changes: list[Change]) -> None:
        super().__init__(entries)
        self._clock = clock
        self._changes = changes

    def __setitem__(self, path: str, text: str | None) -> None:
        before = self.get(path)
        change = Change(self._clock.now, path, text, "set")
        if before and text and text.startswith(before):
            change = Change(self._clock.now, path, text[len(before) :], "added")
        self._changes.append(change)
        super().__setitem__(path, text)

    def __delitem__(self, path: str) -> None:
        self._changes.append(Change(self._clock.now, path, None, "gone"))
        super().__delitem__(path)


class ContainerFiles(MemoryFiles):
    """The files of a container as they are at a moment: its own folder "", and by mount path those of volumes.

    `own` makes what it begins with, and isn't asked before something looks: in most containers nothing does.
    """

    def __init__(self, own: Callable[[], Entries]) -> None:
        super().__init__()
        self.folders: dict[str, Folder] = {}
        self._own = own
        self._changes: list[Change] = []

    def twin(self, folders: Mapping[int, Folder]) -> ContainerFiles:
        """Other files that hold the same. `folders` has the copies of those that several containers share, by id."""
        other = ContainerFiles(self._own)
        other.folders = {place: folders.get(id(folder)) or folder.copy() for place, folder in self.folders.items()}
        other._changes = self._changes.copy()
        return other

    def mount(self, volumes: Mapping[str, Mapping[str, str]]) -> None:
        """Show volumes, read-only, by the path where each is mounted; a file mounted alone has the name ""."""
        for place, files in volumes.items():
            inside = MemoryFiles().fill({f"/{name}": text for name, text in files.items() if name})
            del inside["/"]
            self.folders[place] = Folder({"": files.get(""), **inside}, is_read_only=True)

    def open_at(self, clock: Clock) -> None:
        """Be the files as of now, for a process whose time is that of `clock`."""
        if "" not in self.folders:
            self.folders[""] = Folder(self._own())
        self.hand_over()
        visible: Entries = {}
        for place, folder in self.folders.items():
            for path, text in folder.at_time(clock.now).items():
                if self._place(place + path) == place:  # and no volume is mounted over it
                    visible[place + path] = text
        self.entries = _NotingEntries(visible, clock, self._changes)

    def text_at(self, path: str, now: Micros) -> str:
        """What a file holds, "" for none; where nothing has looked at the files, nothing has written one."""
        if "" not in self.folders:
            return ""
        self.hand_over()
        place = self._place(path)
        return self.folders[place].at_time(now).get(path[len(place) :]) or ""

    def hand_over(self) -> None:
        """Plan in the folders what has been noted here."""
        for change in self._changes:
            place = self._place(change.path)
            self.folders[place].planned.append(change._replace(path=change.path[len(place) :]))
        self._changes.clear()

    def discard(self) -> None:
        """Forget what has been noted here since then."""
        self._changes.clear()

    def _place(self, path: str) -> str:
        """The folder that a path is in: of those around it the innermost."""
        return max((place for place in self.folders if f"{path}/".startswith(f"{place}/")), key=len)

    def _writable(self, path: str) -> str:
        key = super()._writable(path)
        if self.folders[self._place(key)].is_read_only:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
        if key in self.folders:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), path)
        return key
