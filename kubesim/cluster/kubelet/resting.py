"""The rest of Pods in back-off: syncs that would change nothing are skipped, to save time in long simulations.

The kubelet syncs a Pod that couldn't start every RETRY seconds, in rounds. While all its containers are in back-off
after failed pulls, such a sync only repeats the same events. So the Pod rests: it is woken for rounds in which an event
would pass the event limit, and when the rest ends, the skipped rounds are added to the counts of its events. The
result is the same as without a rest. The Kubelet does this (`_rest`, `_end_rest`); the arithmetic is here.
"""

from __future__ import annotations

from typing import NamedTuple

from kubesim.api.clock import SECOND, Micros
from kubesim.cluster.events import EventContent
from kubesim.pull.attempt import Waiting

# Seconds. A failed sync is tried again after 10 s plus up to half of that (pkg/kubelet/pod_workers.go:
# workerBackOffPeriodJitterFactor); the mean of what was recorded stands for the jitter, so that runs repeat.
RETRY = 13.3
ROUND: Micros = round(RETRY * SECOND)


class BackOff(NamedTuple):
    """The state of a Pod whose containers are all in back-off after failed pulls."""

    until: Micros  # the end of the first container's back-off
    events: list[EventContent]  # those of each sync until then
    waiting: dict[str, Waiting]  # the reasons for waiting that each sync finds, by container


class Rest(NamedTuple):
    """The rest of one Pod."""

    since: Micros  # the time of its last sync, or of its last events
    back_off: BackOff

    def rounds(self, now: Micros) -> int:
        """The number of rounds since `since`, with the present one: so often its events have been repeated."""
        return rounds_in(now - self.since)

    def seconds_to_round(self, now: Micros) -> float:
        """Seconds until its next round."""
        return (ROUND - (now - self.since) % ROUND) / SECOND


def rounds_in(span: Micros) -> int:
    """The number of rounds that a span of time takes, rounded up, at least 1."""
    return max(1, (span + ROUND - 1) // ROUND)
