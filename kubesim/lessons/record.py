"""What a learner has done, as data: answers, tasks, scores; its form in a file, and how two of them merge."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

MARK, VERSION = "kubesim-progress", 2
MAX_SIZE = 4_000_000  # bytes; a learner who answers everything, often, fills a hundredth of it
LONGEST_ANSWER = 2000  # characters
_LONGEST_LIST = 200  # numbers in an answer, or different answers to one question

Answer = str | Sequence[int]
Record = dict[str, dict[str, Any]]
"""By section and id: `answers` shown on the cards, `given` (all different ones), `tasks`, `scores` ([points, of])."""


class RecordError(ValueError):
    """Not a progress file that this kubesim can read; the message completes "The file … "."""


@dataclass(frozen=True)
class _Section:
    """What an entry of a section looks like, and what is kept of an older and a newer one."""

    fits: Callable[[Any], bool]
    merge: Callable[[Any, Any], Any]


def _is_answer(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST_ANSWER and value == value.encode(errors="replace").decode()
    return _is_list(value, lambda number: type(number) is int)


def _is_score(value: Any) -> bool:
    return _is_list(value, lambda number: type(number) is int) and len(value) == 2 and 0 <= value[0] <= value[1]


def _is_list(value: object, fits: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and len(value) <= _LONGEST_LIST and all(map(fits, value))


def _all_given(older: list[Answer], newer: list[Answer]) -> list[Answer]:
    """Every answer once. Of too many the first stays, which counts as the first try, and the last ones."""
    given: list[Answer] = []
    given.extend(answer for answer in [*older, *newer] if answer not in given)
    return given[:1] + given[1:][1 - _LONGEST_LIST :]


# Each may be merged in any order, and again: nothing that was reached is lost by it.
_SECTIONS = {
    "answers": _Section(_is_answer, lambda _older, newer: newer),
    "given": _Section(lambda value: _is_list(value, _is_answer), _all_given),
    "tasks": _Section(lambda value: value is True, lambda _older, newer: newer),
    "scores": _Section(_is_score, lambda older, newer: max(older, newer, key=lambda score: score[0])),
}


def blank() -> Record:
    """Of somebody who has done nothing yet."""
    return {name: {} for name in _SECTIONS}


def merge(older: Record, newer: Record) -> Record:
    """Both together, entry by entry."""
    merged = blank()
    for name, section in _SECTIONS.items():
        before, after = older.get(name, {}), newer.get(name, {})
        both = {key: section.merge(before[key], after[key]) for key in before.keys() & after.keys()}
        merged[name] = dict(sorted({**before, **after, **both}.items()))
    return merged


def write(record: Record) -> str:
    """The text of a file that holds the record, in ASCII."""
    return json.dumps({MARK: VERSION, **record}, indent=1) + "\n"


def read(text: str) -> tuple[Record, int]:
    """The record in a file of any version so far, and how many of its entries could not be made out.

    Raise RecordError where nothing of it can be.
    """
    if len(text) > MAX_SIZE:
        raise RecordError("is too large")
    try:
        found = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        raise RecordError("is damaged: it does not hold JSON") from None
    if not isinstance(found, dict) or MARK not in found:
        raise RecordError("is not a progress file of kubesim's")
    if found.pop(MARK) not in range(1, VERSION + 1):
        raise RecordError("was written by another version of kubesim")
    return sift(found)


def sift(found: dict[str, Any]) -> tuple[Record, int]:
    """The entries that have the form of one, and how many have not."""
    record, lost = blank(), 0
    for name, entries in found.items():
        if name not in _SECTIONS or not isinstance(entries, dict):
            lost += 1
            continue
        record[name] = {key: value for key, value in entries.items() if _SECTIONS[name].fits(value)}
        lost += len(entries) - len(record[name])
    # Version 1 had answers only, and each was the only one known.
    answers = {"given": {key: [answer] for key, answer in record["answers"].items()}}
    return merge(record, answers), lost
