"""What to repeat today: chosen by what was answered wrongly, and how long ago."""

from __future__ import annotations

from kubesim.lessons.grade import is_right, question_ids
from kubesim.lessons.progress import INTERVALS, Record


def schedule(record: Record) -> list[tuple[int, int, str]]:
    """The questions that were answered: their place among the INTERVALS, the day on which they are due, their id.

    The wrong ones, at place 0, come first. One whose day isn't known is due at once.
    """
    answered = [question for question in question_ids() if question in record["given"].keys() | record["asked"].keys()]
    known = {name: record["asked"].get(name) or [0, is_right(name, record, tries=1)] for name in answered}
    return sorted((place, day + INTERVALS[place], name) for name, (day, place) in known.items())


def chosen(record: Record, today: int) -> list[str]:
    """The three questions of today's review: what is due, the wrong ones first, then what is due next."""
    items = [(max(due, today), place, due, name) for place, due, name in schedule(record)]
    return [name for *_, name in sorted(items)[:3]]


def news(record: Record, today: int) -> str:
    """A sentence on what is due, with the little markup of the lessons; "" where nothing was answered yet."""
    days = [due - today for _, due, _ in schedule(record)]
    if due := sum(day <= 0 for day in days):
        return f"{due} question{'s are' if due > 1 else ' is'} due for review. Run `%review` in a cell."
    return f"Nothing is due for review. Next: in {min(days)} day{'s' * (min(days) > 1)}." if days else ""
