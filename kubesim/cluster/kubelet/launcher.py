"""The launch of a container whose image is on the node: its variables, files and volumes, and its process.

Mirrors startContainer in kubernetes pkg/kubelet/kuberuntime/kuberuntime_container.go, v1.36, without lifecycle hooks.
starter.py calls it, and reports what failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import inf

from kubesim.api.clock import Clock, Identity
from kubesim.api.specs import ContainerSpec
from kubesim.cluster.apiserver import Component
from kubesim.cluster.events import EventContent
from kubesim.cluster.kubelet import containers, environment, volumes
from kubesim.cluster.kubelet.containers import Container
from kubesim.cluster.kubelet.environment import MissingError, PodData
from kubesim.cluster.kubelet.podsync import PodSync
from kubesim.cluster.kubelet.runtime import Runtime
from kubesim.cluster.kubelet.volumes import Payload
from kubesim.pull.attempt import Waiting
from kubesim.pull.image import Image
from kubesim.shell.container import Place

# The computing time of a start in units of Clock.work: making its files, and running its process.
_START = 20


class Launcher:
    """Creates containers and starts their processes. It has no state of its own: the worker keeps the containers."""

    def __init__(self, api: Component, clock: Clock, identity: Identity, runtime: Runtime) -> None:
        self._api = api
        self._clock = clock
        self._identity = identity
        self._runtime = runtime

    def launch(self, sync: PodSync, spec: ContainerSpec, image: Image) -> Waiting | None:
        """Create a container, start it and emit events. Returns the reason for which it waits if that failed."""
        worker = sync.worker
        emit = partial(self._runtime.emit_event, worker, spec["name"])
        data = PodData(self._api, worker.pod_with_address)
        try:
            place, argv = self._prepare(data, spec, image, sync.image_files())
        except MissingError as error:
            return Waiting("CreateContainerConfigError", str(error))
        if image.trouble and not argv:
            return Waiting("CreateContainerError", image.trouble.message(container=self._identity.container_id()))
        emit(EventContent("Normal", "Created", "Container created"))
        container = self._start(sync, spec, image, place, argv)
        ran = container.process
        if ran.failure:
            self._runtime.end(worker, container, ran.exit_code)
            return Waiting("RunContainerError", ran.failure)
        if ran.seconds != inf:
            self._runtime.plan_end(ran.seconds, worker, container, ran.exit_code)
        emit(EventContent("Normal", "Started", "Container started"))
        if ran.unsimulated:
            emit(EventContent("Warning", "NotSimulated", f"kubesim: {ran.unsimulated} isn't simulated"))
        return None

    def _prepare(
        self, data: PodData, spec: ContainerSpec, image: Image, image_files: Mapping[str, Payload]
    ) -> tuple[Place, list[str]]:
        """The place of a container's processes, and its command. Raises MissingError."""
        variables = environment.variables(data, spec, image.home)
        argv = environment.substitute(containers.command_of(spec), variables)
        place = containers.new_place(image, variables, data.pod, spec, self._runtime.outside)
        return place._replace(volumes=volumes.mounts(data, spec, image_files, earlier={})), argv

    def _start(self, sync: PodSync, spec: ContainerSpec, image: Image, place: Place, argv: list[str]) -> Container:
        """Run the process at once, to its end or its wait, and give the worker a container with the outcome."""
        now = self._clock.now
        self._clock.work += _START
        with self._runtime.process_budget() as budget:
            ran = containers.start(image, place, argv, now, spec.get("stdin", False), budget)
        ran = containers.without_restarts(ran, sync.worker.policy_of(spec))
        container = Container(
            spec=spec,
            container_id=self._identity.container_id(),
            digest=image.digest,
            place=place,
            process=ran,
            started=0 if ran.failure else now,
            image_files=sync.image_files(),
        )
        sync.worker.add(container)
        return container
