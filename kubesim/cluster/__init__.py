"""A whole cluster: wires the parts together and moves time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from kubesim.api.budget import UNPAID, Budget
from kubesim.api.clock import Clock, Identity
from kubesim.api.digest import sha256
from kubesim.api.garbage import uncollected
from kubesim.api.objects import Object
from kubesim.api.resources import NAMESPACE, NODE, Resource
from kubesim.cluster import bootstrap
from kubesim.cluster.apiserver import APIServer
from kubesim.cluster.controllers import CONTROL_PLANE
from kubesim.cluster.kubelet import Kubelet
from kubesim.cluster.kubelet.imagepull import ImageManager
from kubesim.cluster.registry import Registries
from kubesim.cluster.registry.node import NodeSettings
from kubesim.pull import imageref
from kubesim.pull.image import Image
from kubesim.shell import Tool

# Every cluster is booted at the same simulated moment, so that two runs of a lesson show the same.
BOOT = datetime(2026, 11, 24, 13, 40, tzinfo=UTC)
# Seconds after the boot: when someone begins to use a cluster, and when what makes it one starts.
AGE, SETTLED = 1140.0, 5.0
ClusterPrograms = Callable[["Cluster"], Mapping[str, Tool]]
"""The programs of containers that need a cluster."""
# A new cluster's Endpoints and EndpointSlices, which aren't kept, and how often they are written until it is used.
_ENDPOINT_OBJECTS, _ENDPOINT_WRITES = 2, 8
NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


class _Parts:
    """The parts of a cluster, wired together; nothing has happened yet."""

    def __init__(
        self, seed: int, boot: datetime, registries: str | Path | None, node: Mapping[str, Any] | None
    ) -> None:
        self.clock = Clock(boot)
        self.identity = Identity(seed)
        self.registries = Registries(self.clock, registries, NodeSettings(**deepcopy(dict(node or {}))))
        self.apiserver = APIServer(self.clock, self.identity)
        self.api = self.apiserver.as_component()
        self.control_plane = [part(self.api, self.clock) for part in CONTROL_PLANE]
        images = ImageManager(self.registries)
        self.kubelet = Kubelet(self.api, self.clock, self.identity, images, bootstrap.NODE_NAME)

    def resume(self, other: _Parts) -> None:
        """Go on from where another cluster is, with all that is in progress there. Nobody watches this one."""
        self.identity.resume(other.identity)
        self.apiserver.backend.resume(other.apiserver.backend)
        twins: dict[object, object] = {other.apiserver.backend: self.apiserver.backend}
        self.kubelet.resume(other.kubelet, twins)
        for part, twin in zip(self.control_plane, other.control_plane, strict=True):
            part.resume(twin, twins)
        self.clock.resume(other.clock, twins)


class Cluster(_Parts):
    """One node, its control plane, and the registries that it can reach; 19 minutes old.

    `seed` decides every uid and random name; `boot` is when it was booted. `registries` is a file of registries, by
    default those of kubesim, and `node` says what is set on the node itself: the fields of NodeSettings. With an
    `origin` it goes on from where that one is, and the rest doesn't count. A thread that shares the cluster with others
    holds `lock` while it uses it. Raises ValueError where the file of registries is wrong, OSError where it can't be
    read, and TypeError for a setting that the node doesn't have.
    """

    def __init__(
        self,
        seed: int = 0,
        boot: datetime = BOOT,
        registries: str | Path | None = None,
        node: Mapping[str, Any] | None = None,
        origin: Cluster | None = None,
    ) -> None:
        super().__init__(seed, boot, registries, node)
        self.lock = threading.RLock()
        if origin is None:
            self._options = (seed, boot, registries, deepcopy(node))
            self.offer(None)
            self.resume(_booted(seed, boot, self.registries.furnished))
        else:
            self._options = origin._options
            self.registries.resume(origin.registries)
            self.offer(origin._programs)
            self.resume(origin)

    def offer(self, programs: ClusterPrograms | None) -> None:
        """Give the containers programs that ask this cluster. Those of a copy ask the copy."""
        self._programs = programs
        if programs:
            self.kubelet.runtime.outside.programs = partial(programs, self)

    def advance(self, seconds: float, budget: Budget = UNPAID) -> None:
        """Let time pass, which `budget` pays for. Raises TooMuchError where it can't, and then stops there."""
        self.clock.advance(seconds, budget)

    def fresh(self) -> Cluster:
        """A cluster as this one was at first."""
        return Cluster(*self._options)

    def copy(self) -> Cluster:
        """A cluster of its own in the same state, with everything that is in progress. Nobody watches the copy."""
        with self.lock:
            return Cluster(origin=self)


@lru_cache(maxsize=4)
def _booted(seed: int, boot: datetime, furnished: bool) -> _Parts:
    """A cluster that has just been booted, with Kubernetes' own parts if it is `furnished`. It is only ever copied."""
    with uncollected():
        return _Boot(seed, boot, furnished)


class _Boot(_Parts):
    """A cluster that boots."""

    def __init__(self, seed: int, boot: datetime, furnished: bool) -> None:
        super().__init__(seed, boot, None, None)
        for name in NAMESPACES:
            self.api.create(NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        self._record(bootstrap.objects(self.clock.timestamp()))
        with self.identity.aside(f"policy {seed}"):
            self._record(bootstrap.parts())
        self.clock.advance(SETTLED)
        with self.identity.aside(f"kube-system {seed}"):
            if furnished:
                self._start_kube_system()
            self.clock.advance(AGE - SETTLED)
        self._count_endpoints()

    def _count_endpoints(self) -> None:
        """Skip the uids and revisions of the Endpoints and EndpointSlices, which aren't kept, of a new cluster."""
        for _ in range(_ENDPOINT_OBJECTS):
            self.identity.uid()
        self.apiserver.backend.store.revision += _ENDPOINT_WRITES

    def _record(self, objects: Iterable[tuple[Resource, Object]]) -> None:
        for resource, obj in objects:
            obj["metadata"] |= {"creationTimestamp": self.clock.timestamp(), "uid": self.identity.uid()}
            self.api.record(resource, obj)

    def _start_kube_system(self) -> None:
        """Run what makes the cluster one, with images that were on the node before."""
        node = self.api.get(NODE, "", bootstrap.NODE_NAME)
        for name, row in bootstrap.kube_system().images.items():
            digest = f"sha256:{sha256(name.encode()).hexdigest()}"
            log = tuple(row.log)
            image = Image(digest, row.size, log, program=row.program, base="control-plane", runs="until-stopped")
            self.kubelet.load(imageref.parse(name), image)
        for resource, obj in bootstrap.kube_system_objects(node, self.clock.timestamp()):
            self.api.create(resource, obj)
