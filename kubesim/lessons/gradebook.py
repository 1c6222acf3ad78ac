"""A class's progress: a line for each learner, or for each question (`kubesim grade`)."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from functools import partial
from statistics import StatisticsError, correlation

from kubesim.gotext import tabwriter
from kubesim.lessons import question_ids
from kubesim.lessons.grade import best, contents, grade, is_right_at_first, total
from kubesim.lessons.progress import Record

Sheet = tuple[str, Record]
"""A file's name and what it holds."""

_HEADINGS = ["FILE", "QUIZZES", "FIRST TRY", "TASKS", "SCORE"]
_FIELDS = ["file", "right", "first_try", "quizzes", "tasks_done", "tasks", "points", "points_of"]
_lines = partial(tabwriter.format, minwidth=0, padding=2)


def table(sheets: Sequence[Sheet], width: int) -> str:
    """One line a learner; at the right, as many lessons as `width` columns hold: done of quizzes and tasks."""
    lessons = list(contents())
    numbers = [lesson.partition("-")[0] for lesson in lessons]
    rows = [[*_HEADINGS, *numbers], *(_row(name, record) for name, record in sheets)]
    while len(rows[0]) > len(_HEADINGS) and max(map(len, _lines(rows).split("\n"))) > width:
        rows = [row[:-1] for row in rows]
    hidden = lessons[len(rows[0]) - len(_HEADINGS) :]
    if not hidden:
        return _lines(rows)
    return f"{_lines(rows)}Too narrow for: {', '.join(hidden)}\n"


def _row(name: str, record: Record) -> list[str]:
    marks = grade(record)
    of_all = total(marks.values())
    score = best(record)
    points = f"{score[0]}/{score[1]}" if score else "-"
    lessons = [f"{mark.right + mark.done}/{mark.quizzes + mark.tasks}" for mark in marks.values()]
    figures = [f"{of_all.right}/{of_all.quizzes}", str(of_all.first), f"{of_all.done}/{of_all.tasks}"]
    return [_printable(name), *figures, points, *lessons]


def comma_separated(sheets: Sequence[Sheet]) -> str:
    """One line a learner, with two columns for each lesson: quizzes and tasks done, and how many there are."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(_FIELDS + [f"{lesson} {column}" for lesson in contents() for column in ("done", "of")])
    for name, record in sheets:
        marks = grade(record)
        row: list[object] = [_harmless(name), *total(marks.values()), *(best(record) or ("", ""))]
        for mark in marks.values():
            row += [mark.right + mark.done, mark.quizzes + mark.tasks]
        lines.writerow(row)
    return text.getvalue()


def questions(sheets: Sequence[Sheet]) -> str:
    """One line a question: how many answered it, how many of them were right at the first try, and TELLS.

    TELLS is how well the question tells strong learners from weak ones: the correlation, from -1 to 1, between a right
    first answer to it and the share of right first answers to all others; "-" where too few differ. A question that
    all or none of several learners got right tells nothing, and says so.
    """
    first_answers = [_first_answers(record) for _, record in sheets]
    rows = [["QUESTION", "ANSWERED", "FIRST TRY", "TELLS"]]
    for question in question_ids():
        learners = [answers for answers in first_answers if question in answers]
        if learners:
            right = sum(answers[question] for answers in learners)
            share = f"{right / len(learners):.0%}"
            rows.append([question, str(len(learners)), share, _discrimination(question, learners)])
    return _lines(rows)


def _first_answers(record: Record) -> dict[str, bool]:
    """Whether each question that a learner answered was right at the first try."""
    return {name: is_right_at_first(name, record) for name in question_ids() if name in record["given"]}


def _discrimination(question: str, learners: Sequence[Mapping[str, bool]]) -> str:
    right = {answers[question] for answers in learners}
    if len(learners) > 1 and len(right) == 1:
        return "all right" if True in right else "none right"
    own = []
    others = []
    for answers in learners:
        rest = [is_right for name, is_right in answers.items() if name != question]
        if rest:
            own.append(answers[question])
            others.append(sum(rest) / len(rest))
    try:
        return f"{correlation(own, others):.2f}"
    except StatisticsError:  # fewer than two learners, or all alike
        return "-"


def _printable(name: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in name)


def _harmless(name: str) -> str:
    """A name that no spreadsheet takes for a formula, because learners name their files themselves."""
    printable = _printable(name)
    return f"'{printable}" if name.startswith(("=", "+", "-", "@")) else printable
