"""An explanation: the hops of a pull, its cause, and the story; as text, as Markdown for a ticket, as JSON.

A flow is what is known. Its parts are what is told, in the order in which a reader needs it. Text, Markdown and the
page (jupyter/why.py) differ in how they write each form of part, not in what they tell.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from kubesim.why.judge.causes import Cause
from kubesim.why.tell.markdown import block, prose, span

PASSED = "passed"
FAILED = "failed"
NOT_REACHED = "not reached"
NOT_NEEDED = "not needed"
WAITING = "waiting"
UNSEEN = "to find out"

SYMBOLS = {PASSED: "✓", FAILED: "✗", NOT_REACHED: "·", NOT_NEEDED: "○", WAITING: "…", UNSEEN: "?"}
SURE = {"certain": "certain", "likely": "most likely", "one": "one of these"}
_MOST_PODS = 20


@dataclass(frozen=True)
class Hop:
    """One station. `words` are a line or two on what was found there.

    A hop after the one where the cause lies can be failed too: `because` is then the title of that one.
    """

    key: str
    title: str
    state: str
    words: tuple[str, ...] = ()
    is_cause: bool = False
    because: str = ""

    @property
    def line(self) -> str:
        """The hop in words: "✓ Secret: regcred holds registry.example.com"."""
        words = list(self.words)
        if self.state in (NOT_REACHED, NOT_NEEDED) or not words:
            words.insert(0, self.state)
        follows = f" (because of {self.because})" if self.because else ""
        return f"{SYMBOLS[self.state]} {self.title}: {'; '.join(words)}{follows}"


class About(NamedTuple):
    """Which container of which Pod needs which image."""

    namespace: str
    pod: str
    container: str = ""
    image: str = ""


@dataclass(frozen=True)
class Flow:
    """The pull of one container's image."""

    subject: str
    hops: tuple[Hop, ...]
    outcome: str  # a sentence that sums it up
    about: About
    story: tuple[str, ...] = ()  # the last attempt, a sentence for each step
    cause: Cause | None = None
    sent: tuple[str, ...] = ()  # what the last request to the registry said: "HEAD myapp:1.0", "Basic myuser:•••"
    answered: str = ""  # what came back: "401 Unauthorized"
    message: str = ""  # the error of the last attempt, as the Pod's status shows it
    source: str = ""  # "export", "text" or "message"; "" for the running cluster, and then the rest is empty, too
    unknown: tuple[str, ...] = ()  # what the source can't show
    evidence: str = ""  # the sentence that decided, as it was pasted
    collect: str = ""  # the command that would tell more
    recipe: str = ""  # where to read more
    practice: str = ""  # the word for `kubesim practice` that opens a cluster with the same cause
    same: tuple[str, ...] = ()  # the other Pods with that cause

    def text(self) -> str:
        """The hops, and what is wrong."""
        return _as_text([self.subject, *(hop.line for hop in self.hops)], _verdict(self))

    def why(self) -> str:
        """The verdict, its evidence and the fix; then the steps that lead to it, and what is not known."""
        return _as_text([self.subject], parts(self))

    @property
    def sure(self) -> str:
        """How sure the cause is, in parentheses: " (certain from this text)".

        "" without a cause, and in the running cluster, whose every object can be looked at.
        """
        if self.cause is None or not self.source:
            return ""
        end = f" from this {self.source}" if self.cause.grade == "certain" else ""
        return f" ({SURE[self.cause.grade]}{end})"


class Form(Enum):
    """How a part is written."""

    VERDICT = "verdict"
    EVIDENCE = "evidence"
    PODS = "pods"
    FIX = "fix"
    CHECK = "check"
    PARAGRAPH = "paragraph"  # below a heading
    LINE = "line"
    COMMAND = "command"  # in a line
    LINK = "link"
    STEPS = "steps"
    POINTS = "points"


class Part(NamedTuple):
    """A part of an explanation: under its title a sentence, commands, steps or points."""

    form: Form
    title: str
    lines: tuple[str, ...]
    note: str = ""  # behind the title
    is_other: bool = False  # about what else it may be


def parts(flow: Flow) -> Iterator[Part]:
    """What is told below the subject, in this order."""
    yield from _verdict(flow)
    if flow.story:
        yield Part(Form.STEPS, "Step by step", flow.story)
    if flow.unknown:
        yield Part(Form.POINTS, f"What this {flow.source} can't tell you", flow.unknown)


def _verdict(flow: Flow) -> Iterator[Part]:
    cause = flow.cause
    if cause is None:
        yield Part(Form.LINE, "", (flow.outcome,))
        return
    yield Part(Form.VERDICT, "What's wrong", (cause.problem,), note=flow.sure)
    if flow.evidence:
        yield Part(Form.EVIDENCE, "The evidence", (flow.evidence,))
    if flow.same:
        pods = listed([flow.about.pod, *flow.same], _MOST_PODS)
        yield Part(Form.PODS, f"Same cause on {len(flow.same) + 1} Pods", (pods,))
    yield Part(Form.FIX, "How to fix it", cause.fix, note=_deletes(cause) if flow.source else "")
    if not flow.source:  # what would tell more is for those who can't look at the cluster here
        return
    yield from _checks(cause)
    if cause.ask:
        yield Part(Form.PARAGRAPH, "A question that decides", (cause.ask,))
    for other in cause.others:
        yield Part(Form.PARAGRAPH, "It may also be this", (other.problem,), is_other=True)
        yield from _checks(other, is_other=True)
        yield Part(Form.FIX, "", other.fix, is_other=True)
    if flow.collect:
        yield Part(Form.COMMAND, "For a surer answer, without a Secret's values", (flow.collect,))
    if flow.recipe:
        yield Part(Form.LINK, "Read more", (flow.recipe,))
    if flow.practice:
        yield Part(Form.COMMAND, "Practice it", (f"kubesim practice {flow.practice}",))


def _deletes(cause: Cause) -> str:
    """What a command of the fix deletes without a word for that in it."""
    commands = [*cause.fix, *(command for other in cause.others for command in other.fix)]
    is_forced = any("replace --force" in command for command in commands)
    return " (replace --force deletes the object and creates it again)" if is_forced else ""


def _checks(cause: Cause, *, is_other: bool = False) -> Iterator[Part]:
    if cause.tell:
        yield Part(Form.CHECK, "To check", (cause.tell,), is_other=is_other)


def listed(names: list[str], most: int) -> str:
    """The first names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


# Text and Markdown


def _as_text(lines: list[str], told: Iterator[Part]) -> str:
    for part in told:
        lines += _text_of(part)
    return "\n".join(lines)


def _text_of(part: Part) -> list[str]:
    indent = "    " if part.is_other and part.form is not Form.PARAGRAPH else ""
    title = f"{indent}{part.title}{part.note}:" if part.title else ""
    body = _body(part)
    if part.form in _LISTS:
        return [*filter(None, [title]), *(f"{indent or '  '}{line}" for line in body)]
    return [" ".join(filter(None, [title, *body]))]


_LISTS = (Form.FIX, Form.STEPS, Form.POINTS)
"""Forms of which each line stands alone."""


def _body(part: Part) -> list[str]:
    """The lines of a part, numbered or marked where its form asks for that."""
    match part.form:
        case Form.FIX:
            return list(_prompted(part.lines))
        case Form.STEPS:
            return [f"{number}. {step}" for number, step in enumerate(part.lines, 1)]
        case Form.POINTS:
            return [f"- {point}" for point in part.lines]
    return list(part.lines)


def _prompted(commands: tuple[str, ...]) -> Iterator[str]:
    """Commands with a prompt, and what belongs into a file below a comment that says into which."""
    for command in commands:
        head, *rest = command.split("\n")
        yield head if head.startswith("#") else f"$ {head}"
        yield from rest


_LEAD: Mapping[Form, str] = {
    Form.VERDICT: "**{}**{}: ",
    Form.FIX: "**{}{}:**\n\n",
    Form.PARAGRAPH: "**{}:** ",
    Form.EVIDENCE: "> ",
    Form.POINTS: "{}:\n\n",
    Form.STEPS: "<details><summary>{}</summary>\n\n",
}
"""How a part begins in Markdown, with its title and the note behind it; the others have the title and a colon."""


def markdown(flow: Flow) -> str:
    """The verdict, its evidence and the fix, with the steps behind a fold."""
    return "\n\n".join([f"### {prose(flow.subject)}", *map(_markdown_of, parts(flow))])


def _markdown_of(part: Part) -> str:
    lead = _LEAD.get(part.form, "{}: ").format(part.title, part.note) if part.title else ""
    body = "\n".join(_body(part._replace(lines=tuple(map(prose, part.lines)))))
    match part.form:
        case Form.FIX:
            body = block("\n".join(_body(part)), "console")
        case Form.CHECK | Form.COMMAND:
            body = span(" ".join(part.lines))
        case Form.LINK:
            body = " ".join(part.lines)
        case Form.STEPS:
            body += "\n\n</details>"
    return lead + body


# JSON


def as_object(flow: Flow) -> dict[str, Any]:
    """The same for a program: what is known, how sure it is, the commands, and the steps.

    Where nothing is wrong, the outcome says why, and the cause is "".
    """
    cause = flow.cause or Cause(hop="", problem="", fix=())
    return {
        **flow.about._asdict(),
        "outcome": "" if flow.cause else flow.outcome,
        "cause": cause.problem,
        "sure": SURE[cause.grade] if flow.cause else "",
        "evidence": flow.evidence,
        "commands": cause.fix,
        "check": cause.tell,
        "question": cause.ask,
        "others": [{"cause": other.problem, "check": other.tell, "commands": other.fix} for other in cause.others],
        "collect": flow.collect,
        "recipe": flow.recipe,
        "practice": flow.practice,
        "same": flow.same,
        "story": flow.story,
    }


def as_json(known: dict[str, Any]) -> str:
    return json.dumps(known, ensure_ascii=False, indent=2)


FORMS: Mapping[str, Callable[[Flow], str]] = {
    "text": Flow.why,
    "markdown": markdown,
    "json": lambda flow: as_json(as_object(flow)),
}
