"""What a quiz is (data from YAML files, see schema.json), and how answers are judged; a command by its effect."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kubesim.lessons.record import LONGEST_ANSWER
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
    quote: str = ""  # a message that the choice is about, printed below its text


@dataclass(frozen=True)
class Reply:
    """The feedback for a typed answer that `matches` (a regex, case ignored)."""

    matches: str
    why: str


@dataclass(frozen=True)
class Quiz:
    """One question."""

    id: str
    kind: str
    """choice (one is right), choices (all the right ones), text (typed), command (a shell line), order (`choices` has
    the right one), sort (each choice goes into one of two `bins`, a right one into the second), line (one line of an
    output), predict (what the notebook's next cell prints)."""
    question: str
    answer: str = ""  # what "Reveal answer" shows after the letters, if there are any; of a command the line itself
    why: str = ""  # follows a right answer
    hints: tuple[str, ...] = ()

    # What is picked
    choices: tuple[Choice, ...] = ()
    places: tuple[int, ...] = ()  # the numbers of the choices as they are shown, where that is in another order
    bins: tuple[str, ...] = ()

    # What is typed
    accept: tuple[str, ...] = ()
    matches: str | None = None  # a regex for what is accepted, too
    replies: tuple[Reply, ...] = ()
    otherwise: str = ""  # the feedback for all other answers

    # A command, which is run in a fresh cluster after `files` and `start`
    gap: str = ""  # the line with a BLANK for each part that the learner has to know
    files: Mapping[str, str] = field(default_factory=dict)
    start: tuple[str, ...] = ()
    wait: float = 0  # seconds that pass then
    goal: tuple[Condition, ...] = ()  # what must hold then

    # What the tests play
    wrong: str = ""  # a command that does not meet the goal
    run: str = ""  # what prints the choices of a `line` in a fresh cluster after `start`, without blank lines
    shows: str = ""  # of a prediction, a regex for what the next cell prints

    @property
    def shown(self) -> tuple[Choice, ...]:
        """The choices as the learner sees them: those of an order by the alphabet, of a variant from its end."""
        if self.kind != "order":
            return tuple(self.choices[number] for number in self.numbers)
        return tuple(sorted(self.choices, key=_alphabetically, reverse=VARIANT in self.id))

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


def judge(quiz: Quiz, answer: str | Sequence[int]) -> Verdict:
    """Judge an answer to any quiz: choices as their numbers from 0, everything else as the text typed.

    A number of a sort is twice that of a choice, and one more for the second bin.
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
    """Whether there is an answer to judge: something typed or picked, and all choices of a sort."""
    if isinstance(answer, str):
        return bool(answer.strip())
    return len(answer) >= len(quiz.choices) if quiz.kind == "sort" else bool(answer)


def _verdict(right: bool, text: str, printed: str = "") -> Verdict:
    """A verdict with one note."""
    return Verdict(right, (Note(right, text),), printed)


def _judge_choices(quiz: Quiz, picked: Iterable[int]) -> Verdict:
    """Feedback for each choice that was picked, and whether right ones are still missing."""
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
    """How many of the first ones are right, and why the first one that is out of place comes too early."""
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
    """Why each choice in the wrong bin belongs into the other one; of a right answer, why each is where it is."""
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
    missing = [reading.condition.otherwise for reading in read(quiz.goal, session) if not reading.holds]
    if missing:
        return _verdict(False, missing[0], result.screen)  # the rest mostly follows from it
    return _verdict(True, quiz.why, result.screen)


def letter(number: int) -> str:
    """By which a learner knows a choice: "A" for 0."""
    return chr(ord("A") + number)


def _alphabetically(choice: Choice) -> str:
    return "".join(filter(str.isalpha, choice.text)).casefold()


def _normalised(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(plain.split()).strip("\"'`.,; ")
