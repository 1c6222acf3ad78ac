"""A served cluster's memory on disk: every write, with its moment, in the order in which they were done.

The simulator is deterministic, so that the same writes at the same moments make the same cluster again, with its uids
and its Pods in the middle of their back-off. A line is in the file before its request is answered, and a line that was
cut short belongs to a request that nobody was told the outcome of.
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

_KIND = {"kubesim": "journal", "version": 1}
_KEPT = ("content-type", "impersonate-")
_FIELDS = {"at": int, "method": str, "path": str, "query": dict, "headers": dict, "groups": list, "body": str}


class JournalError(Exception):
    """The file is no journal, or is damaged."""


class Journal:
    """The file at `path`, which is made if it is not there, and kept from other servers until it is closed.

    It holds what came over HTTP and nothing else that happens to the cluster, and when that was booted: at `boot`,
    where the journal is new. Raises OSError, and JournalError for any other file.
    """

    def __init__(self, path: Path, boot: datetime = BOOT) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            _lock(self._file, path)
            self._entries = _read(path)
        except BaseException:
            os.close(self._file)
            raise
        self._size = sum(len(line) + 1 for line in self._entries)
        os.ftruncate(self._file, self._size)
        if not self._size:
            self._write(_header(boot))
        self.boot = datetime.fromisoformat(json.loads(self._entries[0])["boot"]) if self._entries else boot

    def close(self) -> None:
        """Let others have the file. It may be closed twice."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    def replay(self, cluster: Cluster) -> int:
        """Do everything again in a new cluster; return how many writes that were."""
        api = API(cluster)
        entries, self._entries = self._entries[1:], []
        for line in entries:
            entry = json.loads(line)
            cluster.clock.advance((entry["at"] - cluster.clock.now) / SECOND)
            with suppress(Exception):  # a mistake of ours that spoiled a request then must not spoil all others now
                api.answer(_request(entry))
        api.history.close()
        return len(entries)

    def append(self, at: Micros, request: Request) -> None:
        """Remember a request that is about to be done."""
        self._write(
            {
                "at": at,
                "method": request.method,
                "path": request.path,
                "query": dict(request.query),
                "headers": {key: value for key, value in request.headers.items() if key.startswith(_KEPT)},
                "groups": request.impersonated_groups,
                "body": base64.b64encode(request.body).decode(),
            }
        )

    def _write(self, entry: dict[str, Any]) -> None:
        """Append a whole line or nothing. Raises OSError where there is no room."""
        line = _line(entry)
        try:
            if os.write(self._file, line) < len(line):
                raise OSError("no room for all of it")
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(line)


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
    if b"\n" not in content and _line(_header(BOOT)).startswith(content[: len(_line(_KIND)) - 2]):
        return []  # nothing, or all that there was time for
    lines = content.split(b"\n")[:-1]
    for number, line in enumerate(lines, 1):
        if not (_is_entry(line) if number > 1 else _is_header(line)):
            raise JournalError(f"{path}: line {number} is not of a journal that kubesim wrote")
    if not lines:
        raise JournalError(f"{path}: not a journal that kubesim wrote")
    return lines


def _line(entry: dict[str, Any]) -> bytes:
    return json.dumps(entry).encode() + b"\n"


def _header(boot: datetime) -> dict[str, Any]:
    return {**_KIND, "boot": boot.isoformat()}


def _is_header(line: bytes) -> bool:
    try:
        header = json.loads(line)
        return bool(header == _header(datetime.fromisoformat(header["boot"])))
    except (ValueError, TypeError, LookupError):
        return False


def _is_entry(line: bytes) -> bool:
    try:
        entry = json.loads(line)
        base64.b64decode(entry["body"], validate=True)
    except (ValueError, TypeError, LookupError):
        return False
    return all(isinstance(entry.get(key), kind) for key, kind in _FIELDS.items())
