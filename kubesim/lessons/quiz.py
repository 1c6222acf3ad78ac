"""What a quiz is (data from YAML files, see schema.json), and how answers are judged; a command by its effect."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kubesim.lessons.progress import LONGEST_ANSWER
from kubesim.lessons.task import Condition, read
from kubesim.session import Session

VARIANT = "#"
"""Parts the id of a quiz from the number of a further variant."""
BLANK = "____"
"""Stands in a command for what the learner has to fill in."""


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
    order (the choices are here in the right order), line (one line of an output), predict (what the notebook's next
    cell `shows`, a regex that the tests look for there; it has no answer to reveal and no hints).

    `answer` is what "Reveal answer" shows after the letters, if there are any, and for a command the line itself; `why`
    follows a right answer.
    A command is run in a fresh cluster after `files` and `start`; then `wait` seconds pass, and `goal` must hold.
    `wrong` is a command that does not meet the goal: the tests play it. The choices of a `line` are what the
    command `run` prints in a fresh cluster after `start`, without blank lines: the tests compare them.
    `places` are the numbers of the choices in the order in which they are shown, where that is another one: answers
    are kept as the numbers of `choices`, whatever their letters. `gap` is the line of a command with a `BLANK` for
    each part that the learner has to know.
    """

    id: str
    kind: str
    question: str
    answer: str = ""
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
    shows: str = ""
    gap: str = ""
    places: tuple[int, ...] = ()

    @property
    def shown(self) -> tuple[Choice, ...]:
        """The choices as the learner sees them: those of an order by the alphabet, of a variant from its end."""
        if self.kind != "order":
            return tuple(self.choices[number] for number in self.numbers)
        return tuple(sorted(self.choices, key=_letters, reverse=VARIANT in self.id))

    @property
    def numbers(self) -> tuple[int, ...]:
        """What picking each of the choices shown means to `judge`."""
        return self.places or tuple(range(len(self.choices)))


@dataclass(frozen=True)
class Note:
    ok: bool
    text: str


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, and why; what a command `printed`."""

    right: bool
    notes: tuple[Note, ...]
    printed: str = field(default="", compare=False)


def _letters(choice: Choice) -> str:
    return "".join(filter(str.isalpha, choice.text)).casefold()


def judge_choices(quiz: Quiz, picked: Iterable[int]) -> Verdict:
    """Judge the choices picked, by number from 0: feedback for each, and whether right ones are still missing."""
    chosen = sorted({number for number in picked if 0 <= number < len(quiz.choices)})
    if not chosen:
        return Verdict(False, (Note(False, "Pick an answer first."),))
    if quiz.kind == "predict":
        right = quiz.choices[chosen[0]].right
        return Verdict(right, (Note(right, quiz.why),))
    chosen.sort(key=quiz.numbers.index)
    notes = []
    for number in chosen:
        choice = quiz.choices[number]
        notes.append(Note(choice.right, f"{letter(quiz.numbers.index(number))}: {choice.why}"))
    is_all_picked = all(number in chosen for number, choice in enumerate(quiz.choices) if choice.right)
    if quiz.kind == "choices" and not is_all_picked:
        notes.append(Note(False, "That isn't all yet."))
    return Verdict(all(note.ok for note in notes), tuple(notes))


def judge_order(quiz: Quiz, picked: Sequence[int]) -> Verdict:
    """Judge an order of the choices shown, by number from 0: why the first one that is out of place comes too early."""
    if sorted(picked) != list(range(len(quiz.choices))):
        return Verdict(False, (Note(False, "Put all of them in order first."),))
    placed = [quiz.shown[number] == choice for number, choice in zip(picked, quiz.choices, strict=True)]
    if all(placed):
        return Verdict(True, (Note(True, quiz.why),))
    place = placed.index(False)
    early = Note(False, f"{letter(picked[place])} comes too early. {quiz.shown[picked[place]].why}")
    right = Note(True, "The first one is right." if place == 1 else f"The first {place} are right.")
    return Verdict(False, (right, early) if place else (early,))


def judge_text(quiz: Quiz, answer: str) -> Verdict:
    typed = _normalised(answer)
    if not typed:
        return Verdict(False, (Note(False, "Type an answer first."),))
    accepted = typed in map(_normalised, quiz.accept)
    if accepted or (quiz.matches and re.fullmatch(quiz.matches, typed, re.IGNORECASE)):
        return Verdict(True, (Note(True, quiz.why),))
    replies = (reply.why for reply in quiz.replies if re.search(reply.matches, typed, re.IGNORECASE))
    return Verdict(False, (Note(False, next(replies, quiz.otherwise)),))


def judge_command(quiz: Quiz, line: str) -> Verdict:
    if not line.strip():
        return Verdict(False, (Note(False, "Type a command first."),))
    if quiz.gap and BLANK in line:
        return Verdict(False, (Note(False, f"There's still a blank, `{BLANK}`, in the line."),))
    session = Session()
    for name, text in quiz.files.items():
        session.write_file(name, text)
    for step in quiz.start:
        session.run(step)
    result = session.run(line[:LONGEST_ANSWER])
    session.advance(quiz.wait)
    missing = [Note(False, reading.condition.otherwise) for reading in read(quiz.goal, session) if not reading.holds]
    if not missing:
        return Verdict(True, (Note(True, quiz.why),), result.screen)
    return Verdict(False, (missing[0],), result.screen)  # the rest mostly follows from it


def judge(quiz: Quiz, answer: str | Sequence[int]) -> Verdict:
    """Judge an answer to any quiz: choices as their numbers from 0, everything else as the text typed."""
    if not isinstance(answer, str):
        return judge_order(quiz, answer) if quiz.kind == "order" else judge_choices(quiz, answer)
    return judge_command(quiz, answer) if quiz.kind == "command" else judge_text(quiz, answer[:LONGEST_ANSWER])


def letter(number: int) -> str:
    return chr(ord("A") + number)


def _normalised(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(plain.split()).strip("\"'`.,; ")
