"""The timeline of a session: its steps, the Pods' own changes, and each attempt to pull an image."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from kubesim.api.budget import Budget, TooMuchError
from kubesim.api.clock import SECOND, Micros
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import POD
from kubesim.cluster import Cluster
from kubesim.cluster.apiserver import Change, printers
from kubesim.session.history import History
from kubesim.why.judge.scene import VOLUME, containers

Pods = dict[tuple[str, str], tuple[str, str]]
"""READY and STATUS of each Pod by namespace and name. Unlike AGE, these columns don't change with time alone."""
MOST_NAMED = 4
"""The largest number of Pods named in one change."""
MOST_MOMENTS = 300
"""The largest number of moments. Older ones are dropped."""
_UNTOLD = "kubesim: until here, more has changed than can be told"
# Steps of a budget: for each Pod when a cluster is copied, and for each Pod whose columns are computed.
_COPY_COST = 20
_LOOK_COST = 150


def pods(cluster: Cluster, namespace: str | None = None, pod: str = "") -> Pods:
    """The columns of all Pods, of those in a namespace, or of one."""
    columns: Pods = {}
    for one in cluster.api.list(POD, namespace):
        if pod in ("", name_of(one)):
            columns[namespace_of(one), name_of(one)] = columns_of(one, cluster.clock.now)
    return columns


def columns_of(pod: Object, now: Micros) -> tuple[str, str]:
    """The columns READY and STATUS of a Pod."""
    _name, ready, status, *_ = printers.row(pod, now)
    return ready, status


def describe_changes(before: Pods, after: Pods) -> str:
    """The difference in words: "web is ErrImagePull, db is 1/1 Running"; "" if there is none."""
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
    """A moment with its label: a step, or a Pod's own change ("" for a pull attempt alone)."""

    at: Micros
    label: str


PULLED = ("Pulled", "AlreadyPresent")
"""Outcomes of an attempt that leave the image on the node."""


class Try(NamedTuple):
    """An attempt to get a container's image, its outcome, and the end of the kubelet's back-off after it.

    An image volume counts as a container with the name volumes/NAME.
    """

    at: Micros
    container: str
    outcome: str
    until: Micros

    @property
    def pause(self) -> int:
        """The back-off in seconds, 0 without one."""
        return round(max(0, self.until - self.at) / SECOND)


class Timeline:
    """The `moments` of a session, oldest first, for the Pods of one namespace; for a single Pod also its `tries`.

    The time between two snapshots is simulated again, the newest stretch first, as far as `budget` pays for it. Older
    stretches have only their steps.
    """

    def __init__(self, history: History, namespace: str, pod: str = "", budget: Budget | None = None) -> None:
        self._target = (namespace, pod)
        self._budget = budget or Budget(Budget.STEPS // 2)  # the other half is for the output
        self._untold_until: Micros | None = None  # earlier changes are left out, because the budget was spent
        self._tries: dict[tuple[Micros, str], Try] = {}
        begin = "the oldest moment that is remembered" if history.forgotten else "the beginning"
        clusters = [history.oldest.cluster]
        labels = [begin]  # the step that led to each cluster; "" if only time has passed
        for step in history.steps:
            clusters += [step.before.cluster, step.after.cluster]
            labels += ["", step.label]
        clusters.append(history.cluster)
        labels.append("")
        self.moments = self._told(clusters, labels)
        self.tries = tuple(sorted(self._tries.values()))

    def _told(self, clusters: list[Cluster], labels: list[str]) -> tuple[Moment, ...]:
        """The moments of consecutive clusters; the label of each cluster names the step before it."""
        changes = [self._changes(start, end) for start, end in reversed(list(pairwise(clusters)))]
        moments = [Moment(clusters[0].clock.now, labels[0])]
        for between, end, label in zip(reversed(changes), clusters[1:], labels[1:], strict=True):
            moments += between
            if label:
                moments.append(Moment(end.clock.now, label))
            if end.clock.now == self._untold_until:
                moments.append(Moment(end.clock.now, _UNTOLD))
                self._untold_until = None
        if moments[-1].at < clusters[-1].clock.now:
            moments.append(Moment(clusters[-1].clock.now, "now"))
        return tuple(moments[-MOST_MOMENTS:])

    def _changes(self, start: Cluster, end: Cluster) -> list[Moment]:
        """The Pods' own changes between two clusters, found by simulating the time between them again.

        Empty if a user acted in between, because the simulation doesn't repeat that.
        """
        self._note_tries(start)
        self._note_tries(end)
        has_passed = start.api.revision != end.api.revision and start.clock.now < end.clock.now
        if not has_passed or start.api.writes_of_users != end.api.writes_of_users:
            return []
        moments: list[Moment] = []
        try:
            replay = _Replay(start, self._target, self._budget)
            for moment in replay.until(end.clock.now):
                self._note_tries(replay.cluster)
                moments += [moment] if moment.label else []
        except TooMuchError:
            self._untold_until = max(end.clock.now, self._untold_until or 0)
            return moments
        return moments if replay.cluster.api.revision == end.api.revision else []

    def _note_tries(self, cluster: Cluster) -> None:
        """Collect the attempts for the single Pod. The larger of two records of an attempt has its back-off."""
        namespace, name = self._target
        pod = cluster.api.find(POD, namespace, name) if name else None
        for attempt in last_tries(cluster, pod) if pod else ():
            known = self._tries.get((attempt.at, attempt.container), attempt)
            self._tries[attempt.at, attempt.container] = max(known, attempt)


class _Replay:
    """A copy of a cluster that is simulated again, and whose Pods' changes are observed."""

    def __init__(self, start: Cluster, target: tuple[str, str], budget: Budget) -> None:
        budget.spend(_COPY_COST * (1 + len(start.api.list(POD))))
        self.cluster = start.copy()
        self._namespace, self._pod = target
        self._budget = budget
        self._columns = pods(start, *target)
        self._touched: set[str] = set()  # names of Pods changed since their columns were computed
        self._tries: tuple[Try, ...] = ()
        self.cluster.api.subscribe(self._note, POD)

    def until(self, end: Micros) -> Iterator[Moment]:
        """Yield the moments with changes until `end`; the label is "" for an attempt to pull alone.

        Raises TooMuchError.
        """
        clock = self.cluster.clock
        while clock.run_until(self._observe_pods, (end - clock.now) / SECOND, self._budget):
            yield Moment(clock.now, self._description)

    def _note(self, change: Change) -> None:
        if namespace_of(change.obj) == self._namespace and self._pod in ("", name_of(change.obj)):
            self._touched.add(name_of(change.obj))

    def _observe_pods(self) -> bool:
        """Compute the columns of changed Pods and the attempts of the single Pod, and return whether anything is new.

        Sets `_description`. Clock.run_until calls it after each timer.
        """
        before: Pods = {}
        after: Pods = {}
        for name in self._touched:
            self._budget.spend(_LOOK_COST)
            key = (self._namespace, name)
            if key in self._columns:
                before[key] = self._columns.pop(key)
            if pod := self.cluster.api.find(POD, *key):
                after[key] = columns_of(pod, self.cluster.clock.now)
        self._touched.clear()
        self._columns |= after
        self._description = describe_changes(before, after)
        return bool(self._description) or self._observe_tries()

    def _observe_tries(self) -> bool:
        pod = self.cluster.api.find(POD, self._namespace, self._pod) if self._pod else None
        tries = tuple(last_tries(self.cluster, pod)) if pod else ()
        is_new = tries != self._tries
        self._tries = tries
        return is_new


def last_tries(cluster: Cluster, pod: Object) -> Iterator[Try]:
    """The last attempt of each container of a Pod, if the kubelet's traces have one.

    An image volume is looked at in each sync; it has an attempt only if that failed.
    """
    for container in containers(pod):
        name = container["name"]
        trace = cluster.kubelet.traces.get((namespace_of(pod), name_of(pod), name))
        if trace is not None and (trace.message or not name.startswith(VOLUME)):
            waits = cluster.kubelet.images.node.waits(pod["metadata"]["uid"], trace.image, cluster.clock.now)
            yield Try(trace.at, name, trace.outcome, waits.until if waits else trace.at)
