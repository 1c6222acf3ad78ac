"""What happened in a session: what was done, what changed on its own, and each attempt to pull an image."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

from kubesim.api.clock import SECOND, Micros
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import POD
from kubesim.cluster import Cluster
from kubesim.cluster.apiserver import printers
from kubesim.session.history import History
from kubesim.why.judge.scene import VOLUME, containers

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


PULLED = ("Pulled", "AlreadyPresent")
"""Outcomes of an attempt after which the image is there."""


class Try(NamedTuple):
    """One attempt to get an image: when, for which container, its outcome, and until when the kubelet then waits.

    An image volume counts as a container, called volumes/NAME.
    """

    at: Micros
    container: str
    outcome: str
    until: Micros

    @property
    def pause(self) -> int:
        """Seconds: the back-off after it, 0 where there was none."""
        return round(max(0, self.until - self.at) / SECOND)


class _Observation(NamedTuple):
    """What of a cluster a timeline looks at: its Pods, and the attempts to pull that the kubelet remembers."""

    at: Micros
    pods: Pods
    tries: tuple[Try, ...]


class Timeline:
    """The `moments` of a session, oldest first, for the Pods of one namespace; for one Pod of it also its `tries`."""

    def __init__(self, history: History, namespace: str, pod: str = "") -> None:
        self._target = (namespace, pod)
        begin = "the oldest moment that is remembered" if history.forgotten else "the beginning"
        self._moments = [Moment(history.oldest.moment, begin)]
        self._tries: dict[tuple[Micros, str], Try] = {}
        last = history.oldest.cluster
        for step in history.steps:
            self._tell(last, step.before.cluster)
            self._tell(step.before.cluster, step.after.cluster)
            self._moments.append(Moment(step.after.moment, step.label))
            last = step.after.cluster
        self._tell(last, history.at(history.now))
        if self._moments[-1].at < history.now:
            self._moments.append(Moment(history.now, "now"))
        self.moments = tuple(self._moments[-MOST_MOMENTS:])
        self.tries = tuple(sorted(self._tries.values()))

    def _tell(self, start: Cluster, end: Cluster) -> None:
        """Add what happened on its own from one cluster to a later one, both included.

        Where someone acted in between, a replay doesn't lead to `end`: then it adds nothing.
        """
        cluster = start.copy()
        observations = list(self._replay(cluster, end.clock.now))
        if cluster.api.revision != end.api.revision:
            observations = observations[:1]
        for before, after in pairwise(observations):
            if description := change(before.pods, after.pods):
                self._moments.append(Moment(after.at, description))
        observations.append(self._observe(end))
        for observation in observations:
            for attempt in observation.tries:  # as it was first seen: later its back-off is over
                self._tries.setdefault((attempt.at, attempt.container), attempt)

    def _replay(self, cluster: Cluster, end: Micros) -> Iterator[_Observation]:
        """Let a cluster's time pass until `end`: what is seen of it at first, and after each change."""
        last = self._observe(cluster)
        yield last
        while cluster.clock.run_until(self._differs(cluster, last), (end - cluster.clock.now) / SECOND):
            last = self._observe(cluster)
            yield last

    def _differs(self, cluster: Cluster, last: _Observation) -> Callable[[], bool]:
        return lambda: self._observe(cluster)._replace(at=last.at) != last

    def _observe(self, cluster: Cluster) -> _Observation:
        namespace, name = self._target
        pod = cluster.api.find(POD, namespace, name) if name else None
        tries = tuple(last_tries(cluster, pod)) if pod else ()
        return _Observation(cluster.clock.now, pods(cluster, namespace, name), tries)


def last_tries(cluster: Cluster, pod: Object) -> Iterator[Try]:
    """The last attempt for each container of a Pod, as far as the kubelet remembers one.

    An image volume, which each sync looks at, has one only where that failed.
    """
    for container in containers(pod):
        name = container["name"]
        trace = cluster.kubelet.traces.get((namespace_of(pod), name_of(pod), name))
        if trace is not None and (trace.message or not name.startswith(VOLUME)):
            waits = cluster.kubelet.images.node.waits(pod["metadata"]["uid"], trace.image, cluster.clock.now)
            yield Try(trace.at, name, trace.outcome, waits.until if waits else trace.at)
