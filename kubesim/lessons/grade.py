"""Grading: a learner's stored answers are judged again, and counted by question and lesson."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from kubesim.lessons import documents, load_predictions, load_quizzes, question_ids, variants_of
from kubesim.lessons.clusters import RoundId
from kubesim.lessons.quiz import judge
from kubesim.lessons.record import Answer, ClusterEntry, Record

# The small round of broken clusters in a lesson; it counts as one task.
ROUNDS = {
    "05-solve-one-alone": RoundId(1, "alone"),
    "10-when-the-secret-is-wrong": RoundId(1, "evidence"),
    "12-six-broken-clusters": RoundId(1, "six"),
}


class Share(NamedTuple):
    """A number reached of a number possible."""

    reached: int
    of: int

    def __str__(self) -> str:
        return f"{self.reached} of {self.of}"


class Counts(NamedTuple):
    """Counts of a lesson: questions `right` of `quizzes`, `first` of them at the first try; tasks `done` of `tasks`.

    A small round of broken clusters counts as a task.
    """

    right: int
    first: int
    quizzes: int
    done: int
    tasks: int

    @property
    def both(self) -> Share:
        """Questions and tasks together."""
        return Share(self.right + self.done, self.quizzes + self.tasks)


class Exercises(NamedTuple):
    """The ids of a lesson's quizzes and tasks, in order."""

    quizzes: list[str]
    tasks: list[str]


@cache
def contents() -> Mapping[str, Exercises]:
    """The exercises of each lesson by its notebook's name. Their YAML files have the notebook's name, too."""
    quizzes = _ids("quizzes")
    tasks = _ids("tasks")
    return {name: Exercises(quizzes.get(name, []), tasks.get(name, [])) for name in sorted(quizzes | tasks)}


def _ids(folder: str) -> dict[str, list[str]]:
    return {name.removesuffix(".yaml"): [entry["id"] for entry in entries] for name, entries in documents(folder)}


def grade(record: Record) -> dict[str, Counts]:
    """The counts of each lesson with quizzes or tasks, by the notebook's name, in order."""
    return {name: _counts(record, lesson, ROUNDS.get(name)) for name, lesson in contents().items()}


def _counts(record: Record, lesson: Exercises, round_id: RoundId | None) -> Counts:
    return Counts(
        right=sum(is_right(quiz, record) for quiz in lesson.quizzes),
        first=sum(is_right_at_first(quiz, record) for quiz in lesson.quizzes),
        quizzes=len(lesson.quizzes),
        done=sum(task in record["tasks"] for task in lesson.tasks) + bool(round_id and is_over(round_id, record)),
        tasks=len(lesson.tasks) + bool(round_id),
    )


def is_over(round_id: RoundId, record: Record) -> bool:
    """True if each broken cluster of a round is solved, or its solution was shown."""
    own = [ClusterEntry(*kept) for name, kept in record["clusters"].items() if name.startswith(f"{round_id.name}/")]
    return sum(one.solved or one.shown for one in own) >= round_id.clusters


def total(lessons: Iterable[Counts]) -> Counts:
    """The sums of several lessons' counts."""
    return Counts(*map(sum, zip(Counts(0, 0, 0, 0, 0), *lessons, strict=True)))


def best(record: Record) -> Share | None:
    """The best score of all challenges in points, by its share of the possible points. None without a score."""
    scores = [Share(*score) for score in record["scores"].values()]
    return max((score for score in scores if score.of), key=lambda score: score.reached / score.of, default=None)


def predicted(record: Record) -> Share:
    """The share of right predictions. Only the first answer to each counts."""
    first_answers = [(quiz, record["given"].get(name, [])[:1]) for name, quiz in load_predictions().items()]
    are_right = [judge(quiz, answer).right for quiz, answers in first_answers for answer in answers]
    return Share(sum(are_right), len(are_right))


def gained(record: Record) -> Share:
    """Of the questions whose first answer was wrong, the share that was answered correctly later."""
    answered = [name for name in question_ids() if name in record["given"]]
    missed = [name for name in answered if not is_right_at_first(name, record)]
    return Share(sum(is_right(name, record) for name in missed), len(missed))


def is_right(question: str, record: Record) -> bool:
    """True if a question was ever answered correctly, in any of its variants."""
    given = record["given"]
    return any(_is_right(quiz.id, answer) for quiz in variants_of(question) for answer in given.get(quiz.id, []))


def is_right_at_first(question: str, record: Record) -> bool:
    """True if the first answer to a question was correct. Its first variant is always asked first."""
    return any(_is_right(question, answer) for answer in record["given"].get(question, [])[:1])


def _is_right(name: str, answer: Answer) -> bool:
    # a list isn't hashable, and _judged is cached
    return _judged(name, answer if isinstance(answer, str) else tuple(answer))


@lru_cache(maxsize=10_000)
def _judged(name: str, answer: Answer) -> bool:
    return judge(load_quizzes()[name], answer).right
