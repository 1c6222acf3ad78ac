"""What a learner has shown, in the words of the notebooks' goals: when, and with how much help."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import yaml

from kubesim.lessons import load_tasks
from kubesim.lessons.grade import best, is_right
from kubesim.lessons.progress import REVEALED, Record

CLUSTER = "cluster/"
"""Begins the name of what is shown by fixing a broken cluster."""
_UNKNOWN = (0, 0)


class Skill(NamedTuple):
    """A goal of a notebook. `done` of the `of` quizzes and tasks that show it are done, the last one on `day`.

    `help` are the hints that were taken for them; it is REVEALED or more if an answer was shown. Where the day is 0, it
    isn't known, and neither is the help.
    """

    goal: str
    done: int
    of: int
    help: int
    day: int

    def __str__(self) -> str:
        if self.done < self.of:
            return f"○ {self.goal}: {f'{self.done} of {self.of} shown' if self.done else 'not shown yet'}"
        return f"✓ {self.goal}: {spell(self.help, self.day)}"


def spell(help_taken: int, day: int) -> str:
    if not day:
        return "shown"
    hints = f"with {help_taken} hint{'s' * (help_taken > 1)}" if help_taken else "without help"
    shown = date.fromordinal(day)
    return f"{shown.day} {shown:%B %Y}, {'after seeing an answer' if help_taken >= REVEALED else hints}"


@cache
def goals() -> Mapping[str, list[dict[str, Any]]]:
    """The goals of each lesson in order: what one `can` do, as the notebook's first cell says, and what shows it."""
    found: dict[str, list[dict[str, Any]]] = yaml.safe_load(
        files(__package__).joinpath("goals.yaml").read_text("utf-8")
    )
    return found


def skills(record: Record) -> dict[str, list[Skill]]:
    return {lesson: [_skill(goal["can"], goal["by"], record) for goal in found] for lesson, found in goals().items()}


def _skill(goal: str, by: Sequence[str], record: Record) -> Skill:
    marks = [record["shown"].get(name, _UNKNOWN) for name in by if _is_done(name, record)]
    days = [day for _, day in marks]
    return Skill(goal, len(marks), len(by), sum(taken for taken, _ in marks), max(days, default=0) if all(days) else 0)


def _is_done(name: str, record: Record) -> bool:
    return name in record["tasks"] if name in load_tasks() else is_right(name, record)


def page(record: Record) -> list[tuple[str, list[str]]]:
    """My skills: a title with a summary, the lessons that were begun with their goals, and the other lessons."""
    every = skills(record)
    begun = {lesson: found for lesson, found in every.items() if any(skill.done for skill in found)}
    reached = sum(skill.done == skill.of for found in begun.values() for skill in found)
    fixed = [taken for name, (taken, _) in record["shown"].items() if name.startswith(CLUSTER)]
    summary = [f"{reached} of {sum(map(len, every.values()))} goals shown"]
    summary += [f"{len(fixed)} kinds of broken clusters fixed, {fixed.count(0)} of them without help"] * bool(fixed)
    summary += ["Best score of the challenge: {} of {}".format(*score) for score in [best(record)] if score]
    rest = [title(lesson) for lesson in every if lesson not in begun]
    lessons = [(title(lesson), list(map(str, found))) for lesson, found in begun.items()]
    return [("My skills", summary), *lessons, *([("Not begun yet", rest)] if rest else [])]


def markdown(record: Record) -> str:
    sections = (f"{'##' if number else '#'} {head}" for number, (head, _) in enumerate(page(record)))
    lists = ("\n".join(f"- {line}" for line in lines) for _, lines in page(record))
    return "\n\n".join(part for pair in zip(sections, lists, strict=True) for part in pair) + "\n"


def title(lesson: str) -> str:
    """A lesson's name for people: "01 Storing credentials"."""
    number, _, words = lesson.replace("-", " ").replace("secret", "Secret").partition(" ")
    return f"{number} {words[0].upper()}{words[1:]}"
