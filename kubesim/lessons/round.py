"""A round of the challenge: what is solved, which help was taken, how long it took, and the points that are left."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from kubesim.api.clock import SECOND, Micros
from kubesim.api.resources import DEPLOYMENT, POD, SECRET, SERVICE_ACCOUNT
from kubesim.lessons.challenge import Broken, broken_clusters
from kubesim.lessons.goal import Reading, read
from kubesim.lessons.task import Task, begin, begun, check
from kubesim.session import Session

POINTS, HINT, WHY = 10, 2, 3
"""What a broken cluster is worth; what each hint costs, and asking `why` about it (once)."""
_LONGEST = 1e9  # seconds
_KEPT = ("hints", "why", "solved", "shown", "simulated", "real")


@dataclass
class Standing:
    """How it stands with one broken cluster; `simulated` and `real` are the seconds spent on it."""

    broken: Broken
    hints: int = 0
    why: bool = False
    solved: bool = False
    shown: bool = False
    simulated: float = 0
    real: float = 0
    start: str = ""
    """What the cluster held at the start, "" before that."""
    is_timed: bool = False
    """Whether the time on it is all counted, after it is over."""

    @property
    def task(self) -> Task:
        """What is to be done."""
        return self.broken.task

    @property
    def is_over(self) -> bool:
        """Whether no more points can be made or lost."""
        return self.solved or self.shown

    @property
    def worth(self) -> int:
        """The points that solving it brings now, or brought."""
        return 0 if self.shown else POINTS - HINT * self.hints - WHY * self.why

    def take_up(self, other: Standing) -> None:
        """Go on from where another kernel has left it, if it is not over here."""
        if not self.is_over:
            self.hints, self.why = max(self.hints, other.hints), self.why or other.why
            self.simulated, self.real = max(self.simulated, other.simulated), max(self.real, other.real)
            self.solved, self.shown, self.is_timed = other.solved, other.shown, other.is_over


class Round:
    """Twelve broken clusters, which `seed` picks and varies, to be mended in any order in one session."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.standings = tuple(Standing(cluster) for cluster in broken_clusters(seed))
        self.current: Standing | None = None
        self.wall: float | None = None
        """What the learner's own clock said last, in seconds."""
        self._moment: Micros = 0
        self._told = 0

    @property
    def marks(self) -> list[tuple[bool, bool, int, bool]]:
        """What stays the same while only time passes: for each cluster solved, shown, hints and why."""
        return [(one.solved, one.shown, one.hints, one.why) for one in self.standings]

    @property
    def points(self) -> int:
        """The points made so far."""
        return sum(standing.worth for standing in self.standings if standing.solved)

    @property
    def of(self) -> int:
        """The points that there are."""
        return POINTS * len(self.standings)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to mend."""
        return all(standing.is_over for standing in self.standings)

    def open(self, number: int, session: Session) -> None:
        """Turn to a broken cluster, by its number from 0; the first time it is set up. What was open stays as it is."""
        self.look(session)
        standing = self.standings[number]
        if not standing.is_over and not (standing.start and begun(standing.task, session)):
            _set_up(standing, session)
        self.current, self._moment = standing, session.cluster.clock.now

    def leave(self, session: Session) -> None:
        """Turn away from the open cluster; time and `why` count no more."""
        self.look(session)
        self.current = None

    def begin(self, session: Session) -> str:
        """Set the open cluster up again, and return its title. Help taken and time spent still count."""
        assert self.current is not None
        _set_up(self.current, session)
        return self.current.task.title

    def look(self, session: Session) -> tuple[Reading, ...]:
        """Look at the open cluster: let its simulated time and the use of `why` count, and say what is reached."""
        self._charge(session)
        standing = self.current
        if standing is None:
            return ()
        now, before = session.cluster.clock.now, self._moment
        self._moment = now
        readings = check(standing.task, session)
        if not standing.is_over:
            standing.simulated += max(0, now - before) / SECOND
            standing.solved = all(reading.holds for reading in readings)
        return readings

    def advice(self, session: Session) -> str:
        """What is still wrong after a mend that missed; "" where nothing was changed yet, or nothing is missing."""
        standing = self.current
        if standing is None or standing.is_over or _contents(standing.task, session) == standing.start:
            return ""
        wrong = (reading for reading in read(standing.broken.tells, session) if not reading.holds)
        if first := next(wrong, None):
            return first.message
        missing = (reading for reading in check(standing.task, session) if not reading.holds)
        return next((f"{reading.message} {reading.condition.hint}" for reading in missing), "")

    def hint(self) -> str:
        """Take one more hint for the open cluster, and return it; "" where there is none to be had."""
        standing = self.current
        if standing is None or standing.is_over or standing.hints == len(standing.task.hints):
            return ""
        standing.hints += 1
        return standing.task.hints[standing.hints - 1]

    def ask_why(self) -> None:
        """Take the explanation of `why` for the open cluster."""
        if self.current and not self.current.is_over:
            self.current.why = True

    def show(self) -> None:
        """Give the open cluster up, and see its solution."""
        if self.current and not self.current.solved:
            self.current.shown = True

    def end(self) -> None:
        """Give up all that is not solved."""
        for standing in self.standings:
            standing.shown = not standing.solved

    def clock(self, wall: float) -> None:
        """Hear that it is `wall` seconds on the learner's own clock; what passed counts for the open cluster."""
        standing, before, self.wall = self.current, self.wall, wall
        if standing is None or before is None or standing.is_timed:
            return
        standing.real += max(0.0, wall - before)
        standing.is_timed = standing.is_over

    def _charge(self, session: Session) -> None:
        """Let `why` in the terminal cost: for the cluster that it told about; an export could be of the open one."""
        told, self._told = session.explained[self._told :], len(session.explained)
        for namespace in told:
            for standing in self.standings:
                about = namespace in standing.task.namespaces or (not namespace and standing is self.current)
                standing.why |= about and bool(standing.start) and not standing.is_over

    def kept(self) -> str:
        """The round as a text that `recall` reads."""
        return json.dumps([{name: getattr(standing, name) for name in _KEPT} for standing in self.standings])

    def recall(self, text: str) -> None:
        """Take up what `kept` gave, in another process perhaps; a text that is not of this kind changes nothing."""
        try:
            rows = json.loads(text)
            kept = [Standing(standing.broken, **row) for standing, row in zip(self.standings, rows, strict=True)]
        except (ValueError, TypeError, RecursionError):
            return
        if all(map(_is_sound, kept)):
            for standing, other in zip(self.standings, kept, strict=True):
                standing.take_up(other)


def _set_up(standing: Standing, session: Session) -> None:
    begin(standing.task, session)
    standing.start = _contents(standing.task, session)


def _is_sound(standing: Standing) -> bool:
    flags = (standing.why, standing.solved, standing.shown)
    times = (standing.simulated, standing.real)
    whole = type(standing.hints) is int and all(type(flag) is bool for flag in flags)
    sane = all(isinstance(time, int | float) and 0 <= time < _LONGEST for time in times)
    return whole and sane and 0 <= standing.hints <= len(standing.task.hints)


def _contents(task: Task, session: Session) -> str:
    """What a learner can change about the pulling, without what changes by itself."""
    kinds = (POD, SECRET, SERVICE_ACCOUNT, DEPLOYMENT)
    api, namespaces = session.cluster.api, task.namespaces
    objects = [obj for kind in kinds for namespace in namespaces for obj in api.list(kind, namespace)]
    return json.dumps([_without_status(obj) for obj in objects], sort_keys=True)


def _without_status(obj: dict[str, Any]) -> dict[str, Any]:
    lasting = {key: value for key, value in obj.items() if key not in ("metadata", "status")}
    return {**lasting, "uid": obj["metadata"]["uid"]}
