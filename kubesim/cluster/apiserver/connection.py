"""The way from the API server to a container: which one is meant, and what the kubelet of its node does there.

Mirrors kubernetes pkg/registry/core/pod/strategy.go (LogLocation, ExecLocation), v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from kubesim.api import errors
from kubesim.api.budget import Budget
from kubesim.api.objects import Object, name_of
from kubesim.api.specs import PodSpec
from kubesim.shell.container import Place, Process


class Connection(Protocol):
    """A container on its node."""

    def logs(self, previous: bool) -> list[str]:
        """The lines that it has written, or the one before it. Raises StatusError where there is nothing to read."""

    def execute(self, argv: Sequence[str], payer: Budget, stdin: str = "") -> Process:
        """Run a command beside the container's, which `payer` pays for. Raises StatusError and StartError."""

    def place(self, argv: Sequence[str]) -> Place:
        """Where its commands run, if `argv` can. Raises StatusError and StartError."""


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
    containers = [*spec.get("initContainers", ()), *spec["containers"], *spec.get("ephemeralContainers", ())]
    names = [container["name"] for container in containers]
    if name and name not in names:
        raise errors.bad_request(f"container {name} is not valid for pod {name_of(pod)}")
    if not name and len(spec["containers"]) > 1:
        choice = f"choose one of: [{' '.join(names)}]"
        raise errors.bad_request(f"a container name must be specified for pod {name_of(pod)}, {choice}")
    return name or spec["containers"][0]["name"]
