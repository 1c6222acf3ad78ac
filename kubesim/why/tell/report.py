"""An explanation: the hops of a pull, its cause, and the story; as text, as Markdown for a ticket, as JSON.

A Flow holds what is known. `parts` puts it in the order in which a reader needs it: the verdict, one check, one fix,
and only then the alternatives. Text, Markdown and the page (jupyter/why.py) write the same parts, each in its own form.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from kubesim.why.judge.causes import Cause
from kubesim.why.judge.derived import listed
from kubesim.why.tell.markdown import block, prose, span

PASSED = "passed"
FAILED = "failed"
NOT_REACHED = "not reached"
NOT_NEEDED = "not needed"
WAITING = "waiting"
UNSEEN = "to find out"

SYMBOLS = {PASSED: "✓", FAILED: "✗", NOT_REACHED: "·", NOT_NEEDED: "○", WAITING: "…", UNSEEN: "?"}
SURE = {"certain": "certain", "likely": "most likely", "one": "one of these"}
# The grade of a cause that is one of several, where no other one is named.
UNSURE = "can't tell"
# Characters of the first line of an explanation, at most.
_VERDICT_LENGTH = 160


@dataclass(frozen=True)
class Hop:
    """A station of a pull. `words` are a line or two on its part in the pull.

    If an earlier hop is the cause, a failed hop has the title of that one in `because`, and one that passed `is_late`:
    the kubelet has asked without credentials, for example.
    """

    key: str
    title: str
    state: str
    words: tuple[str, ...] = ()
    is_cause: bool = False
    because: str = ""
    is_late: bool = False

    @property
    def symbol(self) -> str:
        """The sign of the state. A hop that `is_late` has no check mark, because it only follows from the cause."""
        return SYMBOLS[NOT_NEEDED if self.is_late else self.state]

    @property
    def line(self) -> str:
        """The hop in words: "✓ Secret: regcred holds registry.example.com"."""
        words = list(self.words)
        if self.state in (NOT_REACHED, NOT_NEEDED) or not words:
            words.insert(0, self.state)
        follows = f" (because of the {self.because})" if self.because else ""
        return f"{self.symbol} {self.title}: {'; '.join(words)}{follows}"


class About(NamedTuple):
    """The image of a Flow, and the Pod and container that need it."""

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
    same: tuple[str, ...] = ()  # the other Pods with this cause

    def text(self) -> str:
        """The hops, and the verdict."""
        verdict = (part for part in _verdict(self) if part.form is not Form.SUBJECT)
        return _as_text([self.subject, *(hop.line for hop in self.hops)], verdict)

    def why(self, *, whole: bool = False, width: int = 0) -> str:
        """The verdict, a check and the fix, with a line for each alternative; of the running cluster all there is.

        `whole` adds the checks and fixes of the alternatives, the steps, and what isn't known. Sentences are wrapped at
        `width`, if given; a command never is.
        """
        first = [] if self.source and self.cause else [self.subject]
        return _as_text(first, parts(self, whole=whole or bool(first)), width)

    @property
    def sure(self) -> str:
        """The certainty of the cause: a word of SURE, or UNSURE.

        "" without a cause, and in the running cluster, whose every object can be looked at.
        """
        if self.cause is None or not self.source:
            return ""
        return UNSURE if self.cause.grade == "one" and not self.cause.others else SURE[self.cause.grade]


class Form(Enum):
    """The form of a part in text, Markdown and HTML."""

    VERDICT = "verdict"
    DETAIL = "detail"  # the rest of a long verdict
    SUBJECT = "subject"  # the image and the Pod, where the verdict stands above them
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


# Forms with a line of text for each line of the part.
_LISTS = (Form.FIX, Form.STEPS, Form.POINTS)
# Forms without a command or a name that must stay on one line.
_SENTENCES = (Form.VERDICT, Form.DETAIL, Form.SUBJECT, Form.PODS, Form.PARAGRAPH, Form.LINE, Form.STEPS, Form.POINTS)
# Beginnings of parts in Markdown, with the title and the note behind it; other forms have the title and a colon.
_OPENINGS: Mapping[Form, str] = {
    Form.VERDICT: "**{}**{}: ",
    Form.FIX: "**{}{}:**\n\n",
    Form.PARAGRAPH: "**{}:** ",
    Form.EVIDENCE: "> ",
    Form.POINTS: "{}:\n\n",
    Form.STEPS: "<details><summary>{}</summary>\n\n",
}


class Part(NamedTuple):
    """A part of an explanation: under its title a sentence, commands, steps or points."""

    form: Form
    title: str
    lines: tuple[str, ...]
    note: str = ""  # behind the title
    is_other: bool = False  # about what else it may be


def parts(flow: Flow, *, whole: bool = True) -> Iterator[Part]:
    """The parts of an explanation below its subject, in their order.

    Of another cluster than the running one, and unless `whole`, each alternative is one line, and the steps stay out.
    """
    yield from _verdict(flow)
    if flow.source and flow.cause:
        yield from _alternatives(flow.cause, whole=whole)
        if flow.collect:
            yield Part(Form.COMMAND, "For a surer answer, without a Secret's values", (flow.collect,))
        if flow.recipe:
            yield Part(Form.LINK, "Read more", (flow.recipe,))
        if flow.practice:
            yield Part(Form.COMMAND, "Practice it", (f"kubesim practice {flow.practice}",))
        if not whole:
            return
    if flow.story:
        yield Part(Form.STEPS, "Step by step", flow.story)
    if flow.unknown:
        yield Part(Form.POINTS, f"What this {flow.source} can't tell you", flow.unknown)


def _verdict(flow: Flow) -> Iterator[Part]:
    """The cause, its evidence, how to check it and how to fix it."""
    cause = flow.cause
    if cause is None:
        yield Part(Form.LINE, "", (flow.outcome,))
        return
    title = "What's wrong"
    fix = Part(Form.FIX, "How to fix it", cause.fix)
    if not flow.source:  # the running cluster, in which every object can be looked at
        yield Part(Form.VERDICT, title, (cause.problem,))
        yield from _same_cause(flow)
        yield fix
        return
    note = f" ({flow.sure})"
    headline, rest = split_verdict(cause.problem, _VERDICT_LENGTH - len(f"{title}{note}: "))
    yield Part(Form.VERDICT, title, (headline,), note=note)
    if rest:
        yield Part(Form.DETAIL, "", (rest,))
    yield Part(Form.SUBJECT, "", (flow.subject,))
    if flow.evidence:
        yield Part(Form.EVIDENCE, "The evidence", (flow.evidence,))
    yield from _same_cause(flow)
    if cause.tell:
        yield Part(Form.CHECK, "To check", (cause.tell,))
    yield fix._replace(note=_deletion_note(cause))
    if cause.ask:
        yield Part(Form.PARAGRAPH, "A question that decides", (cause.ask,))


def split_verdict(problem: str, most: int) -> tuple[str, str]:
    """As many of a problem's sentences as have room in `most` characters, and the rest.

    A first sentence that is too long is cut at its last colon or semicolon before that, or before the parenthesis that
    ends it. If it has none, it stays whole: half a sentence would tell less than a long line.
    """
    ends = [end.end() for end in re.finditer(r"[.?!](?=\s|$)", problem)]
    if fitting := [end for end in ends if end <= most]:
        return problem[: fitting[-1]].strip(), problem[fitting[-1] :].strip()
    cuts = [cut for cut in re.finditer(r"[:;](?= )| \((?=[^()]*\)\.)", problem) if 24 < cut.start() < most - 2]
    cuts = [cut for cut in cuts if problem.count("(", 0, cut.start()) == problem.count(")", 0, cut.start())]
    if not cuts:
        end = ends[0] if ends else len(problem)
        return problem[:end].strip(), problem[end:].strip()
    headline, rest = problem[: cuts[-1].start()], problem[cuts[-1].end() :].strip()
    if cuts[-1][0] == " (":
        return f"{headline}.", f"({rest}"
    return f"{headline}.", rest[:1].upper() + rest[1:]


def _same_cause(flow: Flow) -> Iterator[Part]:
    """The Pods with the same cause, if there are others."""
    if flow.same:
        pods = listed([flow.about.pod, *flow.same])
        yield Part(Form.PODS, f"Same cause on {len(flow.same) + 1} Pods", (pods,))


def _alternatives(cause: Cause, *, whole: bool) -> Iterator[Part]:
    """The alternatives to the cause: with checks and fixes if `whole`, else a line each."""
    if cause.others and not whole:
        problems = tuple(split_verdict(other.problem, _VERDICT_LENGTH)[0] for other in cause.others)
        yield Part(Form.POINTS, "It may also be (--all has the checks and the fixes)", problems, is_other=True)
        return
    for other in cause.others:
        yield Part(Form.PARAGRAPH, "It may also be this", (other.problem,), is_other=True)
        if other.tell:
            yield Part(Form.CHECK, "To check", (other.tell,), is_other=True)
        note = _deletion_note(other)
        yield Part(Form.FIX, "How to fix it" if note else "", other.fix, note=note, is_other=True)


def _deletion_note(cause: Cause) -> str:
    """A note behind the fix if a command deletes objects without saying so; else ""."""
    is_forced = any("replace --force" in command for command in cause.fix)
    return " (replace --force deletes the object and creates it again)" if is_forced else ""


# Text and Markdown


def _as_text(first: list[str], below: Iterable[Part], width: int = 0) -> str:
    """The lines `first` and the parts `below` them as text. Sentences are wrapped at `width`, if that isn't 0."""
    lines = list(first)
    for part in below:
        for line in _text_of(part):
            lines += _wrapped(line, width) if width and part.form in _SENTENCES else [line]
    return "\n".join(lines)


def _wrapped(line: str, width: int) -> list[str]:
    """A line cut into lines of at most `width` characters, the later ones indented below the first."""
    indent = re.match(r" *(- |\d+\. )?", line)
    further = " " * (indent.end() if indent and indent.end() else 2)
    return textwrap.wrap(line, width, subsequent_indent=further, break_long_words=False, break_on_hyphens=False)


def _text_of(part: Part) -> list[str]:
    """The lines of a part with its title, as text."""
    indent = "    " if part.is_other and part.form not in (Form.PARAGRAPH, Form.POINTS) else ""
    title = f"{indent}{part.title}{part.note}:" if part.title else ""
    body = _body(part)
    if part.form in _LISTS:
        return [*filter(None, [title]), *(f"{indent or '  '}{line}" for line in body)]
    return [" ".join(filter(None, [title, *body]))]


def _body(part: Part) -> list[str]:
    """The lines of a part without its title; steps are numbered, points have dashes, commands a prompt."""
    match part.form:
        case Form.FIX:
            return list(_prompted(part.lines))
        case Form.STEPS:
            return [f"{number}. {step}" for number, step in enumerate(part.lines, 1)]
        case Form.POINTS:
            return [f"- {point}" for point in part.lines]
    return list(part.lines)


def _prompted(commands: tuple[str, ...]) -> Iterator[str]:
    """Commands with a prompt. One that begins with a comment has the content of a file below it, without prompts."""
    for command in commands:
        head, *rest = command.split("\n")
        yield head if head.startswith("#") else f"$ {head}"
        yield from rest


def markdown(flow: Flow) -> str:
    """The verdict, its evidence and the fix, with the steps behind a fold."""
    below = [part for part in parts(flow) if part.form is not Form.SUBJECT]
    return "\n\n".join([f"### {prose(flow.subject)}", *map(_markdown_of, below)])


def _markdown_of(part: Part) -> str:
    """A part with its title, as Markdown."""
    opening = _OPENINGS.get(part.form, "{}: ").format(part.title, part.note) if part.title else ""
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
    return opening + body


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
        "sure": flow.sure,
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
