"""A container on its node: the files of its image, its process, its log, its end and its state.

Mirrors kubernetes pkg/kubelet/kuberuntime/kuberuntime_container.go, v1.36, and containerd. A process is computed to its
end when it starts (kubesim.shell); its writes have times, so a log is read up to any moment. launcher.py starts
containers, worker.py decides which.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import cache
from math import inf
from typing import Any

from kubesim.api import load_table, typed
from kubesim.api.budget import Budget
from kubesim.api.clock import SECOND, Micros, rfc3339
from kubesim.api.objects import Object
from kubesim.api.specs import ContainerSpec
from kubesim.cluster.apiserver import LogLine
from kubesim.cluster.kubelet.volumes import Payload
from kubesim.pull.image import NODE_PLATFORM, Image
from kubesim.shell.bases import Base
from kubesim.shell.container import Outside, Place, User
from kubesim.shell.process import Awaited, Process, StartError, Write, server
from kubesim.workspace import encoded

# The exit status after SIGKILL.
KILLED = 137
# Seconds from SIGTERM to the end of a process that handles it.
_REACTION = 0.3
# containerd's exit status for a failed start (internal/cri/server/container_start.go).
_UNSTARTED = 128
# /etc/hosts and /etc/resolv.conf of a container. The Pod's own line and its namespace are added.
_HOSTS = """# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
"""
_RESOLV_CONF = "search {}.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"


@cache
def bases() -> Mapping[str, Base]:
    """The bases of images by their names: files, users and programs of a distribution, such as alpine (bases.json)."""
    return read_bases(load_table(__file__, "bases.json"))


def read_bases(document: Any) -> Mapping[str, Base]:
    """The bases of a document such as bases.json, each shell with the rewriting of its dialect. Raises ValueError."""
    rows = {}
    for name, row in document["bases"].items():
        shells = {shell: document["dialects"][dialect] for shell, dialect in row["shells"].items()}
        rows[name] = {**row, "shells": shells}
    table: Mapping[str, Base] = typed.read(Mapping[str, Base], rows, "bases.json")
    return table


def new_place(image: Image, variables: Mapping[str, str], pod: Object, spec: ContainerSpec, outside: Outside) -> Place:
    """The place of a container's processes: files without those of volumes, variables, hostname and working directory.

    Mount points exist already, as empty folders.
    """
    hostname = variables["HOSTNAME"]
    namespace = pod["metadata"]["namespace"]
    base = bases()[image.base]
    own = {
        "/dev/termination-log": "",
        "/etc/hostname": f"{hostname}\n",
        "/etc/hosts": f"{_HOSTS}{pod['status']['podIP']}\t{hostname}\n",
        "/etc/resolv.conf": _RESOLV_CONF.format(namespace),
    }
    groups = image.groups or ((image.gid,) if image.uid else base.root_groups)
    user = User(image.uid, image.gid, groups)
    return Place(
        base=base,
        env=variables,
        files={**image.files, **own},
        hostname=hostname,
        outside=outside,
        folder=spec.get("workingDir") or "/",
        user=user,
    )


def command_of(spec: ContainerSpec) -> list[str]:
    """The words of a container's command and arguments; [] if its image decides.

    A simplification: args without a command run as the command, as in an image without an entrypoint.
    """
    return [*spec.get("command", ()), *spec.get("args", ())]


def start(image: Image, place: Place, argv: list[str], started: Micros, stdin: bool, budget: Budget) -> Process:
    """Run the command `argv`, or the image's own program if it is empty, and return the whole process.

    A start that fails is a process with a `failure`. Input is empty, or with `stdin` never comes. A command that isn't
    simulated prints a `kubesim:` line, and goes on as the image's own program. That program fails with its complaint if
    none of the variables that it needs is set. `budget` pays for computing.
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
    own = _own_program(image, started)  # the unsimulated command goes on as this
    return own._replace(writes=ran.writes, seconds=max(ran.seconds, own.seconds), unsimulated=ran.unsimulated)


def _program(image: Image, place: Place, argv: list[str], stdin: bool) -> list[str]:
    """The command to run instead of an image's own program; [] for that, whose arguments are ignored."""
    if image.program and argv and (argv[0] == image.program or argv[0].startswith("-")):
        return []
    if not argv and image.runs == "once" and stdin:
        return [*place.base.shells][:1]  # its shell, if it has one, which waits for input
    return argv


def _own_program(image: Image, started: Micros) -> Process:
    """The process of an image without a command: it ends at once (`runs` is "once"), or runs until it is stopped."""
    stop_code = 0 if image.runs == "until-stopped" else None
    main = server(image.log or bases()[image.base].log, started, stop_code)
    return main._replace(seconds=0) if image.runs == "once" else main


def without_restarts(process: Process, policy: str) -> Process:
    """The process, running for ever if it isn't simulated and `policy` is Always: restarts would look like crashes."""
    if process.unsimulated and policy == "Always":
        return process._replace(seconds=inf)
    return process


def files_of(image: Image) -> Payload:
    """The files of an image for an image volume, by their paths below the mount point."""
    entries = bases()[image.base].with_files(image.files)
    return {path[1:]: text for path, text in entries.items() if text is not None}


class Container:
    """One run of a container; a restart makes another Container, with this one as `previous`.

    `spec` is its part of the Pod at the start, `digest` that of its image, and `image_files` the files of image volumes
    by name. `started` is 0 if the start failed. A copy of the cluster takes a copy of it (`copy_to`).
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
        self.is_stopping = False
        self.previous: Container | None = None

    def copy_to(self, place: Place) -> Container:
        """A copy in another place, for a copy of the cluster."""
        twin = copy(self)
        twin.place = place
        return twin

    @property
    def url(self) -> str:
        return f"containerd://{self.id}"

    @property
    def main_command(self) -> list[str]:
        """The command of process 1, for its list of processes."""
        return command_of(self.spec) or ["sh"]

    def lines(self, now: Micros) -> list[LogLine]:
        """The lines of its log until `now`."""
        seconds = (min(now, self.finished or now) - self.started) / SECOND
        lines = self.process.lines_by(seconds)
        return [LogLine(self.started + round(line.seconds * SECOND), line.text) for line in lines]

    def stops_after(self, grace: float) -> tuple[float, int]:
        """Seconds from SIGTERM to its end, and its exit status: KILLED after `grace` if it ignores SIGTERM."""
        code = self.process.stop_code
        return (grace, KILLED) if code is None else (min(grace, _REACTION), code)

    def end(self, exit_code: int, now: Micros) -> None:
        """Set its exit status, time and message: after a failure and if the Pod says so, the end of its log.

        Mirrors getTerminationMessage of kuberuntime_container.go and the limits of pkg/kubelet/container/runtime.go.
        Nothing writes to a termination-message file here.
        """
        self.exit_code = exit_code
        self.finished = now
        text = self.process.failure
        if exit_code and not text and self.spec["terminationMessagePolicy"] == "FallbackToLogsOnError":
            text = _tail("".join(line.text for line in self.lines(now)[-80:]), 2048)
        self.message = text

    @property
    def is_running(self) -> bool:
        return self.exit_code is None

    def starts_again(self, policy: str) -> bool:
        """True if it has ended and the restart policy, or a change of its definition, starts it again."""
        if self.is_running:
            return False
        if self.is_stopping:  # stopped because its definition was changed
            return True
        return policy == "Always" or (policy == "OnFailure" and self.exit_code != 0)

    @property
    def state(self) -> Object:
        """The ContainerState: running or terminated, never waiting."""
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


def _tail(text: str, size: int) -> str:
    """The last `size` bytes of a text. A cut character becomes U+FFFD, as in Go."""
    return encoded(text)[-size:].decode(errors="replace")
