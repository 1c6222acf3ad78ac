"""Pods that rest, because they wait for nothing but the back-off of pulls.

What could not start is tried again every RETRY seconds, a round. Where a Pod waits for nothing but back-off, those
rounds would only count its events, so it rests, and its events are those of a Pod that did not: what is said anew is
said in its round, and the rounds in between are counted when the rest ends.
"""

from __future__ import annotations

from typing import NamedTuple

from kubesim.api.clock import SECOND, Micros
from kubesim.cluster.events import Words
from kubesim.pull.attempt import Waiting

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
        return rounds_in(now - self.since)

    def seconds_to_round(self, now: Micros) -> float:
        """In how many seconds its next round is."""
        return (ROUND - (now - self.since) % ROUND) / SECOND


def rounds_in(span: Micros) -> int:
    """In how many rounds a span of time is over, at least in one; one that is only begun counts."""
    return max(1, (span + ROUND - 1) // ROUND)
