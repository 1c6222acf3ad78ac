"""Judges answers and tasks: by the end state of the cluster, never by the commands that led there."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from kubesim import kubectl
from kubesim.clock import Clock, to_datetime
from kubesim.lessons.model import Condition, Note, Quiz, Task, Verdict
from kubesim.resources import NAMESPACE
from kubesim.session import Session
from kubesim.shell import Invocation, Shell, Tool

LONGEST_ANSWER = 2000


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
    missing = _missing(quiz.goal, session)
    if not missing:
        return Verdict(True, (Note(True, quiz.why),))
    complaint = result.stderr.strip()
    said = (Note(False, f"The command answered: {complaint}"),) if result.exit_code and complaint else ()
    return Verdict(False, said + missing)


def judge(quiz: Quiz, answer: str | Sequence[int]) -> Verdict:
    """Judge an answer to any quiz: choices as their numbers from 0, everything else as the text typed."""
    if not isinstance(answer, str):
        return judge_choices(quiz, answer)
    return judge_command(quiz, answer) if quiz.kind == "command" else judge_text(quiz, answer[:LONGEST_ANSWER])


def begin(task: Task, session: Session) -> None:
    """Make the task's start state. Its namespaces and files are made anew; nothing else changes."""
    steps = _shell(session, session.cluster.clock)
    for namespace in task.namespaces:
        steps.run(f"kubectl delete namespace {namespace} --ignore-not-found")
        steps.run(f"kubectl create namespace {namespace}")
    session.advance(1)
    for name, text in task.files.items():
        session.write_file(name, text)
    for line in task.start:
        steps.run(line)
        session.advance(1)


def begun(task: Task, session: Session) -> bool:
    """Whether the task's namespaces are there, so that work in them could be lost."""
    return session.cluster.api.find(NAMESPACE, "", task.namespaces[0]) is not None


def check(task: Task, session: Session) -> Verdict:
    """Say of every condition of the task whether it holds. No time passes and nothing changes."""
    notes = tuple(_look(condition, session) for condition in task.goal)
    return Verdict(all(note.ok for note in notes), notes)


def letter(number: int) -> str:
    """The letter of choice `number`: A for 0."""
    return chr(ord("A") + number)


def _normalised(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(plain.split()).strip("\"'`.,; ")


def _shell(session: Session, clock: Clock) -> Shell:
    """A second shell on the learner's cluster: their history, variables, aliases and context have no part in it."""

    def run(arguments: list[str], io: Invocation) -> int:
        api, config = session.cluster.api, kubectl.Kubeconfig()
        return io.show(kubectl.run(arguments, kubectl.Context(api, clock, session.workspace, config, io.env, io.stdin)))

    return Shell(clock, session.workspace, [Tool("kubectl", run)])


def _onlooker(session: Session) -> Shell:
    """A shell that looks at the cluster while its time stands still: the shell has a clock of its own."""
    return _shell(session, Clock(to_datetime(session.cluster.clock.now)))


def _holds(condition: Condition, session: Session) -> bool:
    printed = _onlooker(session).run(condition.run).stdout.strip()
    if condition.equals is not None:
        return printed == condition.equals
    return re.search(condition.matches or "", printed) is not None


def _look(condition: Condition, session: Session) -> Note:
    holds = _holds(condition, session)
    return Note(holds, condition.what if holds else condition.otherwise)


def _missing(goal: Sequence[Condition], session: Session) -> tuple[Note, ...]:
    return tuple(note for note in (_look(condition, session) for condition in goal) if not note.ok)
