"""Tests on a busy machine: waits for a condition, and time limits that grow with the slowness of the machine."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

# Seconds after which any wait gives up. Generous, because a wait ends as soon as its condition holds.
SECONDS = 120
# Seconds between two checks of a condition.
PAUSE = 0.1
# Equal answers in a row that count as a state of rest.
SAME = 3
# Seconds that _seconds_of_work() measures on the reference machine, with nothing else to do.
QUIET = 0.015
# Measurements of the machine's present speed, of which the slowest counts.
SAMPLES = 5

P = ParamSpec("P")
T = TypeVar("T")


def eventually(ask: Callable[[], T], answer: object) -> T:
    """Call `ask` until it returns `answer`, at most for SECONDS. Returns the last result, for the caller's assert."""
    ends = time.monotonic() + SECONDS
    while (last := ask()) != answer and time.monotonic() < ends:
        time.sleep(PAUSE)
    return last


def at_rest(ask: Callable[[], T]) -> T:
    """Call `ask` until its last results are the same, at most for SECONDS. Returns the last result."""
    ends = time.monotonic() + SECONDS
    answers = [ask()]
    while (len(answers) < SAME or any(each != answers[-1] for each in answers[-SAME:])) and time.monotonic() < ends:
        time.sleep(PAUSE)
        answers.append(ask())
    return answers[-1]


def once_drawn(look: Callable[P, list[str]]) -> Callable[P, list[str]]:
    """Decorate a function that lists a page's faults: repeat it until it finds none, because a busy page draws late."""

    @functools.wraps(look)
    def look_again(*args: P.args, **kwargs: P.kwargs) -> list[str]:
        return eventually(lambda: look(*args, **kwargs), [])

    return look_again


def _seconds_of_work() -> float:
    """The processor time of a fixed piece of work, in seconds."""
    started = time.thread_time()
    words = [str(number) for number in range(60_000)]
    lengths = {word: len(word) for word in words}
    assert sum(lengths[word] for word in sorted(words)) == 288_890
    return time.thread_time() - started


def slowness() -> float:
    """The factor by which the machine now computes more slowly than the reference machine; at least 1.

    Processes that share the processor's caches and cores slow a second of computing, more or less from one moment to
    the next. The slowest of a few measurements counts, because none was taken during the work that was too long.
    """
    return max(1.0, *(_seconds_of_work() / QUIET for _ in range(SAMPLES)))


@contextmanager
def within(seconds: float, what: str = "") -> Iterator[None]:
    """A context that fails if its thread computes for longer than `seconds` of the reference machine.

    Other threads, such as the servers of earlier tests, don't count. `what` ends the message of a failure.
    """
    started = time.thread_time()
    yield
    used = time.thread_time() - started
    assert used < seconds or used < seconds * slowness(), f"{used:.1f} s {what}"
