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
        causes = []
        if self.tail is not None and self.tail < 0:
            causes.append(errors.invalid_value("tailLines", self.tail, "must be greater than or equal to 0"))
        for name, value in (("sinceSeconds", self.since), ("limitBytes", self.limit)):
            if value is not None and value <= 0:
                causes.append(errors.invalid_value(name, value, "must be greater than 0"))
        if causes:
            raise errors.invalid_options("PodLogOptions", "", pod, causes)

    def selected(self, lines: Sequence[Line], now: Micros) -> str:
        """The part of a log that is asked for."""
        if self.tail is not None:
            lines = lines[max(0, len(lines) - self.tail) :]
        if self.since is not None:
            lines = [line for line in lines if line[0] >= now - self.since * SECOND]
        written = [f"{_stamp(at)} {line}" if self.timestamps else line for at, line in lines]
        return "".join(written).encode()[: self.limit].decode(errors="ignore")


def _stamp(moment: Micros) -> str:
    """A moment with nine digits behind the point, as the runtime writes it."""
    return f"{to_datetime(moment):%Y-%m-%dT%H:%M:%S.%f}000Z"
