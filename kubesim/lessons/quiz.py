"""What a quiz is: data read from the YAML files beside this module (see schema.json)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kubesim.lessons.goal import Condition


@dataclass(frozen=True)
class Choice:
    """One answer to pick, and the feedback for picking it (of an order: for putting it too early)."""

    text: str
    why: str = ""
    right: bool = False


@dataclass(frozen=True)
class Reply:
    """The feedback for a typed answer that `matches` (a regex, case ignored)."""

    matches: str
    why: str


@dataclass(frozen=True)
class Quiz:
    """One question. `kind`: choice (one right), choices (all the right ones), text (typed), command (a shell line),
    order (the choices stand here in the right order), line (one line of an output).

    `answer` is what "Reveal answer" shows, and for a command the line itself; `why` is said after a right answer.
    A command is run in a fresh cluster after `files` and `start`; then `wait` seconds pass, and `goal` must hold.
    `wrong` is a command that does not meet the goal: the tests play it. The choices of a `line` are what the
    command `run` prints in a fresh cluster after `start`, without blank lines: the tests compare them.
    """

    id: str
    kind: str
    question: str
    answer: str
    why: str = ""
    hints: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    accept: tuple[str, ...] = ()
    matches: str | None = None
    replies: tuple[Reply, ...] = ()
    otherwise: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    start: tuple[str, ...] = ()
    run: str = ""
    wait: float = 0
    goal: tuple[Condition, ...] = ()
    wrong: str = ""

    @property
    def shown(self) -> tuple[Choice, ...]:
        """The choices as the learner sees them: those of an order by the alphabet, which gives nothing away."""
        return tuple(sorted(self.choices, key=_letters)) if self.kind == "order" else self.choices


@dataclass(frozen=True)
class Note:
    """One line of feedback: what is right, or what is still wrong."""

    ok: bool
    text: str


@dataclass(frozen=True)
class Verdict:
    """What came of an answer or a check, with one note for each thing that was looked at."""

    right: bool
    notes: tuple[Note, ...]


def _letters(choice: Choice) -> str:
    return "".join(filter(str.isalpha, choice.text)).casefold()
