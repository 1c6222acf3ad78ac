"""What the kubelet remembers of a Pod, and which containers it starts next.

Mirrors kubernetes pkg/kubelet/kuberuntime/kuberuntime_manager.go (computePodActions) and pkg/kubelet/pod_workers.go,
v1.36.
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
from kubesim.shell.containerfiles import Folder

CRASH_BACKOFF_FIRST = 10  # seconds, twice as many each time
CRASH_BACKOFF_LIMIT = 300


class RequiredImage(NamedTuple):
    """An image that a Pod needs: for a container, whose part of the Pod is `spec`, or for a volume."""

    name: str
    image: str
    policy: str
    spec: ContainerSpec | None = None

    @classmethod
    def of(cls, container: ContainerSpec) -> RequiredImage:
        return cls(container["name"], container["image"], container["imagePullPolicy"], container)

    @property
    def container(self) -> str:
        """The name of the container that needs it; "" where a volume does."""
        return self.name if self.spec is not None else ""

    @property
    def subject(self) -> str:
        """What needs it, as a pull's request and trace name it: a container, or "volumes/" and a volume."""
        return self.container or f"volumes/{self.name}"


def images_of_volumes(spec: PodSpec) -> list[RequiredImage]:
    """What the image volumes of a Pod need."""
    volumes = [item for item in spec.get("volumes", ()) if "image" in item]
    return [RequiredImage(item["name"], item["image"]["reference"], item["image"]["pullPolicy"]) for item in volumes]


class Turn(Enum):
    """Whether a worker starts containers, for which a sync has to wait."""

    IDLE = 0
    BUSY = 1
    DUE = 2  # it is busy, and a sync waits


class Worker:
    """The kubelet's memory of one Pod, of which nothing is known yet but the Pod."""

    def __init__(self, pod: Object) -> None:
        init_containers = pod["spec"].get("initContainers", ())
        self.pod = pod  # as the present sync has it
        self.uid: str = pod["metadata"]["uid"]
        self.namespace = namespace_of(pod)
        self.name = name_of(pod)
        self.sidecars = frozenset(sidecars_of(pod["spec"]))
        self.inits = frozenset(item["name"] for item in init_containers) - self.sidecars
        self.ip = ""
        self.containers: dict[str, Container] = {}
        self.folders: dict[str, Folder] = {}  # its emptyDirs
        self.waiting: dict[str, Waiting] = {}  # by the names of containers that don't run
        self.crashes: dict[str, int] = {}  # of containers that ended: seconds until they may start again
        self.planned = 0  # the number of the timer of the next sync
        self.has_sandbox = False
        self.sandbox_started: Micros = 0
        self.turn = Turn.IDLE
        self.is_terminating = False  # with which a sync that goes on is cancelled: nothing starts any more
        self.mount_wait = 0.25  # seconds; before each look at missing volumes it is doubled
        self.news = 0  # how often the runtime will still report something of its containers
        self.changes = 0  # of what the status depends on
        self.reported = (-1, 0)  # the version at which the status was written

    def copy(self, outside: Outside) -> Worker:
        """Another kubelet's memory of the Pod, whose containers reach what is `outside` there.

        What can be changed in place is copied here, by hand.
        """
        folders = {name: folder.copy() for name, folder in self.folders.items()}
        shared = {id(folder): folders[name] for name, folder in self.folders.items()}
        twin = copy(self)
        twin.containers = {}
        for name, container in self.containers.items():
            place = container.place._replace(files=container.place.files.twin(shared), outside=outside)
            twin.containers[name] = container.at(place)
        twin.folders = folders
        twin.waiting = self.waiting.copy()
        twin.crashes = self.crashes.copy()
        return twin

    @property
    def pod_with_address(self) -> Object:
        """The Pod as its containers see it, before its status says so."""
        return {**self.pod, "status": {**self.pod["status"], "podIP": self.ip, "podIPs": [{"ip": self.ip}]}}

    @property
    def grace(self) -> float:
        """The seconds that a container has to end, where the Pod isn't deleted."""
        seconds: int = self.pod["spec"]["terminationGracePeriodSeconds"]
        return seconds

    @property
    def version(self) -> tuple[int, int]:
        """What the status says: the count of changes, and the generation of the Pod."""
        return self.changes, self.pod["metadata"]["generation"]

    @property
    def is_reported(self) -> bool:
        """Whether nothing has changed since the status was written."""
        return self.reported == self.version

    def policy_of(self, spec: ContainerSpec) -> str:
        """The policy by which a container is started again: a sidecar always, any other one as the Pod says, which for
        an init container means at most until it succeeds.
        """
        name = spec["name"]
        if name in self.sidecars:
            return "Always"
        policy = self.pod["spec"]["restartPolicy"]
        return "OnFailure" if name in self.inits and policy == "Always" else policy

    def wait(self, container: str, reason: Waiting | None) -> None:
        """Note why a container does not run (None: it does)."""
        if self.waiting.get(container) != reason:
            self.changes += 1
            self.waiting.pop(container, None)
            if reason:
                self.waiting[container] = reason

    def add(self, container: Container) -> None:
        """Keep a container instead of the one before it, which it remembers."""
        if old := self.containers.get(container.spec["name"]):
            container.restarts = old.restarts + 1
            container.previous = old
            old.previous = None
        self.containers[container.spec["name"]] = container
        self.changes += 1

    def end_all(self, now: Micros) -> None:
        """Note that the containers of a Pod that is deleted have had their time."""
        for container in self.containers.values():
            if container.is_running:
                _, exit_code = container.stops_after(self.pod["metadata"]["deletionGracePeriodSeconds"])
                container.end(exit_code, now)

    def take_restart(self, spec: ContainerSpec, now: Micros) -> Waiting | None:
        """Why a container that exited too often has to wait for its restart; None where it starts now, and then the
        next restart has to wait for twice as long.
        """
        name = spec["name"]
        container = self.containers.get(name)
        delay = self.crashes.get(name)
        if container is None or delay is None or container.spec != spec:
            return None
        if delay <= (now - container.finished) / SECOND:
            self.crashes[name] = min(delay * 2, CRASH_BACKOFF_LIMIT) if delay else CRASH_BACKOFF_FIRST
            return None
        what = f"container={name} pod={full_name(self.pod)}"
        return Waiting("CrashLoopBackOff", f"back-off {go_duration(delay * SECOND)} restarting failed {what}")

    def due(self) -> Iterator[ContainerSpec]:
        """The containers to start now: ephemeral ones, sidecars that don't run, and the first init container that has
        not succeeded, or else all that don't run.
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
        """Whether a container is to be started, for the first time or again."""
        container = self.containers.get(spec["name"])
        return container is None or container.starts_again(self.policy_of(spec))

    def _lets_start(self, init: ContainerSpec, following: ContainerSpec) -> bool:
        """Whether the container that follows an init container may start: that has succeeded, or is a sidecar that has
        started once.
        """
        container = self.containers.get(init["name"])
        if container is None:
            return False
        if init["name"] in self.sidecars:
            return container.is_running or following["name"] in self.containers
        return container.exit_code == 0

    def change_of(self, container: Container) -> str:
        """What is said of a container or sidecar whose definition was changed while it runs; "" where it was not."""
        spec = self.pod["spec"]
        name = container.spec["name"]
        main = find_named(spec["containers"], name)
        if main and main != container.spec:
            return f"Container {name} definition changed, will be restarted"
        init = find_named(spec.get("initContainers", ()), name)
        if init and init != container.spec and name not in self.inits:
            return f"Init container {name} definition changed"
        return ""

    @property
    def has_waited_for_images(self) -> bool:
        """Whether a container has started later than the sandbox, because an image was pulled before."""
        return any(container.started > self.sandbox_started for container in self.containers.values())

    @property
    def is_over(self) -> bool:
        """Whether all containers, apart from sidecars, have ended and are not to be started again."""
        for spec in self.pod["spec"]["containers"]:
            if self.starts_next(spec) or self.containers[spec["name"]].is_running:
                return False
        return True


class Workers(Shared[str, Worker]):
    """The workers of a node's Pods by their uids, in the order in which they came."""

    def __init__(self, outside: Outside) -> None:
        """The Pods' containers reach what is `outside`."""
        super().__init__(lambda worker: worker.copy(outside))

    def find(self, uid: str) -> Worker | None:
        """A worker, which may be changed; None where its Pod is gone."""
        try:
            return self.own(uid)
        except KeyError:
            return None


def marks(pod: Object) -> tuple[object, ...]:
    """What of the metadata makes the kubelet look at a Pod again."""
    meta = pod["metadata"]
    deletion = (meta.get("deletionTimestamp"), meta.get("deletionGracePeriodSeconds"))
    return meta.get("labels"), meta.get("annotations"), deletion


def pod_address(number: int) -> str:
    """The address of a Pod in the node's network, from 10.244.1.3 for number 2 on: 254 in each block of 256."""
    block, place = divmod(number, 254)
    return f"10.244.{1 + block}.{1 + place}"


def full_name(pod: Object) -> str:
    """A Pod as the kubelet names it in messages. Mirrors pkg/kubelet/util/format/pod.go."""
    meta = pod["metadata"]
    return f"{meta['name']}_{meta['namespace']}({meta['uid']})"


def field_of(spec: PodSpec, name: str) -> str:
    """A container as an event's fieldPath names it; "" where there is none of that name."""
    for kind, container in containers_of(spec):
        if container["name"] == name:
            return f"spec.{kind}{{{name}}}"
    return ""
