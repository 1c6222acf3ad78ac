"""What a learner has shown, in the words of the notebooks' goals: when, and with how much help."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from kubesim.api import load_yaml
from kubesim.lessons import load_tasks
from kubesim.lessons.grade import best, is_right
from kubesim.lessons.progress import REVEALED, Record

CLUSTER = "cluster/"
"""Begins the name under which it is kept that a broken cluster was fixed."""


@cache
def lessons() -> Mapping[str, dict[str, Any]]:
    """Each lesson's `title` and `goals`: what one `can` do, and the quizzes and tasks that it's shown `by`."""
    return load_yaml(Path(__file__).with_name("goals.yaml"))  # type: ignore[no-any-return]


def title(lesson: str) -> str:
    """A lesson's name on the map: "01 Storing credentials"."""
    return f"{lesson.partition('-')[0]} {lessons()[lesson]['title']}"


def page(record: Record) -> list[tuple[str, list[str]]]:
    """My skills: headings, each with its lines. A summary, the lessons that were begun, and the names of the others."""
    every = {title(lesson): [_skill(goal, record) for goal in lessons()[lesson]["goals"]] for lesson in lessons()}
    begun = {head: lines for head, lines in every.items() if any("not shown yet" not in line for line in lines)}
    reached = sum(line.startswith("✓") for lines in begun.values() for line in lines)
    fixed = [taken for name, (taken, _) in record["shown"].items() if name.startswith(CLUSTER)]
    summary = [f"{reached} of {sum(map(len, every.values()))} goals shown"]
    summary += [f"{len(fixed)} kinds of broken clusters fixed, {fixed.count(0)} of them without help"] * bool(fixed)
    summary += ["Best score of the challenge: {} of {}".format(*score) for score in [best(record)] if score]
    rest = [head for head in every if head not in begun]
    return [("My skills", summary), *begun.items(), *([("Not begun yet", rest)] if rest else [])]


def markdown(record: Record) -> str:
    sections = ["\n".join([head, "", *("- " + line for line in lines)]) for head, lines in page(record)]
    return "# " + "\n\n## ".join(sections) + "\n"


def _skill(goal: Mapping[str, Any], record: Record) -> str:
    """A goal, and when it was shown and with how much help; an older record has neither."""
    marks = [record["shown"].get(name, (0, 0)) for name in goal["by"] if _is_done(name, record)]
    if len(marks) < len(goal["by"]):
        return f"○ {goal['can']}: " + (f"{len(marks)} of {len(goal['by'])} shown" if marks else "not shown yet")
    hints, last = sum(taken for taken, _ in marks), date.fromordinal(max(1, *(day for _, day in marks)))
    helped = "after seeing an answer" if hints >= REVEALED else f"with {hints} hint{'s' * (hints > 1)}"
    said = f"{last.day} {last:%B %Y}, {helped if hints else 'without help'}"
    return f"✓ {goal['can']}: {said if all(day for _, day in marks) else 'shown'}"


def _is_done(name: str, record: Record) -> bool:
    return name in record["tasks"] if name in load_tasks() else is_right(name, record)
