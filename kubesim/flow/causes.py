"""Finds what keeps an image from a node: the first row of causes.yaml that holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from kubesim.api.objects import name_of
from kubesim.cluster.kubelet.imagepull import NEVER
from kubesim.flow import checks, credentials
from kubesim.flow.facts import Facts, Known, Words, first
from kubesim.flow.signs import table


class Cause(NamedTuple):
    """The hop where the cause lies, what is wrong there, and the commands (or files) that fix it.

    `grade` says how sure that is: certain, likely, or one of several. `others` come into question, too, and `tell` is a
    command that tells them apart.
    """

    hop: str
    problem: str
    fix: tuple[str, ...]
    grade: str = "certain"
    tell: str = ""
    others: tuple[Cause, ...] = ()


def find_cause(facts: Facts) -> Cause | None:
    """What keeps the image from the node; None where nothing does, or only the next attempt is missing."""
    if facts.has_image:
        return None
    early = _first("before_the_pull", facts)
    if early or facts.trace is None or will_recover(facts):
        return early
    return _first("after_a_failed_pull", facts)


def will_recover(facts: Facts) -> bool:
    """Whether the kubelet's next attempt will succeed on its own."""
    failed = facts.trace is not None and not facts.has_image
    return failed and facts.container.get("imagePullPolicy") != NEVER and facts.would_pull(facts.secrets)


def _first(stage: str, facts: Facts) -> Cause | None:
    known: dict[str, Known | None] = {}
    for row in table("causes")[stage]:
        if row["check"] not in known:
            known[row["check"]] = CHECKS[row["check"]](facts)
        found = known[row["check"]]
        if found is not None and _holds(row, words := Words(facts, found)):
            given: Known = facts.reply.row if facts.reply and "of_sign" in row else {}
            return _cause({**row, **given, "also": {**row.get("also", {}), **given.get("also", {})}}, facts, words)
    return None


def _holds(row: Known, words: Words) -> bool:
    return all(words[need] for need in row.get("needs", ()))


def _cause(row: Known, facts: Facts, words: Words) -> Cause:
    sentences = [row["problem"], *(text for word, text in row["also"].items() if words[word])]
    calls = (_command(facts, words, *(part.format_map(words) for part in call)) for call in row["fix"])
    grade = row.get(
        "grade", "certain"
    )  # which nothing is without the registry's answer, or if it may be something else
    others = [other for other in row.get("or", ()) if facts.scene.is_export and _holds(other, words)][:2]
    return Cause(
        row["hop"],
        " ".join(text.format_map(words) for text in sentences),
        tuple(filter(None, calls)),
        "likely" if grade == "certain" and (facts.is_silent or others) else grade,
        row.get("tell", "").format_map(words),
        tuple(_cause({"hop": row["hop"], "also": {}, **other}, facts, words) for other in others),
    )


def _command(facts: Facts, words: Words, name: str, *arguments: str) -> str:
    more = {
        "target": facts.workload or f"pod/{name_of(facts.pod)}",
        "workload": facts.workload.replace("/", " "),
        "old": _pattern(facts.image),
        **dict(zip("abc", arguments, strict=False)),
        **dict(zip("ABC", map(_pattern, arguments), strict=False)),
    }
    words = Words(facts, {**words, **more})
    return str(first(table("causes")["commands"][name], words).format_map(words))


def _pattern(text: str) -> str:
    return re.sub(r"([/.*\[\]^$&\\])", r"\\\1", text)


CHECKS: Mapping[str, Callable[[Facts], Known | None]] = {
    check.__name__: check for check in (*checks.CHECKS, *credentials.CHECKS)
}
