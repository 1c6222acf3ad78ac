"""A learner's progress: every answer judged again, counted by lesson; what to repeat today; and what was shown, in the
words of the notebooks' goals. A class's progress, by learner or by question.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache, lru_cache, partial
from itertools import count, takewhile
from pathlib import Path
from statistics import StatisticsError, correlation
from typing import Any, NamedTuple

from kubesim.api import load_yaml
from kubesim.gotext import tabwriter
from kubesim.lessons import documents, load_predictions, load_quizzes, load_tasks
from kubesim.lessons.progress import INTERVALS, REVEALED, Answer, Record
from kubesim.lessons.quiz import VARIANT, judge

Sheet = tuple[str, Record]
"""A file's name and what it holds."""
CLUSTER = "cluster/"
"""Begins the name under which it is kept that a broken cluster was fixed."""


class Counts(NamedTuple):
    """Questions answered right, `first` of them at the first try, out of `quizzes`; tasks `done`, out of `tasks`."""

    right: int
    first: int
    quizzes: int
    done: int
    tasks: int


def grade(record: Record) -> dict[str, Counts]:
    """The counts of each lesson that has quizzes or tasks, by its notebook's name, in order."""
    return {lesson: _counts(record, quizzes, tasks) for lesson, (quizzes, tasks) in _contents().items()}


def total(counts: Iterable[Counts]) -> Counts:
    return Counts(*map(sum, zip(*counts, strict=True)))


def best(record: Record) -> tuple[int, int] | None:
    """The best score of all challenges: points, of how many."""
    scores = [(points, of) for points, of in record["scores"].values() if of]
    return max(scores, key=lambda score: score[0] / score[1], default=None)


def predicted(record: Record) -> tuple[int, int]:
    """How many predictions were right, of those that were made; the first one of each counts."""
    made = [(quiz, record["given"][name][:1]) for name, quiz in load_predictions().items() if name in record["given"]]
    return sum(judge(quiz, answer).right for quiz, answers in made for answer in answers), len(made)


def gained(record: Record) -> tuple[int, int]:
    """How many questions were put right since, of those whose first answer was wrong: what reviewing gained."""
    missed = [name for name in question_ids() if name in record["given"] and not is_right(name, record, tries=1)]
    return sum(is_right(name, record) for name in missed), len(missed)


def is_right(question: str, record: Record, tries: int | None = None) -> bool:
    """Whether a question was answered correctly, in any of its variants; or in the first `tries`, which are of one."""
    names = [question]
    if tries is None:
        further = (f"{question}{VARIANT}{number}" for number in count(1))
        names.extend(takewhile(load_quizzes().__contains__, further))
    answers = ((name, answer) for name in names for answer in record["given"].get(name, [])[:tries])
    return any(_is_right(name, answer if isinstance(answer, str) else tuple(answer)) for name, answer in answers)


def question_ids() -> list[str]:
    """The ids of all questions, each once, whatever variants it has."""
    return [question for quizzes, _ in _contents().values() for question in quizzes]


def schedule(record: Record) -> list[tuple[int, int, str]]:
    """The questions that were answered: their place among the INTERVALS, the day on which they are due, their id.

    The wrong ones, at place 0, come first. One whose day isn't known is due at once.
    """
    answered = [question for question in question_ids() if question in record["given"].keys() | record["asked"].keys()]
    known = {name: record["asked"].get(name) or [0, is_right(name, record, tries=1)] for name in answered}
    return sorted((place, day + INTERVALS[place], name) for name, (day, place) in known.items())


def to_review(record: Record, today: int) -> list[str]:
    """The three questions of today's review: what is due, the wrong ones first, then what is due next."""
    items = [(max(due, today), place, due, name) for place, due, name in schedule(record)]
    return [name for *_, name in sorted(items)[:3]]


def review_news(record: Record, today: int) -> str:
    """A sentence on what is due, with the little markup of the lessons; "" where nothing was answered yet."""
    days = [due - today for _, due, _ in schedule(record)]
    if not days:
        return ""
    due = len([day for day in days if day <= 0])
    if due:
        are = "questions are" if due > 1 else "question is"
        return f"{due} {are} due for review. Run `%review` in a cell."
    return f"Nothing is due for review. Next: in {_counted(min(days), 'day')}."


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def table(sheets: Sequence[Sheet], width: int) -> str:
    """One line a learner; at the right, as many lessons as `width` columns hold: done of quizzes and tasks."""
    lessons = list(_contents())
    head = ["FILE", "QUIZZES", "FIRST TRY", "TASKS", "SCORE"]
    rows = [head + [lesson.partition("-")[0] for lesson in lessons], *(_row(*sheet) for sheet in sheets)]
    while len(rows[0]) > len(head) and max(map(len, _lines(rows).split("\n"))) > width:
        rows = [row[:-1] for row in rows]
    hidden = lessons[len(rows[0]) - len(head) :]
    return _lines(rows) + (f"Too narrow for: {', '.join(hidden)}\n" if hidden else "")


def comma_separated(sheets: Sequence[Sheet]) -> str:
    """One line a learner, with two columns for each lesson: quizzes and tasks done, and how many there are."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lessons = [f"{lesson} {column}" for lesson in _contents() for column in ("done", "of")]
    lines.writerow(["file", "right", "first_try", "quizzes", "tasks_done", "tasks", "points", "points_of", *lessons])
    for name, record in sheets:
        marks = grade(record)
        pairs = [number for mark in marks.values() for number in (mark.right + mark.done, mark.quizzes + mark.tasks)]
        lines.writerow([_harmless(name), *total(marks.values()), *(best(record) or ("", "")), *pairs])
    return text.getvalue()


def questions(sheets: Sequence[Sheet]) -> str:
    """One line a question: how many answered it, how many of them were right at the first try, and TELLS.

    TELLS is how well the question tells strong learners from weak ones: the correlation, from -1 to 1, between a right
    first answer to it and the share of right first answers to all others; "-" where too few differ. A question that
    all or none of several learners got right tells nothing, and says so.
    """
    first = [
        {quiz: is_right(quiz, record, tries=1) for quiz in question_ids() if quiz in record["given"]}
        for _, record in sheets
    ]
    rows = [["QUESTION", "ANSWERED", "FIRST TRY", "TELLS"]]
    for quiz in question_ids():
        learners = [answers for answers in first if quiz in answers]
        right = [answers[quiz] for answers in learners]
        if right:
            rows.append([quiz, str(len(right)), f"{sum(right) / len(right):.0%}", _discrimination(quiz, learners)])
    return _lines(rows)


def _discrimination(quiz: str, learners: Sequence[Mapping[str, bool]]) -> str:
    right = {answers[quiz] for answers in learners}
    if len(learners) > 1 and len(right) == 1:
        return "all right" if True in right else "none right"
    pairs = []
    for answers in learners:
        others = [right for name, right in answers.items() if name != quiz]
        if others:
            pairs.append((answers[quiz], sum(others) / len(others)))
    try:
        return f"{correlation(*zip(*pairs, strict=True)):.2f}"
    except (StatisticsError, TypeError):  # fewer than two, or all alike
        return "-"


@cache
def _contents() -> Mapping[str, tuple[list[str], list[str]]]:
    """The ids of quizzes and tasks by lesson, which is what their YAML files are named after."""
    lessons_by_name: dict[str, tuple[list[str], list[str]]] = {}
    for number, folder in enumerate(("quizzes", "tasks")):
        for name, entries in documents(folder):
            lesson = lessons_by_name.setdefault(name.removesuffix(".yaml"), ([], []))
            lesson[number].extend(entry["id"] for entry in entries)
    return dict(sorted(lessons_by_name.items()))


def _counts(record: Record, quizzes: Sequence[str], tasks: Sequence[str]) -> Counts:
    right = sum(is_right(quiz, record) for quiz in quizzes)
    first = sum(is_right(quiz, record, tries=1) for quiz in quizzes)
    return Counts(right, first, len(quizzes), sum(task in record["tasks"] for task in tasks), len(tasks))


@lru_cache(maxsize=10_000)
def _is_right(quiz_id: str, answer: Answer) -> bool:
    return judge(load_quizzes()[quiz_id], answer).right


def _row(name: str, record: Record) -> list[str]:
    marks = grade(record)
    of_all = total(marks.values())
    score = best(record)
    points = f"{score[0]}/{score[1]}" if score else "-"
    lessons = [f"{mark.right + mark.done}/{mark.quizzes + mark.tasks}" for mark in marks.values()]
    figures = [f"{of_all.right}/{of_all.quizzes}", str(of_all.first), f"{of_all.done}/{of_all.tasks}"]
    return [_printable(name), *figures, points, *lessons]


_lines = partial(tabwriter.format, minwidth=0, padding=2)


def _printable(name: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in name)


def _harmless(name: str) -> str:
    """A name that no spreadsheet takes for a formula, because learners name their files themselves."""
    printable = _printable(name)
    return f"'{printable}" if name.startswith(("=", "+", "-", "@")) else printable


# What a learner has shown: when, and with how much help


@cache
def lessons() -> Mapping[str, dict[str, Any]]:
    """Each lesson's `title` and `goals`: what one `can` do, and the quizzes and tasks that it's shown `by`."""
    return load_yaml(Path(__file__).with_name("goals.yaml"))  # type: ignore[no-any-return]


PARTS = {"0": "Core", "1": "Electives", "2": "After both"}
"""The parts of the course by the first digit of a lesson's number."""


def part(lesson: str) -> str:
    """The part of the course that a lesson belongs to."""
    return PARTS[lesson[0]]


def title(lesson: str) -> str:
    """A lesson's name on the map: "01 Storing credentials"."""
    number, _, name = lesson.partition("-")
    if lesson not in lessons():
        return f"{number} {name} (goals.yaml has no title for it)"
    return f"{number} {lessons()[lesson]['title']}"


_NOT_SHOWN = "not shown yet"


def skills(record: Record) -> list[tuple[str, list[str]]]:
    """My skills: headings, each with its lines. A summary, the lessons that were begun, and the names of the others."""
    every = {title(lesson): _goals(lesson, record) for lesson in lessons()}
    begun = {head: lines for head, lines in every.items() if not all(line.endswith(_NOT_SHOWN) for line in lines)}
    reached = sum(line.startswith("✓") for lines in begun.values() for line in lines)
    fixed = [taken for name, (taken, _) in record["shown"].items() if name.startswith(CLUSTER)]
    summary = [f"{reached} of {sum(map(len, every.values()))} goals shown"]
    if fixed:
        summary.append(f"{len(fixed)} kinds of broken clusters fixed, {fixed.count(0)} of them without help")
    score = best(record)
    if score:
        summary.append(f"Best score of the challenge: {score[0]} of {score[1]}")
    sections = [("My skills", summary), *begun.items()]
    rest = [head for head in every if head not in begun]
    if rest:
        sections.append(("Not begun yet", rest))
    return sections


def skills_text(record: Record) -> str:
    sections = [f"{head}\n\n- " + "\n- ".join(lines) for head, lines in skills(record)]
    return "# " + "\n\n## ".join(sections) + "\n"


def _goals(lesson: str, record: Record) -> list[str]:
    return [_skill(goal, record) for goal in lessons()[lesson]["goals"]]


def _skill(goal: Mapping[str, Any], record: Record) -> str:
    """A goal, and when it was shown and with how much help; an older record has neither."""
    marks = [record["shown"].get(name, (0, 0)) for name in goal["by"] if _is_done(name, record)]
    if not marks:
        return f"○ {goal['can']}: {_NOT_SHOWN}"
    if len(marks) < len(goal["by"]):
        return f"○ {goal['can']}: {len(marks)} of {len(goal['by'])} shown"
    days = [day for _, day in marks]
    if not all(days):
        return f"✓ {goal['can']}: shown"
    last = date.fromordinal(max(days))
    return f"✓ {goal['can']}: {last.day} {last:%B %Y}, {_helped(sum(taken for taken, _ in marks))}"


def _helped(hints: int) -> str:
    """How much help was taken."""
    if hints >= REVEALED:
        return "after seeing an answer"
    return f"with {_counted(hints, 'hint')}" if hints else "without help"


def _is_done(name: str, record: Record) -> bool:
    return name in record["tasks"] if name in load_tasks() else is_right(name, record)
