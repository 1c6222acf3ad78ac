"""The kubelet's memory of a Pod, and the choice of the containers to start next.

Mirrors kubernetes pkg/kubelet/kuberuntime/kuberuntime_manager.go (computePodActions) and pkg/kubelet/pod_workers.go,
v1.36, without probes: a sidecar lets the next container start as soon as it runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from enum import Enum
from typing import NamedTuple

from kubesim.api.clock import SECOND, Micros
from kubesim.api.humanize import go_duration
from kubesim.api.objects import Object, containers_of, find_named, name_of, namespace_of, sidecars_of
from kubesim.api.sharing import Shared
from kubesim.api.specs import ContainerSpec, PodSpec
from kubesim.cluster.kubelet.containers import Container
from kubesim.pull.attempt import Waiting
from kubesim.shell.container import Outside

# Seconds before the second restart of a container, which double with each further one, up to the limit.
CRASH_BACKOFF_FIRST = 10
CRASH_BACKOFF_LIMIT = 300


class RequiredImage(NamedTuple):
    """An image that a Pod needs, for a container or for an image volume."""

    name: str  # of the container or the volume
    image: str
    policy: str
    spec: ContainerSpec | None = None  # that of the container; None for a volume

    @classmethod
    def of(cls, container: ContainerSpec) -> RequiredImage:
        return cls(container["name"], container["image"], container["imagePullPolicy"], container)

    @property
    def container(self) -> str:
        """The name of the container; "" for a volume."""
        return self.name if self.spec is not None else ""

    @property
    def subject(self) -> str:
        """The key in pull requests and traces: the name of the container, or "volumes/" and that of the volume."""
        return self.container or f"volumes/{self.name}"


def images_of_volumes(spec: PodSpec) -> list[RequiredImage]:
    """The images for a Pod's image volumes."""
    volumes = [item for item in spec.get("volumes", ()) if "image" in item]
    return [RequiredImage(item["name"], item["image"]["reference"], item["image"]["pullPolicy"]) for item in volumes]


class Turn(Enum):
    """The state of a worker's sync."""

    IDLE = 0  # no sync is going on
    BUSY = 1  # a sync gets images and starts containers, which can take long
    DUE = 2  # the same, and another sync follows it


class Worker:
    """The kubelet's memory of one Pod. Its methods count every change that the Pod's status shows (`_changes`)."""

    def __init__(self, pod: Object) -> None:
        init_containers = pod["spec"].get("initContainers", ())
        self.pod = pod  # the version of the present sync
        self.uid: str = pod["metadata"]["uid"]
        self.namespace = namespace_of(pod)
        self.name = name_of(pod)
        self.sidecars = frozenset(sidecars_of(pod["spec"]))
        self.regular_inits = frozenset(item["name"] for item in init_containers) - self.sidecars
        self.ip = ""
        self.containers: dict[str, Container] = {}
        self.waiting: dict[str, Waiting] = {}  # the reasons of containers that don't run, by name
        # Seconds from a container's end to its next restart, by name. Only containers that have crashed are in it.
        self._restart_delays: dict[str, int] = {}
        self.sync_timer = 0  # the timer of the next sync; see Kubelet._plan
        self.has_sandbox = False
        self.sandbox_started: Micros = 0
        self.turn = Turn.IDLE
        self.is_terminating = False  # it is being deleted: nothing starts any more, and a sync in progress ends
        self.mount_wait = 0.25  # seconds; doubled before each retry to mount volumes
        self.relists_left = 0  # the number of relists still to come for this Pod; see Runtime.relist
        self._changes = 0  # the number of changes that the status shows
        self._reported = (-1, 0)  # the `_version` of the last written status; at first one that no status has

    def copy(self, outside: Outside) -> Worker:
        """A copy for the kubelet of a copied cluster, whose containers reach that cluster's `outside`.

        Everything that is changed in place must be copied here by hand.
        """
        twin = copy(self)
        twin.containers = {}
        for name, container in self.containers.items():
            twin.containers[name] = container.copy_to(container.place._replace(outside=outside))
        twin.waiting = self.waiting.copy()
        twin._restart_delays = self._restart_delays.copy()
        return twin

    @property
    def pod_with_address(self) -> Object:
        """The Pod with its address in the status, for containers that start before the status is written."""
        return {**self.pod, "status": {**self.pod["status"], "podIP": self.ip, "podIPs": [{"ip": self.ip}]}}

    @property
    def _version(self) -> tuple[int, int]:
        """The version of the status: equal versions have equal statuses."""
        return self._changes, self.pod["metadata"]["generation"]

    @property
    def is_reported(self) -> bool:
        """True if nothing has changed since the last written status."""
        return self._reported == self._version

    def mark_reported(self) -> None:
        """Note that the present status has been written."""
        self._reported = self._version

    def policy_of(self, spec: ContainerSpec) -> str:
        """The restart policy of a container: Always for a sidecar, else that of the Pod.

        Always means OnFailure for an init container, which runs until it succeeds.
        """
        name = spec["name"]
        if name in self.sidecars:
            return "Always"
        policy = self.pod["spec"]["restartPolicy"]
        return "OnFailure" if name in self.regular_inits and policy == "Always" else policy

    def wait(self, container: str, reason: Waiting | None) -> None:
        """Set the reason for which a container waits; None for one that doesn't wait."""
        if self.waiting.get(container) != reason:
            self._changes += 1
            self.waiting.pop(container, None)
            if reason:
                self.waiting[container] = reason

    def start_sandbox(self, ip: str, now: Micros) -> None:
        """Give the Pod its sandbox with an IP address."""
        self.ip = ip
        self.sandbox_started = now
        self._changes += 1

    def add(self, container: Container) -> None:
        """Add a container that has been started. It replaces the run before, and keeps that as `previous`."""
        if old := self.containers.get(container.spec["name"]):
            container.restarts = old.restarts + 1
            container.previous = old
            old.previous = None
        self.containers[container.spec["name"]] = container
        self._changes += 1

    def end(self, container: Container, exit_code: int, now: Micros) -> None:
        """End a container, which has crashed unless it was stopped or is a regular init container that succeeded."""
        container.end(exit_code, now)
        self._changes += 1
        name = container.spec["name"]
        has_succeeded = name in self.regular_inits and exit_code == 0
        if not container.is_stopping and not has_succeeded:
            self._restart_delays.setdefault(name, 0)  # the first restart has no delay

    def end_all(self, now: Micros) -> None:
        """End all running containers of a deleted Pod after its grace period."""
        for container in self.containers.values():
            if container.is_running:
                _, exit_code = container.stops_after(self.pod["metadata"]["deletionGracePeriodSeconds"])
                container.end(exit_code, now)

    def crash_loop(self, spec: ContainerSpec, now: Micros) -> Waiting | None:
        """The reason CrashLoopBackOff while a container must wait for its restart; None if it may start now."""
        name = spec["name"]
        delay = self._restart_delay(spec)
        if delay is None or delay <= (now - self.containers[name].finished) / SECOND:
            return None
        failed = f"container={name} pod={full_name(self.pod)}"
        return Waiting("CrashLoopBackOff", f"back-off {go_duration(delay * SECOND)} restarting failed {failed}")

    def lengthen_crash_loop(self, spec: ContainerSpec) -> None:
        """Double the delay of the next restart of a container, which starts now, if it has crashed."""
        delay = self._restart_delay(spec)
        if delay is not None:
            doubled = min(delay * 2, CRASH_BACKOFF_LIMIT)
            self._restart_delays[spec["name"]] = doubled or CRASH_BACKOFF_FIRST

    def _restart_delay(self, spec: ContainerSpec) -> int | None:
        """The delay of a restart; None for the first start of a container, or of its definition."""
        container = self.containers.get(spec["name"])
        return self._restart_delays.get(spec["name"]) if container and container.spec == spec else None

    def containers_to_start(self) -> Iterator[ContainerSpec]:
        """The containers to start now.

        These are new ephemeral containers, sidecars that don't run, and the first init container that has not
        succeeded. After the last init container, all main containers that don't run.
        """
        if self.is_over:
            return
        spec = self.pod["spec"]
        containers = spec["containers"]
        for ephemeral in spec.get("ephemeralContainers", ()):
            if ephemeral["name"] not in self.containers:
                yield ephemeral
        init_containers = spec.get("initContainers", ())
        for index, init in enumerate(init_containers):
            if self.starts_next(init):
                yield init
            is_last = index + 1 == len(init_containers)
            following = containers[0] if is_last else init_containers[index + 1]
            if not self._lets_start(init, following):
                return
        for main in containers:
            if self.starts_next(main):
                yield main

    def starts_next(self, spec: ContainerSpec) -> bool:
        """True if a container must be started, for the first time or again."""
        container = self.containers.get(spec["name"])
        return container is None or container.starts_again(self.policy_of(spec))

    def _lets_start(self, init: ContainerSpec, following: ContainerSpec) -> bool:
        """True if an init container lets the `following` one start: it has succeeded, or is a sidecar that runs.

        A sidecar that has ended doesn't hold up a container that has started before.
        """
        container = self.containers.get(init["name"])
        if container is None:
            return False
        if init["name"] in self.sidecars:
            return container.is_running or following["name"] in self.containers
        return container.exit_code == 0

    def definition_change(self, container: Container) -> str:
        """The event's message for a container or sidecar whose definition has changed since its start; "" if not."""
        spec = self.pod["spec"]
        name = container.spec["name"]
        main = find_named(spec["containers"], name)
        if main and main != container.spec:
            return f"Container {name} definition changed, will be restarted"
        init = find_named(spec.get("initContainers", ()), name)
        if init and init != container.spec and name not in self.regular_inits:
            return f"Init container {name} definition changed"
        return ""

    @property
    def has_waited_for_images(self) -> bool:
        """True if a container has started later than the sandbox, after the pull of an image."""
        return any(container.started > self.sandbox_started for container in self.containers.values())

    @property
    def is_over(self) -> bool:
        """True if all main containers have ended for good."""
        for spec in self.pod["spec"]["containers"]:
            if self.starts_next(spec) or self.containers[spec["name"]].is_running:
                return False
        return True


class Workers(Shared[str, Worker]):
    """The workers of a node's Pods by uid, in the order in which the Pods came to the node."""

    def __init__(self, outside: Outside) -> None:
        """`outside` has the programs that reach out of containers; the containers of copied workers get it."""
        super().__init__(lambda worker: worker.copy(outside))

    def find(self, uid: str) -> Worker | None:
        """A worker for changing, or None if its Pod is gone."""
        try:
            return self.own(uid)
        except KeyError:
            return None


def synced_metadata(pod: Object) -> tuple[object, ...]:
    """The metadata whose changes make the kubelet sync a Pod."""
    meta = pod["metadata"]
    deletion = (meta.get("deletionTimestamp"), meta.get("deletionGracePeriodSeconds"))
    return meta.get("labels"), meta.get("annotations"), deletion


def pod_address(number: int) -> str:
    """The IP address with this number in the node's network: 10.244.1.3 for 2, with 254 addresses in each /24."""
    block, place = divmod(number, 254)
    return f"10.244.{1 + block}.{1 + place}"


def full_name(pod: Object) -> str:
    """The kubelet's name of a Pod in messages: name_namespace(uid). Mirrors pkg/kubelet/util/format/pod.go."""
    meta = pod["metadata"]
    return f"{meta['name']}_{meta['namespace']}({meta['uid']})"


def field_of(spec: PodSpec, name: str) -> str:
    """The fieldPath of a container in an event, such as spec.containers{app}; "" for an unknown name."""
    for kind, container in containers_of(spec):
        if container["name"] == name:
            return f"spec.{kind}{{{name}}}"
    return ""
