"""A learner's progress, judged again from the answers: what was right, by question and by lesson."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from kubesim.lessons import documents, load_predictions, load_quizzes, question_ids, variants_of
from kubesim.lessons.quiz import judge
from kubesim.lessons.record import Answer, Record


class Counts(NamedTuple):
    """Questions answered right, `first` of them at the first try, out of `quizzes`; tasks `done`, out of `tasks`."""

    right: int
    first: int
    quizzes: int
    done: int
    tasks: int


class Lesson(NamedTuple):
    """The ids of a lesson's quizzes and tasks, in order."""

    quizzes: list[str]
    tasks: list[str]


@cache
def contents() -> Mapping[str, Lesson]:
    """What each lesson asks, by its notebook's name, in order: its YAML files are named after it."""
    quizzes = _ids("quizzes")
    tasks = _ids("tasks")
    return {name: Lesson(quizzes.get(name, []), tasks.get(name, [])) for name in sorted(quizzes.keys() | tasks.keys())}


def _ids(folder: str) -> dict[str, list[str]]:
    return {name.removesuffix(".yaml"): [entry["id"] for entry in entries] for name, entries in documents(folder)}


def grade(record: Record) -> dict[str, Counts]:
    """The counts of each lesson that has quizzes or tasks, by its notebook's name, in order."""
    return {name: _counts(record, lesson) for name, lesson in contents().items()}


def _counts(record: Record, lesson: Lesson) -> Counts:
    return Counts(
        right=sum(is_right(quiz, record) for quiz in lesson.quizzes),
        first=sum(is_right_at_first(quiz, record) for quiz in lesson.quizzes),
        quizzes=len(lesson.quizzes),
        done=sum(task in record["tasks"] for task in lesson.tasks),
        tasks=len(lesson.tasks),
    )


def total(lessons: Iterable[Counts]) -> Counts:
    """The sums of some lessons' counts, field by field."""
    return Counts(*map(sum, zip(*lessons, strict=True)))


def best(record: Record) -> tuple[int, int] | None:
    """The best score of all challenges: points, of how many."""
    scores = [(points, of) for points, of in record["scores"].values() if of]
    return max(scores, key=lambda score: score[0] / score[1], default=None)


def predicted(record: Record) -> tuple[int, int]:
    """How many predictions were right, of those that were made; the first one of each counts."""
    right = 0
    made = 0
    for name, quiz in load_predictions().items():
        answers = record["given"].get(name)
        if answers:
            made += 1
            right += judge(quiz, answers[0]).right
    return right, made


def gained(record: Record) -> tuple[int, int]:
    """How many questions were put right since, of those whose first answer was wrong: what reviewing gained."""
    answered = [name for name in question_ids() if name in record["given"]]
    missed = [name for name in answered if not is_right_at_first(name, record)]
    return sum(is_right(name, record) for name in missed), len(missed)


def is_right(question: str, record: Record) -> bool:
    """Whether a question was answered correctly, at any time and in any of its variants."""
    given = record["given"]
    return any(_is_right(quiz.id, answer) for quiz in variants_of(question) for answer in given.get(quiz.id, []))


def is_right_at_first(question: str, record: Record) -> bool:
    """Whether the first answer to a question was correct; the first time it comes in its first variant."""
    return any(_is_right(question, answer) for answer in record["given"].get(question, [])[:1])


def _is_right(name: str, answer: Answer) -> bool:
    return _judged(name, answer if isinstance(answer, str) else tuple(answer))  # a cache looks lists up nowhere


@lru_cache(maxsize=10_000)
def _judged(name: str, answer: Answer) -> bool:
    return judge(load_quizzes()[name], answer).right
