"""The virtual clock and the seeded source of identifiers. A cluster's behavior depends on no other clock or chance.

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
# Steps of a budget for one unit of `Clock.work`.
STEPS = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Micros = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999Z


class OutOfTimeError(Exception):
    """The clock's deadline has come before what was waited for."""


class Timer(NamedTuple):
    """A call that is due at a moment: a method of a part of the cluster, and its arguments."""

    method: Callable[..., None]
    arguments: tuple[Any, ...]


class Plan(NamedTuple):
    """A call at a moment, which may let time pass itself. Unlike a timer, it is of this clock alone."""

    moment: Micros
    call: Callable[[], None]


class Clock:
    """Simulated time with a queue of timers.

    Time doesn't move until it is advanced; timers that fall due meanwhile run in order of their time, then of their
    creation. A timer may set further timers and even write to the API server, but must not advance the clock.
    """

    def __init__(self, start: datetime) -> None:
        self.now: Micros = round(start.timestamp() * SECOND)
        # Units of work done so far, about 20 µs of computing each: one for each timer, and those that timers add.
        self.work = 0
        self._paid_work = 0  # the part of `work` that budgets have been asked to pay
        self._due: list[tuple[Micros, int]] = []  # a heap of moments and numbers of timers, cancelled ones included
        self._timers: dict[int, Timer] = {}  # the timers that aren't cancelled, by number
        self._count = 0
        # Calls that a shell's jobs have planned for later in the same line, in order of their moments.
        self.plans: list[Plan] = []
        # The moment at which waiting commands are stopped, as by `timeout 2 kubectl get pods -w`.
        self.deadline: Micros = _LATEST

    def call_later(self, seconds: float, method: Callable[..., None], *arguments: Any) -> int:
        """Set a timer that calls `method` once, `seconds` from now, and return its number for `cancel`.

        If `seconds` isn't positive, the call comes as soon as time moves. `method` belongs to a part of the cluster,
        and its arguments never change, so that a copy of the cluster can take the timer over: see `resume`.
        """
        self._count += 1
        heapq.heappush(self._due, (self.now + round(seconds * SECOND), self._count))
        self._timers[self._count] = Timer(method, arguments)
        return self._count

    def plan(self, seconds: float, call: Callable[[], None]) -> None:
        """Have `call` called once, `seconds` from now, while a command waits."""
        self.plans.append(Plan(self.now + round(seconds * SECOND), call))
        self.plans.sort(key=lambda plan: plan.moment)

    def cancel(self, number: int) -> None:
        """Cancel the timer with this number, if it hasn't run yet."""
        self._timers.pop(number, None)

    def resume(self, other: Clock, parts: Mapping[object, object]) -> None:
        """Take over another clock's time and timers; `parts` maps its cluster's parts to those of this cluster."""
        self.now = other.now
        self._count = other._count
        self._due = other._due.copy()
        self._timers = {
            number: timer._replace(method=MethodType(timer.method.__func__, parts[timer.method.__self__]))  # type: ignore[attr-defined]
            for number, timer in other._timers.items()
        }

    def advance(self, seconds: float, budget: Budget = UNPAID) -> None:
        """Let `seconds` pass, paid from `budget`. Raises TooMuchError, as `run_until` does."""
        self.run_until(lambda: False, seconds, budget)

    def run_until(self, done: Callable[[], bool], timeout: float, budget: Budget = UNPAID) -> bool:
        """Let time pass until `done()` is true, for at most `timeout` seconds, and return whether it is.

        The clock stops at the timer that made `done()` true, or at the end of the timeout. `budget` pays for what
        happens meanwhile; once it can't, the clock stops there. Raises TooMuchError then, and OutOfTimeError at the
        clock's deadline.
        """
        start = self.now
        end = self.now + round(timeout * SECOND)
        ends_at_deadline = self.deadline < end
        end = min(end, self.deadline)
        with uncollected():
            while not done():
                due = self._due[0][0] if self._due else _LATEST
                if self.plans and self.plans[0].moment <= min(due, end):
                    self._carry_out(self.plans.pop(0))
                    continue
                if due > end or not self._due:
                    self.now = max(self.now, end)
                    if ends_at_deadline:
                        raise OutOfTimeError
                    return False
                when, number = heapq.heappop(self._due)
                timer = self._timers.pop(number, None)
                if timer is None:
                    continue
                self.now = max(self.now, when)
                timer.method(*timer.arguments)
                self.work += 1
                if not self._pay(budget):
                    passed = f"{(self.now - start) / SECOND:,.1f}".removesuffix(".0")
                    whole = f"{timeout:,.1f}".removesuffix(".0")
                    sentence = f"time was stopped after {passed} of {whole} seconds"
                    raise TooMuchError(f"so much happens in this cluster that {sentence}")
        return True

    def _carry_out(self, plan: Plan) -> None:
        """Call what is planned. The deadline of the command that waits meanwhile isn't its own."""
        self.now = max(self.now, plan.moment)
        before, self.deadline = self.deadline, _LATEST
        try:
            plan.call()
        finally:
            self.deadline = before

    def _pay(self, budget: Budget) -> bool:
        """Pay for all unpaid work, a line's own requests included. Returns False if the budget doesn't cover it."""
        steps = (self.work - self._paid_work) * STEPS
        self._paid_work = self.work
        if steps > budget.steps:
            return False
        budget.spend(steps)
        return True

    def timestamp(self) -> str:
        """Now, as the API writes it: "2026-11-24T14:00:00Z"."""
        return _rfc3339_of_second(self.now // SECOND)

    def micro_timestamp(self) -> str:
        """Now, as the API writes a MicroTime: "2026-11-24T14:00:00.123456Z"."""
        return rfc3339_micro(self.now)


def to_datetime(moment: Micros) -> datetime:
    """`moment` as a datetime in UTC, at most the end of the year 9999."""
    return _EPOCH + timedelta(microseconds=min(moment, _LATEST))


def rfc3339(moment: Micros) -> str:
    """`moment` in whole seconds, as the API writes a Time, at most the end of the year 9999."""
    return _rfc3339_of_second(moment // SECOND)


def rfc3339_micro(moment: Micros) -> str:
    """`moment` as the API writes a MicroTime, at most the end of the year 9999."""
    return to_datetime(moment).isoformat(timespec="microseconds").replace("+00:00", "Z")


@lru_cache(maxsize=4096)
def _rfc3339_of_second(second: int) -> str:
    return to_datetime(second * SECOND).isoformat(timespec="seconds").replace("+00:00", "Z")


@lru_cache(maxsize=4096)
def parse_time(text: str) -> Micros:
    """The moment of an API Time or MicroTime. Raises ValueError if `text` is neither."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:  # Python would use the machine's zone
        raise ValueError(f"{text} names no time zone")
    return (moment - _EPOCH) // timedelta(microseconds=1)


class Identity:
    """A source of identifiers. The same seed gives the same identifiers in the same order."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def resume(self, other: Identity) -> None:
        """Continue the other source's sequence."""
        self._random.setstate(other._random.getstate())

    @contextmanager
    def aside(self, name: str) -> Iterator[None]:
        """A context with a sequence of its own, seeded with `name`. The main sequence goes on unchanged after it."""
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
