"""Reads the YAML files of this room, each beside the module that owns it.

Each row becomes a record, so a word that its record doesn't have is refused when the file is read, and so is one that
it lacks. What the fields mean is at the top of each file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from kubesim.api import load_records, load_yaml

T = TypeVar("T")
Sentences = Mapping[str, str]
"""Texts by the words that must hold for them."""
NONE: Mapping[str, Any] = MappingProxyType({})


class Question(NamedTuple):
    """What a reader can answer and a text can't: `yes` and `no` are what is wrong then."""

    text: str
    yes: Verdict
    no: Verdict


class Verdict(NamedTuple):
    """What is wrong, and what fixes it: a row of causes.yaml, a kind of signs.yaml, or what else it may be."""

    problem: str
    fix: tuple[tuple[str, ...], ...]
    hop: str = ""
    check: str = ""
    needs: tuple[str, ...] = ()
    of_sign: bool = False
    also: tuple[str, ...] = ()
    grade: str = "certain"
    tell: str = ""
    ask: Question | None = None
    others: tuple[Verdict, ...] = ()
    recipe: str = ""


def content(module: str, name: str) -> Any:
    """What the YAML file of that name beside a module (its `__file__`) holds."""
    return load_yaml(Path(module).with_name(name))


@cache
def vocabulary() -> frozenset[str]:
    """Every word of the files of this room, in small letters: none of them is somebody's password."""
    texts = (path.read_text("utf-8").lower() for path in Path(__file__).parent.rglob("*.yaml"))
    return frozenset(word for text in texts for word in re.findall(r"[^\W_]+", text))


def whole(name: str, record: Callable[..., T], table: Any) -> T:
    """A table as one record. Raises ValueError, whose sentence has the name."""
    return load_records(__file__, name, record, [table])[0]


def named(name: str, record: Callable[..., T], rows: Mapping[str, Any]) -> Mapping[str, T]:
    """The rows of a table that have names, each as a record. Raises ValueError, as `whole` does."""
    return {key: whole(f"{name}, {key}", record, row) for key, row in rows.items()}


def question(text: str, **answers: Any) -> Question:
    """A question with its answers."""
    return Question(text, **{name: verdict(**answer) for name, answer in answers.items()})


def verdict(
    alternatives: Mapping[str, Verdict] = NONE, questions: Mapping[str, Question] = NONE, /, **row: Any
) -> Verdict:
    """A row that says what is wrong; what else it may be, and what it asks, may be named."""
    if "others" in row:
        row["others"] = tuple(
            alternatives[other] if isinstance(other, str) else verdict(**other) for other in row["others"]
        )
    if "ask" in row:
        ask = row["ask"]
        row["ask"] = questions[ask] if isinstance(ask, str) else question(**ask)
    return Verdict(**row)


def tuples(value: Any) -> Any:
    """The same with tuples for lists, as the records have them."""
    if isinstance(value, dict):
        return {key: tuples(item) for key, item in value.items()}
    return tuple(map(tuples, value)) if isinstance(value, list) else value
