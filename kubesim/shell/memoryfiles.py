"""Files in memory: those of an image, a container or a volume."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import PurePosixPath
from posixpath import normpath
from typing import Literal

from kubesim.shell.users import READ, SEARCH, WRITE
from kubesim.workspace import DEPTH_MAX, NULL, PATH_MAX, encoded, file_error

Entries = dict[str, str | None]
"""Texts by path; None is a folder."""


@lru_cache(maxsize=4096)
def _normal(path: str) -> str:
    return "/" + normpath(path).lstrip("/")


def parent(key: str) -> str:
    """The key of the folder that contains `key`."""
    return key.rpartition("/")[0] or "/"


ChangeKind = Literal["set", "added", "gone"]
"""The kinds of changes: "set" creates or replaces an entry, "added" appends text, "gone" removes the entry."""


def apply_change(entries: Entries, key: str, text: str | None, kind: ChangeKind) -> None:
    """Apply a change to `entries`. The entry may be missing, if another process has removed it."""
    if kind == "gone":
        entries.pop(key, None)
    elif kind == "added":
        entries[key] = f"{entries.get(key) or ''}{text}"
    else:
        entries[key] = text


class MemoryFiles:
    """A file system of texts and folders by absolute path, with the methods and errors of `Workspace`."""

    def __init__(self, entries: Entries | None = None) -> None:
        self.cwd = PurePosixPath("/")
        self.entries: Entries = {"/": None, **(entries or {})}

    def fill(self, files: Mapping[str, str], folders: Iterable[str] = ()) -> Entries:
        """Write `files`, create the `folders` that don't exist, and return all entries."""
        for path, text in files.items():
            self.put(path, text)
        for folder in folders:
            with suppress(OSError):
                self.mkdir(folder, parents=True)
        return self.entries

    def absolute(self, path: str) -> PurePosixPath:
        """`path` as an absolute path without "." and ".."."""
        return PurePosixPath(self._resolved(path))

    def _resolved(self, path: str) -> str:
        return _normal(path if path.startswith("/") else f"{self.cwd}/{path}")

    def _key(self, path: str) -> str:
        """The key of `path` in `entries`. The entry need not exist."""
        if not path:
            raise file_error(errno.ENOENT, path)
        if len(path) > PATH_MAX or path.count("/") > DEPTH_MAX:
            raise file_error(errno.ENAMETOOLONG, path)
        return self._resolved(path)

    def _entry(self, path: str) -> str | None:
        """The text of an existing file, or None for a folder. Raises OSError for a file with a slash at its end."""
        key = self._key(path)
        if key == NULL:
            return ""
        if key not in self.entries:
            raise file_error(errno.ENOENT, path)
        entry = self.entries[key]
        if path.endswith("/") and entry is not None:
            raise file_error(errno.ENOTDIR, path)
        return entry

    def _require(self, right: int, key: str, path: str) -> None:
        """Raise PermissionError if the user lacks a right to an entry. This class grants all rights.

        `path` is the path as typed, for the message.
        """

    def _require_writable(self, key: str, path: str) -> None:
        """Raise OSError if an entry is on a read-only file system. This class has none."""

    def _readable(self, path: str) -> str | None:
        """As `_entry`, with the right to read required."""
        entry = self._entry(path)
        self._require(READ, self._key(path), path)
        return entry

    def _writable(self, path: str) -> str:
        """The key of `path`, whose folder must exist and be writable."""
        key = self._key(path)
        folder = parent(key)
        if folder not in self.entries:
            raise file_error(errno.ENOENT, path)
        if self.entries[folder] is not None:
            raise file_error(errno.ENOTDIR, path)
        self._require_writable(key, path)
        self._require(WRITE, key if key in self.entries else folder, path)
        return key

    def _change(self, key: str, text: str | None, kind: ChangeKind) -> None:
        apply_change(self.entries, key, text, kind)

    def _below(self, key: str) -> list[str]:
        return [name for name in self.entries if name.startswith(f"{key.rstrip('/')}/") and name != "/"]

    def chdir(self, path: str) -> None:
        if self._entry(path) is not None:
            raise file_error(errno.ENOTDIR, path)
        self._require(SEARCH, self._key(path), path)
        self.cwd = self.absolute(path)

    def read_text(self, path: str) -> str:
        text = self._readable(path)
        if text is None:
            raise file_error(errno.EISDIR, path)
        return text

    def write_text(self, path: str, text: str) -> None:
        self._change(self._writable_file(path), text, "set")

    def append_text(self, path: str, text: str) -> None:
        self._change(self._writable_file(path), text, "added")

    def _writable_file(self, path: str) -> str:
        """As `_writable`, for a path that neither is a folder nor ends with a slash."""
        if self.is_dir(path):
            raise file_error(errno.EISDIR, path)
        key = self._writable(path)
        if path.endswith("/"):
            raise file_error(errno.EISDIR, path)
        return key

    def put(self, path: str, text: str) -> None:
        self.mkdir(parent(path), parents=True)
        self.write_text(path, text)

    def exists(self, path: str) -> bool:
        with suppress(OSError):
            return self._key(path) in self.entries
        return False

    def is_dir(self, path: str) -> bool:
        with suppress(OSError):
            return self._entry(path) is None
        return False

    def size(self, path: str) -> int:
        return len(encoded(self._entry(path) or ""))

    def listdir(self, path: str) -> list[str]:
        if self._readable(path) is not None:
            raise file_error(errno.ENOTDIR, path)
        key = self._key(path).rstrip("/")
        return sorted({name[len(key) + 1 :].partition("/")[0] for name in self._below(key)})

    def mkdir(self, path: str, *, parents: bool = False) -> None:
        if self.exists(path):
            if parents and self.is_dir(path):
                return
            raise file_error(errno.EEXIST, path)
        if parents:
            self.mkdir(parent(self._resolved(path)), parents=True)
        self._change(self._writable(path), None, "set")

    def remove(self, path: str, *, recursive: bool = False) -> None:
        is_folder = self._entry(path) is None
        key = self._key(path)
        if key == "/":
            raise file_error(errno.EBUSY, path)
        inside = self._below(key) if is_folder else []
        if inside and not recursive:
            raise file_error(errno.ENOTEMPTY, path)
        for name in (*sorted(inside, reverse=True), key):  # contents before their folder
            self.require_removable(name)
            self._change(name, None, "gone")

    def require_removable(self, path: str) -> None:
        """Raise OSError if the user may not remove an entry from its folder."""
        key = self._key(path)
        self._require_writable(key, path)
        self._require(WRITE, parent(key), path)
