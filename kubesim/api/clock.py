"""The one virtual clock, and the one seeded source of everything random: what a cluster does depends on nothing else.

Times are whole microseconds since the Unix epoch, so that sums of tenths of seconds stay exact; durations in arguments
are seconds. Nothing here reads the machine's clock.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import MethodType
from typing import Any, NamedTuple

from kubesim.api.budget import UNPAID, Budget, TooMuchError
from kubesim.api.digest import SAFE_ALPHABET
from kubesim.api.garbage import uncollected

Micros = int
SECOND: Micros = 1_000_000
STEPS = 100
"""What a piece of the cluster's own work costs of a budget."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Micros = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999Z


class Timer(NamedTuple):
    """What is called at a moment."""

    method: Callable[..., None]
    arguments: tuple[Any, ...]


class Clock:
    """Simulated time with a queue of timers.

    Time doesn't move until it is advanced; timers that fall due meanwhile run in order of their time, then of their
    creation. A timer may set further timers and even write to the API server, but must not advance the clock.
    """

    def __init__(self, start: datetime) -> None:
        self.now: Micros = round(start.timestamp() * SECOND)
        self.work = 0
        """How much has happened so far: one for each timer, and what its method adds, each about 20 µs of computing."""
        self._due: list[tuple[Micros, int]] = []  # a heap: when, and the number of a timer, which may be cancelled
        self._timers: dict[int, Timer] = {}  # by their numbers, those to come
        self._count = 0

    def call_later(self, seconds: float, method: Callable[..., None], *arguments: Any) -> int:
        """Call `method` once, `seconds` from now (at once when time next moves, if not positive); by what to cancel it.

        It belongs to a part of the cluster, and its arguments never change: see `resume`.
        """
        self._count += 1
        heapq.heappush(self._due, (self.now + round(seconds * SECOND), self._count))
        self._timers[self._count] = Timer(method, arguments)
        return self._count

    def cancel(self, number: int) -> None:
        """Don't call what got this number from `call_later`, if it is still to come."""
        self._timers.pop(number, None)

    def resume(self, other: Clock, parts: Mapping[object, object]) -> None:
        """Go on where another clock is: with its timers, each for the part that stands for its part here."""
        self.now = other.now
        self._count = other._count
        self._due = other._due.copy()
        self._timers = {
            number: timer._replace(method=MethodType(timer.method.__func__, parts[timer.method.__self__]))  # type: ignore[attr-defined]
            for number, timer in other._timers.items()
        }

    def advance(self, seconds: float, budget: Budget = UNPAID) -> None:
        """Let time pass, which `budget` pays for. Raises TooMuchError, as `run_until` does."""
        self.run_until(lambda: False, seconds, budget)

    def run_until(self, done: Callable[[], bool], timeout: float, budget: Budget = UNPAID) -> bool:
        """Let time pass until `done()` holds, at most `timeout` seconds; say whether it did.

        The clock stops at the timer that made `done()` true, or at the end of the timeout. `budget` pays for what
        happens meanwhile; once it can't, the clock stops there, and TooMuchError is raised.
        """
        start = self.now
        end = self.now + round(timeout * SECOND)
        with uncollected():
            while not done():
                if not self._due or self._due[0][0] > end:
                    self.now = max(self.now, end)
                    return False
                when, number = heapq.heappop(self._due)
                timer = self._timers.pop(number, None)
                if timer is None:
                    continue
                self.now = max(self.now, when)
                before = self.work
                timer.method(*timer.arguments)
                self.work += 1
                steps = (self.work - before) * STEPS
                if steps > budget.steps:
                    passed = f"{(self.now - start) / SECOND:,.0f} of {timeout:,.0f} seconds"
                    raise TooMuchError(f"so much happens in this cluster that time was stopped after {passed}")
                budget.spend(steps)
        return True

    def timestamp(self) -> str:
        """Now, as the API writes it: "2026-11-24T14:00:00Z"."""
        return _second(self.now // SECOND)

    def micro_timestamp(self) -> str:
        """Now, as the API writes a MicroTime: "2026-11-24T14:00:00.123456Z"."""
        return rfc3339_micro(self.now)


def to_datetime(moment: Micros) -> datetime:
    """`moment` as a datetime in UTC; the last one that there is for a later one."""
    return _EPOCH + timedelta(microseconds=min(moment, _LATEST))


def rfc3339(moment: Micros) -> str:
    """`moment` in whole seconds, as the API writes a Time; no later than that can be written."""
    return _second(moment // SECOND)


def rfc3339_micro(moment: Micros) -> str:
    """`moment` as the API writes a MicroTime; no later than that can be written."""
    return to_datetime(moment).isoformat(timespec="microseconds").replace("+00:00", "Z")


@lru_cache(maxsize=4096)
def _second(second: int) -> str:
    return to_datetime(second * SECOND).isoformat(timespec="seconds").replace("+00:00", "Z")


@lru_cache(maxsize=4096)
def parse_time(text: str) -> Micros:
    """The moment that an API Time or MicroTime names. Raises ValueError when `text` is not one."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:  # the machine's own zone would decide
        raise ValueError(f"{text} names no time zone")
    return (moment - _EPOCH) // timedelta(microseconds=1)


class Identity:
    """Makes identifiers; the same seed makes the same ones in the same order."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def resume(self, other: Identity) -> None:
        """Go on making what another one would make next."""
        self._random.setstate(other._random.getstate())

    @contextmanager
    def aside(self, name: str) -> Iterator[None]:
        """Make other identifiers for a while, and then go on as if there had been none."""
        kept = self._random
        self._random = random.Random(name)
        try:
            yield
        finally:
            self._random = kept

    def uid(self) -> str:
        return uuid(self._random.getrandbits(128), version=4)

    def suffix(self) -> str:
        return "".join(self._random.choices(SAFE_ALPHABET, k=5))

    def container_id(self) -> str:
        return f"{self._random.getrandbits(256):064x}"


def uuid(number: int, version: int = 0) -> str:
    """A 128-bit number written as a UUID, of a version if one is given (the module uuid takes 2 ms to import)."""
    if version:
        number = number & ~(0xF << 76 | 0x3 << 62) | version << 76 | 0x2 << 62
    digits = f"{number:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
