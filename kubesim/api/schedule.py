"""Cron schedules of CronJobs, in UTC. Mirrors github.com/robfig/cron/v3 (parser.go, spec.go), as v1.36 uses it."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from kubesim.api.clock import SECOND, Micros, to_datetime

_DAYS = 366 * 5  # days in which any schedule that is ever due is due once
_DAY: Micros = 86400 * SECOND
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


class _Bounds(NamedTuple):
    """The lowest and highest value of a field, and the names of its values in order."""

    low: int
    high: int
    names: Sequence[str] = ()


_FIELDS = (_Bounds(0, 59), _Bounds(0, 23), _Bounds(1, 31), _Bounds(1, 12, _MONTHS), _Bounds(0, 6, _WEEKDAYS))


class ScheduleError(ValueError):
    """An invalid schedule. The message is Go's."""


class Schedule(NamedTuple):
    """The values of each field at which a CronJob is due. `either`: the day of the month or of the week suffices."""

    minutes: list[int]
    hours: list[int]
    days: list[int]
    months: list[int]
    weekdays: list[int]
    either: bool

    def next(self, after: Micros) -> Micros | None:
        """The first due moment after `after`, or None."""
        start = to_datetime(after)
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
        for number in range(_DAYS):
            first_hour = 0 if number else start.hour
            for moment in self._on(midnight + timedelta(number), first_hour):
                if moment > after:
                    return moment
        return None

    def last(self, since: Micros, now: Micros) -> Micros | None:
        """The last due moment after `since` up to `now`, or None."""
        for start in (max(since, now - _DAY), since):  # try the last day first, because most schedules were due in it
            latest = None
            due = self.next(start)
            while due is not None and due <= now:
                latest = due
                due = self.next(due)
            if latest is not None:
                return latest
        return None

    def _on(self, day: datetime, first_hour: int) -> Iterator[Micros]:
        if day.month not in self.months or not self._is_day(day):
            return
        for hour in self.hours[bisect_left(self.hours, first_hour) :]:
            for minute in self.minutes:
                yield round(day.replace(hour=hour, minute=minute).timestamp()) * SECOND

    def _is_day(self, day: datetime) -> bool:
        days = (day.day in self.days, day.isoweekday() % 7 in self.weekdays)
        return any(days) if self.either else all(days)


@lru_cache(maxsize=64)
def parse_schedule(text: str) -> Schedule:
    """Parse five fields, or a name such as "@hourly". Raises ScheduleError."""
    if text.startswith("@"):
        if text not in _NAMED:
            raise ScheduleError(f"unrecognized descriptor: {text}")
        text = _NAMED[text]
    words = text.split()
    if len(words) != len(_FIELDS):
        raise ScheduleError(f"expected exactly 5 fields, found {len(words)}: [{' '.join(words)}]")
    fields = [_field(word, bounds) for word, bounds in zip(words, _FIELDS, strict=True)]
    minutes, hours, days, months, weekdays = fields
    return Schedule(
        minutes.values,
        hours.values,
        days.values,
        months.values,
        weekdays.values,
        either=not days.is_open and not weekdays.is_open,
    )


class _Field(NamedTuple):
    """The values of a field. `is_open`: one of its parts is a star without a step."""

    values: list[int]
    is_open: bool


def _field(text: str, bounds: _Bounds) -> _Field:
    numbers: set[int] = set()
    is_open = False
    for part in filter(None, text.split(",")):
        values = _range(part, bounds)
        numbers.update(values)
        is_open |= part.startswith(("*", "?")) and values.step == 1
    return _Field(sorted(numbers), is_open)


def _range(part: str, bounds: _Bounds) -> range:
    """The values of FIRST[-LAST][/STEP]. A single FIRST with a step extends to the highest value."""
    span, *steps = part.split("/")
    start, end = _ends(part, span, bounds)
    if steps and "-" not in span:
        end = bounds.high
    if len(steps) > 1:
        raise ScheduleError(f"too many slashes: {part}")
    step = _number(steps[0]) if steps else 1
    problems = {
        f"beginning of range ({start}) below minimum ({bounds.low})": start < bounds.low,
        f"end of range ({end}) above maximum ({bounds.high})": end > bounds.high,
        f"beginning of range ({start}) beyond end of range ({end})": start > end,
        "step of range should be a positive number": step == 0,
    }
    for problem, exists in problems.items():
        if exists:
            raise ScheduleError(f"{problem}: {part}")
    return range(start, end + 1, step)


def _ends(part: str, span: str, bounds: _Bounds) -> tuple[int, int]:
    """The first and last value of FIRST[-LAST], the `span` of a part."""
    first, *lasts = span.split("-")
    if first in ("*", "?"):
        return bounds.low, bounds.high
    start = _number(first, bounds)
    if len(lasts) > 1:
        raise ScheduleError(f"too many hyphens: {part}")
    return start, _number(lasts[0], bounds) if lasts else start


def _number(word: str, bounds: _Bounds | None = None) -> int:
    """Parse a number, or the name of a value."""
    if bounds and word.lower() in bounds.names:
        return bounds.names.index(word.lower()) + bounds.low
    if not (word.isascii() and word.isdigit()):
        raise ScheduleError(f'failed to parse int from {word}: strconv.Atoi: parsing "{word}": invalid syntax')
    return int(word[:9])
