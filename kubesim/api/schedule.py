"""Cron schedules: when a CronJob is due. Mirrors github.com/robfig/cron/v3 (parser.go, spec.go), as v1.36 uses it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

from kubesim.api.clock import SECOND, Micros, to_datetime

_DAYS = 366 * 5  # in which every schedule that is ever due is due once
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
# Lowest and highest value of each field, and the names of values from the lowest on.
_FIELDS: tuple[tuple[int, int, list[str]], ...] = (
    *((0, 59, []), (0, 23, []), (1, 31, [])),
    *((1, 12, _MONTHS), (0, 6, _WEEKDAYS)),
)
_NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


class ScheduleError(ValueError):
    """The text is no schedule, or the time zone is unknown; the message is Go's."""


class Schedule(NamedTuple):
    """The values of each field for which a CronJob is due; `either`: a day of the month or of the week is enough."""

    minutes: list[int]
    hours: list[int]
    days: list[int]
    months: list[int]
    weekdays: list[int]
    either: bool
    zone: tzinfo

    def next(self, after: Micros) -> Micros | None:
        """The first moment after `after` at which it is due, or None."""
        start = to_datetime(after).astimezone(self.zone)
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
        for number in range(_DAYS):
            first_hour = 0 if number else start.hour
            for moment in self._on(midnight + timedelta(number), first_hour):
                if moment > after:
                    return moment
        return None

    def last(self, since: Micros, now: Micros) -> Micros | None:
        """The last moment after `since`, up to `now`, at which it was due, or None."""
        for start in (max(since, now - 86400 * SECOND), since):
            due, latest = self.next(start), None
            while due is not None and due <= now:
                due, latest = self.next(due), due
            if latest is not None:
                return latest
        return None

    def _on(self, day: datetime, first_hour: int) -> Iterator[Micros]:
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if day.month in self.months and (in_month or in_week if self.either else in_month and in_week):
            for hour in self.hours[bisect_left(self.hours, first_hour) :]:
                for minute in self.minutes:
                    yield round(day.replace(hour=hour, minute=minute).timestamp()) * SECOND


@lru_cache(maxsize=64)
def parse_schedule(text: str, zone: str = "") -> Schedule:
    """The schedule that five fields, or one of the names with an "@", stand for. Raises ScheduleError."""
    if text.startswith("@"):
        if text not in _NAMED:
            raise ScheduleError(f"unrecognized descriptor: {text}")
        text = _NAMED[text]
    words = text.split()
    if len(words) != len(_FIELDS):
        raise ScheduleError(f"expected exactly 5 fields, found {len(words)}: [{' '.join(words)}]")
    minutes, hours, days, months, weekdays = (
        _field(word, *bounds) for word, bounds in zip(words, _FIELDS, strict=True)
    )
    either = not days.is_open and not weekdays.is_open
    return Schedule(
        minutes.values, hours.values, days.values, months.values, weekdays.values, either=either, zone=_zone(zone)
    )


def _zone(name: str) -> tzinfo:
    if name in ("", "UTC", "Etc/UTC"):
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # takes 1.5 ms, and few schedules name a zone

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ScheduleError(f"unknown time zone {name}") from None


class _Field(NamedTuple):
    """The values of a field, and whether it's open: one of its parts is a star that takes no steps."""

    values: list[int]
    is_open: bool


def _field(text: str, low: int, high: int, names: list[str]) -> _Field:
    numbers: set[int] = set()
    is_open = False
    for part in filter(None, text.split(",")):
        values = _range(part, low, high, names)
        numbers.update(values)
        is_open |= part.startswith(("*", "?")) and values.step == 1
    return _Field(sorted(numbers), is_open)


def _range(part: str, low: int, high: int, names: list[str]) -> range:
    """The values of FIRST[-LAST][/STEP]; a single FIRST with a step goes on to the highest value."""
    span, *steps = part.split("/")
    first, *lasts = span.split("-")
    if first in ("*", "?"):
        start, end = low, high
    else:
        start = _number(first, low, names)
        if len(lasts) > 1:
            raise ScheduleError(f"too many hyphens: {part}")
        end = _number(lasts[0], low, names) if lasts else start
    if len(steps) > 1:
        raise ScheduleError(f"too many slashes: {part}")
    step = _number(steps[0], 0, []) if steps else 1
    if steps and not lasts:
        end = high
    if start < low:
        raise ScheduleError(f"beginning of range ({start}) below minimum ({low}): {part}")
    if end > high:
        raise ScheduleError(f"end of range ({end}) above maximum ({high}): {part}")
    if start > end:
        raise ScheduleError(f"beginning of range ({start}) beyond end of range ({end}): {part}")
    if step == 0:
        raise ScheduleError(f"step of range should be a positive number: {part}")
    return range(start, end + 1, step)


def _number(word: str, low: int, names: list[str]) -> int:
    if word.lower() in names:
        return names.index(word.lower()) + low
    if not (word.isascii() and word.isdigit()):
        raise ScheduleError(f'failed to parse int from {word}: strconv.Atoi: parsing "{word}": invalid syntax')
    return int(word[:9])
