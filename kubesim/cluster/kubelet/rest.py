"""The rounds in which the kubelet tries again what could not start, and how a Pod rests through some of them."""

from __future__ import annotations

import math
from typing import NamedTuple

from kubesim.api.clock import SECOND, Micros

# Seconds. A failed sync is tried again after 10 s plus up to half of that (pkg/kubelet/pod_workers.go:
# workerBackOffPeriodJitterFactor); the mean of what was recorded stands for the jitter, so that runs repeat.
RETRY = 13.3
ROUND: Micros = round(RETRY * SECOND)


class Rest(NamedTuple):
    """Since when a Pod rests, which is its last sync or what it said last, and when the first of its waits is over."""

    since: Micros
    until: Micros

    def rounds_skipped(self, now: Micros) -> int:
        """How many rounds it has rested through; the one that is now isn't among them."""
        return rounds_in(now - self.since) - 1

    def next_round(self, now: Micros) -> float:
        """In how many seconds the next round is."""
        return (ROUND - (now - self.since) % ROUND) / SECOND


def rounds_in(span: Micros) -> int:
    """In how many rounds a span of time is over, at least in one; one that is only begun counts."""
    return max(1, math.ceil(span / ROUND))
