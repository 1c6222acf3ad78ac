"""Pods that rest, because they wait for nothing but the back-off of pulls.

What could not start is tried again every RETRY seconds, a round. Where a Pod waits for nothing but back-off, those
rounds would only count its events, so it rests, and its events are those of a Pod that did not: what is said anew is
said in its round, and the rounds in between are counted when the rest ends.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from kubesim.api.clock import SECOND, Clock, Micros
from kubesim.cluster.events import Recorder
from kubesim.cluster.kubelet.worker import Worker

# Seconds. A failed sync is tried again after 10 s plus up to half of that (pkg/kubelet/pod_workers.go:
# workerBackOffPeriodJitterFactor); the mean of what was recorded stands for the jitter, so that runs repeat.
RETRY = 13.3
ROUND: Micros = round(RETRY * SECOND)


class Rest(NamedTuple):
    """The rest of one Pod."""

    since: Micros  # its last sync, or when it last said something
    until: Micros  # when the first of its waits is over


class NextStep(NamedTuple):
    """What a resting Pod does next."""

    seconds: float  # from now
    only_speaks: bool  # says again what it said; or else it tries again


class Resting:
    """The Pods that rest, by the numbers of their workers."""

    def __init__(self, clock: Clock, recorder: Recorder) -> None:
        self._clock = clock
        self._recorder = recorder
        self._rests: dict[int, Rest] = {}

    def resume(self, other: Resting) -> None:
        """Go on from the state of another one."""
        self._rests = other._rests.copy()

    def numbers(self) -> list[int]:
        return sorted(self._rests)

    def find(self, number: int) -> Rest | None:
        return self._rests.get(number)

    def forget(self, number: int) -> None:
        """Of a Pod that is gone, nothing is counted."""
        self._rests.pop(number, None)

    def begin(self, worker: Worker, until: Micros, *, is_reported: bool) -> NextStep:
        """Let a Pod rest from now until a wait is over; one that has not reported its status does so next round."""
        now = self._clock.now
        self._rests[worker.number] = Rest(now, until)
        rounds_to_try = _rounds_in(until - now)
        rounds_to_speak = 1
        if is_reported:
            rounds_to_speak = _rounds_in(self._recorder.silent_until(worker.uid) - now)
        if rounds_to_speak < rounds_to_try:
            return NextStep(RETRY * rounds_to_speak, only_speaks=True)
        return NextStep(RETRY * rounds_to_try, only_speaks=False)

    def end(self, worker: Worker) -> None:
        """Count the rounds before this one that a Pod has rested through, as if each had said what the last sync said;
        nothing where it does not rest.
        """
        rest = self._rests.pop(worker.number, None)
        if rest is not None:
            skipped = _rounds_in(self._clock.now - rest.since) - 1
            if skipped:
                self._recorder.count_again(worker.uid, rest.since, skipped)

    def seconds_to_round(self, number: int) -> float:
        """In how many seconds the next round of a resting Pod is."""
        return (ROUND - (self._clock.now - self._rests[number].since) % ROUND) / SECOND


def _rounds_in(span: Micros) -> int:
    """In how many rounds a span of time is over, at least in one; one that is only begun counts."""
    return max(1, math.ceil(span / ROUND))
