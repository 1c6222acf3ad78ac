"""The learner's skills: the goals of the notebooks, with the date and the help of each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import NamedTuple

from kubesim.api import load_yaml, typed
from kubesim.lessons import load_tasks
from kubesim.lessons.grade import best, is_right
from kubesim.lessons.record import REVEALED, Record
from kubesim.lessons.review import counted

# Prefix of a broken cluster's id in the record's section `shown`: a cluster of that kind was fixed.
CLUSTER = "cluster/"
# The parts of the course by the first digit of a lesson's number.
PARTS = {"0": "The hour", "1": "Debugging pulls", "2": "Electives", "3": "Challenge"}


class Goal(NamedTuple):
    """A goal of a lesson: a skill (`can`), and the ids of the quizzes and tasks that show it."""

    can: str
    by: tuple[str, ...]


class Lesson(NamedTuple):
    """A lesson's title on the map of progress, and its goals."""

    title: str
    goals: tuple[Goal, ...]


@cache
def lessons() -> Mapping[str, Lesson]:
    """The lessons of goals.yaml by their notebooks' names."""
    by_name: Mapping[str, Lesson] = typed.read(Mapping[str, Lesson], load_yaml(Path(__file__).with_name("goals.yaml")))
    return by_name


def part(lesson: str) -> str:
    """The name of the course's part with the lesson."""
    return PARTS[lesson[0]]


def title(lesson: str) -> str:
    """A lesson's title on the map with its number: "01 Storing credentials"."""
    number, _, name = lesson.partition("-")
    if lesson not in lessons():
        return f"{number} {name} (goals.yaml has no title for it)"
    return f"{number} {lessons()[lesson].title}"


class Showing(NamedTuple):
    """An entry of `shown`: the least help with which something was solved (hints, or REVEALED), and the day."""

    help_taken: int
    day: int


class GoalState(NamedTuple):
    """The learner's state of a goal: `done` of its quizzes and tasks are solved; `words` say so."""

    can: str
    done: int
    of: int
    words: str

    @property
    def is_shown(self) -> bool:
        return self.done == self.of

    def __str__(self) -> str:
        return f"{'✓' if self.is_shown else '○'} {self.can}: {self.words}"


def skills(record: Record) -> list[tuple[str, list[str]]]:
    """The page "My skills" as headings with lines: a summary, the lessons begun, and the others' names."""
    goals_of_lessons = [
        (title(name), [_state(goal, record) for goal in lesson.goals]) for name, lesson in lessons().items()
    ]
    sections = [("My skills", _summary(record, [goals for _, goals in goals_of_lessons]))]
    rest = []
    for heading, goals in goals_of_lessons:
        if any(goal.done for goal in goals):
            sections.append((heading, list(map(str, goals))))
        else:
            rest.append(heading)
    if rest:
        sections.append(("Not begun yet", rest))
    return sections


def skills_text(record: Record) -> str:
    """The page "My skills" as Markdown."""
    sections = [f"{head}\n\n- " + "\n- ".join(lines) for head, lines in skills(record)]
    return "# " + "\n\n## ".join(sections) + "\n"


def _summary(record: Record, goals: list[list[GoalState]]) -> list[str]:
    are_shown = [goal.is_shown for of_lesson in goals for goal in of_lesson]
    summary = [f"{sum(are_shown)} of {len(are_shown)} goals shown"]
    fixed = [Showing(*showing) for name, showing in record["shown"].items() if name.startswith(CLUSTER)]
    if fixed:
        alone = sum(not showing.help_taken for showing in fixed)
        summary.append(f"{len(fixed)} kinds of broken clusters fixed, {alone} of them without help")
    score = best(record)
    if score:
        summary.append(f"Best score of the challenge: {score}")
    return summary


def _state(goal: Goal, record: Record) -> GoalState:
    done = [name for name in goal.by if _is_done(name, record)]
    of = len(goal.by)
    words = f"{len(done)} of {of} shown" if done else "not shown yet"
    if len(done) == of:
        words = _when_shown(done, record)
    return GoalState(goal.can, len(done), of, words)


def _when_shown(names: list[str], record: Record) -> str:
    """The day of the last of these and the help taken, in words. Older records lack both."""
    showings = [Showing(*record["shown"].get(name, (0, 0))) for name in names]
    if not all(showing.day for showing in showings):
        return "shown"
    last = date.fromordinal(max(showing.day for showing in showings))
    return f"{last.day} {last:%B %Y}, {_help_in_words(sum(showing.help_taken for showing in showings))}"


def _help_in_words(hints: int) -> str:
    """The help taken, in words."""
    if hints >= REVEALED:
        return "after seeing an answer"
    return f"with {counted(hints, 'hint')}" if hints else "without help"


def _is_done(name: str, record: Record) -> bool:
    return name in record["tasks"] if name in load_tasks() else is_right(name, record)
