"""What a learner has shown, in the words of the notebooks' goals: when, and with how much help."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from kubesim.api import load_yaml
from kubesim.lessons import load_tasks
from kubesim.lessons.grade import best, is_right
from kubesim.lessons.record import REVEALED, Record
from kubesim.lessons.review import counted

CLUSTER = "cluster/"
"""Begins the name under which it is kept that a broken cluster was fixed."""
PARTS = {"0": "Core", "1": "Electives", "2": "After both"}
"""The parts of the course by the first digit of a lesson's number."""


@cache
def lessons() -> Mapping[str, dict[str, Any]]:
    """Each lesson's `title` and `goals`: what one `can` do, and the quizzes and tasks that it's shown `by`."""
    return load_yaml(Path(__file__).with_name("goals.yaml"))  # type: ignore[no-any-return]


def part(lesson: str) -> str:
    """The part of the course that a lesson belongs to."""
    return PARTS[lesson[0]]


def title(lesson: str) -> str:
    """A lesson's name on the map: "01 Storing credentials"."""
    number, _, name = lesson.partition("-")
    if lesson not in lessons():
        return f"{number} {name} (goals.yaml has no title for it)"
    return f"{number} {lessons()[lesson]['title']}"


class Showing(NamedTuple):
    """That something was answered or solved: with the least help so far (hints, or REVEALED), and on which day."""

    help_taken: int
    day: int


class Goal(NamedTuple):
    """What one `can` do, shown by so many quizzes and tasks, of so many, and that in words."""

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
    """My skills: headings, each with its lines. A summary, the lessons that were begun, and the names of the others."""
    goals_by_title = {title(lesson): _goals(lesson, record) for lesson in lessons()}
    sections = [("My skills", _summary(record, goals_by_title))]
    rest = []
    for heading, goals in goals_by_title.items():
        if any(goal.done for goal in goals):
            sections.append((heading, list(map(str, goals))))
        else:
            rest.append(heading)
    if rest:
        sections.append(("Not begun yet", rest))
    return sections


def _goals(lesson: str, record: Record) -> list[Goal]:
    return [_goal(entry, record) for entry in lessons()[lesson]["goals"]]


def skills_text(record: Record) -> str:
    """The same as Markdown."""
    sections = [f"{head}\n\n- " + "\n- ".join(lines) for head, lines in skills(record)]
    return "# " + "\n\n## ".join(sections) + "\n"


def _summary(record: Record, goals: Mapping[str, list[Goal]]) -> list[str]:
    are_shown = [goal.is_shown for of_lesson in goals.values() for goal in of_lesson]
    summary = [f"{sum(are_shown)} of {len(are_shown)} goals shown"]
    fixed = [Showing(*showing) for name, showing in record["shown"].items() if name.startswith(CLUSTER)]
    if fixed:
        alone = sum(not showing.help_taken for showing in fixed)
        summary.append(f"{len(fixed)} kinds of broken clusters fixed, {alone} of them without help")
    score = best(record)
    if score:
        summary.append(f"Best score of the challenge: {score}")
    return summary


def _goal(entry: Mapping[str, Any], record: Record) -> Goal:
    done = [name for name in entry["by"] if _is_done(name, record)]
    of = len(entry["by"])
    words = f"{len(done)} of {of} shown" if done else "not shown yet"
    if len(done) == of:
        words = _shown(done, record)
    return Goal(entry["can"], len(done), of, words)


def _shown(names: list[str], record: Record) -> str:
    """When the last of these was shown, and with how much help; an older record has neither."""
    showings = [Showing(*record["shown"].get(name, (0, 0))) for name in names]
    if not all(showing.day for showing in showings):
        return "shown"
    last = date.fromordinal(max(showing.day for showing in showings))
    return f"{last.day} {last:%B %Y}, {_helped(sum(showing.help_taken for showing in showings))}"


def _helped(hints: int) -> str:
    """How much help was taken."""
    if hints >= REVEALED:
        return "after seeing an answer"
    return f"with {counted(hints, 'hint')}" if hints else "without help"


def _is_done(name: str, record: Record) -> bool:
    return name in record["tasks"] if name in load_tasks() else is_right(name, record)
