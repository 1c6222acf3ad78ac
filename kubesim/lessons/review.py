"""What to repeat today: chosen by what was answered wrongly, and how long ago."""

from __future__ import annotations

from typing import NamedTuple

from kubesim.lessons.grade import is_right, question_ids
from kubesim.lessons.progress import INTERVALS, Record

COUNT = 3
"""How many questions a review asks."""


class Item(NamedTuple):
    """A question that was answered; `place` among the INTERVALS is 0 after a wrong answer. It is `due` on that day."""

    place: int
    due: int
    question: str


def schedule(record: Record) -> list[Item]:
    """The questions that were answered, the wrong ones first. One whose day isn't known is due at once."""
    answered = [question for question in question_ids() if question in record["given"].keys() | record["asked"].keys()]
    known = {name: record["asked"].get(name) or [0, is_right(name, record, tries=1)] for name in answered}
    return sorted(Item(place, day + INTERVALS[place], name) for name, (day, place) in known.items())


def chosen(record: Record, today: int) -> list[str]:
    """The questions of today's review: what is due, the wrong ones first, then what is due next."""
    items = schedule(record)
    due = [item for item in items if item.due <= today]
    later = sorted((item for item in items if item.due > today), key=lambda item: item.due)
    return [item.question for item in [*due, *later][:COUNT]]


def news(record: Record, today: int) -> str:
    """A sentence on what is due, with the little markup of the lessons; "" where nothing was answered yet."""
    days = [item.due - today for item in schedule(record)]
    due = sum(day <= 0 for day in days)
    if due:
        return f"{due} question{'s are' if due > 1 else ' is'} due for review. Run `%review` in a cell."
    later = min(days, default=0)
    return f"Nothing is due for review. Next: in {later} day{'s' * (later > 1)}." if days else ""
