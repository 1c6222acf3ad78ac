"""Quizzes, and the judging of answers. A command is judged by its effect on a cluster."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from kubesim.lessons.record import LONGEST_ANSWER
from kubesim.lessons.task import Condition, evaluate
from kubesim.session import Session

# Separates the id of a question from the number of a further variant.
VARIANT = "#"
# The gap in a command that the learner fills in.
BLANK = "____"
# The kinds of quizzes. The kind decides which fields are used.
Kind = Literal[
    "choice",  # one choice is right
    "choices",  # all right choices are picked
    "text",  # an answer is typed
    "command",  # a shell line is typed
    "order",  # `choices` has the right order
    "sort",  # each choice goes into one of two `bins`, right ones into the second
    "line",  # a line of an output is picked
    "predict",  # the output of the notebook's next cell is picked
]


@dataclass(frozen=True)
class Choice:
    """A choice with the feedback for picking it; in an order, for putting it too early."""

    text: str
    why: str = ""
    right: bool = False
    quote: str = ""  # a message that the choice is about, shown below its text


@dataclass(frozen=True)
class Reply:
    """Feedback for typed answers that match a regular expression, case ignored."""

    matches: str
    why: str


@dataclass(frozen=True)
class Quiz:
    """A variant of a question."""

    id: str
    kind: Kind
    question: str
    answer: str = ""  # shown by "Reveal answer" after the letters; for a command the line itself
    why: str = ""  # feedback for a right answer
    hints: tuple[str, ...] = ()

    # Picked answers
    choices: tuple[Choice, ...] = ()
    shuffled: tuple[int, ...] = ()  # indexes of `choices` in the order in which they are shown; empty: as they are
    bins: tuple[str, ...] = ()

    # Typed answers
    accept: tuple[str, ...] = ()
    matches: str | None = None  # a regex that accepts further answers
    replies: tuple[Reply, ...] = ()
    otherwise: str = ""  # feedback for all other answers

    # Commands; they run in a fresh cluster after `files` and `start`
    gap: str = ""  # the line with a BLANK for each part to fill in
    files: Mapping[str, str] = field(default_factory=dict)
    start: tuple[str, ...] = ()
    wait: float = 0  # seconds that pass after the command
    goal: tuple[Condition, ...] = ()  # conditions after `wait`

    # For the tests
    wrong: str = ""  # a command that does not meet the goal
    run: str = ""  # prints the choices of a `line` after `start`, without blank lines
    shows: str = ""  # for a prediction, a regex for the output

    @property
    def shown(self) -> tuple[Choice, ...]:
        """The choices in the order shown. An order is shown alphabetically, its second variant in reverse."""
        if self.kind != "order":
            return tuple(self.choices[number] for number in self.numbers)
        return tuple(sorted(self.choices, key=_alphabetically, reverse=VARIANT in self.id))

    @property
    def numbers(self) -> tuple[int, ...]:
        """For each choice shown, its number for `judge`."""
        return self.shuffled or tuple(range(len(self.choices)))


@dataclass(frozen=True)
class Note:
    """A sentence or two of feedback, and whether it is about something right."""

    ok: bool
    text: str


@dataclass(frozen=True)
class Verdict:
    """The judgement of an answer. `printed` is the output of a command."""

    right: bool
    notes: tuple[Note, ...]
    printed: str = field(default="", compare=False)


def judge(quiz: Quiz, answer: str | Sequence[int]) -> Verdict:
    """Judge an answer: the numbers of choices from 0, or typed text.

    In a sort, the number is twice that of the choice, plus one for the second bin.
    """
    if isinstance(answer, str):
        judge_typed = _judge_command if quiz.kind == "command" else _judge_text
        return judge_typed(quiz, answer[:LONGEST_ANSWER])
    if quiz.kind == "order":
        return _judge_order(quiz, answer)
    if quiz.kind == "sort":
        return _judge_sort(quiz, answer)
    return _judge_choices(quiz, answer)


def is_complete(quiz: Quiz, answer: str | Sequence[int]) -> bool:
    """True if an answer can be judged: text without a blank of the quiz, a choice, or all choices of a sort."""
    if isinstance(answer, str):
        return bool(answer.strip()) and not (quiz.gap and BLANK in answer)
    return len(answer) >= len(quiz.choices) if quiz.kind == "sort" else bool(answer)


def _verdict(right: bool, text: str, printed: str = "") -> Verdict:
    """A verdict with one note."""
    return Verdict(right, (Note(right, text),), printed)


def _judge_choices(quiz: Quiz, picked: Iterable[int]) -> Verdict:
    """Judge choices: feedback for each picked one, and a note if right ones are missing."""
    chosen = {number for number in picked if 0 <= number < len(quiz.choices)}
    if not chosen:
        return _verdict(False, "Pick an answer first.")
    if quiz.kind == "predict":
        return _verdict(quiz.choices[min(chosen)].right, quiz.why)
    notes = []
    for place, number in enumerate(quiz.numbers):
        if number in chosen:
            choice = quiz.choices[number]
            notes.append(Note(choice.right, f"{letter(place)}: {choice.why}"))
    right = {number for number, choice in enumerate(quiz.choices) if choice.right}
    if quiz.kind == "choices" and not right <= chosen:
        notes.append(Note(False, "That isn't all yet."))
    return Verdict(all(note.ok for note in notes), tuple(notes))


def _judge_order(quiz: Quiz, picked: Sequence[int]) -> Verdict:
    """Judge an order: the number of right ones at the beginning, and feedback for the first one out of place."""
    if sorted(picked) != list(range(len(quiz.choices))):
        return _verdict(False, "Put all of them in order first.")
    is_in_place = [quiz.shown[number] == choice for number, choice in zip(picked, quiz.choices, strict=True)]
    if all(is_in_place):
        return _verdict(True, quiz.why)
    place = is_in_place.index(False)
    early = Note(False, f"{letter(picked[place])} comes too early. {quiz.shown[picked[place]].why}")
    if place == 0:
        return Verdict(False, (early,))
    right = Note(True, "The first one is right." if place == 1 else f"The first {place} are right.")
    return Verdict(False, (right, early))


def _judge_sort(quiz: Quiz, picked: Sequence[int]) -> Verdict:
    """Judge a sort: feedback for each choice in the wrong bin, or for all choices if the answer is right."""
    bins = {number // 2: number % 2 for number in picked if 0 <= number // 2 < len(quiz.choices)}
    if len(bins) < len(quiz.choices):
        return _verdict(False, "Sort all of them first.")
    notes = [
        Note(bins[number] == quiz.choices[number].right, f"{letter(place)}: {quiz.choices[number].why}")
        for place, number in enumerate(quiz.numbers)
    ]
    wrong = tuple(note for note in notes if not note.ok)
    return Verdict(not wrong, wrong or tuple(notes))


def _judge_text(quiz: Quiz, answer: str) -> Verdict:
    typed = _normalised(answer)
    is_accepted = typed in map(_normalised, quiz.accept)
    if is_accepted or (quiz.matches and re.fullmatch(quiz.matches, typed, re.IGNORECASE)):
        return _verdict(True, quiz.why)
    replies = (reply.why for reply in quiz.replies if re.search(reply.matches, typed, re.IGNORECASE))
    return _verdict(False, next(replies, quiz.otherwise))


def _judge_command(quiz: Quiz, line: str) -> Verdict:
    if quiz.gap and BLANK in line:
        return _verdict(False, f"There's still a blank, `{BLANK}`, in the line.")
    session = Session()
    for name, text in quiz.files.items():
        session.write_file(name, text)
    for step in quiz.start:
        session.run(step)
    result = session.run(line)
    session.advance(quiz.wait)
    missing = [reading.condition.otherwise for reading in evaluate(quiz.goal, session) if not reading.holds]
    if missing:
        return _verdict(False, missing[0], result.screen)  # later conditions mostly fail for the same reason
    return _verdict(True, quiz.why, result.screen)


def letter(number: int) -> str:
    """The letter of a choice: "A" for 0."""
    return chr(ord("A") + number)


def _alphabetically(choice: Choice) -> str:
    return "".join(filter(str.isalpha, choice.text)).casefold()


def _normalised(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(plain.split()).strip("\"'`.,; ")
