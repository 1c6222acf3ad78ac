"""What was done to a session's cluster: to undo it, to see the cluster as it was, and to list what happened.

The simulator is deterministic, so a copy of the cluster from the end of one step shows every moment until the next one:
how Pods changed on their own, and every pull.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from kubesim.api.clock import SECOND, Micros
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import POD
from kubesim.cluster import Cluster
from kubesim.cluster.apiserver import printers
from kubesim.kubectl import Kubeconfig
from kubesim.session import Session
from kubesim.shell import Invocation, Options, Tool, tool
from kubesim.shell.passwords import hide_passwords

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


class _Open(NamedTuple):
    """A step that has begun."""

    label: str
    before: Snapshot


class History:
    """The steps of a session, the oldest first; gives its shell the commands `undo` and `redo`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: tuple[Step, ...] = ()
        self._done = 0  # how many of them are done: those behind were undone
        self._floor = 0  # how many of them can't be undone
        self._open: _Open | None = None
        self._first = self._snapshot()
        session.shell.add(_tool("undo", self.undo, "reverted", "revert"))
        session.shell.add(_tool("redo", self.redo, "done again", "do again"))

    @property
    def steps(self) -> tuple[Step, ...]:
        return self._known[: self._done]

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """The beginning, then each step before and after, the oldest first."""
        return (self._first, *(known for step in self.steps for known in (step.before, step.after)))

    @property
    def now(self) -> Micros:
        return self._session.cluster.clock.now

    @contextmanager
    def step(self, label: str) -> Iterator[None]:
        """Remember what is done meanwhile as one step, if it changes anything; its label holds no password."""
        self._open = _Open(hide_passwords(label), self._snapshot())
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
        self._floor = self._done
        self._known = self.steps

    def restart(self) -> None:
        """Forget everything that was done."""
        self._known = ()
        self._done = 0
        self._floor = 0
        self._open = None
        self._first = self._snapshot()

    def undo(self) -> str | None:
        """Undo the last step and return its label; None where there is none.

        In the middle of a step, what was done in it so far is the last step, and what follows is another one.
        """
        interrupted = self._interrupt()
        step = None
        if self._done > self._floor:
            self._done -= 1
            step = self._known[self._done]
            self._resume(step.before)
        self._continue(interrupted)
        return step.label if step else None

    def redo(self) -> str | None:
        """Do again what was undone last, unless something else was done since, and return its label."""
        interrupted = self._interrupt()
        step = None
        if self._floor <= self._done < len(self._known):
            step = self._known[self._done]
            self._done += 1
            self._resume(step.after)
        self._continue(interrupted)
        return step.label if step else None

    def _interrupt(self) -> str | None:
        """End the step that has begun, and return its label."""
        label = self._open.label if self._open else None
        self._close()
        return label

    def _continue(self, interrupted: str | None) -> None:
        """Begin a step again that was interrupted."""
        if interrupted is not None:
            self._open = _Open(interrupted, self._snapshot())

    def _resume(self, snapshot: Snapshot) -> None:
        self._session.resume(snapshot.cluster.copy(), deepcopy(snapshot.config))

    def at(self, moment: Micros) -> Cluster:
        """A copy of the cluster as it was at `moment` (the oldest that is remembered, if that is later)."""
        last = next((known for known in reversed(self.snapshots) if known.moment <= moment), self._first)
        cluster = last.cluster.copy()
        cluster.advance(max(0, moment - cluster.clock.now) / SECOND)
        return cluster

    def _close(self) -> None:
        if self._open and self._has_changed(self._open.before):
            self._keep(Step(self._open.label, self._open.before, self._snapshot()))
        self._open = None

    def _keep(self, step: Step) -> None:
        steps = (*self.steps, step)[-LIMIT:]
        while len(steps) > 1 and sum(step.pods for step in steps) > MOST_PODS:
            steps = steps[1:]
        forgotten = self._done + 1 - len(steps)
        self._floor = max(0, self._floor - forgotten)
        self._known = steps
        self._done = len(steps)

    def _snapshot(self) -> Snapshot:
        return Snapshot(self._session.cluster.copy(), deepcopy(self._session.config))

    def _has_changed(self, before: Snapshot) -> bool:
        """Whether more has happened since `before` than a little time."""
        now = self._session.cluster
        seconds = (now.clock.now - before.moment) / SECOND
        if seconds > PAUSE or self._session.config != before.config:
            return True
        if now.api.revision == before.cluster.api.revision:
            return False
        idle = before.cluster.copy()
        idle.advance(seconds)
        return idle.api.revision != now.api.revision


def _tool(name: str, move: Callable[[], str | None], done: str, verb: str) -> Tool:
    @tool(name, "", example=name, most=0)
    def run(operands: list[str], options: Options, io: Invocation) -> int:
        label = move()
        if label is None:
            io.err(f"kubesim: there is nothing left to {verb}\n")
            return 1
        io.out(f"{done}: {label}\n")
        return 0

    return run


# What changed, and when

Pods = dict[tuple[str, str], tuple[str, str]]
"""READY and STATUS of each Pod, by namespace and name: the columns that do not count time."""
MOST_NAMED = 4
"""How many Pods are named in one change."""
MOST_MOMENTS = 300
"""How many moments are kept, the last ones."""


def pods(cluster: Cluster, namespace: str | None = None, pod: str = "") -> Pods:
    """All Pods, those of a namespace, or one of them."""
    columns: Pods = {}
    for one in cluster.api.list(POD, namespace):
        if pod in ("", name_of(one)):
            name, ready, status, *_ = printers.row(one, cluster.clock.now)
            columns[namespace_of(one), name] = (ready, status)
    return columns


def change(before: Pods, after: Pods) -> str:
    """What has changed: "web is ErrImagePull, db is 1/1 Running"; "" if nothing has."""
    changed = [key for key in sorted(before | after) if before.get(key) != after.get(key)]
    changes = [f"{name} is {_state(after.get((namespace, name)))}" for namespace, name in changed[:MOST_NAMED]]
    if len(changed) > MOST_NAMED:
        changes.append(f"and {len(changed) - MOST_NAMED} more")
    return ", ".join(changes)


def _state(columns: tuple[str, str] | None) -> str:
    if columns is None:
        return "gone"
    ready, status = columns
    return status if ready.startswith("0/") else f"{ready} {status}"


class Moment(NamedTuple):
    """A moment at which something was done, or something changed on its own."""

    at: Micros
    label: str


class Try(NamedTuple):
    """One attempt to get an image: when, for which container, its outcome, and until when the kubelet then waits."""

    at: Micros
    container: str
    outcome: str
    until: Micros

    @property
    def pause(self) -> int:
        """Seconds: the back-off after it, 0 where there was none."""
        return round(max(0, self.until - self.at) / SECOND)


class _Observation(NamedTuple):
    """What of a cluster a timeline looks at: its Pods, and how many attempts to pull are known."""

    pods: Pods
    tries: int


class Timeline:
    """The `moments` of a session, oldest first, for the Pods of one namespace; for one Pod of it also its `tries`."""

    def __init__(self, history: History, namespace: str, pod: str = "") -> None:
        self._target = (namespace, pod)
        self._tries: dict[tuple[Micros, str], Try] = {}
        now = history.now
        clusters = [*(known.cluster for known in history.snapshots), history.at(now)]
        moments = [Moment(clusters[0].clock.now, "the beginning")]
        for number, (start, end) in enumerate(pairwise(clusters)):
            moments += self._play(start, end)
            if number % 2:  # a step, at whose end something is done
                moments.append(Moment(end.clock.now, history.steps[number // 2].label))
        if moments[-1].at < now:
            moments.append(Moment(now, "now"))
        self.moments = tuple(moments[-MOST_MOMENTS:])
        self.tries = tuple(sorted(self._tries.values()))

    def _play(self, start: Cluster, end: Cluster) -> list[Moment]:
        """What changed alone between two clusters. If playing doesn't lead to `end`, someone acted: nothing did."""
        cluster = start.copy()
        moments: list[Moment] = []
        tries_before = dict(self._tries)
        seen = self._observe(cluster)
        while cluster.clock.run_until(self._differs(cluster, seen), (end.clock.now - cluster.clock.now) / SECOND):
            before = seen
            seen = self._observe(cluster)
            if description := change(before.pods, seen.pods):
                moments.append(Moment(cluster.clock.now, description))
        if cluster.api.revision != end.api.revision:
            moments = []
            self._tries = tries_before
            self._observe(start)
        self._observe(end)
        return moments

    def _differs(self, cluster: Cluster, seen: _Observation) -> Callable[[], bool]:
        return lambda: self._observe(cluster) != seen

    def _observe(self, cluster: Cluster) -> _Observation:
        """The Pods, and how many attempts are known, after noting those that the kubelet remembers now."""
        namespace, name = self._target
        pod = cluster.api.find(POD, namespace, name) if name else None
        if pod:
            for attempt in _tries(cluster, pod):
                # As it was first seen: later its back-off is over.
                self._tries.setdefault((attempt.at, attempt.container), attempt)
        return _Observation(pods(cluster, namespace, name), len(self._tries))


def _tries(cluster: Cluster, pod: Object) -> Iterator[Try]:
    for container in pod["spec"]["containers"]:
        trace = cluster.kubelet.traces.get((namespace_of(pod), name_of(pod), container["name"]))
        if trace is not None:
            waits = cluster.kubelet.images.node.waits(pod["metadata"]["uid"], trace.image, cluster.clock.now)
            yield Try(trace.at, trace.container, trace.outcome, waits.until if waits else trace.at)
