"""The way from the API server to a container: which one is meant, and the kubelet of its node.

Mirrors kubernetes pkg/registry/core/pod/strategy.go (LogLocation, ExecLocation), v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kubesim.api import errors
from kubesim.api.budget import Budget
from kubesim.api.objects import Object, name_of
from kubesim.api.resources import POD
from kubesim.api.specs import PodSpec
from kubesim.cluster.apiserver.backend import Backend, NodeServer
from kubesim.cluster.apiserver.logs import Line
from kubesim.shell.container import Place, Process


class Connection(NamedTuple):
    """A container on its node, to which the API server passes on what is done there."""

    node: NodeServer
    pod: Object
    container: str

    def execute(self, argv: Sequence[str], payer: Budget | None = None, stdin: str = "") -> Process:
        """Run a command, which `payer` pays for. Raises StatusError and StartError."""
        return self.node.execute(self.pod, self.container, list(argv), payer, stdin)

    def place(self, argv: Sequence[str]) -> Place:
        """Where commands run, if `argv` can. Raises StatusError and StartError."""
        return self.node.place(self.pod, self.container, list(argv))

    def logs(self, previous: bool = False) -> list[Line]:
        """What the container has written, or the one before it. Raises StatusError."""
        return self.node.logs(self.pod, self.container, previous)


def connect(backend: Backend, namespace: str, name: str, container: str) -> Connection:
    """The way to a container of a Pod; "" is its only one. Raises StatusError."""
    pod = backend.existing(POD, namespace, name)
    container = _container_of(pod, container)
    node = backend.nodes.get(pod["spec"].get("nodeName", ""))
    if node is None:
        raise errors.bad_request(f"pod {name} does not have a host assigned")
    return Connection(node, pod, container)


def _container_of(pod: Object, name: str) -> str:
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
