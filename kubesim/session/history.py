"""What was done to a session's cluster: to undo it, and to see the cluster as it was.

The simulator is deterministic, so a copy of the cluster from the end of one step shows every moment until the next one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass

from kubesim.api.clock import SECOND, Micros
from kubesim.api.resources import POD
from kubesim.cluster import Cluster
from kubesim.kubectl import Kubeconfig
from kubesim.session import Session
from kubesim.shell import Invocation, Tool

LIMIT = 100
"""How many steps are remembered."""
MOST_PODS = 10_000
"""How many Pods all remembered snapshots may have together; each takes 5 kB."""
PAUSE = 1.0
"""Seconds: a step that takes longer counts, even if nothing but time has moved."""


@dataclass(frozen=True)
class Snapshot:
    """A cluster, and how kubectl was set, at one moment. It is only ever copied."""

    cluster: Cluster
    config: Kubeconfig

    @property
    def moment(self) -> Micros:
        return self.cluster.clock.now


@dataclass(frozen=True)
class Step:
    """One thing that was done and changed something: a label such as the command, the cluster before and after."""

    label: str
    before: Snapshot
    after: Snapshot

    @property
    def pods(self) -> int:
        return sum(len(snapshot.cluster.api.list(POD)) for snapshot in (self.before, self.after))


class History:
    """The steps of a session, the oldest first; gives its shell the command `undo`."""

    def __init__(self, session: Session) -> None:
        self.steps: tuple[Step, ...] = ()
        self._session = session
        self._floor = 0
        self._open: tuple[str, Snapshot] | None = None
        self._first = self._snapshot()
        session.shell.add(Tool("undo", self._run_undo, "undo", "undo"))

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """The beginning, then each step before and after, the oldest first."""
        return (self._first, *(known for step in self.steps for known in (step.before, step.after)))

    @contextmanager
    def step(self, label: str) -> Iterator[None]:
        """Remember what is done meanwhile as one step, if it changes anything."""
        self._open = (label, self._snapshot())
        try:
            yield
        finally:
            self._close()

    def notice(self, label: str) -> None:
        """Remember what someone else did since the last step, as if it had been done at once just now."""
        now = self._session.cluster
        unchanged = self.at(now.clock.now)
        if unchanged.api.revision != now.api.revision:
            self._keep(Step(label, Snapshot(unchanged, deepcopy(self._session.config)), self._snapshot()))

    def begin(self, label: str) -> None:
        """Let nothing be undone that was done before now; what is not yet remembered of it is called `label`."""
        self.notice(label)
        self._floor = len(self.steps)

    def restart(self) -> None:
        self.steps, self._floor, self._open, self._first = (), 0, None, self._snapshot()

    def undo(self) -> str | None:
        """Undo the last step and return its label; None where there is none.

        In the middle of a step, what was done in it so far is the last step, and what follows is another one.
        """
        step = self._open
        self._close()
        last = self.steps[-1] if len(self.steps) > self._floor else None
        if last:
            self.steps = self.steps[:-1]
            self._session.resume(last.before.cluster.copy(), deepcopy(last.before.config))
        self._open = step and (step[0], self._snapshot())
        return last.label if last else None

    def at(self, moment: Micros) -> Cluster:
        """A copy of the cluster as it was at `moment` (the oldest that is remembered, if that is later)."""
        last = next((known for known in reversed(self.snapshots) if known.moment <= moment), self._first)
        cluster = last.cluster.copy()
        cluster.advance(max(0, moment - cluster.clock.now) / SECOND)
        return cluster

    def _close(self) -> None:
        if self._open and self._has_changed(self._open[1]):
            self._keep(Step(*self._open, self._snapshot()))
        self._open = None

    def _keep(self, step: Step) -> None:
        steps = (*self.steps, step)[-LIMIT:]
        while len(steps) > 1 and sum(step.pods for step in steps) > MOST_PODS:
            steps = steps[1:]
        self._floor = max(0, self._floor - (len(self.steps) + 1 - len(steps)))
        self.steps = steps

    def _snapshot(self) -> Snapshot:
        return Snapshot(self._session.cluster.copy(), deepcopy(self._session.config))

    def _has_changed(self, before: Snapshot) -> bool:
        """Whether more has happened since `before` than a little time."""
        now, config = self._session.cluster, self._session.config
        seconds = (now.clock.now - before.moment) / SECOND
        if seconds > PAUSE or config != before.config:
            return True
        if now.api.revision == before.cluster.api.revision:
            return False
        idle = before.cluster.copy()
        idle.advance(seconds)
        return idle.api.revision != now.api.revision

    def _run_undo(self, arguments: list[str], io: Invocation) -> int:
        if arguments:
            io.err("Usage: undo\n")
            return 2
        if (label := self.undo()) is None:
            io.err("kubesim: there is nothing left to revert\n")
            return 1
        io.out(f"reverted: {label}\n")
        return 0
