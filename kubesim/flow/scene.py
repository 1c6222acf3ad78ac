"""Where the facts of a flow are found: the running cluster, or what somebody exported from one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from kubesim.api.imageref import Reference
from kubesim.api.objects import Object
from kubesim.api.resources import Resource
from kubesim.cluster import Cluster
from kubesim.cluster.keyring import Credential
from kubesim.cluster.kubelet.imagepull import PullTrace
from kubesim.cluster.registry import Answer

Traces = Mapping[tuple[str, str, str], PullTrace]


class Objects(Protocol):
    """Looks objects up, as the API server does."""

    def find(self, resource: Resource, namespace: str, name: str) -> Object | None:
        """One object, or None where it is not there."""

    def list(self, resource: Resource, namespace: str | None = None) -> list[Object]:
        """Objects by namespace and name, of all namespaces where `namespace` is None."""


class Registries(Protocol):
    """Says what registries would answer."""

    def resolve(self, reference: Reference, credential: Credential | None) -> Answer:
        """Ask for `reference` with `credential` (None: anonymously)."""

    def tags(self, reference: Reference) -> tuple[str, ...]:
        """The tags of a reference's repository; none where they are not known."""


@dataclass(frozen=True)
class Scene:
    """Objects, the last attempts by namespace, Pod and container, and the registries.

    With `is_export` they are second-hand: what is not in it may still be in the cluster.
    """

    api: Objects
    traces: Traces
    registries: Registries
    is_export: bool = False


def scene_of(cluster: Cluster) -> Scene:
    """The cluster as it is now."""
    return Scene(cluster.api, cluster.kubelet.traces, cluster.registries)
