"""The back-off of a Pod with a wrong pull secret, and a fix, played in a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from kubesim.api.clock import SECOND
from kubesim.api.resources import POD
from kubesim.session import Session
from kubesim.session.attempts import last_attempts, pod_columns

# Seconds to play, until the longest delay has come twice. A fix at this second is none.
LENGTH = 1020
_NAMESPACE, _POD = "default", "web"
_SOON, _LATE = 15, 240  # seconds from the fix to the running Pod


class TimedAttempt(NamedTuple):
    """An attempt to pull: its time in seconds since the Pod's creation, and the back-off after it, 0 for a success."""

    at: float
    delay: int


class Life(NamedTuple):
    """The Pod's history: its attempts, and each STATUS with the second at which it appears."""

    attempts: tuple[TimedAttempt, ...]
    statuses: tuple[tuple[float, str], ...]

    @property
    def runs_at(self) -> float | None:
        return next((at for at, status in self.statuses if status == "Running"), None)

    def until(self, now: float) -> Life:
        """The history up to `now`."""
        attempts = tuple(attempt for attempt in self.attempts if attempt.at <= now)
        return Life(attempts, tuple(pair for pair in self.statuses if pair[0] <= now))

    def next_after(self, now: float) -> TimedAttempt | None:
        return next((attempt for attempt in self.attempts if attempt.at > now), None)

    def reached(self, fix: float) -> set[str]:
        """The ids of the goals (explorables.yaml) that are reached if the Secret is fixed at `fix`."""
        wait = None if self.runs_at is None else self.runs_at - fix
        goals = {
            "soon": wait is not None and wait < _SOON,
            "late": wait is not None and wait > _LATE,
            "longest": any(one.delay == other.delay for one, other in pairwise(self.attempts)),
        }
        return {goal for goal, holds in goals.items() if holds}


@lru_cache(maxsize=64)
def play(start: Sequence[str], change: Sequence[str], fix: int) -> Life:
    """Run the commands `start`, play LENGTH seconds, and run the commands `change` at the second `fix`."""
    session = Session()
    for line in start:
        session.run(line)
    recorder = _Recorder(session)
    recorder.pass_until(fix)
    if fix < LENGTH:  # else there is no fix
        for line in change:
            session.run(line)
        recorder.pass_until(LENGTH)
    return Life(tuple(recorder.attempts.values()), tuple(recorder.statuses))


class _Recorder:
    """Lets time pass in a session, and records the Pod's attempts and STATUS."""

    def __init__(self, session: Session) -> None:
        self._cluster = session.cluster
        self._start = session.cluster.clock.now
        self.attempts: dict[float, TimedAttempt] = {}
        self.statuses: list[tuple[float, str]] = []

    @property
    def _now(self) -> float:
        return (self._cluster.clock.now - self._start) / SECOND

    def pass_until(self, end: float) -> None:
        """Let time pass until the second `end`, and record after each timer."""

        def stops() -> bool:
            self._record()
            return False

        self._cluster.clock.run_until(stops, end - self._now)

    def _record(self) -> None:
        """Record new attempts and a new STATUS."""
        cluster = self._cluster
        _ready, status = pod_columns(cluster, _NAMESPACE, _POD)[_NAMESPACE, _POD]
        if not self.statuses or self.statuses[-1][1] != status:
            self.statuses.append((self._now, status))
        pod = cluster.api.get(POD, _NAMESPACE, _POD)
        for last in last_attempts(cluster, pod):
            at = (last.at - self._start) / SECOND
            self.attempts.setdefault(at, TimedAttempt(at, last.pause))
