"""The learner's files: a real folder, shown as /workspace, that no path can leave.

The shell, kubectl and the editor read and write files through a Workspace alone. It knows nothing of the cluster.
"""

from __future__ import annotations

import errno
import os
import re
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePosixPath
from posixpath import normpath
from stat import S_ISDIR, S_ISREG
from typing import IO, NamedTuple

HOME = PurePosixPath("/workspace")
_ELSEWHERE = ("opt", "tmp")  # folders beside /workspace; in the real folder they are hidden
NULL = "/dev/null"  # the only device that can be read
PATH_MAX = 4096  # Linux's limit
_LINKS_MAX = 40  # Linux's limit
DEPTH_MAX = 100  # levels of folders; a limit of kubesim
LARGEST = 16 << 20  # bytes of a file that is read or written; a limit of kubesim
# O_TRUNC, because JupyterLite's file system loses a truncation of an open file when that is closed.
_MODES = {"rb": os.O_RDONLY, "wb": os.O_WRONLY | os.O_CREAT | os.O_TRUNC, "ab": os.O_WRONLY | os.O_CREAT | os.O_APPEND}
# Flags that Windows lacks or needs. Without O_NONBLOCK, opening a named pipe would hang until somebody writes to it.
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_CAUTION = _NO_FOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
# The functions that must take the descriptor of a folder, so that a path is opened folder by folder (`_walk`). Without
# them, as on Windows, it is resolved first (`_real`).
_NEED_DESCRIPTOR = {os.open, os.stat, os.readlink, os.mkdir, os.unlink, os.rmdir, os.rename}
_BY_DESCRIPTOR = bool(_NO_FOLLOW) and os.supports_dir_fd >= _NEED_DESCRIPTOR and os.listdir in os.supports_fd

# The progress file. No command changes or removes it.
PROGRESS = "/workspace/.progress.json"

# Surrogates that stand for no byte, unlike those of "surrogateescape" (U+DC80 to U+DCFF).
_NO_CHARACTER = "[\ud800-\udc7f\udd00-\udfff]"


def file_error(number: int, path: str | PurePosixPath) -> OSError:
    """The operating system's error `number` for a path."""
    return OSError(number, os.strerror(number), str(path))


class _Place(NamedTuple):
    """A file by its name in a folder, whose descriptor is `folder`. If that is None, `name` is a whole path."""

    name: str
    folder: int | None


class ProtectedError(OSError):
    """A refusal to change or remove `PROGRESS`, whatever path leads there."""

    def __init__(self, path: str) -> None:
        super().__init__(errno.EPERM, "this file keeps your progress, and no command changes it", path)


def encoded(text: str) -> bytes:
    """Encode a text in UTF-8. Surrogates from `read_text` become bytes again; other ones become U+FFFD."""
    return re.sub(_NO_CHARACTER, "\ufffd", text).encode("utf-8", "surrogateescape")


@contextmanager
def _blaming(path: str) -> Iterator[None]:
    """A context whose OSErrors name the path as typed, never a path of the machine."""
    try:
        yield
    except ProtectedError:
        raise
    except OSError as error:
        raise file_error(error.errno or errno.EIO, path) from None


def _folder(name: str | Path, folder: int | None, stack: ExitStack) -> int:
    """Open a folder until the stack closes. `folder` is the folder above, None for the root."""
    handle = os.open(name, os.O_DIRECTORY | (0 if folder is None else _NO_FOLLOW), dir_fd=folder)
    stack.callback(os.close, handle)
    return handle


def _target(name: str, folder: int) -> str | None:
    """The target of a symbolic link, None for anything else."""
    with suppress(OSError):
        return os.readlink(name, dir_fd=folder)
    return None


class Workspace:
    """Files below one folder, named by POSIX paths as typed: relative to `cwd`, or absolute below /workspace.

    Without a `root`, a temporary folder is created at the first use and removed with the object. Every method raises
    OSError with the usual strerror for errors of the file system, for files larger than `LARGEST`, and for paths that
    lead outside: by "..", an absolute path or a symbolic link. Except on Windows, this holds even if somebody changes
    links meanwhile.

    Hard links aren't checked: a file with a second name outside is the same file for every program, and only somebody
    who may write to both places can create one.
    """

    def __init__(self, root: Path | None = None) -> None:
        self._root = root
        self.cwd = HOME

    @property
    def root(self) -> Path:
        if self._root is None:
            import shutil  # late, because the two imports take 3 ms, and many commands need no files
            import tempfile

            self._root = Path(tempfile.mkdtemp(prefix="kubesim-"))
            weakref.finalize(self, shutil.rmtree, self._root, ignore_errors=True)
        return self._root

    def absolute(self, path: str) -> PurePosixPath:
        """`path` as an absolute path without "." and ".."."""
        return PurePosixPath("/" + normpath(self.cwd / path).lstrip("/"))

    def relative(self, path: str) -> str:
        """`path` relative to the real folder, `root`."""
        return str(self._below(path))

    def _below(self, path: str) -> PurePosixPath:
        """The path below the real folder, links not followed. Raises OSError outside of /workspace, /opt and /tmp."""
        parts = self.absolute(path).parts
        if len(path) > PATH_MAX or len(parts) > DEPTH_MAX:
            raise file_error(errno.ENAMETOOLONG, path)
        if parts == ("/",):
            raise file_error(errno.EACCES, path)
        _, name, *below = parts
        if not path or "\0" in path or name not in (HOME.name, *_ELSEWHERE):
            raise file_error(errno.ENOENT, path)
        if name == HOME.name:
            return PurePosixPath(*below)
        folder = f".{name}"
        (self.root / folder).mkdir(exist_ok=True)
        return PurePosixPath(folder, *below)

    @contextmanager
    def _place(self, path: str, *, follow: bool = True) -> Iterator[_Place]:
        """A context with the place of a file. OSErrors of the block name `path`."""
        with _blaming(path), ExitStack() as stack:
            yield self._find(path, stack, follow=follow)

    def _find(self, path: str, stack: ExitStack, *, follow: bool) -> _Place:
        """The place of a file, until the stack closes. With `follow`, a link at the end is followed, too."""
        return self._walk(path, follow, stack) if _BY_DESCRIPTOR else _Place(self._real(path, follow), None)

    def _walk(self, path: str, follow: bool, stack: ExitStack) -> _Place:
        """Open the folders of a path one by one, and follow links by hand.

        No folder is opened through a link, so a link that somebody puts there meanwhile leads nowhere.
        """
        parts = list(self._below(path).parts)
        folders = [_folder(self.root, None, stack)]
        name = "."
        links = 0
        while parts:
            part = parts.pop(0)
            leads_outside = part.startswith("/") or (part == ".." and len(folders) == 1)
            if leads_outside:
                raise file_error(errno.EACCES, path)
            name = "."  # "." is the last folder itself
            if part == "..":
                folders.pop()
            elif (parts or follow) and (target := _target(part, folders[-1])):
                links += 1
                if links > _LINKS_MAX:
                    raise file_error(errno.ELOOP, path)
                parts = [*PurePosixPath(target).parts, *parts]
            elif parts:
                folders.append(_folder(part, folders[-1], stack))
            else:
                name = part
        return _Place(name, folders[-1])

    def _real(self, path: str, follow: bool) -> str:
        """The real path with links resolved, on Windows. Unlike `_walk`, it can't notice a link put there meanwhile."""
        place = self.root / self._below(path)
        is_followed = follow or place == self.root
        real = Path(os.path.realpath(place if is_followed else place.parent))
        if not real.is_relative_to(os.path.realpath(self.root)):
            raise file_error(errno.EACCES, path)
        return str(real if is_followed else real / place.name)

    @contextmanager
    def _open(self, path: str, mode: str) -> Iterator[IO[bytes]]:
        """Open a regular file of at most `LARGEST` bytes. Named pipes, which would hang, and folders are refused."""
        must_be_folder = path.endswith("/")
        flags = (getattr(os, "O_DIRECTORY", 0) if must_be_folder else _MODES[mode]) | _CAUTION
        with self._place(path) as place:
            if must_be_folder and mode != "rb":
                raise file_error(errno.EISDIR, path)
            if mode != "rb":
                self._require_unprotected(path, place)
            with open(
                place.name, mode, opener=lambda name, _: os.open(name, flags, 0o666, dir_fd=place.folder)
            ) as file:
                status = os.fstat(file.fileno())
                if not S_ISREG(status.st_mode):
                    raise file_error(errno.EACCES, path)
                if status.st_size > LARGEST and mode != "wb":
                    raise file_error(errno.EFBIG, path)
                yield file

    def _require_unprotected(self, path: str, place: _Place) -> None:
        """Raise ProtectedError if a path leads to `PROGRESS`, also by a link or in capitals."""
        is_protected = str(self.absolute(path)) == PROGRESS
        with suppress(OSError):
            progress = (self.root / PurePosixPath(PROGRESS).name).stat()
            is_protected = is_protected or os.path.samestat(os.stat(place.name, dir_fd=place.folder), progress)
        if is_protected:
            raise ProtectedError(path)

    def _stat(self, path: str) -> os.stat_result:
        with self._place(path) as place:
            return self._status(path, place)

    def _status(self, path: str, place: _Place) -> os.stat_result:
        """The status of what is at a place. Raises OSError for a file if `path` ends with a slash."""
        status = os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)
        if path.endswith("/") and not S_ISDIR(status.st_mode):
            raise file_error(errno.ENOTDIR, path)
        return status

    def chdir(self, path: str) -> None:
        if not S_ISDIR(self._stat(path).st_mode):
            raise file_error(errno.ENOTDIR, path)
        self.cwd = self.absolute(path)

    def read_bytes(self, path: str) -> bytes:
        if path == NULL:
            return b""
        with self._open(path, "rb") as file:
            return file.read(LARGEST)

    def read_text(self, path: str) -> str:
        """Read a file as UTF-8. Invalid bytes become surrogates, which `write_text` turns back."""
        return self.read_bytes(path).decode("utf-8", "surrogateescape")

    def write_text(self, path: str, text: str) -> None:
        """Create or replace a file. Its folder must exist."""
        if path == NULL:
            return
        content = encoded(text)
        if len(content) > LARGEST:
            raise file_error(errno.EFBIG, path)
        with self._open(path, "wb") as file:
            file.write(content)

    def put(self, path: str, text: str) -> None:
        """Create or replace a file, and create the folders above it."""
        if folder := path.rpartition("/")[0]:
            self.mkdir(folder, parents=True)
        self.write_text(path, text)

    def append_text(self, path: str, text: str) -> None:
        """Append to a file, which is created if it doesn't exist."""
        if path == NULL:
            return
        content = encoded(text)
        with self._open(path, "ab") as file:
            if file.tell() + len(content) > LARGEST:
                raise file_error(errno.EFBIG, path)
            file.write(content)

    def exists(self, path: str) -> bool:
        if path == NULL:
            return True
        with suppress(OSError):
            self._stat(path)
            return True
        return False

    def is_dir(self, path: str) -> bool:
        with suppress(OSError):
            return S_ISDIR(self._stat(path).st_mode)
        return False

    def size(self, path: str) -> int:
        return 0 if path == NULL else self._stat(path).st_size

    def listdir(self, path: str) -> list[str]:
        with self._place(path) as (name, folder), ExitStack() as stack:
            return sorted(os.listdir(name if folder is None else _folder(name, folder, stack)))  # noqa: PTH208

    def mkdir(self, path: str, *, parents: bool = False) -> None:
        """Create a folder. With `parents`, create those above it, too, and accept an existing one."""
        above = path.rstrip("/").rpartition("/")[0]
        if parents and above and not self.is_dir(above):
            self.mkdir(above, parents=True)
        with self._place(path) as place:
            self._require_unprotected(path, place)
            if not (parents and self.is_dir(path)):
                os.mkdir(place.name, dir_fd=place.folder)

    def remove(self, path: str, *, recursive: bool = False) -> None:
        """Remove a file or an empty folder, or with `recursive` a folder and its contents."""
        self.require_removable(path)
        with self._place(path, follow=False) as place:
            self._require_unprotected(path, place)
            if not S_ISDIR(self._status(path, place).st_mode):
                os.unlink(place.name, dir_fd=place.folder)
            elif recursive:
                import shutil

                shutil.rmtree(place.name, dir_fd=place.folder)
            else:
                os.rmdir(place.name, dir_fd=place.folder)

    def require_removable(self, path: str) -> None:
        """Raise OSError for the root, and ProtectedError for `PROGRESS`."""
        if not self._below(path).parts:
            raise file_error(errno.EBUSY, path)
        if str(self.absolute(path)) == PROGRESS:
            raise ProtectedError(path)

    def rename(self, path: str, target: str) -> None:
        """Move a file, and replace the file at `target`, even `PROGRESS`. No command uses this."""
        with ExitStack() as stack:
            with _blaming(path):
                old = self._find(path, stack, follow=False)
                self._status(path, old)
            with self._place(target, follow=False) as new:
                os.replace(old.name, new.name, src_dir_fd=old.folder, dst_dir_fd=new.folder)
