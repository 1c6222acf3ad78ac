"""What was done to a session's cluster: to undo it, and to see the cluster as it was.

The simulator is deterministic, so a copy of the cluster from the end of one step shows every moment until the next one:
how Pods changed on their own, and every pull.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from copy import copy
from typing import NamedTuple

from kubesim.api.budget import Budget, TooMuchError
from kubesim.api.clock import SECOND, Micros
from kubesim.api.resources import POD
from kubesim.cluster import Cluster
from kubesim.kubectl import Kubeconfig
from kubesim.session import Session
from kubesim.shell import Declaration, Invocation, Operands, Options, Tool
from kubesim.shell.passwords import hide_passwords

LIMIT = 100
"""How many steps are remembered."""
MOST_PODS = 100_000
"""How many Pods all remembered steps may have together, two snapshots each, if there were as many as now.

A Pod in a snapshot takes 0.4 kB, because snapshots share most of it.
"""
PAUSE = 1.0
"""Seconds: a step that takes longer counts, even if nothing but time has moved."""


class Snapshot(NamedTuple):
    """A cluster, and how kubectl was set, at one moment. It is only ever copied."""

    cluster: Cluster
    config: Kubeconfig

    @property
    def moment(self) -> Micros:
        return self.cluster.clock.now


class Step(NamedTuple):
    """One thing that was done and changed something: a label such as the command, the cluster before and after."""

    label: str
    before: Snapshot
    after: Snapshot


class _Open(NamedTuple):
    """A step that has begun."""

    label: str
    before: Snapshot


class History:
    """The steps of a session, the oldest first; gives its shell the commands `undo` and `redo`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.restart()
        session.shell.add(_tool("undo", self.undo, "reverted", "revert"))
        session.shell.add(_tool("redo", self.redo, "done again", "do again"))

    def restart(self) -> None:
        """Forget everything that was done."""
        # Between two steps only time passes: `oldest` leads to the first of `_done`, each of them to the next one, and
        # the last to the session's cluster.
        self.oldest = self._snapshot()
        self.forgotten = 0  # how many steps there were before `oldest`
        self._done: list[Step] = []  # the oldest first
        self._undone: list[Step] = []  # what redo does: the last of these first
        self._fixed = 0  # how many of `_done`, the first ones, can't be undone
        self._open: _Open | None = None  # what is being done now, and is no step yet

    @property
    def steps(self) -> tuple[Step, ...]:
        """What was done and not undone, the oldest first."""
        return tuple(self._done)

    @property
    def count(self) -> int:
        """How many steps led here, also those that were forgotten, but not those that were undone."""
        return self.forgotten + len(self._done)

    @property
    def cluster(self) -> Cluster:
        """The session's, as it is now."""
        return self._session.cluster

    @property
    def now(self) -> Micros:
        return self.cluster.clock.now

    @contextmanager
    def step(self, label: str) -> Iterator[None]:
        """Remember what is done meanwhile as one step, if it changes anything; its label holds no password.

        A step within another one parts that in two.
        """
        with self._interrupted():
            self._open = _Open(hide_passwords(label), self._snapshot())
            try:
                yield
            finally:
                self._close()

    def notice(self, label: str) -> None:
        """Remember what someone else did since the last step, as if it had been done at once just now."""
        last = self._done[-1].after if self._done else self.oldest
        if self._session.cluster.api.writes_of_users != last.cluster.api.writes_of_users:
            unchanged = self.at(self.now)
            self._keep(Step(label, Snapshot(unchanged, copy(self._session.config)), self._snapshot()))

    def begin(self, label: str) -> None:
        """Let nothing be undone that was done before now; what is not yet remembered of it is called `label`."""
        self.notice(label)
        self._fixed = len(self._done)
        self._undone.clear()

    def undo(self) -> str | None:
        """Undo the last step and return its label; None where there is none.

        A step that has begun, such as the line `kubectl run web --image=nginx; undo`, ends before and begins again
        after: what was done in it so far is the last step, and what follows is another one.
        """
        with self._interrupted():
            if len(self._done) == self._fixed:
                return None
            step = self._done.pop()
            self._undone.append(step)
            self._resume(step.before)
            return step.label

    def redo(self) -> str | None:
        """Do again what was undone last and return its label; None where nothing was, or something was done since."""
        with self._interrupted():
            if not self._undone:
                return None
            step = self._undone.pop()
            self._done.append(step)
            self._resume(step.after)
            return step.label

    @contextmanager
    def _interrupted(self) -> Iterator[None]:
        """End the step that has begun, if one has, and begin it again afterwards."""
        begun = self._open
        self._close()
        try:
            yield
        finally:
            if begun:
                self._open = _Open(begun.label, self._snapshot())

    def _resume(self, snapshot: Snapshot) -> None:
        self._session.resume(snapshot.cluster.copy(), copy(snapshot.config))

    def at(self, moment: Micros) -> Cluster:
        """A copy of the cluster as it was at `moment` (the oldest that is remembered, if that is later).

        Where more has happened since the snapshot before that than one line may compute, it's the cluster as it was a
        little earlier.
        """
        last = self.oldest
        for step in self._done:
            for snapshot in (step.before, step.after):
                if snapshot.moment <= moment:
                    last = snapshot
        cluster = last.cluster.copy()
        with suppress(TooMuchError):
            cluster.advance(max(0, moment - cluster.clock.now) / SECOND, Budget())
        return cluster

    def _close(self) -> None:
        if self._open and self._has_changed(self._open.before):
            self._keep(Step(self._open.label, self._open.before, self._snapshot()))
        self._open = None

    def _keep(self, step: Step) -> None:
        """Remember one more step, at the cost of what was undone, and of the oldest steps where there are too many."""
        self._undone.clear()
        self._done.append(step)
        pods_of_step = 2 * max(1, len(self._session.cluster.api.list(POD)))
        while len(self._done) > max(1, min(LIMIT, MOST_PODS // pods_of_step)):
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        step = self._done.pop(0)
        self.oldest = step.after
        self.forgotten += 1
        self._fixed = max(0, self._fixed - 1)

    def _snapshot(self) -> Snapshot:
        return Snapshot(self._session.cluster.copy(), copy(self._session.config))

    def _has_changed(self, before: Snapshot) -> bool:
        """Whether more has happened since `before` than a little time, with what the cluster did in it on its own."""
        now = self._session.cluster
        if (now.clock.now - before.moment) / SECOND > PAUSE or self._session.config.content != before.config.content:
            return True
        return now.api.writes_of_users != before.cluster.api.writes_of_users


def _tool(name: str, move: Callable[[], str | None], done: str, verb: str) -> Tool:
    def run(operands: Operands, options: Options, io: Invocation) -> int:
        label = move()
        if label is None:
            io.err(f"kubesim: there is nothing left to {verb}\n")
            return 1
        io.out(f"{done}: {label}\n")
        return 0

    return Declaration(name, "", example=name, most=0).tool(run)
