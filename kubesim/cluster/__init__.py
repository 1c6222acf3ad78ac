"""A whole cluster: its parts wired together, its boot, and copies of it.

Nothing here simulates Kubernetes. The parts do that when the shared clock calls them.
"""

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

# Every cluster is booted at the same simulated moment, so that two runs of a lesson show the same output.
BOOT = datetime(2026, 11, 24, 13, 40, tzinfo=UTC)
# Seconds after the boot at which a learner gets the cluster.
AGE = 1140.0
# Seconds after the boot at which the Pods of kube-system start.
SETTLED = 5.0
# A function that returns programs for containers, by name, which call the given cluster, such as kubectl.
ClusterPrograms = Callable[["Cluster"], Mapping[str, Tool]]
# The Endpoints and EndpointSlices of a real new cluster aren't stored here. Their number, and the number of writes to
# them during AGE, still count, so that revisions are like those of a real cluster.
_ENDPOINT_OBJECTS, _ENDPOINT_WRITES = 2, 8
NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


class _Parts:
    """The parts of a cluster, wired together but without any objects.

    Every part that has state has a method `resume`, which takes over the state of the same part of another cluster.
    """

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
        """Take over another cluster's state, timers included; its watches stay with it.

        `twins` maps the other cluster's parts to those of this one. Each `resume` adds its parts. The clock comes last,
        because it uses `twins` to point copied timers at this cluster's parts.
        """
        self.identity.resume(other.identity)
        self.apiserver.backend.resume(other.apiserver.backend)
        twins: dict[object, object] = {other.apiserver.backend: self.apiserver.backend}
        self.kubelet.resume(other.kubelet, twins)
        for part, twin in zip(self.control_plane, other.control_plane, strict=True):
            part.resume(twin, twins)
        self.clock.resume(other.clock, twins)


class Cluster(_Parts):
    """One node, its control plane, and the registries that the node can reach. A new cluster is 19 minutes old.

    `seed` determines all uids and random names, and `boot` is the moment of the boot. `registries` is the path of a
    YAML file of registries, None for the built-in ones; `node` has keyword arguments of NodeSettings. With `origin`,
    the new cluster is a copy of that one, and the other arguments are ignored. Code that shares a cluster between
    threads holds `lock` while it uses it. Raises ValueError for an invalid file of registries, OSError for an
    unreadable one, and TypeError for an unknown field of NodeSettings.
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
        """Offer containers programs that use this cluster, None for none. In a copy, they use the copy."""
        self._programs = programs
        if programs:
            self.kubelet.runtime.outside.programs = partial(programs, self)

    def advance(self, seconds: float, budget: Budget = UNPAID) -> None:
        """Let `seconds` pass, paid from `budget`. Raises TooMuchError when it is spent; time stops at that moment."""
        self.clock.advance(seconds, budget)

    def fresh(self) -> Cluster:
        """A new cluster with the arguments of this one, or of the one that it was copied from."""
        return Cluster(*self._options)

    def copy(self) -> Cluster:
        """An independent cluster in the same state, timers included, without the watches of this one."""
        with self.lock:
            return Cluster(origin=self)


@lru_cache(maxsize=4)
def _booted(seed: int, boot: datetime, furnished: bool) -> _Parts:
    """A booted cluster of age AGE, if `furnished` with the Pods of kube-system.

    The cache shares it, because a boot takes long: it must only be resumed from, never used.
    """
    with uncollected():  # many objects at once, none of which is garbage
        return _Boot(seed, boot, furnished)


class _Boot(_Parts):
    """A cluster whose constructor performs the boot.

    The objects of `policy_objects` and of kube-system get their uids aside from the main sequence
    (`identity.aside`), so that a change of these tables doesn't change the uids and names of learners' objects.
    """

    def __init__(self, seed: int, boot: datetime, furnished: bool) -> None:
        super().__init__(seed, boot, None, None)
        for name in NAMESPACES:
            self.api.create(NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        self._put(bootstrap.first_objects(self.clock.timestamp()))
        with self.identity.aside(f"policy {seed}"):
            self._put(bootstrap.policy_objects())
        self.clock.advance(SETTLED)
        with self.identity.aside(f"kube-system {seed}"):
            if furnished:
                self._start_kube_system()
            self.clock.advance(AGE - SETTLED)
        self._count_endpoints()

    def _count_endpoints(self) -> None:
        """Skip the uids and revisions of the Endpoints and EndpointSlices that a real cluster has."""
        for _ in range(_ENDPOINT_OBJECTS):
            self.identity.uid()
        self.apiserver.backend.store.revision += _ENDPOINT_WRITES

    def _put(self, objects: Iterable[tuple[Resource, Object]]) -> None:
        """Store objects as they are, past defaults, admission and validation. Their metadata is changed."""
        for resource, obj in objects:
            obj["metadata"] |= {"creationTimestamp": self.clock.timestamp(), "uid": self.identity.uid()}
            self.api.put(resource, obj)

    def _start_kube_system(self) -> None:
        """Load the images of the control plane onto the node, and create the objects of kube-system."""
        node = self.api.get(NODE, "", bootstrap.NODE_NAME)
        for name, row in bootstrap.kube_system().images.items():
            digest = f"sha256:{sha256(name.encode()).hexdigest()}"
            log = tuple(row.log)
            image = Image(digest, row.size, log, program=row.program, base="control-plane", runs="until-stopped")
            self.kubelet.load(imageref.parse(name), image)
        for resource, obj in bootstrap.kube_system_objects(node, self.clock.timestamp()):
            self.api.create(resource, obj)
