"""An explanation: the hops of a pull, its cause, and the story; as text, as Markdown for a ticket, as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from kubesim.flow.causes import Cause

PASSED = "passed"
FAILED = "failed"
NOT_REACHED = "not reached"
NOT_NEEDED = "not needed"

SYMBOLS = {PASSED: "✓", FAILED: "✗", NOT_REACHED: "·", NOT_NEEDED: "○"}
SURE = {"certain": "certain", "likely": "most likely", "one": "one of these"}
_MOST_PODS = 20


@dataclass(frozen=True)
class Hop:
    """One station. `words` are a line or two on what was found there.

    A hop after the one where the cause lies can be failed too, as a consequence.
    """

    key: str
    title: str
    state: str
    words: tuple[str, ...] = ()
    is_cause: bool = False

    @property
    def line(self) -> str:
        """The hop in words: "✓ Secret: regcred holds registry.example.com"."""
        words = list(self.words)
        if self.state in (NOT_REACHED, NOT_NEEDED) or not words:
            words.insert(0, self.state)
        return f"{SYMBOLS[self.state]} {self.title}: {'; '.join(words)}"


class About(NamedTuple):
    """Which container of which Pod needs which image."""

    namespace: str
    pod: str
    container: str = ""
    image: str = ""


@dataclass(frozen=True)
class Flow:
    """The pull of one container's image. `outcome` sums it up in a sentence.

    `story` is the last attempt, a sentence for each step. Of an export (or a text or message: `source`, "" for the
    running cluster), `evidence` is the sentence that decided, as it was pasted, `unknown` what it can't show, `collect`
    the command that would, `recipe` where to read more, and `same` are the other Pods with that cause.
    """

    subject: str
    hops: tuple[Hop, ...]
    outcome: str
    about: About
    story: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    cause: Cause | None = None
    source: str = ""
    evidence: str = ""
    collect: str = ""
    recipe: str = ""
    same: tuple[str, ...] = ()

    def text(self) -> str:
        """The hops, and what is wrong."""
        return "\n".join([self.subject, *(hop.line for hop in self.hops), *_verdict(self)])

    def why(self) -> str:
        """The verdict, its evidence and the fix; then the steps that lead to it, and what is not known."""
        lines = [self.subject, *_verdict(self)]
        if self.story:
            lines += ["Step by step:", *(f"  {number}. {sentence}" for number, sentence in enumerate(self.story, 1))]
        if self.unknown:
            lines += [f"What this {self.source} can't tell you:", *(f"  - {what}" for what in self.unknown)]
        return "\n".join(lines)

    @property
    def sure(self) -> str:
        """How sure the cause is, in parentheses: " (certain from this text)".

        "" without a cause, and in the running cluster, whose every object can be looked at.
        """
        if self.cause is None or not self.source:
            return ""
        end = f" from this {self.source}" if self.cause.grade == "certain" else ""
        return f" ({SURE[self.cause.grade]}{end})"


def _verdict(flow: Flow) -> list[str]:
    if flow.cause is None:
        return [flow.outcome]
    fix = ["How to fix it:", *commands(flow.cause.fix)]
    lines = [f"What's wrong{flow.sure}: {flow.cause.problem}"]
    if not flow.source:
        return lines + fix
    if flow.evidence:
        lines.append(f"The evidence: {flow.evidence}")
    if flow.same:
        lines.append(same_cause(flow))
    return [*lines, *fix, *_alternatives(flow.cause), *further(flow)]


def same_cause(flow: Flow) -> str:
    """On which Pods the same is wrong."""
    return f"Same cause on {len(flow.same) + 1} Pods: {listed([flow.about.pod, *flow.same], _MOST_PODS)}"


def _alternatives(cause: Cause) -> Iterator[str]:
    """How to make sure, and what else it may be."""
    if cause.tell:
        yield f"To check: {cause.tell}"
    if cause.ask:
        yield f"A question that decides: {cause.ask}"
    for other in cause.others:
        yield f"It may also be this: {other.problem}"
        if other.tell:
            yield f"    To check: {other.tell}"
        yield from commands(other.fix, "    ")


def further(flow: Flow) -> Iterator[str]:
    """What would tell more."""
    if flow.collect:
        yield f"For a surer answer, without a Secret's values: {flow.collect}"
    if flow.recipe:
        yield f"Read more: {flow.recipe}"


def commands(fix: tuple[str, ...], indent: str = "  ") -> list[str]:
    """Commands with a prompt, and what belongs into a file below a comment that says into which."""
    lines = []
    for command in fix:
        head, *rest = command.split("\n")
        lines.append(f"{indent}{'' if head.startswith('#') else '$ '}{head}")
        lines += [f"{indent}{line}" for line in rest]
    return lines


def listed(names: list[str], most: int) -> str:
    """The first names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def markdown(flow: Flow) -> str:
    """The verdict, its evidence and the fix, with the steps behind a fold."""
    lines = [f"### {flow.subject}", ""]
    if flow.cause is None:
        lines.append(flow.outcome)
    else:
        lines += [f"**What's wrong**{flow.sure}: {flow.cause.problem}", ""]
        if flow.evidence:
            lines += [f"> {flow.evidence}", ""]
        if flow.same:
            lines += [same_cause(flow), ""]
        lines += ["**How to fix it:**", "", *_fenced(flow.cause.fix)]
        if flow.source:
            lines += _marked_alternatives(flow.cause)
        for line in further(flow):
            lines += ["", line]
    if flow.story:
        steps = [f"{number}. {step}" for number, step in enumerate(flow.story, 1)]
        lines += ["", "<details><summary>Step by step</summary>", "", *steps, "", "</details>"]
    if flow.unknown:
        lines += ["", f"What this {flow.source} can't tell you:", "", *(f"- {what}" for what in flow.unknown)]
    return "\n".join(lines)


def _marked_alternatives(cause: Cause) -> Iterator[str]:
    """The same as `_alternatives`, in Markdown."""
    if cause.tell:
        yield from ("", f"To check: `{cause.tell}`")
    if cause.ask:
        yield from ("", f"**A question that decides:** {cause.ask}")
    for other in cause.others:
        yield from ("", f"**It may also be this:** {other.problem}", "")
        if other.tell:
            yield from (f"To check: `{other.tell}`", "")
        yield from _fenced(other.fix)


def _fenced(fix: tuple[str, ...]) -> list[str]:
    return ["```console", *commands(fix, ""), "```"]


def as_json(flow: Flow) -> str:
    """The same as an object: what is known, how sure it is, and the commands."""
    cause = flow.cause or Cause(hop="", problem="", fix=())
    known = {
        **flow.about._asdict(),
        "cause": cause.problem,
        "sure": SURE[cause.grade] if flow.cause else "",
        "evidence": flow.evidence,
        "commands": cause.fix,
        "check": cause.tell,
        "question": cause.ask,
        "others": [{"cause": other.problem, "check": other.tell, "commands": other.fix} for other in cause.others],
        "collect": flow.collect,
        "recipe": flow.recipe,
        "same": flow.same,
    }
    return json.dumps(known, ensure_ascii=False, indent=2)


FORMS: Mapping[str, Callable[[Flow], str]] = {"text": Flow.why, "markdown": markdown, "json": as_json}
