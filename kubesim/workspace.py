"""The learner's files, a real folder shown as /workspace that is never left; and a container's, which are in memory."""

from __future__ import annotations

import errno
import os
import re
import weakref
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import lru_cache, wraps
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import Concatenate, ParamSpec, TypeVar

HOME = PurePosixPath("/workspace")
_NULL = "/dev/null"  # the only device that can be read
_PATH_MAX = 4096  # Linux's limit
_DEPTH_MAX = 100  # folders in folders; a limit of kubesim

_NO_CHARACTER = re.compile("[\ud800-\udc7f\udd00-\udfff]")

_P = ParamSpec("_P")
_R = TypeVar("_R")


def _error(number: int, path: str | PurePosixPath) -> OSError:
    return OSError(number, os.strerror(number), str(path))


def _encoded(text: str) -> bytes:
    """UTF-8, in which `read_text`'s surrogates are bytes again; what no text can hold becomes U+FFFD."""
    return _NO_CHARACTER.sub("\ufffd", text).encode("utf-8", "surrogateescape")


def _as_typed(method: Callable[Concatenate[Workspace, str, _P], _R]) -> Callable[Concatenate[Workspace, str, _P], _R]:
    """Let an OSError name the path as the learner typed it, never a path of the machine."""

    @wraps(method)
    def wrapper(self: Workspace, path: str, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return method(self, path, *args, **kwargs)
        except OSError as error:
            raise OSError(error.errno, error.strerror, path) from None

    return wrapper


class Workspace:
    """Files below one folder, named by POSIX paths as typed: relative to `cwd`, or absolute below /workspace.

    Without a `root`, a temporary folder is created at the first use and removed with the object. Every method raises
    OSError, with the usual strerror, for what the file system refuses and for every path that leads outside, by "..",
    by an absolute path or by a symbolic link.
    """

    def __init__(self, root: Path | None = None) -> None:
        self._root = root
        self.cwd = HOME

    @property
    def root(self) -> Path:
        if self._root is None:
            import shutil  # as late as the folder: both take 3 ms
            import tempfile

            self._root = Path(tempfile.mkdtemp(prefix="kubesim-"))
            weakref.finalize(self, shutil.rmtree, self._root, ignore_errors=True)
        return self._root

    def absolute(self, path: str) -> PurePosixPath:
        """`path` from /workspace on, with every "." and ".." resolved."""
        parts: list[str] = []
        for part in (self.cwd / path).parts[1:]:
            if part != "..":
                parts.append(part)
            elif parts:
                parts.pop()
        return PurePosixPath("/", *parts)

    def relative(self, path: str) -> str:
        """`path` relative to the root, the real folder."""
        return str(self._below(path))

    def _below(self, path: str) -> PurePosixPath:
        absolute = self.absolute(path)
        if len(path) > _PATH_MAX or len(absolute.parts) > _DEPTH_MAX:
            raise _error(errno.ENAMETOOLONG, path)
        if HOME.is_relative_to(absolute) and absolute != HOME:
            raise _error(errno.EACCES, path)
        if not path or "\0" in path or not absolute.is_relative_to(HOME):
            raise _error(errno.ENOENT, path)
        return absolute.relative_to(HOME)

    def _real(self, path: str, *, follow: bool = True) -> Path:
        """The real path; where `follow` is false, that of a symbolic link itself."""
        place = self.root / self._below(path)
        base = Path(os.path.realpath(self.root))
        real = Path(os.path.realpath(place if follow or place == self.root else place.parent))
        if not real.is_relative_to(base):
            raise _error(errno.EACCES, path)
        return real if follow or place == self.root else real / place.name

    def _file(self, path: str) -> Path:
        real = self._real(path)
        if real.exists() and not (real.is_file() or real.is_dir()):  # reading from a named pipe would hang
            raise _error(errno.EACCES, path)
        if path.endswith("/") and not real.is_dir():
            raise _error(errno.ENOTDIR if real.exists() else errno.ENOENT, path)
        return real

    @_as_typed
    def chdir(self, path: str) -> None:
        if not self._real(path).is_dir():
            raise _error(errno.ENOTDIR if self.exists(path) else errno.ENOENT, path)
        self.cwd = self.absolute(path)

    @_as_typed
    def read_bytes(self, path: str) -> bytes:
        return b"" if path == _NULL else self._file(path).read_bytes()

    def read_text(self, path: str) -> str:
        """The content of a file as UTF-8; bytes that are none become surrogates, which `write_text` turns back."""
        return self.read_bytes(path).decode("utf-8", "surrogateescape")

    @_as_typed
    def write_bytes(self, path: str, content: bytes) -> None:
        """Create or replace a file. Its folder must be there."""
        self._file(path).write_bytes(content)

    def put(self, path: str, text: str) -> None:
        if folder := path.rpartition("/")[0]:
            self.mkdir(folder, parents=True)
        self.write_text(path, text)

    def write_text(self, path: str, text: str) -> None:
        self.write_bytes(path, _encoded(text))

    @_as_typed
    def append_text(self, path: str, text: str) -> None:
        """Add to the end of a file, which is created if it isn't there."""
        with self._file(path).open("ab") as file:
            file.write(_encoded(text))

    def exists(self, path: str) -> bool:
        return path == _NULL or self._is(path, Path.exists)

    def is_dir(self, path: str) -> bool:
        return self._is(path, Path.is_dir)

    def _is(self, path: str, test: Callable[[Path], bool]) -> bool:
        with suppress(OSError):
            return test(self._real(path))
        return False

    @_as_typed
    def size(self, path: str) -> int:
        return 0 if path == _NULL else self._real(path).stat().st_size

    @_as_typed
    def listdir(self, path: str) -> list[str]:
        return sorted(entry.name for entry in self._real(path).iterdir())

    @_as_typed
    def mkdir(self, path: str, *, parents: bool = False) -> None:
        """Create a folder; with `parents`, those above it too, and it may exist already."""
        self._real(path).mkdir(parents=parents, exist_ok=parents)

    @_as_typed
    def remove(self, path: str, *, recursive: bool = False) -> None:
        """Remove a file, or an empty folder, or with `recursive` a folder with all that is in it."""
        real = self._real(path, follow=False)
        if real in (self.root, Path(os.path.realpath(self.root))):
            raise _error(errno.EBUSY, path)
        if real.is_symlink() or not real.is_dir():
            real.unlink()
        elif recursive:
            import shutil

            shutil.rmtree(real)
        else:
            real.rmdir()

    @_as_typed
    def rename(self, path: str, target: str) -> None:
        self._real(path, follow=False).replace(self._real(target, follow=False))

    @_as_typed
    def copy(self, path: str, target: str) -> None:
        """Copy the content of a file to `target`, which is created or replaced."""
        self.write_bytes(target, self.read_bytes(path))


Entries = dict[str, str | None]
"""Texts by path; None is a folder."""


@lru_cache(maxsize=4096)
def _normal(path: str) -> str:
    return "/" + normpath(path).lstrip("/")


class MemoryFiles:
    """Texts by absolute path, and folders. The methods and the errors are those of `Workspace`.

    `image` gives the entries to begin with. Nothing is made before it is looked at: in most containers nobody looks.
    """

    def __init__(
        self, files: Mapping[str, str], folders: Iterable[str] = (), image: Callable[[], Entries] = dict
    ) -> None:
        self.cwd = PurePosixPath("/")
        self._first = (files, tuple(folders), image)
        self._made: Entries = {}
        self._volumes: Mapping[str, Mapping[str, str]] | None = None
        self._read_only: tuple[str, ...] = ()

    @property
    def _entries(self) -> Entries:
        if not self._made or self._volumes is not None:
            self._make()
        return self._made

    def _make(self) -> None:
        volumes, self._volumes = self._volumes, None
        if not self._made:
            files, folders, image = self._first
            self._made = {"/": None, **image()}
            for path, text in files.items():
                self.put(path, text)
            for folder in folders:
                if not self.exists(folder):
                    self.mkdir(folder, parents=True)
        if volumes is not None:
            self._mount(volumes)

    def snapshot(self) -> Entries:
        """A copy of everything."""
        return dict(self._entries)

    def mount(self, volumes: Mapping[str, Mapping[str, str]]) -> None:
        """Show volumes, read-only, by the path where each is mounted; a file mounted alone has the name ""."""
        self._volumes = volumes

    def _mount(self, volumes: Mapping[str, Mapping[str, str]]) -> None:
        self._read_only = ()
        for place, files in volumes.items():
            if self.exists(place):
                self.remove(place, recursive=True)
            if "" not in files:
                self.mkdir(place, parents=True)
            for name, text in files.items():
                self.put(f"{place}/{name}".rstrip("/"), text)
        self._read_only = tuple(volumes)

    def absolute(self, path: str) -> PurePosixPath:
        """`path` from the root on, with every "." and ".." resolved."""
        return PurePosixPath(_normal(f"{self.cwd}/{path}" if path[:1] != "/" else path))

    def _key(self, path: str) -> str:
        if not path:
            raise _error(errno.ENOENT, path)
        return _normal(path if path[0] == "/" else f"{self.cwd}/{path}")

    def _entry(self, path: str) -> str | None:
        key = self._key(path)
        if key not in self._entries:
            raise _error(errno.ENOENT, path)
        if path.endswith("/") and self._entries[key] is not None:
            raise _error(errno.ENOTDIR, path)
        return self._entries[key]

    def _writable(self, path: str) -> str:
        """The key of what can be written there: its folder exists, and no volume forbids it."""
        key = self._key(path)
        parent = key.rpartition("/")[0] or "/"
        if parent not in self._entries:
            raise _error(errno.ENOENT, path)
        if self._entries[parent] is not None:
            raise _error(errno.ENOTDIR, path)
        if any(key == place or key.startswith(f"{place}/") for place in self._read_only):
            raise _error(errno.EROFS, path)
        return key

    def _below(self, key: str) -> list[str]:
        return [name for name in self._entries if name.startswith(f"{key.rstrip('/')}/") and name != "/"]

    def chdir(self, path: str) -> None:
        if self._entry(path) is not None:
            raise _error(errno.ENOTDIR, path)
        self.cwd = self.absolute(path)

    def read_text(self, path: str) -> str:
        text = self._entry(path)
        if text is None:
            raise _error(errno.EISDIR, path)
        return text

    def write_text(self, path: str, text: str) -> None:
        if self.is_dir(path):
            raise _error(errno.EISDIR, path)
        self._entries[self._writable(path)] = text

    def append_text(self, path: str, text: str) -> None:
        self.write_text(path, (self.read_text(path) if self.exists(path) else "") + text)

    def put(self, path: str, text: str) -> None:
        self.mkdir(path.rpartition("/")[0] or "/", parents=True)
        self.write_text(path, text)

    def exists(self, path: str) -> bool:
        return bool(path) and self._key(path) in self._entries

    def is_dir(self, path: str) -> bool:
        return self.exists(path) and self._entries[self._key(path)] is None

    def size(self, path: str) -> int:
        return len((self._entry(path) or "").encode("utf-8", "surrogateescape"))

    def listdir(self, path: str) -> list[str]:
        if self._entry(path) is not None:
            raise _error(errno.ENOTDIR, path)
        key = self._key(path).rstrip("/")
        return sorted({name[len(key) + 1 :].partition("/")[0] for name in self._below(key)})

    def mkdir(self, path: str, *, parents: bool = False) -> None:
        if self.exists(path) and not (parents and self.is_dir(path)):
            raise _error(errno.EEXIST, path)
        if parents and not self.exists(path):
            self.mkdir(str(self.absolute(path).parent), parents=True)
        if not self.exists(path):
            self._entries[self._writable(path)] = None

    def remove(self, path: str, *, recursive: bool = False) -> None:
        is_file, key = self._entry(path) is not None, self._writable(path)
        if key == "/":
            raise _error(errno.EBUSY, path)
        inside = [] if is_file else self._below(key)
        if inside and not recursive:
            raise _error(errno.ENOTEMPTY, path)
        for name in (key, *inside):
            del self._entries[name]

    def rename(self, path: str, target: str) -> None:
        self._entry(path)
        old, new = self._writable(path), self._writable(target)
        if "/" in (old, new) or f"{new}/".startswith(f"{old}/"):
            raise _error(errno.EBUSY, path)
        if self.is_dir(target) and (self._entries[old] is not None or self._below(new)):
            raise _error(errno.EISDIR, target)
        for name in (old, *self._below(old)):
            self._entries[new + name[len(old) :]] = self._entries.pop(name)

    def copy(self, path: str, target: str) -> None:
        self.write_text(target, self.read_text(path))
