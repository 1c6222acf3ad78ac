"""A served cluster's memory on disk: every write, with its moment, in the order in which they were done.

The simulator is deterministic, so that the same writes at the same moments make the same cluster again, with its uids
and its Pods in the middle of their back-off. A line is in the file before its request is answered, and a line that was
cut short belongs to a request that nobody was told the outcome of.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

from kubesim.clock import SECOND, Micros
from kubesim.cluster import Cluster
from kubesim.server.api import API
from kubesim.server.request import Request

_HEADER = {"kubesim": "journal", "version": 1}
_KEPT = ("content-type", "impersonate-user")


class JournalError(Exception):
    """The file is no journal, or is damaged."""


class Journal:
    """The file at `path`, which is made if it is not there. Raises OSError, and JournalError for any other file."""

    def __init__(self, path: Path) -> None:
        self._entries = _read(path)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        whole = b"".join(line + b"\n" for line in self._entries)
        os.ftruncate(self._file, len(whole))
        if not whole:
            self._write(_HEADER)

    def replay(self, cluster: Cluster) -> int:
        """Do everything again in a new cluster; return how many writes that were."""
        api = API(cluster)
        for line in self._entries[1:]:
            entry = json.loads(line)
            cluster.clock.advance((entry["at"] - cluster.clock.now) / SECOND)
            api.answer(_request(entry))
        api.history.close()
        done, self._entries = len(self._entries[1:]), []
        return done

    def append(self, at: Micros, request: Request) -> None:
        """Remember a request that is about to be done."""
        self._write(
            {
                "at": at,
                "method": request.method,
                "path": request.path,
                "query": dict(request.query),
                "headers": {key: request.headers[key] for key in _KEPT if key in request.headers},
                "groups": request.impersonated_groups,
                "body": base64.b64encode(request.body).decode(),
            }
        )

    def _write(self, entry: dict[str, Any]) -> None:
        os.write(self._file, json.dumps(entry).encode() + b"\n")


def _request(entry: dict[str, Any]) -> Request:
    body, groups = base64.b64decode(entry["body"]), tuple(entry["groups"])
    return Request(entry["method"], entry["path"], entry["query"], entry["headers"], body, groups)


def _read(path: Path) -> list[bytes]:
    """The whole lines of the file. Raises JournalError."""
    if not path.exists() or not path.stat().st_size:
        return []
    lines = path.read_bytes().split(b"\n")[:-1]
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
        except ValueError:
            entry = None
        if not isinstance(entry, dict) or (number == 1 and entry != _HEADER):
            raise JournalError(f"{path}: line {number} is not of a journal that kubesim wrote")
    if not lines:
        raise JournalError(f"{path}: not a journal that kubesim wrote")
    return lines
