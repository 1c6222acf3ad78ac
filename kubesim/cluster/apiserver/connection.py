"""The way from the API server to a container: which one is meant, and what the kubelet of its node does there.

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
from kubesim.shell.container import Place
from kubesim.shell.process import Process


class LogLine(NamedTuple):
    """A line of a container's log."""

    written: Micros
    text: str


class LogOptions(NamedTuple):
    """Which part of a log is read, and how it is shown: the fields of PodLogOptions."""

    previous: bool = False  # of the container before it
    tail: int | None = None  # the last lines
    since: int | None = None  # what is younger, in seconds
    timestamps: bool = False  # each line begins with its time

    def check(self, pod: str) -> None:
        """Raise StatusError (Invalid) for what can't be. Mirrors ValidatePodLogOptions."""
        causes = []
        if self.tail is not None and self.tail < 0:
            causes.append(errors.invalid_value("tailLines", self.tail, "must be greater than or equal to 0"))
        if self.since is not None and self.since < 1:
            causes.append(errors.invalid_value("sinceSeconds", self.since, "must be greater than 0"))
        if causes:
            raise errors.invalid_kind("PodLogOptions", "", pod, causes)

    def text(self, lines: Sequence[LogLine], now: Micros) -> str:
        """The part of a log that is asked for at a moment."""
        if self.tail is not None:
            lines = lines[max(0, len(lines) - self.tail) :]
        if self.since is not None:
            lines = [line for line in lines if line.written >= now - self.since * SECOND]
        if self.timestamps:
            return "".join(f"{rfc3339_micro(line.written).removesuffix('Z')}000Z {line.text}" for line in lines)
        return "".join(line.text for line in lines)


WHOLE_LOG = LogOptions()


class Connection(Protocol):
    """A container on its node."""

    def logs(self, previous: bool) -> list[LogLine]:
        """The lines that it has written, or the one before it. Raises StatusError where there is nothing to read."""

    def execute(self, argv: Sequence[str], payer: Budget, stdin: str = "") -> Process:
        """Run a command beside the container's, which `payer` pays for. Raises StatusError and StartError."""

    def prepared_place(self, argv: Sequence[str]) -> Place:
        """Where `argv` may run, with its volumes as they are now. Raises StatusError and StartError."""


class NodeServer(Protocol):
    """What the API server asks of a kubelet."""

    def connect(self, pod: Object, container: str) -> Connection:
        """The way to one of the Pod's containers, which need not be there."""

    def lacks_program(self, reference: str, program: str) -> bool:
        """Whether an image lacks a program here that it has, or may have, on a real node."""

    def is_guess(self, reference: str) -> bool:
        """Whether no one here knows that there is such an image, and the node pulls it as if there were."""


def container_of(pod: Object, name: str) -> str:
    """The container of that name, or with "" the only one. Raises StatusError. Mirrors validateContainer."""
    spec: PodSpec = pod["spec"]
    names = [container["name"] for container in (*lasting_containers(spec), *spec.get("ephemeralContainers", ()))]
    if name and name not in names:
        raise errors.bad_request(f"container {name} is not valid for pod {name_of(pod)}")
    if not name and len(spec["containers"]) > 1:
        choice = f"choose one of: [{' '.join(names)}]"
        raise errors.bad_request(f"a container name must be specified for pod {name_of(pod)}, {choice}")
    return name or spec["containers"][0]["name"]
