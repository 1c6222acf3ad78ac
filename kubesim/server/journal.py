"""A served cluster's memory on disk: every write, with its moment, in the order in which they were done.

The simulator is deterministic, so the same writes at the same moments make the same cluster again, with its uids and
its Pods in the middle of their back-off. A line is in the file before its request is answered, and the outcome of a
request whose line was cut short was never sent.
"""

from __future__ import annotations

import base64
import json
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

from kubesim.api.clock import SECOND, Micros
from kubesim.cluster import BOOT, Cluster
from kubesim.server.api import API
from kubesim.server.request import Request

_START = b'{"kubesim": "journal", "version": 1, "boot": "'
_KEPT = ("content-type", "impersonate-")
_FIELDS = {"at": int, "method": str, "path": str, "query": dict, "headers": dict, "groups": list, "body": str}


class JournalError(Exception):
    """The file is not a journal, or is damaged."""


class Journal:
    """The file at `path`, which is created if it isn't there, and kept from other servers until it is closed.

    It holds what came over HTTP and nothing else that happens to the cluster, and when that was booted: at `boot`,
    where the journal is new. Raises OSError, and JournalError for any other file.
    """

    def __init__(self, path: Path, boot: datetime = BOOT) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            _lock(self._file, path)
            lines = _read(path)
        except BaseException:
            os.close(self._file)
            raise
        self._size = sum(len(line) + 1 for line in lines)
        os.ftruncate(self._file, self._size)
        self.boot = _boot_of(lines[0]) if lines else boot
        self._entries = lines[1:]
        if not lines:
            self._write(_START + boot.isoformat().encode() + b'"}')

    def close(self) -> None:
        """Release the file. It may be closed twice."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    def replay(self, cluster: Cluster) -> int:
        """Do everything again in a new cluster; return how many writes that were."""
        api = API(cluster)
        entries, self._entries = self._entries, []
        for line in entries:
            entry = json.loads(line)
            cluster.clock.advance((entry["at"] - cluster.clock.now) / SECOND)
            with suppress(Exception):  # a bug that spoiled one request then must not spoil all others now
                api.answer(_request(entry))
        api.history.close()
        return len(entries)

    def append(self, at: Micros, request: Request) -> None:
        entry = {
            "at": at,
            "method": request.method,
            "path": request.path,
            "query": dict(request.query),
            "headers": {key: value for key, value in request.headers.items() if key.startswith(_KEPT)},
            "groups": request.impersonated_groups,
            "body": base64.b64encode(request.body).decode(),
        }
        self._write(json.dumps(entry).encode())

    def _write(self, line: bytes) -> None:
        """Append a whole line or nothing. Raises OSError where there is no room."""
        size = len(line) + 1
        try:
            if os.write(self._file, line + b"\n") < size:
                raise OSError("no room for all of it")
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += size


def _lock(file: int, path: Path) -> None:
    """Keep other servers away, where the system can."""
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise JournalError(f"{path}: another server keeps its changes there") from None


def _request(entry: dict[str, Any]) -> Request:
    body, groups = base64.b64decode(entry["body"]), tuple(entry["groups"])
    return Request(entry["method"], entry["path"], entry["query"], entry["headers"], body, groups)


def _read(path: Path) -> list[bytes]:
    """The whole lines of the file. Raises JournalError."""
    content = path.read_bytes()
    lines = content.split(b"\n")[:-1]
    if not lines and content[: len(_START)] == _START[: len(content)]:
        return []  # nothing, or all that there was time for
    for number, line in enumerate(lines, 1):
        try:
            _boot_of(line) if number == 1 else _check(json.loads(line))
        except (ValueError, TypeError, LookupError, AttributeError):
            raise JournalError(f"{path}: line {number} is not of a journal that kubesim wrote") from None
    if not lines:
        raise JournalError(f"{path}: not a journal that kubesim wrote")
    return lines


def _boot_of(line: bytes) -> datetime:
    if not line.startswith(_START):
        raise ValueError("not the first line of a journal")
    return datetime.fromisoformat(json.loads(line)["boot"])


def _check(entry: dict[str, Any]) -> None:
    base64.b64decode(entry["body"], validate=True)
    if not all(isinstance(entry[key], kind) for key, kind in _FIELDS.items()):
        raise TypeError("not an entry")
