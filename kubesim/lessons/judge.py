"""Judges the answers to quizzes; a command by what it does to a cluster."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from kubesim.lessons.goal import read
from kubesim.lessons.quiz import Note, Quiz, Verdict
from kubesim.lessons.record import LONGEST_ANSWER
from kubesim.session import Session


def judge_choices(quiz: Quiz, picked: Iterable[int]) -> Verdict:
    """Judge the choices picked, by number from 0: feedback for each, and how many right ones are still missing."""
    chosen = sorted({number for number in picked if 0 <= number < len(quiz.choices)})
    if not chosen:
        return Verdict(False, (Note(False, "Pick an answer first."),))
    notes = [Note(quiz.choices[number].right, f"{letter(number)}: {quiz.choices[number].why}") for number in chosen]
    missing = sum(choice.right for choice in quiz.choices) - sum(note.ok for note in notes)
    if missing and quiz.kind == "choices":
        notes.append(Note(False, f"{missing} more {'is' if missing == 1 else 'are'} right."))
    return Verdict(all(note.ok for note in notes), tuple(notes))


def judge_order(quiz: Quiz, picked: Sequence[int]) -> Verdict:
    """Judge an order of the choices shown, by number from 0: why the first one that is out of place comes too early."""
    if sorted(picked) != list(range(len(quiz.choices))):
        return Verdict(False, (Note(False, "Put all of them in order first."),))
    placed = [quiz.shown[number] == wanted for number, wanted in zip(picked, quiz.choices, strict=True)]
    if all(placed):
        return Verdict(True, (Note(True, quiz.why),))
    place = placed.index(False)
    early = Note(False, f"{letter(picked[place])} comes too early. {quiz.shown[picked[place]].why}")
    right = Note(True, "The first one is right." if place == 1 else f"The first {place} are right.")
    return Verdict(False, (right, early) if place else (early,))


def judge_text(quiz: Quiz, answer: str) -> Verdict:
    """Judge a typed answer: case, spaces, quotes and a full stop around it do not count."""
    typed = _normalised(answer)
    if not typed:
        return Verdict(False, (Note(False, "Type an answer first."),))
    accepted = typed in map(_normalised, quiz.accept)
    if accepted or (quiz.matches and re.fullmatch(quiz.matches, typed, re.IGNORECASE)):
        return Verdict(True, (Note(True, quiz.why),))
    replies = (reply.why for reply in quiz.replies if re.search(reply.matches, typed, re.IGNORECASE))
    return Verdict(False, (Note(False, next(replies, quiz.otherwise)),))


def judge_command(quiz: Quiz, line: str) -> Verdict:
    """Judge a shell line by what it does to a fresh cluster that nobody else sees."""
    if not line.strip():
        return Verdict(False, (Note(False, "Type a command first."),))
    session = Session()
    for name, text in quiz.files.items():
        session.write_file(name, text)
    for step in quiz.start:
        session.run(step)
    result = session.run(line[:LONGEST_ANSWER])
    session.advance(quiz.wait)
    missing = [Note(False, reading.message) for reading in read(quiz.goal, session) if not reading.holds]
    if not missing:
        return Verdict(True, (Note(True, quiz.why),))
    complaint = result.stderr.strip()
    said = (Note(False, f"The command answered: {complaint}"),) if result.exit_code and complaint else ()
    return Verdict(False, (*said, missing[0]))  # the rest mostly follows from it


def judge(quiz: Quiz, answer: str | Sequence[int]) -> Verdict:
    """Judge an answer to any quiz: choices as their numbers from 0, everything else as the text typed."""
    if not isinstance(answer, str):
        return judge_order(quiz, answer) if quiz.kind == "order" else judge_choices(quiz, answer)
    return judge_command(quiz, answer) if quiz.kind == "command" else judge_text(quiz, answer[:LONGEST_ANSWER])


def letter(number: int) -> str:
    """The letter of choice `number`: A for 0."""
    return chr(ord("A") + number)


def _normalised(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(plain.split()).strip("\"'`.,; ")
