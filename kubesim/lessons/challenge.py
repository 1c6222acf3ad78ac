"""A round of broken clusters in one session, scored by the help and the time that each took."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from kubesim.api.clock import SECOND, Micros
from kubesim.api.resources import DEPLOYMENT, POD, SECRET, SERVICE_ACCOUNT
from kubesim.lessons.clusters import Broken, RoundId, broken_clusters
from kubesim.lessons.record import ClusterEntry, Record
from kubesim.lessons.task import Reading, Task, all_hold, begin, check, evaluate, is_started
from kubesim.session import Session

# The points of a broken cluster, the price of each hint, and the price of asking `why` about it, which is paid once.
POINTS = 10
HINT = 2
WHY = 3


@dataclass
class Standing:
    """The state of one broken cluster in a round. `simulated` and `real` are the seconds spent on it.

    `why` is true once `why` was asked, `shown` once the solution was shown.
    """

    task: Broken
    hints: int = 0
    why: bool = False
    solved: bool = False
    shown: bool = False
    simulated: float = 0
    real: float = 0
    start: str | None = None  # the contents of the cluster at the start (see Round._contents); None: not set up yet
    is_timed: bool = False  # the cluster is over, and `real` has its last stretch

    @property
    def is_over(self) -> bool:
        return self.solved or self.shown

    @property
    def worth(self) -> int:
        """The points for solving it, after the help taken so far."""
        if self.shown:
            return 0
        price = HINT * self.hints
        if self.why:
            price += WHY
        return POINTS - price

    def take_hint(self) -> str:
        """Take and return the next hint; "" if none is left, or the cluster is over."""
        if self.is_over or self.hints == len(self.task.hints):
            return ""
        self.hints += 1
        return self.task.hints[self.hints - 1]

    def ask_why(self) -> None:
        """Charge for `why`, unless the cluster is over."""
        if not self.is_over:
            self.why = True

    def show(self) -> None:
        """Mark the solution as shown, unless the cluster was solved."""
        self.shown = not self.solved

    @property
    def help_taken(self) -> int:
        """The number of hints taken, plus one for `why`."""
        return self.hints + 1 if self.why else self.hints

    @property
    def kept(self) -> ClusterEntry:
        """The entry for the progress file, which outlives the kernel."""
        seconds = (round(self.simulated), round(self.real))
        return ClusterEntry(int(self.solved), int(self.shown), self.hints, int(self.why), *seconds)

    def resume(self, kept: Sequence[int]) -> None:
        """Take over the entry of another kernel, unless the cluster is over in this one."""
        if self.is_over:
            return
        other = ClusterEntry(*kept)
        self.solved = bool(other.solved)
        self.shown = bool(other.shown)
        self.is_timed = self.is_over
        self.hints = max(self.hints, min(other.hints, len(self.task.hints)))
        self.why = self.why or bool(other.why)
        self.simulated = max(self.simulated, other.simulated)
        self.real = max(self.real, other.real)


class Round:
    """The broken clusters of a round, fixed in any order in one session.

    Call `update` after everything that may have changed the session: points and `solved` are those of the last update.
    """

    def __init__(self, round_id: RoundId, session: Session) -> None:
        self.id = round_id
        self._session = session
        self.standings = tuple(Standing(cluster) for cluster in broken_clusters(round_id))
        self.current: Standing | None = None
        self.wall: float | None = None  # the latest reading of the page's clock, in seconds
        self._updated_at: Micros = 0  # the simulated time of the last update
        self._charged = 0  # the number of explanations in `session.explained` that were charged for

    @property
    def marks(self) -> list[ClusterEntry]:
        """The entries without their seconds, so that two of them differ only if more than time has changed."""
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
        """True if the cause must be hidden now, because the learner is to find it for points."""
        current = self.current
        return current is not None and not current.is_over and not current.why

    def open(self, number: int) -> None:
        """Open the broken cluster with this number, from 0, and set it up the first time.

        The one before keeps its state.
        """
        self.update()  # first, because the time until now belongs to the cluster that was open
        self.current = standing = self.standings[number]
        # a learner may have deleted its namespaces
        is_set_up = standing.start is not None and is_started(standing.task, self._session)
        if not is_set_up and not standing.is_over:
            self.set_up(standing)
        self._updated_at = self._session.cluster.clock.now

    def leave(self) -> None:
        """Close the open cluster. Its time and uses of `why` are no longer counted."""
        self.update()
        self.current = None

    def set_up(self, standing: Standing) -> None:
        """Create the start state of a broken cluster."""
        begin(standing.task, self._session)
        standing.start = self._contents(standing.task)

    def update(self) -> tuple[Reading, ...]:
        """Charge for `why`, and update the open cluster's time and `solved`. Returns the readings of its goals."""
        self._charge_for_why()
        standing = self.current
        if standing is None:
            return ()
        before = self._updated_at
        self._updated_at = now = self._session.cluster.clock.now
        readings = check(standing.task, self._session)
        if not standing.is_over:
            standing.simulated += max(0, now - before) / SECOND
            standing.solved = all_hold(readings)
        return readings

    def advice(self) -> str:
        """The first remaining problem after a fix that didn't work; "" if nothing was changed or nothing is missing."""
        standing = self.current
        if standing is None or standing.is_over or self._contents(standing.task) == standing.start:
            return ""
        for reading in evaluate(standing.task.advice, self._session):
            if not reading.holds:
                return reading.condition.otherwise
        # the advice may not cover what the learner has broken in addition
        for reading in check(standing.task, self._session):
            if not reading.holds:
                return f"{reading.condition.otherwise} {reading.condition.hint}"
        return ""

    def end(self) -> None:
        """Show the solution of each cluster that wasn't solved."""
        for standing in self.standings:
            standing.show()

    def add_real_time(self, wall: float) -> None:
        """Add the time since the last reading of the page's clock to the open cluster. `wall` is the new reading."""
        standing = self.current
        before = self.wall
        self.wall = wall
        if standing is None or before is None or standing.is_timed:
            return
        standing.real += max(0.0, wall - before)
        standing.is_timed = standing.is_over

    def _charge_for_why(self) -> None:
        """Charge the clusters that `why` has explained in the terminal since the last call."""
        explained = self._session.explained[self._charged :]
        self._charged = len(self._session.explained)
        for standing in self.standings:
            if standing.start is not None and any(self._is_about(standing, namespace) for namespace in explained):
                standing.ask_why()

    def _is_about(self, standing: Standing, namespace: str) -> bool:
        """True if an explained namespace belongs to this cluster. An export ("") is assumed to be of the open one."""
        if not namespace:
            return standing is self.current
        return namespace in standing.task.namespaces

    def kept(self) -> Record:
        """The entries to merge into the learner's progress."""
        return {
            "clusters": {self._name(standing): list(standing.kept) for standing in self.standings if any(standing.kept)}
        }

    def recall(self, record: Record) -> None:
        """Take over the entries of a progress record, which may come from another kernel."""
        for standing in self.standings:
            if kept := record["clusters"].get(self._name(standing)):
                standing.resume(kept)

    def _name(self, standing: Standing) -> str:
        return f"{self.id.name}/{standing.task.id}"

    def _contents(self, task: Task) -> str:
        """The objects that a learner changes to fix a pull, as JSON, without fields that change on their own."""
        kinds = (POD, SECRET, SERVICE_ACCOUNT, DEPLOYMENT)
        api = self._session.cluster.api
        objects = [obj for kind in kinds for namespace in task.namespaces for obj in api.list(kind, namespace)]
        lasting = [{**obj, "metadata": obj["metadata"]["uid"], "status": None} for obj in objects]
        return json.dumps(lasting, sort_keys=True)
