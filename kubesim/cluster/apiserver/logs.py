"""Which part of a container's log a request wants.

Mirrors PodLogOptions and kubernetes staging/src/k8s.io/cri-client/pkg/logs/logs.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kubesim.api import errors
from kubesim.api.clock import SECOND, Micros, to_datetime

Line = tuple[Micros, str]
"""When a line was started, and the line."""


class LogOptions(NamedTuple):
    """The last `tail` lines, of them those of the last `since` seconds, the first `limit` bytes; None: all."""

    previous: bool = False
    tail: int | None = None
    since: int | None = None
    limit: int | None = None
    timestamps: bool = False

    def check(self, pod: str) -> None:
        """Raise StatusError for numbers that make no sense, about the logs of `pod`."""
        least = {"tailLines": (self.tail, 0), "sinceSeconds": (self.since, 1), "limitBytes": (self.limit, 1)}
        causes = [
            errors.invalid_value(name, value, f"must be greater than {'or equal to ' if minimum == 0 else ''}0")
            for name, (value, minimum) in least.items()
            if value is not None and value < minimum
        ]
        if causes:
            raise errors.invalid_options("PodLogOptions", "", pod, causes)

    def cut(self, lines: Sequence[Line], now: Micros) -> str:
        kept = lines if self.tail is None else lines[len(lines) - min(self.tail, len(lines)) :]
        first = 0 if self.since is None else now - self.since * SECOND
        written = [f"{_stamp(at)} {line}" if self.timestamps else line for at, line in kept if at >= first]
        return "".join(written).encode()[: self.limit].decode(errors="ignore")


def _stamp(moment: Micros) -> str:
    """A moment with nine digits behind the point, as the runtime writes it."""
    return f"{to_datetime(moment):%Y-%m-%dT%H:%M:%S.%f}000Z"
