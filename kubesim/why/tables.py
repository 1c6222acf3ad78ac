"""Reading of the YAML tables of kubesim.why, each beside the module that owns it, and the records that they share.

Each row becomes a NamedTuple, so an unknown or missing field raises ValueError when the file is read. The comment at
the top of each file explains the fields.
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
"""Texts by keys: sentences by their conditions, or words by the names of their placeholders."""
NONE: Mapping[str, Any] = MappingProxyType({})
"""An empty mapping that can't be changed, for defaults."""


class Question(NamedTuple):
    """A yes-or-no question that only the reader can answer, with the verdict for each answer."""

    text: str
    yes: Verdict
    no: Verdict


class Verdict(NamedTuple):
    """A cause and its fix: a row of causes.yaml, a kind of signs.yaml, or an alternative (`others`) of one.

    judge/causes.py reads the fields; causes.yaml explains them.
    """

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
    """Read a YAML file beside a module, given by its `__file__`."""
    return load_yaml(Path(module).with_name(name))


@cache
def vocabulary() -> frozenset[str]:
    """Every word in the YAML files of kubesim.why, comments included, in lower case: the allow-list for quotations."""
    texts = (path.read_text("utf-8").lower() for path in Path(__file__).parent.rglob("*.yaml"))
    return frozenset(word for text in texts for word in re.findall(r"[^\W_]+", text))


def whole(name: str, record: Callable[..., T], table: Any) -> T:
    """Turn a table into one record. Raises ValueError, which mentions `name`."""
    return load_records(__file__, name, record, [table])[0]


def named(name: str, record: Callable[..., T], rows: Mapping[str, Any]) -> Mapping[str, T]:
    """Turn a mapping of rows into records with the same keys. Raises ValueError, as `whole` does."""
    return {key: whole(f"{name}, {key}", record, row) for key, row in rows.items()}


def question(text: str, **answers: Any) -> Question:
    """A Question from a row whose keys `yes` and `no` are rows of verdicts."""
    return Question(text, **{name: verdict(**answer) for name, answer in answers.items()})


def verdict(
    alternatives: Mapping[str, Verdict] = NONE, questions: Mapping[str, Question] = NONE, /, **row: Any
) -> Verdict:
    """A Verdict from a row. Its `others` and `ask` may be rows, or keys of `alternatives` and `questions`."""
    if "others" in row:
        row["others"] = tuple(
            alternatives[other] if isinstance(other, str) else verdict(**other) for other in row["others"]
        )
    if "ask" in row:
        ask = row["ask"]
        row["ask"] = questions[ask] if isinstance(ask, str) else question(**ask)
    return Verdict(**row)


def tuples(value: Any) -> Any:
    """A copy of JSON-like data with tuples for lists, so that records are immutable."""
    if isinstance(value, dict):
        return {key: tuples(item) for key, item in value.items()}
    return tuple(map(tuples, value)) if isinstance(value, list) else value
