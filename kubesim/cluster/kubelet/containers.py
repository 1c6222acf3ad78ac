"""What the kubelet and the container runtime know of a Pod on their node."""

from __future__ import annotations

from dataclasses import dataclass, field

from kubesim.api.clock import SECOND, Micros, rfc3339
from kubesim.api.objects import Object
from kubesim.api.process import Process
from kubesim.cluster.apiserver.logs import Line
from kubesim.cluster.registry import Image

KILLED = 137


@dataclass(slots=True)
class Container:
    """One container that was started; `spec` is the part of the Pod that it was started from."""

    spec: Object
    id: str
    image: Image
    shown_image: str
    image_id: str
    process: Process
    started: Micros
    restarts: int = 0
    finished: Micros = 0
    exit_code: int | None = None
    stopping: bool = False
    last_state: Object = field(default_factory=dict)
    previous: Container | None = None

    @property
    def url(self) -> str:
        """The id with its runtime, as in status.containerID."""
        return f"containerd://{self.id}"

    def lines(self, now: Micros) -> list[Line]:
        """What it has written by `now`."""
        seconds = (min(now, self.finished or now) - self.started) / SECOND
        return [(self.started + round(at * SECOND), line) for at, line in self.process.lines_by(seconds)]

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self.exit_code is None

    @property
    def state(self) -> Object:
        """Its ContainerState, unless it is waiting."""
        if self.is_running:
            return {"running": {"startedAt": rfc3339(self.started)}}
        return {
            "terminated": {
                "containerID": self.url,
                "exitCode": self.exit_code,
                "finishedAt": rfc3339(self.finished),
                "reason": "Error" if self.exit_code else "Completed",
                "startedAt": rfc3339(self.started),
            }
        }


CRASH_BACKOFF_FIRST = 10
CRASH_BACKOFF_LIMIT = 300


@dataclass(slots=True)
class CrashBackoff:
    """How long an exited container waits for its restart (seconds): 10 doubling to 300."""

    delay: int = 0

    def remaining(self, finished: Micros, now: Micros) -> float:
        """Seconds that are left of the wait."""
        return self.delay - (now - finished) / SECOND

    def grow(self) -> None:
        """Count one more restart."""
        self.delay = min(self.delay * 2, CRASH_BACKOFF_LIMIT) if self.delay else CRASH_BACKOFF_FIRST


@dataclass(slots=True)
class Worker:
    """The kubelet's memory of one Pod.

    `waiting` is its reason cache: why a container does not run, as the next status will tell. `ticket` numbers the
    planned syncs, so that only the latest one comes off; `changes` counts what the status tells of, and `reported` is
    what it told last. `resting_since` is the last sync of a Pod whose next ones could neither do nor say anything new.
    While it `is_busy` with starting containers, a sync that `is_due` waits. It `awaits_news` while the runtime has
    something to tell of its containers.
    """

    uid: str
    namespace: str
    name: str
    inits: frozenset[str]
    ip: str = ""
    containers: dict[str, Container] = field(default_factory=dict)
    waiting: dict[str, tuple[str, str]] = field(default_factory=dict)
    crashes: dict[str, CrashBackoff] = field(default_factory=dict)
    ticket: int = 0
    has_sandbox: bool = False
    is_busy: bool = False
    is_due: bool = False
    mount_wait: float = 0.25
    resting_since: Micros = 0
    awaits_news: bool = False
    changes: int = 0
    reported: tuple[int, int] = (-1, 0)

    def wait(self, container: str, reason: tuple[str, str] | None) -> None:
        """Note why a container does not run (None: it does)."""
        if self.waiting.get(container) != reason:
            self.changes += 1
            self.waiting.pop(container, None)
            if reason:
                self.waiting[container] = reason
