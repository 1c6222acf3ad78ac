"""Why an image doesn't come, and what fixes that: the rows of causes.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import Any, NamedTuple

from kubesim.api import load_records
from kubesim.why.tables import Question, Sentences, Verdict, content, named, question, tuples, verdict, whole


class Causes(NamedTuple):
    """causes.yaml."""

    commands: Mapping[str, Sentences]
    on_a_machine: Sentences
    alternatives: Mapping[str, Verdict]
    questions: Mapping[str, Question]
    sentences: Sentences
    before_the_pull: tuple[Verdict, ...]
    after_a_failed_pull: tuple[Verdict, ...]
    titles: Sentences
    mismatch: Sentences
    style: Sentences
    empty: Sentences


@cache
def causes() -> Causes:
    """What causes.yaml holds."""
    return read_causes(content(__file__, "causes.yaml"))


def read_causes(table: Any) -> Causes:
    """What causes.yaml holds, as records. Raises ValueError, whose sentence names the row."""
    table = tuples(table)
    try:
        others = named("causes.yaml", verdict, table["alternatives"])
        questions = named("causes.yaml", question, table["questions"])
        read = partial(verdict, others, questions)
        stages = ("before_the_pull", "after_a_failed_pull")
        rows = {stage: load_records(__file__, "causes.yaml", read, table[stage]) for stage in stages}
    except KeyError as name:
        raise ValueError(f"causes.yaml: nothing is called {name}") from None
    return whole("causes.yaml", Causes, {**table, "alternatives": others, "questions": questions, **rows})
