"""Pods that rest, because they wait for nothing but the back-off of pulls.

What could not start is tried again every RETRY seconds, a round. Where a Pod waits for nothing but back-off, those
rounds would only count its events, so it rests, and its events are those of a Pod that did not: what is said anew is
said in its round, and the rounds in between are counted when the rest ends.
"""

from __future__ import annotations

from typing import NamedTuple

from kubesim.api.clock import SECOND, Clock, Micros
from kubesim.cluster.events import Recorder, Words
from kubesim.cluster.kubelet.containers import Waiting
from kubesim.cluster.kubelet.worker import Worker

# Seconds. A failed sync is tried again after 10 s plus up to half of that (pkg/kubelet/pod_workers.go:
# workerBackOffPeriodJitterFactor); the mean of what was recorded stands for the jitter, so that runs repeat.
RETRY = 13.3
ROUND: Micros = round(RETRY * SECOND)


class BackOff(NamedTuple):
    """What a Pod waits for that waits for nothing but the back-off of pulls."""

    until: Micros  # when the first of its waits is over
    words: list[Words]  # what each sync says until then
    waiting: dict[str, Waiting]  # why its containers wait, as each sync finds


class Rest(NamedTuple):
    """The rest of one Pod."""

    since: Micros  # its last sync, or when it last said something
    back_off: BackOff

    def rounds(self, now: Micros) -> int:
        """In how many rounds, of which this is one, it has said the same again."""
        return _rounds_in(now - self.since)

    def seconds_to_round(self, now: Micros) -> float:
        """In how many seconds its next round is."""
        return (ROUND - (now - self.since) % ROUND) / SECOND


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

    def items(self) -> list[tuple[int, Rest]]:
        """The workers' numbers and their Pods' rests, the oldest Pod first."""
        return sorted(self._rests.items())

    def find(self, number: int) -> Rest | None:
        return self._rests.get(number)

    def forget(self, number: int) -> None:
        """Of a Pod that is gone, nothing is counted."""
        self._rests.pop(number, None)

    def begin(self, worker: Worker, back_off: BackOff, *, has_news: bool) -> NextStep:
        """Let a Pod rest from now until a wait is over; one with news for its status reports them next round."""
        now = self._clock.now
        self._rests[worker.number] = Rest(now, back_off)
        rounds_to_try = _rounds_in(back_off.until - now)
        rounds_to_speak = 1
        if not has_news:
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
            skipped = rest.rounds(self._clock.now) - 1
            if skipped:
                self._recorder.count_again(worker.uid, rest.back_off.words, skipped)


def _rounds_in(span: Micros) -> int:
    """In how many rounds a span of time is over, at least in one; one that is only begun counts."""
    return max(1, (span + ROUND - 1) // ROUND)
