"""Patience with a busy machine: waits for a condition, and bounds that are reckoned in a quiet machine's seconds."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

SECONDS = 120
"""The longest wait for anything: a busy machine is no failure, and whoever waits goes on as soon as it is there."""
PAUSE = 0.1
"""Seconds between two questions."""
QUIET = 0.015
"""Seconds that a piece of work takes on the machine for whose seconds the bounds are chosen, when it is quiet."""
SAMPLES = 5

P = ParamSpec("P")
T = TypeVar("T")


def eventually(ask: Callable[[], T], answer: object) -> T:
    """Ask until the answer is as it should be; the last answer, if that takes too long."""
    ends = time.monotonic() + SECONDS
    while (last := ask()) != answer and time.monotonic() < ends:
        time.sleep(PAUSE)
    return last


def at_rest(ask: Callable[[], T]) -> T:
    """Ask until the answer is the same three times in a row, or that takes too long; the answer."""
    ends = time.monotonic() + SECONDS
    answers = [ask()]
    while (len(answers) < 3 or any(earlier != answers[-1] for earlier in answers[-3:])) and time.monotonic() < ends:
        time.sleep(PAUSE)
        answers.append(ask())
    return answers[-1]


def once_drawn(look: Callable[P, list[str]]) -> Callable[P, list[str]]:
    """Make a function that looks for faults of a page look again while it finds some: a busy page draws later."""

    @functools.wraps(look)
    def look_again(*args: P.args, **kwargs: P.kwargs) -> list[str]:
        return eventually(lambda: look(*args, **kwargs), [])

    return look_again


@contextmanager
def within(seconds: float, what: str = "") -> Iterator[None]:
    """Fail if what is inside computes for longer than so many seconds of a quiet machine.

    What other threads compute meanwhile, as the servers of earlier tests, doesn't count.
    """
    started = time.thread_time()
    yield
    used = time.thread_time() - started
    assert used < seconds or used < seconds * slowness(), f"{used:.1f} s {what}"


def slowness() -> float:
    """How many times longer than on a quiet machine the same computing takes now, but at least 1.

    Who shares the caches and the cores of a processor makes each second of computing a shorter one, from one moment to
    the next: the longest of a few samples counts, because the work that was too long was not measured beside them.
    """
    return max(1.0, *(_piece_of_work() / QUIET for _ in range(SAMPLES)))


def _piece_of_work() -> float:
    """Seconds of computing for a piece of work that is always the same."""
    started = time.thread_time()
    words = [str(number) for number in range(60_000)]
    lengths = {word: len(word) for word in words}
    assert sum(lengths[word] for word in sorted(words)) == 288_890
    return time.thread_time() - started
