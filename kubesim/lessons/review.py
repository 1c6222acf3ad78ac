"""Reviews: the questions to repeat today, wrong ones first, then those that are due the longest."""

from __future__ import annotations

from typing import NamedTuple

from kubesim.lessons import question_ids
from kubesim.lessons.grade import is_right_at_first
from kubesim.lessons.record import INTERVALS, Record

# The number of questions in one review.
AT_ONCE = 3


class Repetition(NamedTuple):
    """An answered question, and the day on which it is due. The order of its fields is that of the review."""

    place: int  # index in INTERVALS, 0 after a wrong answer
    due: int
    question: str


def schedule(record: Record) -> list[Repetition]:
    """The answered questions, wrong ones first. A question without a stored day is due at once."""
    repetitions = []
    for question in question_ids():
        if question in record["asked"]:
            day, place = record["asked"][question]
        elif question in record["given"]:
            day = 0
            place = 1 if is_right_at_first(question, record) else 0
        else:
            continue
        repetitions.append(Repetition(place, day + INTERVALS[place], question))
    return sorted(repetitions)


def to_review(record: Record, today: int) -> list[str]:
    """The questions of today's review: due ones, wrong ones first, then the next ones to be due."""
    chosen = sorted(schedule(record), key=lambda repetition: (max(repetition.due, today), repetition))
    return [repetition.question for repetition in chosen[:AT_ONCE]]


def review_news(record: Record, today: int) -> str:
    """A sentence about due questions in the lessons' markup; "" if nothing was answered yet."""
    days = [repetition.due - today for repetition in schedule(record)]
    if not days:
        return ""
    due = sum(day <= 0 for day in days)
    if due:
        are = "questions are" if due > 1 else "question is"
        return f"{due} {are} due for review. Run `%review` in a cell."
    return f"Nothing is due for review. Next: in {counted(min(days), 'day')}."


def counted(number: int, noun: str) -> str:
    """A number and its noun: "1 day", "2 days"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
