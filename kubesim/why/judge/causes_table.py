"""The causes of failed pulls, with their fixes: causes.yaml as records."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from kubesim.api import typed
from kubesim.why.tables import Question, Sentences, Verdict, content


class Causes(NamedTuple):
    """causes.yaml."""

    commands: Mapping[str, Sentences]
    on_a_machine: Sentences
    by_a_client: Sentences
    into_a_node: Sentences
    alternatives: Mapping[str, Verdict]
    questions: Mapping[str, Question]
    sentences: Sentences
    before_the_pull: tuple[Verdict, ...]
    after_a_failed_pull: tuple[Verdict, ...]
    titles: Sentences
    mismatch: Sentences
    style: Sentences
    empty: Sentences


_STAGES = ("before_the_pull", "after_a_failed_pull")


@cache
def causes() -> Causes:
    """causes.yaml, read once."""
    return read_causes(content(__file__, "causes.yaml"))


def read_causes(table: Any) -> Causes:
    """The records of a parsed causes.yaml. Raises ValueError, which names the row."""
    try:
        rows = {stage: [_filled(row, table) for row in table[stage]] for stage in _STAGES}
    except KeyError as name:
        raise ValueError(f"causes.yaml: nothing is called {name}") from None
    causes: Causes = typed.read(Causes, {**table, **rows}, "causes.yaml")
    return causes


def _filled(row: Mapping[str, Any], table: Any) -> Mapping[str, Any]:
    """The row of a Verdict with the table's rows in place of their names, which `others` and `ask` may contain."""
    filled = dict(row)
    if "others" in row:
        filled["others"] = [table["alternatives"][one] if isinstance(one, str) else one for one in row["others"]]
    if isinstance(row.get("ask"), str):
        filled["ask"] = table["questions"][row["ask"]]
    return filled
