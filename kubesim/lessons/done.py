"""The state of a notebook's lines `%quiz ID`, `%predict ID`, `%task ID` and so on: done, or not yet."""

from __future__ import annotations

import re

from kubesim.lessons import load_predictions, question_ids
from kubesim.lessons.clusters import RoundId, small_rounds
from kubesim.lessons.explore import load_explorables
from kubesim.lessons.grade import is_over, is_right
from kubesim.lessons.record import Record

# Prefix of an explorable's name in the record's section `shown`: all its goals were reached.
EXPLORED = "explored/"
_ROUND = re.compile(r"(?P<small>[a-z]*) ?(?P<seed>[1-9][0-9]*)?")


def is_done(line: str, record: Record) -> bool:
    """True if all exercises of a magic's line are done. A line without exercises is done."""
    magic, *names = line.split()
    match magic:
        case "%quiz":
            return all(name in question_ids() and is_right(name, record) for name in names)
        case "%predict":
            return all(name in load_predictions() and name in record["given"] for name in names)
        case "%review":
            return all(name in record["asked"] for name in names)
        case "%task":
            return all(name in record["tasks"] for name in names)
        case "%explore":
            return all(_is_explored(name, record) for name in names)
        case "%challenge":
            return _is_over(" ".join(names), record)
    return True


def _is_explored(name: str, record: Record) -> bool:
    """True if all goals of an explorable were reached, or a question with that id is answered correctly."""
    explorable = load_explorables().get(name)
    if explorable is None:
        return name in question_ids() and is_right(name, record)
    return not explorable.goals or EXPLORED + name in record["shown"]


def _is_over(words: str, record: Record) -> bool:
    """True if the round that `%challenge` shows with these words is over. False for words that name none."""
    asked = _ROUND.fullmatch(words)
    if not asked or asked["small"] not in ("", *small_rounds()):
        return False
    return is_over(RoundId(int(asked["seed"] or 1), asked["small"]), record)
