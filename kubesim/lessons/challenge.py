"""A round of broken clusters in one session, with points for each: what was solved, with how much help, in how long."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from kubesim.api.clock import SECOND, Micros
from kubesim.api.resources import DEPLOYMENT, POD, SECRET, SERVICE_ACCOUNT
from kubesim.lessons.clusters import Broken, RoundId, broken_clusters
from kubesim.lessons.record import Kept, Record
from kubesim.lessons.task import Reading, Task, all_hold, begin, check, is_started, read
from kubesim.session import Session

POINTS = 10
HINT = 2
WHY = 3
"""What a broken cluster is worth; what each hint costs, and asking `why` about it (once)."""


@dataclass
class Standing:
    """The state of one broken cluster in a round; `simulated` and `real` are the seconds spent on it."""

    task: Broken
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
    def is_over(self) -> bool:
        return self.solved or self.shown

    @property
    def worth(self) -> int:
        if self.shown:
            return 0
        price = HINT * self.hints
        if self.why:
            price += WHY
        return POINTS - price

    def take_hint(self) -> str:
        """Take one more hint, and return it; "" where none is left, or it's over."""
        if self.is_over or self.hints == len(self.task.hints):
            return ""
        self.hints += 1
        return self.task.hints[self.hints - 1]

    def ask_why(self) -> None:
        if not self.is_over:
            self.why = True

    def show(self) -> None:
        """Show the solution, unless it was solved without."""
        self.shown = not self.solved

    @property
    def help_taken(self) -> int:
        """How often help was taken: each hint, and `why`."""
        return self.hints + 1 if self.why else self.hints

    @property
    def kept(self) -> Kept:
        """What outlives the kernel."""
        seconds = (round(self.simulated), round(self.real))
        return Kept(int(self.solved), int(self.shown), self.hints, int(self.why), *seconds)

    def resume(self, kept: Sequence[int]) -> None:
        """Continue from where a different kernel left it, if it is not over here."""
        if self.is_over:
            return
        other = Kept(*kept)
        self.solved = bool(other.solved)
        self.shown = bool(other.shown)
        self.is_timed = self.is_over
        self.hints = max(self.hints, min(other.hints, len(self.task.hints)))
        self.why = self.why or bool(other.why)
        self.simulated = max(self.simulated, other.simulated)
        self.real = max(self.real, other.real)


class Round:
    """The broken clusters of a round, to be fixed in any order in one session."""

    def __init__(self, round_id: RoundId, session: Session) -> None:
        self.id = round_id
        self._session = session
        self.standings = tuple(Standing(cluster) for cluster in broken_clusters(round_id))
        self.current: Standing | None = None
        self.wall: float | None = None  # the last time on the learner's own clock, in seconds
        self._moment: Micros = 0
        self._charged = 0

    @property
    def marks(self) -> list[Kept]:
        """What is kept of each, without the seconds: it changes only when more than time passes."""
        return [standing.kept._replace(simulated=0, real=0) for standing in self.standings]

    @property
    def points(self) -> int:
        return sum(standing.worth for standing in self.standings if standing.solved)

    @property
    def most_points(self) -> int:
        return POINTS * len(self.standings)

    @property
    def is_over(self) -> bool:
        return all(standing.is_over for standing in self.standings)

    @property
    def conceals(self) -> bool:
        """Whether what is wrong may not be shown now, because the learner is to find it for points."""
        current = self.current
        return current is not None and not current.is_over and not current.why

    def open(self, number: int) -> None:
        """Open a broken cluster, by its number from 0; the first time it is set up. The one before stays as it is."""
        self.update()
        self.current = standing = self.standings[number]
        is_set_up = standing.start and is_started(standing.task, self._session)
        if not is_set_up and not standing.is_over:
            self.set_up(standing)
        self._moment = self._session.cluster.clock.now

    def leave(self) -> None:
        """Close the open cluster; time and `why` count no more."""
        self.update()
        self.current = None

    def set_up(self, standing: Standing) -> None:
        """Set a broken cluster up, as it is at the start of its task."""
        begin(standing.task, self._session)
        standing.start = self._contents(standing.task)

    def update(self) -> tuple[Reading, ...]:
        """Count the open cluster's simulated time and the use of `why`, and read its goals."""
        self._charge_for_why()
        standing = self.current
        if standing is None:
            return ()
        before = self._moment
        now = self._session.cluster.clock.now
        self._moment = now
        readings = check(standing.task, self._session)
        if not standing.is_over:
            standing.simulated += max(0, now - before) / SECOND
            standing.solved = all_hold(readings)
        return readings

    def advice(self) -> str:
        """What is still wrong after a fix that did not work; "" where nothing was changed, or nothing is missing."""
        standing = self.current
        if standing is None or standing.is_over or self._contents(standing.task) == standing.start:
            return ""
        for reading in read(standing.task.advice, self._session):
            if not reading.holds:
                return reading.condition.otherwise
        for reading in check(standing.task, self._session):
            if not reading.holds:
                return f"{reading.condition.otherwise} {reading.condition.hint}"
        return ""

    def end(self) -> None:
        for standing in self.standings:
            standing.show()

    def clock(self, wall: float) -> None:
        """Note that it is `wall` seconds on the learner's own clock; what passed counts for the open cluster."""
        standing = self.current
        before = self.wall
        self.wall = wall
        if standing is None or before is None or standing.is_timed:
            return
        standing.real += max(0.0, wall - before)
        standing.is_timed = standing.is_over

    def _charge_for_why(self) -> None:
        """Charge for `why` in the terminal: each cluster that it explained since this was asked last."""
        explained = self._session.explained[self._charged :]
        self._charged = len(self._session.explained)
        for standing in self.standings:
            if standing.start and any(self._is_about(standing, namespace) for namespace in explained):
                standing.ask_why()

    def _is_about(self, standing: Standing, namespace: str) -> bool:
        """Whether `why` explained this cluster; where it read an export (""), that could be of the open one."""
        if not namespace:
            return standing is self.current
        return namespace in standing.task.namespaces

    def kept(self) -> Record:
        """What to add to the learner's progress."""
        return {
            "clusters": {self._name(standing): list(standing.kept) for standing in self.standings if any(standing.kept)}
        }

    def recall(self, record: Record) -> None:
        """Continue from what was kept, perhaps by a different kernel."""
        for standing in self.standings:
            if kept := record["clusters"].get(self._name(standing)):
                standing.resume(kept)

    def _name(self, standing: Standing) -> str:
        return f"{self.id.name}/{standing.task.id}"

    def _contents(self, task: Task) -> str:
        """What a learner can change about the pulls, without what changes on its own."""
        kinds = (POD, SECRET, SERVICE_ACCOUNT, DEPLOYMENT)
        api = self._session.cluster.api
        objects = [obj for kind in kinds for namespace in task.namespaces for obj in api.list(kind, namespace)]
        lasting = [{**obj, "metadata": obj["metadata"]["uid"], "status": None} for obj in objects]
        return json.dumps(lasting, sort_keys=True)
