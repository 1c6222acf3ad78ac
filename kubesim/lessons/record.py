"""The record of a learner's progress: its sections, the merging of two records, and the text of a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

MARK = "kubesim-progress"
VERSION = 4
OLDEST = 2  # version 2 lacks `asked`, `shown` and `clusters`; version 3 lacks `clusters`
MAX_SIZE = 4_000_000  # bytes; a diligent learner fills a hundredth of it
LONGEST_ANSWER = 2000  # characters
_LONGEST_LIST = 200  # numbers in one answer, or answers to one question

# Days until the next review: after a wrong answer, and after one, two and more right answers in time.
INTERVALS = (1, 3, 7, 21)
# `help_taken` after the answer was revealed; larger than any number of hints.
REVEALED = 99
_LAST_DAY = date.max.toordinal() - max(INTERVALS)

Answer = str | Sequence[int]
# Entries by section and id; see `_SECTIONS`. Days are ordinals as of `date.toordinal`.
Record = dict[str, dict[str, Any]]


class Contents(NamedTuple):
    """The contents of a file: the readable record (None if nothing is), and its problem, worded to follow "The file …".

    `is_later` says that a later version has written it. Its record is fine, but may lack entries that this version
    can't read.
    """

    record: Record | None
    trouble: str = ""
    is_later: bool = False


class ClusterEntry(NamedTuple):
    """An entry of the section `clusters`. `solved`, `shown` and `why` are 0 or 1, as in lessons.challenge.Standing."""

    solved: int
    shown: int
    hints: int  # how many were taken
    why: int
    simulated: int  # seconds, as is `real`
    real: int


def _is_list(value: object, check: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and len(value) <= _LONGEST_LIST and all(map(check, value))


def _is_numbers(value: object) -> bool:
    return _is_list(value, lambda number: type(number) is int and abs(number) < 1 << 31)


def _is_text(value: str) -> bool:
    return len(value) <= LONGEST_ANSWER and value == value.encode(errors="replace").decode()


def _is_answer(value: object) -> bool:
    return _is_text(value) if isinstance(value, str) else _is_numbers(value)


def _is_counts(value: Any, length: int = 2) -> bool:
    return _is_numbers(value) and len(value) == length and min(value) >= 0


def _all_given(older: list[Answer], newer: list[Answer]) -> list[Answer]:
    """The different answers of both lists. If there are too many, the first (the first try) and the latest are kept."""
    answers: list[Answer] = []
    for answer in [*older, *newer]:
        if answer not in answers:
            answers.append(answer)
    first, others = answers[:1], answers[1:]
    return first + others[1 - _LONGEST_LIST :]


class Section(NamedTuple):
    """The type of a section's entries. Merging is idempotent and never loses progress.

    For `given` this holds up to _LONGEST_LIST answers. Only `answers` and `given` depend on the order of merging.
    """

    accepts: Callable[[Any], bool]  # whether a value is a valid entry
    merged: Callable[[Any, Any], Any]  # merges an older and a newer entry


_SECTIONS = {
    # the answer that a quiz's card shows
    "answers": Section(_is_answer, lambda _older, newer: newer),
    # all different answers to a quiz
    "given": Section(lambda value: _is_list(value, _is_answer), _all_given),
    # True for a task that was solved
    "tasks": Section(lambda value: value is True, lambda _older, newer: newer),
    # [points, of how many]
    "scores": Section(
        lambda value: _is_counts(value) and value[0] <= value[1],
        lambda older, newer: max(older, newer, key=lambda score: (score[0], -score[1])),
    ),
    # [the day when a question was last asked, an index of INTERVALS]
    "asked": Section(
        lambda value: _is_counts(value) and value[0] <= _LAST_DAY and value[1] < len(INTERVALS),
        lambda older, newer: max(older, newer, key=lambda asked: (asked[0], -asked[1])),
    ),
    # [the least help with which it was answered or solved (hints, or REVEALED), the day]
    "shown": Section(lambda value: _is_counts(value) and value[1] <= _LAST_DAY, min),
    # the fields of `ClusterEntry`
    "clusters": Section(lambda value: _is_counts(value, len(ClusterEntry._fields)), max),
}


def blank() -> Record:
    """An empty record."""
    return {name: {} for name in _SECTIONS}


def merge(older: Record, newer: Record) -> Record:
    """Merge two records section by section."""
    merged = blank()
    for name, section in _SECTIONS.items():
        before = older.get(name, {})
        after = newer.get(name, {})
        both = {key: section.merged(before[key], after[key]) for key in before.keys() & after.keys()}
        merged[name] = dict(sorted({**before, **after, **both}.items()))
    return merged


def write(record: Record) -> str:
    """The text of a file with this record."""
    return json.dumps({MARK: VERSION, **record}, separators=(",", ":")) + "\n"


def read(text: str | None) -> Contents:
    """Parse the text of a file; None stands for a file that is too large to open."""
    if text is None or is_too_large(text):
        return Contents(None, "is too large")
    try:
        content = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return Contents(None, "is damaged: it does not hold JSON")
    if not isinstance(content, dict) or type(content.get(MARK)) is not int or content[MARK] < OLDEST:
        return Contents(None, "is not a progress file of kubesim's")
    version = content.pop(MARK)
    record, lost = sift(content)
    if version > VERSION:
        return Contents(record, "was written by a later version of kubesim", is_later=True)
    return Contents(record, f"is damaged: {lost} of its entries cannot be read" if lost else "")


def is_too_large(text: str) -> bool:
    """True if a file with this text would be refused when it is read again."""
    return len(text.encode(errors="replace")) > MAX_SIZE


def sift(sections: dict[str, Any]) -> tuple[Record, int]:
    """The valid entries of some sections, and the number of invalid ones."""
    record = blank()
    lost = 0
    for name, entries in sections.items():
        if name not in _SECTIONS or not isinstance(entries, dict):
            lost += 1
            continue
        accepts = _SECTIONS[name].accepts
        record[name] = {key: value for key, value in entries.items() if _is_text(key) and accepts(value)}
        lost += len(entries) - len(record[name])
    return record, lost


def answered(answers: Mapping[str, Answer]) -> Record:
    """The entries to merge for answers by quiz id."""
    kept = {name: _storable(answer) for name, answer in answers.items()}
    return {"answers": kept, "given": {name: [answer] for name, answer in kept.items()}}


def _storable(answer: Answer) -> Answer:
    """The answer cut to a storable length, without lone surrogates, which UTF-8 can't encode."""
    if isinstance(answer, str):
        return answer[:LONGEST_ANSWER].encode(errors="replace").decode()
    return list(answer)


def asked_again(asked: list[int] | None, right: bool, today: int) -> list[int]:
    """The new `asked` entry of a question. A right answer counts only if the question was due."""
    if not right:
        return [today, 0]
    day, place = asked or (today - INTERVALS[0], 0)
    if day + INTERVALS[place] > today:
        return [day, place]
    return [today, min(place + 1, len(INTERVALS) - 1)]


def without_answer(record: Record, quiz_id: str) -> Record:
    """The record without the answer that a quiz's card shows. `given` keeps it."""
    answers = {key: answer for key, answer in record["answers"].items() if key != quiz_id}
    return {**record, "answers": answers}
