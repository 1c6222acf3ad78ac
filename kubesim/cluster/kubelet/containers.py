"""What the kubelet and the container runtime know of a Pod on their node, and what follows from it.

Mirrors kubernetes pkg/kubelet/kuberuntime/kuberuntime_manager.go (computePodActions),
pkg/kubelet/kubelet.go and pkg/kubelet/server/server.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from math import inf
from typing import NamedTuple

from kubesim.api import errors, imageref, load_records, load_table
from kubesim.api.budget import Budget
from kubesim.api.clock import SECOND, Clock, Micros, rfc3339
from kubesim.api.humanize import go_duration
from kubesim.api.objects import Object, find_named
from kubesim.cluster.apiserver import Component
from kubesim.cluster.apiserver.logs import Line
from kubesim.cluster.kubelet.environment import Files, Processor, identity, mounts
from kubesim.cluster.kubelet.imagepull import ImageManager, Pull
from kubesim.cluster.registry.world import NODE_PLATFORM, Image
from kubesim.shell.container import Awaited, Base, Folder, Outside, Place, Process, StartError, Write, server
from kubesim.workspace import MemoryFiles

KILLED = 137
_UNSTARTED = 128  # containerd's exit status of what it could not start (internal/cri/server/container_start.go)
CRASH_BACKOFF_FIRST, CRASH_BACKOFF_LIMIT = 10, 300
_HOSTS = "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
_NAMES = "search {}.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"

# What the API server says of a container that waits (kubernetes pkg/kubelet/kubelet.go, GetKubeletContainerLogs).
_WAITING_MESSAGES = {
    "ErrImagePull": "image can't be pulled",
    "ImagePullBackOff": "trying and failing to pull image",
    "ErrImageNeverPull": "image is not present with pull policy of Never",
    "InvalidImageName": "image name is invalid",
    "CreateContainerConfigError": "container can't be started with the given config",
}


@cache
def bases() -> Mapping[str, Base]:
    """What images hold, by the name of their base."""
    document = load_table(__file__, "bases.json")
    rows = []
    for row in document["bases"].values():
        shells = {shell: document["dialects"][dialect] for shell, dialect in row["shells"].items()}
        rows.append({**row, "shells": shells})
    return dict(zip(document["bases"], load_records(__file__, "bases.json", Base, rows), strict=True))


def new_place(
    image: Image, variables: Mapping[str, str], pod: Object, spec: Object, ip: str, outside: Outside
) -> Place:
    """Where a container's processes run: its files, apart from those of volumes, and its name."""
    meta, hostname = pod["metadata"], variables["HOSTNAME"]
    base = bases()[image.base]
    user = identity(pod, spec, base.user, base.files.get("/etc/passwd", ""))
    base = base if user == base.user else replace(base, user=user)
    own = {
        "/etc/hostname": f"{hostname}\n",
        "/etc/hosts": f"{_HOSTS}{ip}\t{hostname}\n",
        "/etc/resolv.conf": _NAMES.format(meta["namespace"]),
    }
    mounted = [(mount["mountPath"], "subPath" in mount) for mount in spec.get("volumeMounts", ())]
    folders = [f"{path}/.." if is_part else path for path, is_part in mounted]
    account = pod["spec"].get("serviceAccountName") or "default"
    files = base.new_files({**image.files, **own}, folders)
    return Place(base, variables, files, hostname, outside, meta["namespace"], account)


def start(image: Image, place: Place, argv: list[str], started: Micros, stdin: bool, processor: Processor) -> Process:
    """Run a command, or what an image runs if the Pod names none; or say why the runtime could not.

    What reads its input finds none, or with an open `stdin` waits for it for ever. What isn't simulated runs as if the
    Pod named no command.
    """
    if NODE_PLATFORM not in image.platforms:
        return Process((Write(0, "stderr", f"exec {argv[0] if argv else '/app'}: exec format error\n"),), 1)
    if argv and image.program and (argv[0] == image.program or argv[0].startswith("-")):
        argv = []
    if not argv and image.runs == "once" and stdin:
        argv = [*place.base.shells][:1]
    if argv and argv[0].startswith("-"):
        what = f"the argument {argv[0][:80]} of an image's own program"
        problem = Write(0, "stderr", f"kubesim: {what} is not part of this simulator\n")
        return _in_place_of(Process((problem,), unsimulated=what), _own_program(image, started))
    if argv:
        try:
            with processor.share(started) as budget:
                ran = place.run(argv, started, budget=budget, stdin=Awaited() if stdin else "")
            return _in_place_of(ran, _own_program(image, started)) if ran.unsimulated else ran
        except StartError as error:
            return Process(exit_code=_UNSTARTED, failure=error.of_container())
    if image.needs and not any(map(place.env.get, image.needs)):
        return Process((Write(0, "stderr", image.complaint),), 1)
    return _own_program(image, started)


def _own_program(image: Image, started: Micros) -> Process:
    """What an image runs without a command, where nothing is missing that it needs."""
    main = server(image.log or bases()[image.base].log, started, 0 if image.runs == "until-stopped" else None)
    return main._replace(seconds=0) if image.runs == "once" else main


def _in_place_of(ran: Process, own: Process) -> Process:
    """What a process becomes that needs what isn't simulated: after what it wrote, it goes on as the image's own."""
    return own._replace(writes=ran.writes, seconds=max(ran.seconds, own.seconds), unsimulated=ran.unsimulated)


def running_on(ran: Process, policy: str) -> Process:
    """A process that isn't simulated, in a container whose restart policy is `policy`: started again and again, it
    would look as if it crashed, so it runs on.
    """
    return ran._replace(seconds=inf) if ran.unsimulated and policy == "Always" else ran


class RequiredImage(NamedTuple):
    """An image that a Pod needs: for a container, whose part of the Pod is `spec`, or for a volume."""

    name: str
    image: str
    policy: str
    spec: Object | None = None

    @classmethod
    def of(cls, container: Object) -> RequiredImage:
        return cls(container["name"], container["image"], container["imagePullPolicy"], container)

    @property
    def container(self) -> str:
        """The name of the container that needs it; "" where a volume does."""
        return self.name if self.spec is not None else ""

    @property
    def subject(self) -> str:
        """What needs it, as a pull's request and trace name it: a container, or "volumes/" and a volume."""
        return self.container or f"volumes/{self.name}"


def images_of_volumes(spec: Object) -> list[RequiredImage]:
    """What the image volumes of a Pod need."""
    volumes = [(item["name"], item["image"]) for item in spec.get("volumes", ()) if "image" in item]
    return [RequiredImage(name, image["reference"], image["pullPolicy"]) for name, image in volumes]


def files_of(image: Image) -> Files:
    """The files of an image as an image volume shows them, by their paths from the mount on."""
    entries = bases()[image.base].with_files(image.files)
    return {path[1:]: text for path, text in entries.items() if text is not None}


@dataclass(slots=True)
class Container:
    """One container, the part of the Pod that it was started from, and by name the files of its image volumes."""

    spec: Object
    id: str
    shown_image: str
    image_id: str
    place: Place
    process: Process
    started: Micros
    images: Mapping[str, Files]
    restarts: int = 0
    finished: Micros = 0
    exit_code: int | None = None
    message: str = ""
    stopping: bool = False
    previous: Container | None = None

    @property
    def url(self) -> str:
        return f"containerd://{self.id}"

    @property
    def main(self) -> list[str]:
        """Its command, as its process list shows it."""
        return [*self.spec.get("command", ()), *self.spec.get("args", ())] or ["sh"]

    def lines(self, now: Micros) -> list[Line]:
        """What it has written by `now`."""
        seconds = (min(now, self.finished or now) - self.started) / SECOND
        return [(self.started + round(at * SECOND), line) for at, line in self.process.lines_by(seconds)]

    def stops_after(self, grace: float, reaction: float) -> tuple[float, int]:
        """After how many seconds it ends when it is stopped, and its exit status: killed, if it ignores SIGTERM."""
        code = self.process.stop_code
        return (grace, KILLED) if code is None else (min(grace, reaction), code)

    def end(self, exit_code: int, now: Micros) -> None:
        """It is over. Its message is the end of what it has left in a file, or where it failed without one, of its log.

        Mirrors getTerminationMessage of kuberuntime_container.go and the limits of pkg/kubelet/container/runtime.go.
        """
        self.exit_code, self.finished = exit_code, now
        text = self.process.failure or self.place.files.written(self.spec["terminationMessagePath"], now)[-4096:]
        if exit_code and not text and self.spec["terminationMessagePolicy"] == "FallbackToLogsOnError":
            text = "".join(line for _, line in self.lines(now)[-80:])[-2048:]
        self.message = text

    @property
    def is_running(self) -> bool:
        return self.exit_code is None

    @property
    def state(self) -> Object:
        if self.is_running:
            return {"running": {"startedAt": rfc3339(self.started)}}
        reason = "Error" if self.exit_code else "Completed"
        return {
            "terminated": {
                "containerID": self.url,
                "exitCode": self.exit_code,
                "finishedAt": rfc3339(self.finished),
                **({"message": self.message} if self.message else {}),
                "reason": "StartError" if self.process.failure else reason,
                "startedAt": rfc3339(self.started),
            }
        }


@dataclass(slots=True)
class Worker:
    """The kubelet's memory of one Pod; `inits` are the names of its init containers, without the sidecars.

    `folders` are its emptyDirs. `waiting` is its reason cache: why a container does not run, as the next status
    will say. `ticket` numbers the planned syncs, so that only the latest one is run; `changes` counts what the
    status depends on, and `reported` is what it said last. While it `is_busy` with starting containers, a sync that
    `is_due` waits. It `awaits_news` while the runtime has something to report of its containers.
    """

    number: int  # by which the kubelet knows it: a static Pod has a new uid once it was deleted
    uid: str
    namespace: str
    name: str
    inits: frozenset[str]
    ip: str = ""
    containers: dict[str, Container] = field(default_factory=dict)
    folders: dict[str, Folder] = field(default_factory=dict)
    waiting: dict[str, tuple[str, str]] = field(default_factory=dict)
    crashes: dict[str, int] = field(default_factory=dict)
    ticket: int = 0
    has_sandbox: bool = False
    is_busy: bool = False
    is_due: bool = False
    mount_wait: float = 0.25
    awaits_news: bool = False
    changes: int = 0
    reported: tuple[int, int] = (-1, 0)

    def copy(self, outside: Outside) -> Worker:
        """Another kubelet's memory of the Pod, whose containers reach what is `outside` there."""
        folders = {name: folder.copy() for name, folder in self.folders.items()}
        shared = {id(folder): folders[name] for name, folder in self.folders.items()}
        containers = {}
        for name, container in self.containers.items():
            place = container.place._replace(files=container.place.files.twin(shared), outside=outside)
            containers[name] = replace(container, place=place)
        waiting = self.waiting.copy()
        return replace(self, containers=containers, folders=folders, waiting=waiting, crashes=self.crashes.copy())

    def wait(self, container: str, reason: tuple[str, str] | None) -> None:
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

    def crash_loop(self, spec: Object, now: Micros) -> tuple[str, str] | None:
        """Why a container that exited too often has to wait for its restart, if it has to."""
        container, delay = self.containers.get(spec["name"]), self.crashes.get(spec["name"])
        if container is None or delay is None or container.spec != spec:
            return None
        if delay <= (now - container.finished) / SECOND:
            self.crashes[spec["name"]] = min(delay * 2, CRASH_BACKOFF_LIMIT) or CRASH_BACKOFF_FIRST
            return None
        text = f"back-off {go_duration(delay * SECOND)} restarting failed container={spec['name']} "
        return "CrashLoopBackOff", f"{text}pod={self.name}_{self.namespace}({self.uid})"

    def due(self, spec: Object) -> Iterator[Object]:
        """The containers to start now: ephemeral ones, sidecars that don't run, and the first init container that has
        not succeeded, or else all that don't run.
        """
        if self.is_over(spec):
            return
        policy, containers = spec["restartPolicy"], spec["containers"]
        for container in spec.get("ephemeralContainers", ()):
            if container["name"] not in self.containers:
                yield container
        init_containers = spec.get("initContainers", ())
        for index, init in enumerate(init_containers):
            is_last = index + 1 == len(init_containers)
            following = containers[0] if is_last else init_containers[index + 1]
            if init["name"] in self.inits:
                if restarts("OnFailure" if policy == "Always" else policy, self.containers.get(init["name"])):
                    yield init
                if not self._has_succeeded(init["name"]):
                    return
            else:  # a sidecar, for which the next one waits until it has started once
                if restarts("Always", self.containers.get(init["name"])):
                    yield init
                if not self._has_started(init["name"], following["name"]):
                    return
        for container in containers:
            if restarts(policy, self.containers.get(container["name"])):
                yield container

    def _has_succeeded(self, name: str) -> bool:
        container = self.containers.get(name)
        return container is not None and container.exit_code == 0

    def _has_started(self, name: str, following: str) -> bool:
        container = self.containers.get(name)
        return container is not None and (container.is_running or following in self.containers)

    def is_over(self, spec: Object) -> bool:
        """Whether all containers, apart from sidecars, have ended and are not to be started again."""
        app_containers = [self.containers.get(item["name"]) for item in spec["containers"]]
        return all(
            item and not item.is_running and not restarts(spec["restartPolicy"], item) for item in app_containers
        )


@dataclass
class Round:
    """What one sync needs for its containers and volumes, and of the containers that were tried whether they started.

    `volumes` are the pulls of image volumes by their names.
    """

    pod: Object
    worker: Worker
    due: list[RequiredImage]
    started: list[bool] = field(default_factory=list)
    volumes: dict[str, Pull] = field(default_factory=dict)

    def copy(self, worker: Worker) -> Round:
        """The same for a worker that is as its own was, to go on with."""
        return Round(self.pod, worker, self.due.copy(), self.started.copy(), self.volumes.copy())

    def broken_volume(self, container: Object) -> tuple[str, str] | None:
        """Why an image volume that the container mounts is not there; None where nothing is missing."""
        pulls = [self.volumes.get(mount["name"]) for mount in container.get("volumeMounts", ())]
        return next((pull.error for pull in pulls if pull and pull.error), None)


def restarts(policy: str, container: Container | None) -> bool:
    """Whether a container is to be started, for the first time or again."""
    if container is None:
        return True
    if container.is_running or container.stopping:
        return container.stopping and not container.is_running
    return policy == "Always" or (policy == "OnFailure" and container.exit_code != 0)


def waiting_message(pod: Object, container: str) -> str:
    """Why a container waits, in the words of `kubectl logs`."""
    keys = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
    status = find_named([item for key in keys for item in pod["status"].get(key, ())], container) or {}
    reason = status.get("state", {}).get("waiting", {}).get("reason", "ContainerCreating")
    return str(_WAITING_MESSAGES.get(reason, reason))


def marks(pod: Object) -> tuple[object, ...]:
    """What of the metadata makes the kubelet look at a Pod again."""
    keys = ("labels", "annotations", "deletionTimestamp", "deletionGracePeriodSeconds")
    return tuple(pod["metadata"].get(key) for key in keys)


def mirrored(pod: Object, uid: str, now: str) -> Object:
    """A static Pod as it is shown after somebody has deleted what was shown."""
    ended = ("deletionTimestamp", "deletionGracePeriodSeconds")
    meta = {key: value for key, value in pod["metadata"].items() if key not in ended}
    return {**pod, "metadata": {**meta, "uid": uid, "creationTimestamp": now}}


def full_name(spec: Object, pod: Object) -> str:
    """A container with its Pod, as the kubelet names it in messages."""
    meta = pod["metadata"]
    return f"{spec['name']} in pod {meta['name']}_{meta['namespace']}({meta['uid']})"


class Server:
    """What `kubectl logs`, `exec` and `run -i` ask of a node; `worker_of` gets the worker of a Pod, by its uid.

    `ended` is called when a process ends that has got its input.
    """

    def __init__(
        self,
        api: Component,
        clock: Clock,
        images: ImageManager,
        worker_of: Callable[[str], Worker | None],
        ended: Callable[..., None],
    ) -> None:
        self._api = api
        self._images = images
        self._clock = clock
        self._worker_of = worker_of
        self._ended = ended

    def logs(self, pod: Object, container: str, previous: bool = False) -> list[Line]:
        """What a container (or the one before it) wrote. Raises StatusError where there is nothing to read."""
        current = self._container(pod, container)
        name = pod["metadata"]["name"]
        if current is None:
            why = waiting_message(pod, container)
            raise errors.bad_request(f'container "{container}" in pod "{name}" is waiting to start: {why}')
        logged = current.previous if previous else current
        if logged is None:
            raise errors.bad_request(f'previous terminated container "{container}" in pod "{name}" not found')
        return logged.lines(self._clock.now)

    def execute(
        self, pod: Object, container: str, argv: list[str], payer: Budget | None = None, stdin: str = ""
    ) -> Process:
        """Run a command beside a container's. Raises StatusError where it does not run, and StartError."""
        place = self.place(pod, container, argv)
        budget = Budget(Budget.STEPS // 4, Budget.BYTES // 4, payer)
        return place.run(argv, self._clock.now, self._running(pod, container).main, budget, stdin)

    def place(self, pod: Object, container: str, argv: list[str]) -> Place:
        """Where a container's commands run, if `argv` can. Raises StatusError and StartError."""
        running = self._running(pod, container)
        running.place.files.mount(mounts(self._api, pod, running.spec, running.images))
        running.place.files.show(self._clock)
        running.place.check(argv)
        return running.place

    def lacks(self, reference: str, program: str) -> bool:
        """Whether an image has, or may have, a program that isn't simulated and that it doesn't run on its own."""
        try:
            parsed = imageref.parse(reference)
        except ValueError:
            return False
        image = self._images.node.present(parsed, self._clock.now) or self._images.registries.image(parsed)
        if image is None or program == image.program:
            return False
        base = bases()[image.base]
        return base.lacks(program, MemoryFiles(base.with_files(image.files)))

    def attach(self, pod: Object, container: str, stdin: str) -> Process:
        """What is left of a container's process; one that `awaits` its input gets all of it. Raises StatusError."""
        running = self._running(pod, container)
        ran, passed = running.process, (self._clock.now - running.started) / SECOND
        if not ran.awaits:
            left = tuple(write.later(-passed) for write in ran.writes if write.seconds > passed)
            return ran._replace(writes=left, seconds=ran.seconds - passed)
        again = running.place.run(running.main, self._clock.now, stdin=stdin)
        if again.unsimulated:
            again = _in_place_of(again, Process())
        left = again.writes[len(ran.writes) :]
        later = tuple(write.later(passed) for write in left)
        running.process = again._replace(writes=(*ran.writes, *later), seconds=again.seconds + passed)
        if again.seconds != inf:
            number = worker.number if (worker := self._worker_of(pod["metadata"]["uid"])) else 0
            self._clock.call_later(again.seconds, self._ended, number, running.id, again.exit_code)
        return again._replace(writes=left, awaits=True)

    def _running(self, pod: Object, name: str) -> Container:
        container = self._container(pod, name)
        if container is None or not container.is_running:
            raise errors.StatusError(500, "InternalError", f'container not found ("{name}")')
        return container

    def _container(self, pod: Object, name: str) -> Container | None:
        worker = self._worker_of(pod["metadata"]["uid"])
        return worker.containers.get(name) if worker else None
