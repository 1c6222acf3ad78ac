"""Folders of a container, its own and volumes: what they hold, whose it is, and what will be done to it.

A process is run at once to its end, ahead of the time at which it does things. So what it does to files is a change
with its time, and a folder makes each one when its time has come.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from kubesim.api.clock import Micros
from kubesim.shell.users import User
from kubesim.workspace import Entries

READ = 4
WRITE = 2
SEARCH = 1
"""What a user may do to a file or a folder, as the bits of a mode."""


class Attributes(NamedTuple):
    """Who owns a file or a folder, and who may do what."""

    mode: int  # permissions, and whether a folder gives its group to what is created in it
    uid: int = 0
    gid: int = 0
    time: Micros = 0
    """When it was last changed. An image's files are of no known time."""

    def allows(self, user: User, right: int) -> bool:
        if user.uid == 0:  # which has CAP_DAC_OVERRIDE
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


class Change(NamedTuple):
    """Something that is done to an entry."""

    at: Micros
    path: str
    text: str | None  # None for a folder
    kind: Literal["set", "added", "gone"]  # added: the text comes behind what is there
    attributes: Attributes
    """Those that it has then."""


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

    def advance_to(self, now: Micros) -> Entries:
        """Make the changes that are due by a moment, no earlier than that of the last call; what it holds then."""
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
        else:
            self.entries[path] = change.text


class Mount(NamedTuple):
    """A folder where a container finds it."""

    folder: Folder
    is_read_only: bool = False
    is_kept: bool = False  # also while no process has the files open
