"""What happened in a session, moment by moment: what was done, how its Pods changed on their own, and every pull.

The simulator is deterministic, so the time between two remembered clusters is simply played again, on a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from kubesim.api.clock import SECOND, Micros
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import POD
from kubesim.cluster import Cluster
from kubesim.cluster.apiserver import printers
from kubesim.session.history import History, Snapshot

MOST = 300
"""How many moments are kept, the last ones."""
FIRST, LAST = "the beginning", "now"


@dataclass(frozen=True)
class Moment:
    """A moment at which something was done (`done`), or something changed on its own."""

    at: Micros
    label: str
    done: bool


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


Pods = dict[str, tuple[str, str]]
"""READY and STATUS of each Pod."""


class _State(NamedTuple):
    pods: Pods
    tries: tuple[Try, ...]


class _Span(NamedTuple):
    """What changed on its own between two remembered clusters, and what was tried."""

    start: Snapshot
    end: Snapshot
    moments: tuple[Moment, ...]
    tries: tuple[Try, ...]


class Timeline:
    """The moments of a session, oldest first, as far as they concern the Pods of one namespace, or one Pod of it."""

    def __init__(self, history: History, namespace: str, pod: str = "") -> None:
        self._history = history
        self._namespace = namespace
        self._pod = pod
        self._spans: dict[tuple[int, int], _Span] = {}
        self.moments: tuple[Moment, ...] = ()
        self.tries: tuple[Try, ...] = ()

    def update(self, now: Micros) -> None:
        """Bring `moments` and `tries` up to `now`. Only what is new is played."""
        snapshots = self._history.snapshots
        known = self._spans  # which holds the snapshots, so that no other has their ids
        spans = [known.get((id(start), id(end))) or self._play(start, end) for start, end in pairwise(snapshots)]
        self._spans = {(id(span.start), id(span.end)): span for span in spans}
        rest = self._play(snapshots[-1], Snapshot(self._history.at(now), snapshots[-1].config))
        labels = [step.label for step in self._history.steps]
        moments = [Moment(snapshots[0].moment, FIRST, True), *_moments(spans, labels), *rest.moments]
        if moments[-1].at < now:
            moments.append(Moment(now, LAST, True))
        self.moments = tuple(moments[-MOST:])
        self.tries = _merged(one for span in (*spans, rest) for one in span.tries)

    def _play(self, start: Snapshot, end: Snapshot) -> _Span:
        """Play the time between two snapshots. If that doesn't lead to `end`, someone acted: nothing changed alone."""
        cluster, moments = start.cluster.copy(), list[Moment]()
        first = seen = self._state(cluster)
        last, tries = self._state(end.cluster), list[Try]()
        while cluster.clock.run_until(self._differs(cluster, seen), (end.moment - cluster.clock.now) / SECOND):
            before, seen = seen, self._state(cluster)
            tries += seen.tries
            if change := _change(before.pods, seen.pods):
                moments.append(Moment(cluster.clock.now, change, False))
        if cluster.api.revision != end.cluster.api.revision:
            moments, tries = [], []
        return _Span(start, end, tuple(moments), (*first.tries, *tries, *last.tries))

    def _differs(self, cluster: Cluster, seen: _State) -> Callable[[], bool]:
        return lambda: self._state(cluster) != seen

    def _state(self, cluster: Cluster) -> _State:
        pods, tries = {}, list[Try]()
        for pod in cluster.api.list(POD, self._namespace):
            if self._pod in ("", name_of(pod)):
                _, ready, status, *_ = printers.row(pod, cluster.clock.now)
                pods[name_of(pod)] = (ready, status)
                tries += _tries(cluster, pod) if self._pod else ()
        return _State(pods, tuple(tries))


def _tries(cluster: Cluster, pod: Object) -> Iterator[Try]:
    for container in pod["spec"]["containers"]:
        trace = cluster.kubelet.traces.get((namespace_of(pod), name_of(pod), container["name"]))
        if trace is not None:
            end = cluster.kubelet.images.back_off_end(pod["metadata"]["uid"], trace.image, cluster.clock.now)
            yield Try(trace.at, trace.container, trace.outcome, end or trace.at)


def _change(before: Pods, after: Pods) -> str:
    """What is new: "web: ErrImagePull", or "" if nothing is."""
    changed = (name for name in sorted(before | after) if before.get(name) != after.get(name))
    return ", ".join(f"{name}: {_status(before.get(name), after.get(name))}" for name in changed)


def _status(before: tuple[str, str] | None, after: tuple[str, str] | None) -> str:
    if after is None:
        return "gone"
    ready, status = after
    return f"{ready} ready" if before and before[1] == status else status


def _moments(spans: list[_Span], labels: list[str]) -> Iterator[Moment]:
    """The moments of all spans; every second one is a step, at whose end something is done."""
    for number, span in enumerate(spans):
        yield from span.moments
        if number % 2:
            yield Moment(span.end.moment, labels[number // 2], True)


def _merged(tries: Iterable[Try]) -> tuple[Try, ...]:
    """Each attempt once, as it was first seen: later its back-off is over."""
    known: dict[tuple[Micros, str], Try] = {}
    for one in tries:
        known.setdefault((one.at, one.container), one)
    return tuple(sorted(known.values()))
