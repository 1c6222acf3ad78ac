"""How much the processes of a node may compute."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kubesim.api.budget import Budget
from kubesim.api.clock import SECOND, Micros


class Processor:
    """What a node's containers may compute: each a quarter of what is left, which is all again after a minute.

    So a hundred that loop for ever, and are known only as far as was computed, cost little more than a few.
    """

    MOST = 8 * Budget.STEPS
    LEAST = Budget.STEPS // 10

    def __init__(self) -> None:
        self.left = self.MOST
        self.since: Micros = 0

    @contextmanager
    def share(self, now: Micros) -> Iterator[Budget]:
        """What a process that starts now may compute."""
        if now - self.since >= 60 * SECOND:
            self.left, self.since = self.MOST, now
        budget = Budget(max(self.LEAST, self.left // 4), Budget.BYTES // 4)
        before = budget.steps
        yield budget
        self.left -= before - budget.steps
