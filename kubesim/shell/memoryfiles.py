"""The files of a container or an image, in memory. Processes read them, and can't change them."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import PurePosixPath
from posixpath import normpath

from kubesim.shell.syntax import UnsupportedError
from kubesim.workspace import DEPTH_MAX, NULL, PATH_MAX, encoded, file_error

# Texts by path; None is a folder. In the entries of a volume, "" is its mount point: a folder, or the one file.
Entries = dict[str, str | None]


@lru_cache(maxsize=4096)
def _normal(path: str) -> str:
    return "/" + normpath(path).lstrip("/")


def filled(entries: Entries, files: Mapping[str, str], folders: Iterable[str] = ()) -> Entries:
    """A copy of `entries` with more files, and with the folders that don't exist yet. Folders above come with them."""
    copy = entries.copy()
    for path, text in files.items():
        _add_folder(copy, path.rpartition("/")[0])
        copy[path] = text
    for folder in folders:
        _add_folder(copy, _normal(folder))
    return copy


def _add_folder(entries: Entries, path: str) -> None:
    while path not in entries and path not in ("", "/"):
        entries[path] = None
        path = path.rpartition("/")[0] or "/"


def mounted(entries: Entries, volumes: Mapping[str, Entries]) -> Entries:
    """The entries with volumes by their mount paths, which hide what was there. A volume may be mounted in another."""
    merged = entries
    for mount_path in sorted(volumes, key=len):
        below = f"{mount_path}/"
        merged = {path: text for path, text in merged.items() if not path.startswith(below)}
        _add_folder(merged, mount_path.rpartition("/")[0])
        merged |= {mount_path + path: text for path, text in volumes[mount_path].items()}
    return merged


class MemoryFiles:
    """Texts and folders by absolute path, with the methods and errors of `Workspace`."""

    def __init__(self, entries: Entries) -> None:
        self.cwd = PurePosixPath("/")
        self.entries: Entries = {"/": None, **entries}

    def absolute(self, path: str) -> PurePosixPath:
        """`path` as an absolute path without "." and ".."."""
        return PurePosixPath(_normal(path if path.startswith("/") else f"{self.cwd}/{path}"))

    def _entry(self, path: str) -> str | None:
        """The text of an existing file, or None for a folder. Raises OSError for a file with a slash at its end."""
        if not path:
            raise file_error(errno.ENOENT, path)
        if len(path) > PATH_MAX or path.count("/") > DEPTH_MAX:
            raise file_error(errno.ENAMETOOLONG, path)
        key = str(self.absolute(path))
        if key == NULL:
            return ""
        if key not in self.entries:
            raise file_error(errno.ENOENT, path)
        entry = self.entries[key]
        if path.endswith("/") and entry is not None:
            raise file_error(errno.ENOTDIR, path)
        return entry

    def chdir(self, path: str) -> None:
        if self._entry(path) is not None:
            raise file_error(errno.ENOTDIR, path)
        self.cwd = self.absolute(path)

    def read_text(self, path: str) -> str:
        text = self._entry(path)
        if text is None:
            raise file_error(errno.EISDIR, path)
        return text

    def write_text(self, path: str, text: str) -> None:
        raise UnsupportedError(f"writing to {path[:80]} in a container")

    append_text = write_text

    def exists(self, path: str) -> bool:
        with suppress(OSError):
            self._entry(path)
            return True
        return False

    def is_dir(self, path: str) -> bool:
        with suppress(OSError):
            return self._entry(path) is None
        return False

    def size(self, path: str) -> int:
        return len(encoded(self._entry(path) or ""))

    def listdir(self, path: str) -> list[str]:
        if self._entry(path) is not None:
            raise file_error(errno.ENOTDIR, path)
        below = f"{str(self.absolute(path)).rstrip('/')}/"
        names = {name[len(below) :].partition("/")[0] for name in self.entries if name.startswith(below)}
        return sorted(names - {""})
