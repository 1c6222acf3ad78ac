"""A container on its node: what its image holds, how it starts, what it writes and how it ends.

Mirrors kubernetes pkg/kubelet/kuberuntime/kuberuntime_container.go, v1.36, and containerd.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import cache
from math import inf

from kubesim.api import load_records, load_table
from kubesim.api.budget import Budget
from kubesim.api.clock import SECOND, Micros, rfc3339
from kubesim.api.objects import Object, find_named
from kubesim.api.specs import ContainerSpec
from kubesim.cluster.apiserver import LogLine
from kubesim.cluster.kubelet.volumes import FileProjection, Payload
from kubesim.pull.image import NODE_PLATFORM, Image
from kubesim.shell.bases import Base
from kubesim.shell.container import Outside, Place
from kubesim.shell.process import Awaited, Process, StartError, Write, server
from kubesim.shell.users import FILE, User
from kubesim.workspace import encoded

KILLED = 137
_REACTION = 0.3  # seconds that a process needs that ends itself when it gets SIGTERM
_UNSTARTED = 128  # containerd's exit status of what it could not start (internal/cri/server/container_start.go)
_HOSTS = """# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
"""
_NAMES = "search {}.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"


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
    image: Image, variables: Mapping[str, str], pod: Object, spec: ContainerSpec, user: User, outside: Outside
) -> Place:
    """Where a container's processes run: its files, apart from those of volumes, and its name."""
    hostname = variables["HOSTNAME"]
    namespace = pod["metadata"]["namespace"]
    base = bases()[image.base]
    own = {
        "/dev/termination-log": "",
        "/etc/hostname": f"{hostname}\n",
        "/etc/hosts": f"{_HOSTS}{pod['status']['podIP']}\t{hostname}\n",
        "/etc/resolv.conf": _NAMES.format(namespace),
    }
    folders = []
    for mount in spec.get("volumeMounts", ()):
        volume = find_named(pod["spec"].get("volumes", ()), mount["name"]) or {}
        is_part = "subPath" in mount and "emptyDir" not in volume  # it may be a file: only its folder must be there
        folders.append(f"{mount['mountPath']}/.." if is_part else mount["mountPath"])
    folder = spec.get("workingDir") or "/"
    files = base.new_files({**image.files, **own}, [*folders, folder], user)
    return Place(base, variables, files, hostname, outside, folder)


def command_of(spec: ContainerSpec) -> list[str]:
    """The words of a container's command; none where its image decides."""
    return [*spec.get("command", ()), *spec.get("args", ())]


def start(image: Image, place: Place, argv: list[str], started: Micros, stdin: bool, budget: Budget) -> Process:
    """Run a command, or what an image runs if the Pod names none; or say why the runtime could not.

    What reads its input finds none, or with an open `stdin` waits for it for ever. What isn't simulated runs as if the
    Pod named no command. An image's own program complains and fails where no variable is set that it needs.
    """
    if NODE_PLATFORM not in image.platforms:
        path = argv[0] if argv else "/app"
        return Process((Write(0, "stderr", f"exec {path}: exec format error\n"),), exit_code=1)
    program = _program(image, place, argv, stdin)
    if not program:
        lacks_variable = image.needs and not any(map(place.env.get, image.needs))
        complaint = Process((Write(0, "stderr", image.complaint),), exit_code=1)
        return complaint if lacks_variable else _own_program(image, started)
    if program[0].startswith("-"):
        what = f"the argument {program[0][:80]} of an image's own program"
        problem = Write(0, "stderr", f"kubesim: {what} is not part of this simulator\n")
        ran = Process((problem,), unsimulated=what)
    else:
        try:
            ran = place.run(program, started, budget=budget, stdin=Awaited() if stdin else "")
        except StartError as error:
            return Process(exit_code=_UNSTARTED, failure=error.of_container())
    if not ran.unsimulated:
        return ran
    own = _own_program(image, started)  # as which it goes on
    return own._replace(writes=ran.writes, seconds=max(ran.seconds, own.seconds), unsimulated=ran.unsimulated)


def _program(image: Image, place: Place, argv: list[str], stdin: bool) -> list[str]:
    """The command that is run in place of an image's own program; none for that, whose arguments change nothing."""
    if image.program and argv and (argv[0] == image.program or argv[0].startswith("-")):
        return []
    if not argv and image.runs == "once" and stdin:
        return [*place.base.shells][:1]  # its shell, if it has one, which waits for what is typed
    return argv


def _own_program(image: Image, started: Micros) -> Process:
    """What an image runs without a command, where nothing is missing that it needs."""
    stop_code = 0 if image.runs == "until-stopped" else None
    main = server(image.log or bases()[image.base].log, started, stop_code)
    return main._replace(seconds=0) if image.runs == "once" else main


def running_on(ran: Process, policy: str) -> Process:
    """A process that isn't simulated, in a container whose restart policy is `policy`: started again and again, it
    would look as if it crashed, so it runs on.
    """
    if ran.unsimulated and policy == "Always":
        return ran._replace(seconds=inf)
    return ran


def files_of(image: Image) -> Payload:
    """The files of an image as an image volume shows them, by their paths from the mount on."""
    entries = bases()[image.base].with_files(image.files)
    return {path[1:]: FileProjection(text, FILE.mode) for path, text in entries.items() if text is not None}


class Container:
    """One container, the part of the Pod that it was started from (`spec`), and by name the files of image volumes.

    `digest` is that of its image; `started` is 0 for one that never did.
    """

    def __init__(
        self,
        spec: ContainerSpec,
        container_id: str,
        digest: str,
        place: Place,
        process: Process,
        started: Micros,
        image_files: Mapping[str, Payload],
    ) -> None:
        self.spec = spec
        self.id = container_id
        self.digest = digest
        self.place = place
        self.process = process
        self.started = started
        self.image_files = image_files
        self.restarts = 0
        self.finished: Micros = 0
        self.exit_code: int | None = None
        self.message = ""
        self.stopping = False
        self.previous: Container | None = None

    def at(self, place: Place) -> Container:
        """The same in another place."""
        twin = copy(self)
        twin.place = place
        return twin

    @property
    def url(self) -> str:
        return f"containerd://{self.id}"

    @property
    def main(self) -> list[str]:
        """Its command, as its process list shows it."""
        return command_of(self.spec) or ["sh"]

    def lines(self, now: Micros) -> list[LogLine]:
        """What it has written by `now`."""
        seconds = (min(now, self.finished or now) - self.started) / SECOND
        lines = self.process.lines_by(seconds)
        return [LogLine(self.started + round(line.seconds * SECOND), line.text) for line in lines]

    def stops_after(self, grace: float) -> tuple[float, int]:
        """After how many seconds it ends when it is stopped, and its exit status: killed, if it ignores SIGTERM."""
        code = self.process.stop_code
        seconds = max(_REACTION, self.process.stop_seconds)
        if code is None or seconds > max(grace, _REACTION):
            return grace, KILLED
        return min(grace, seconds), code

    def end(self, exit_code: int, now: Micros) -> None:
        """It is over. Its message is the end of what it has left in a file, or where it failed without one, of its log.

        Mirrors getTerminationMessage of kuberuntime_container.go and the limits of pkg/kubelet/container/runtime.go.
        """
        self.exit_code = exit_code
        self.finished = now
        if self.stopping and exit_code == self.process.stop_code:
            last_words = [write.later((now - self.started) / SECOND) for write in self.process.last_words]
            self.process = self.process._replace(writes=(*self.process.writes, *last_words))
        text = self.process.failure or _end(self.place.files.text_at(self.spec["terminationMessagePath"], now), 4096)
        if exit_code and not text and self.spec["terminationMessagePolicy"] == "FallbackToLogsOnError":
            text = _end("".join(line.text for line in self.lines(now)[-80:]), 2048)
        self.message = text

    @property
    def is_running(self) -> bool:
        return self.exit_code is None

    def starts_again(self, policy: str) -> bool:
        """Whether it is to be started again, by its restart policy."""
        if self.is_running:
            return False
        if self.stopping:  # because its part of the Pod was changed
            return True
        return policy == "Always" or (policy == "OnFailure" and self.exit_code != 0)

    @property
    def state(self) -> Object:
        if self.is_running:
            return {"running": {"startedAt": rfc3339(self.started)}}
        terminated = {"containerID": self.url, "exitCode": self.exit_code, "finishedAt": rfc3339(self.finished)}
        if self.message:
            terminated["message"] = self.message
        terminated["reason"] = self._end_reason
        terminated["startedAt"] = rfc3339(self.started)
        return {"terminated": terminated}

    @property
    def _end_reason(self) -> str:
        if self.process.failure:
            return "StartError"
        return "Error" if self.exit_code else "Completed"


def _end(text: str, size: int) -> str:
    """The last bytes of a text; part of a letter is shown as Go shows it."""
    return encoded(text)[-size:].decode(errors="replace")
