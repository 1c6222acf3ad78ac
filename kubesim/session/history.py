"""The history of a session's cluster: its steps, undo and redo, and the cluster at any past moment.

The simulator is deterministic. A copy of the cluster from the end of one step therefore shows every moment until the
next step: the Pods' own changes, and every pull.
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

# The largest number of steps kept.
LIMIT = 100
# The largest number of Pods in all kept snapshots (two for each step), estimated from the present number of Pods. A Pod
# in a snapshot takes 0.4 kB, because snapshots share most of it.
MOST_PODS = 100_000
# Simulated seconds. A longer step is kept even if nothing but time has changed.
PAUSE = 1.0


class Snapshot(NamedTuple):
    """A copy of the cluster and of kubectl's configuration at one moment. Users copy it again before they change it."""

    cluster: Cluster
    config: Kubeconfig

    @property
    def moment(self) -> Micros:
        return self.cluster.clock.now


class Step(NamedTuple):
    """A step that changed something: its label, such as the command, and the cluster before and after."""

    label: str
    before: Snapshot
    after: Snapshot


class _OpenStep(NamedTuple):
    """A step that is going on: its label, and the cluster before."""

    label: str
    before: Snapshot


class History:
    """The steps of a session, oldest first. Adds the commands `undo` and `redo` to its shell."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.restart()
        session.shell.add(_tool("undo", self.undo, "reverted", "revert"))
        session.shell.add(_tool("redo", self.redo, "done again", "do again"))

    def restart(self) -> None:
        """Drop all steps."""
        # Between two steps only time passes: after `oldest` until the first of `_done`, between each of them and the
        # next, and after the last one until the session's present cluster.
        self.oldest = self._snapshot()
        self.forgotten = 0  # the number of steps dropped before `oldest`
        self._done: list[Step] = []  # oldest first
        self._undone: list[Step] = []  # a stack; redo takes the last
        self._undo_limit = 0  # `undo` stops when `_done` has this many steps
        self._open: _OpenStep | None = None  # the step that is going on, if any

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that weren't undone, oldest first."""
        return tuple(self._done)

    @property
    def count(self) -> int:
        """The number of steps that led to the present cluster: dropped ones are included, undone ones aren't."""
        return self.forgotten + len(self._done)

    @property
    def cluster(self) -> Cluster:
        """The session's present cluster."""
        return self._session.cluster

    @property
    def now(self) -> Micros:
        return self.cluster.clock.now

    @contextmanager
    def step(self, label: str) -> Iterator[None]:
        """A context that keeps its block as one step, if the block changes anything. Passwords in the label are masked.

        A step inside another step splits that in two.
        """
        with self._interrupted():
            self._open = _OpenStep(hide_passwords(label), self._snapshot())
            try:
                yield
            finally:
                self._close()

    def keep_outside_writes(self, label: str) -> None:
        """Keep what others, such as a real kubectl, wrote since the last step as one step of the present moment.

        Its cluster before is computed, because no step began before those writes.
        """
        last = self._done[-1].after if self._done else self.oldest
        if self._session.cluster.api.writes_of_users != last.cluster.api.writes_of_users:
            unchanged = self.cluster_at(self.now)
            self._keep(Step(label, Snapshot(unchanged, copy(self._session.config)), self._snapshot()))

    def limit_undo(self, label: str) -> None:
        """Make the present state the oldest one that undo goes back to.

        Writes that no step has kept yet become a step with this label, before the limit.
        """
        self.keep_outside_writes(label)
        self._undo_limit = len(self._done)
        self._undone.clear()

    def undo(self) -> str | None:
        """Undo the last step and return its label, or None if there is none.

        A step that is going on, such as the line `kubectl run web --image=nginx; undo`, is split: its first part is the
        last step, which is undone, and its rest becomes a new step.
        """
        with self._interrupted():
            if len(self._done) == self._undo_limit:
                return None
            step = self._done.pop()
            self._undone.append(step)
            self._resume(step.before)
            return step.label

    def redo(self) -> str | None:
        """Redo the step that was undone last, and return its label.

        None if there is none, or if a step came after the undo.
        """
        with self._interrupted():
            if not self._undone:
                return None
            step = self._undone.pop()
            self._done.append(step)
            self._resume(step.after)
            return step.label

    @contextmanager
    def _interrupted(self) -> Iterator[None]:
        """A context that ends the step that is going on, and begins it again at its end."""
        interrupted = self._open
        self._close()
        try:
            yield
        finally:
            if interrupted:
                self._open = _OpenStep(interrupted.label, self._snapshot())

    def _resume(self, snapshot: Snapshot) -> None:
        self._session.resume(snapshot.cluster.copy(), copy(snapshot.config))

    def cluster_at(self, moment: Micros) -> Cluster:
        """A copy of the cluster at `moment`, or of the oldest one kept if that is later.

        The copy may be earlier than `moment`, if more has happened since the snapshot before it than a budget pays for.
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
        """End the step that is going on, and keep it if it has changed anything."""
        if self._open and self._has_changed(self._open.before):
            self._keep(Step(self._open.label, self._open.before, self._snapshot()))
        self._open = None

    def _keep(self, step: Step) -> None:
        """Keep a step. Undone steps are dropped, and the oldest ones if there are too many."""
        self._undone.clear()
        self._done.append(step)
        pods_of_step = 2 * max(1, len(self._session.cluster.api.list(POD)))
        while len(self._done) > max(1, min(LIMIT, MOST_PODS // pods_of_step)):
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        step = self._done.pop(0)
        self.oldest = step.after
        self.forgotten += 1
        self._undo_limit = max(0, self._undo_limit - 1)

    def _snapshot(self) -> Snapshot:
        return Snapshot(self._session.cluster.copy(), copy(self._session.config))

    def _has_changed(self, before: Snapshot) -> bool:
        """True if users changed the cluster or kubectl's configuration since `before`, or PAUSE is over."""
        now = self._session.cluster
        if (now.clock.now - before.moment) / SECOND > PAUSE or self._session.config.content != before.config.content:
            return True
        return now.api.writes_of_users != before.cluster.api.writes_of_users


def _tool(name: str, move: Callable[[], str | None], participle: str, verb: str) -> Tool:
    """The tool that calls `move`, which returns a step's label, or None if there is no step to `verb`."""

    def run(operands: Operands, options: Options, io: Invocation) -> int:
        label = move()
        if label is None:
            io.err(f"kubesim: there is nothing left to {verb}\n")
            return 1
        io.out(f"{participle}: {label}\n")
        return 0

    return Declaration(name, "", example=name, most=0).tool(run)
