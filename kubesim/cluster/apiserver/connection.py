"""Connections from the API server to a container: the protocols that a kubelet implements, and the options of a log.

Mirrors kubernetes pkg/registry/core/pod/strategy.go (LogLocation, ExecLocation), v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from kubesim.api import errors
from kubesim.api.budget import Budget
from kubesim.api.clock import SECOND, Micros, rfc3339_micro
from kubesim.api.objects import Object, lasting_containers, name_of
from kubesim.api.specs import PodSpec
from kubesim.shell.process import Process


class LogLine(NamedTuple):
    """A line of a container's log."""

    written: Micros
    text: str


class LogOptions(NamedTuple):
    """The part of a log to read, and its form: fields of PodLogOptions."""

    previous: bool = False  # the log of the container before the last restart
    tail: int | None = None  # the number of lines at the end; None for all
    since: int | None = None  # the greatest age of a line in seconds; None for any
    timestamps: bool = False  # whether each line begins with its time

    def check(self, pod: str) -> None:
        """Raise StatusError (Invalid) for negative numbers. Mirrors ValidatePodLogOptions."""
        causes = []
        if self.tail is not None and self.tail < 0:
            causes.append(errors.invalid_value("tailLines", self.tail, "must be greater than or equal to 0"))
        if self.since is not None and self.since < 1:
            causes.append(errors.invalid_value("sinceSeconds", self.since, "must be greater than 0"))
        if causes:
            raise errors.invalid_kind("PodLogOptions", "", pod, causes)

    def text(self, lines: Sequence[LogLine], now: Micros) -> str:
        """The selected part of a log as text, at the moment `now`."""
        if self.tail is not None:
            lines = lines[max(0, len(lines) - self.tail) :]
        if self.since is not None:
            lines = [line for line in lines if line.written >= now - self.since * SECOND]
        if self.timestamps:
            return "".join(f"{rfc3339_micro(line.written).removesuffix('Z')}000Z {line.text}" for line in lines)
        return "".join(line.text for line in lines)


WHOLE_LOG = LogOptions()


class Connection(Protocol):
    """A container on its node, which may not have been started."""

    def logs(self, previous: bool) -> list[LogLine]:
        """The log of the container, or with `previous` of the one before its restart. Raises StatusError for none."""

    def execute(self, argv: Sequence[str], payer: Budget, stdin: str = "") -> Process:
        """Run another command in the container, paid from `payer`. Raises StatusError and StartError."""


class NodeServer(Protocol):
    """The interface of a kubelet for the API server."""

    def connect(self, pod: Object, container: str) -> Connection:
        """A connection to one of the Pod's containers, even if that doesn't exist yet."""

    def lacks_program(self, reference: str, program: str) -> bool:
        """True if kubesim lacks a program that the image has, or may have, on a real node."""

    def is_guess(self, reference: str) -> bool:
        """True if the image is unknown to kubesim, and pulled as if it existed."""


def container_of(pod: Object, name: str) -> str:
    """Check a container's name, and return it, or for "" the only container's. Raises StatusError.

    Mirrors validateContainer.
    """
    spec: PodSpec = pod["spec"]
    names = [container["name"] for container in (*lasting_containers(spec), *spec.get("ephemeralContainers", ()))]
    if name and name not in names:
        raise errors.bad_request(f"container {name} is not valid for pod {name_of(pod)}")
    if not name and len(spec["containers"]) > 1:
        choice = f"choose one of: [{' '.join(names)}]"
        raise errors.bad_request(f"a container name must be specified for pod {name_of(pod)}, {choice}")
    return name or spec["containers"][0]["name"]
