"""A served cluster's memory on disk: a snapshot, then every write since, in the order in which they were done.

The simulator is deterministic, so the same writes at the same moments make the same cluster again, with its uids and
its Pods in the middle of their back-off. A write is in the file before it is done; one that failed, or that the process
did not survive, is marked and not repeated. Once the writes take a quarter of the snapshot's room, a new snapshot
replaces the file in one step. Each line ends with a checksum of all lines so far, so that a missing one is noticed.
"""

from __future__ import annotations

import base64
import errno
import io
import json
import logging
import os
import pickle
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

from kubesim.api.clock import SECOND
from kubesim.api.objects import Object
from kubesim.api.resources import Resource, find_kind
from kubesim.cluster import BOOT, Cluster
from kubesim.server import API
from kubesim.server.request import Request
from kubesim.shell.container import Outside

SMALLEST = 64 * 1024
"""Bytes of writes for which no new snapshot is made."""
_START = b'{"kubesim": "journal", "version": 2, '
_KEPT = ("content-type", "impersonate-")
_FAILED: Object = {"failed": True}
_UNREADABLE = (
    *(ValueError, TypeError, LookupError, AttributeError, RecursionError),
    *(zlib.error, EOFError, pickle.UnpicklingError),
)
_log = logging.getLogger(__name__)


class JournalError(Exception):
    """The file is not a journal, is damaged, or cannot be written: a sentence that begins with its path."""


class Journal:
    """The file at `path`, which is created if it isn't there, and kept from other servers until it is closed.

    It holds what came over HTTP and nothing else that happens to the cluster, and when that was booted: at `boot`,
    where the journal is new. `cluster` is the one that it describes, and `writes` is how many it has seen. Raises
    OSError, and JournalError for any other file.
    """

    def __init__(self, path: Path, boot: datetime = BOOT) -> None:
        if path.exists() and not path.is_file():
            raise JournalError(f"{path}: not a regular file")
        self.boot, self.writes = boot, 0
        self._path, self._file = path, _open(path)
        self._size = self._sum = self._first = 0
        self._fresh = path.with_name(f"{path.name}.new")
        try:
            self.cluster = self._restored()
            self._fresh.unlink(missing_ok=True)  # of a server that was killed
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Release the file. It may be closed twice."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    def _restored(self) -> Cluster:
        """Read the file; a line that was cut short is dropped: its request was never answered."""
        lines = self._lines()
        cluster = self._begun(next(lines, None))
        api, last = API(cluster), None
        for line in lines:
            self.writes += -1 if line == _FAILED else 1
            if last and line != _FAILED:
                _repeat(api, last)
            last = None if line == _FAILED else line
        os.ftruncate(self._file, self._size)
        self._path.chmod(0o600)
        if last:  # if the process does not survive it again, the mark stays
            done = self._size, self._sum
            self._write(_FAILED)
            if _repeat(api, last):
                self._size, self._sum = done
                os.ftruncate(self._file, self._size)
        api.history.close()
        return cluster

    def _begun(self, head: Any) -> Cluster:
        """The cluster of the first line, which a new file gets."""
        if head is None:
            os.ftruncate(self._file, 0)
            head = self._head(None)
            self._write(head)
        self._first = self._size
        try:
            self.boot, self.writes, state = datetime.fromisoformat(head["boot"]), int(head["writes"]), head["state"]
        except _UNREADABLE:
            raise JournalError(f"{self._path}: its first line is incomplete") from None
        return Cluster(boot=self.boot) if state is None else self._loaded(state)

    @contextmanager
    def recording(self, api: API, request: Request) -> Iterator[None]:
        """Write down a request that is answered meanwhile. Raises JournalError, before that, where there is no room."""
        self._write(_entry(api.cluster.clock.now, request))
        self.writes += 1
        try:
            yield
        except Exception:
            self.writes -= 1
            with suppress(JournalError):
                self._write(_FAILED)
            self.compact(api)  # with what it did before it failed
            raise
        if self._size - self._first > max(SMALLEST, self._first // 4):
            self.compact(api)

    def compact(self, api: API) -> None:
        """Replace the file by a snapshot. Where that can't be written, go on with the old file, which grows."""
        file = -1
        try:
            state = {"code": _code(), "pickled": base64.b64encode(_pickled(api)).decode()}
            data, check = _sealed(self._head(state), 0)
            file = _open(self._fresh)
            _put(file, data)
            os.fsync(file)
            self._fresh.replace(self._path)
        except (OSError, RecursionError, pickle.PicklingError) as error:
            _log.warning("%s could not be compacted: %s", self._path, error)
            self._first = self._size
            if file >= 0:
                os.close(file)
                self._fresh.unlink(missing_ok=True)
        else:
            os.close(self._file)
            self._file, self._first, self._size, self._sum = file, len(data), len(data), check

    def _head(self, state: Object | None) -> Object:
        head = {"boot": self.boot.isoformat(), "writes": self.writes, "state": state}
        return {**json.loads(_START[:-2] + b"}"), **head}

    def _lines(self) -> Iterator[Any]:
        """What each whole line holds. Raises JournalError for one that is damaged, or follows a missing one."""
        self._size = self._sum = number = 0
        with self._path.open("rb") as file:
            try:
                if not _START.startswith(start := file.read(len(_START))):
                    raise ValueError(start)
                file.seek(0)
                for line in file:
                    number += 1
                    if not line.endswith(b"\n"):
                        return
                    text, _, check = line.rpartition(b" ")
                    self._sum = zlib.crc32(text, self._sum)
                    if int(check, 16) != self._sum:
                        raise ValueError(check)
                    self._size += len(line)
                    yield json.loads(text)
            except _UNREADABLE:
                why = f"line {number or 1} is not of a journal that kubesim wrote, or the line before it is missing"
                raise JournalError(f"{self._path}: {why}") from None

    def _write(self, line: Object) -> None:
        """Append a whole line or nothing."""
        data, check = _sealed(line, self._sum)
        try:
            _put(self._file, data)
        except OSError as error:
            os.ftruncate(self._file, self._size)
            raise JournalError(f"{self._path}: {error.strerror}") from None
        self._size += len(data)
        self._sum = check

    def _loaded(self, state: Any) -> Cluster:
        try:
            if state["code"] != _code():
                raise JournalError(f"{self._path}: written by another version of kubesim, which alone can read it")
            cluster = _Unpickler(io.BytesIO(zlib.decompress(base64.b64decode(state["pickled"])))).load()
            if isinstance(cluster, Cluster):
                return cluster
        except _UNREADABLE:
            pass
        raise JournalError(f"{self._path}: its snapshot cannot be read") from None


def _open(path: Path) -> int:
    """Open a file for its owner alone, and keep other servers away, where the system can."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(file), path.stat()):  # replaced by a snapshot just now
            raise BlockingIOError
    except BlockingIOError:
        os.close(file)
        raise JournalError(f"{path}: another server keeps its changes there") from None
    return file


def _sealed(line: Object, check: int) -> tuple[bytes, int]:
    """A line with the checksum of all so far, which was `check` before it, and the new checksum."""
    text = json.dumps(line).encode()
    check = zlib.crc32(text, check)
    return b"%s %08x\n" % (text, check), check


def _put(file: int, data: bytes) -> None:
    """Append all of it. Raises OSError where there is room for a part only."""
    if os.write(file, data) < len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _entry(at: int, request: Request) -> Object:
    return {
        "at": at,
        "method": request.method,
        "path": request.path,
        "query": dict(request.query),
        "headers": {key: value for key, value in request.headers.items() if key.startswith(_KEPT)},
        "groups": request.impersonated_groups,
        "body": base64.b64encode(request.body).decode(),
    }


def _repeat(api: API, entry: Any) -> bool:
    """Do a write again; whether it did not fail."""
    with suppress(Exception):
        body, groups = base64.b64decode(entry["body"]), tuple(entry["groups"])
        api.cluster.clock.advance((entry["at"] - api.cluster.clock.now) / SECOND)
        api.answer(Request(entry["method"], entry["path"], entry["query"], entry["headers"], body, groups))
        return True
    return False


# A snapshot is a pickled cluster, with nothing in it but the classes of a cluster: what a file says is never run.

_LOCK = type(threading.RLock())
_ROOMS = ("kubesim.api.", "kubesim.cluster", "kubesim.shell.container")
_OTHERS = {
    *(("datetime", "datetime"), ("datetime", "timedelta"), ("datetime", "timezone"), ("functools", "partial")),
    *(("pathlib", "PurePosixPath"), ("random", "Random")),
}


def _is_known(kind: type) -> bool:
    return (kind.__module__, kind.__qualname__) in _OTHERS or kind.__module__.startswith(_ROOMS)


def _method(owner: Any, name: str) -> Any:
    found = getattr(type(owner), name)
    if name.startswith("__") or not _is_known(type(owner)) or not isinstance(found, FunctionType):
        raise pickle.UnpicklingError(name)
    return MethodType(found, owner)


_FUNCTIONS = (_method, find_kind, threading.RLock)
_REDUCED: dict[type, Callable[[Any], tuple[Callable[..., Any], tuple[Any, ...]]]] = {
    MethodType: lambda method: (_method, (method.__self__, method.__name__)),
    Resource: lambda resource: (find_kind, (resource.api_version, resource.kind)),
    _LOCK: lambda _: (threading.RLock, ()),
    Outside: lambda _: (Outside, ()),  # Session.resume says again what it finds
}


def _pickled(api: API) -> bytes:
    data = io.BytesIO()
    with api.history.apart():
        _Pickler(data, pickle.HIGHEST_PROTOCOL).dump(api.cluster)
    return zlib.compress(data.getvalue(), 1)


class _Pickler(pickle.Pickler):
    def reducer_override(self, obj: Any) -> Any:
        if type(obj) in _REDUCED:
            return _REDUCED[type(obj)](obj)
        kind = obj if isinstance(obj, type) else type(obj)
        if not _is_known(kind) and obj not in _FUNCTIONS:
            raise pickle.PicklingError(f"{kind} is no part of a cluster")
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        found = super().find_class(module, name)
        if found in _FUNCTIONS or (isinstance(found, type) and _is_known(found)):
            return found
        raise pickle.UnpicklingError(f"{module}.{name}")


@cache
def _code() -> str:
    """Names the code whose classes a snapshot holds."""
    root = Path(__file__).parents[1]
    paths = sorted(path for room in ("api", "cluster", "shell") for path in (root / room).rglob("*.py"))
    return sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:16]
