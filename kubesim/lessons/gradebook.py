"""A class's progress, for `kubesim grade`: a line for each learner or each question."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from functools import partial

from kubesim.gotext import tabwriter
from kubesim.lessons import question_ids
from kubesim.lessons.grade import best, contents, grade, is_right_at_first, total
from kubesim.lessons.record import Record

# The name of a progress file, and its record.
Sheet = tuple[str, Record]

_HEADINGS = ["FILE", "QUIZZES", "FIRST TRY", "TASKS", "SCORE"]
_FIELDS = ["file", "right", "first_try", "quizzes", "tasks_done", "tasks", "points", "points_of"]
_lines = partial(tabwriter.format, minwidth=0, padding=2)


def table(sheets: Sequence[Sheet], width: int) -> str:
    """A table with one line for each learner.

    Lessons are columns at the right, as many as fit in `width` characters.
    """
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
    counts = grade(record)
    of_all = total(counts.values())
    score = best(record)
    points = f"{score.reached}/{score.of}" if score else "-"
    lessons = [f"{one.both.reached}/{one.both.of}" for one in counts.values()]
    figures = [f"{of_all.right}/{of_all.quizzes}", str(of_all.first), f"{of_all.done}/{of_all.tasks}"]
    return [_printable(name), *figures, points, *lessons]


def comma_separated(sheets: Sequence[Sheet]) -> str:
    """CSV with one line for each learner. Each lesson has two columns: exercises done, and exercises."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(_FIELDS + [f"{lesson} {column}" for lesson in contents() for column in ("done", "of")])
    for name, record in sheets:
        counts = grade(record)
        of_all = total(counts.values())
        row: list[object] = [_harmless(name), of_all.right, of_all.first, of_all.quizzes, of_all.done, of_all.tasks]
        score = best(record)
        row += score or ["", ""]
        for one in counts.values():
            row += one.both
        lines.writerow(row)
    return text.getvalue()


def questions(sheets: Sequence[Sheet]) -> str:
    """A table with one line for each question: the number of answers, and the share right at the first try.

    A question that all of several learners, or none of them, got right doesn't tell them apart, and is marked.
    """
    rows = [["QUESTION", "ANSWERED", "FIRST TRY", "NOTE"]]
    for question in question_ids():
        answers = [is_right_at_first(question, record) for _, record in sheets if question in record["given"]]
        if answers:
            share = f"{sum(answers) / len(answers):.0%}"
            rows.append([question, str(len(answers)), share, _note(answers)])
    return _lines(rows)


def _note(answers: Sequence[bool]) -> str:
    if len(answers) == 1 or len(set(answers)) > 1:
        return "-"
    return "all right" if answers[0] else "none right"


def _printable(name: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in name)


def _harmless(name: str) -> str:
    """A printable name that no spreadsheet evaluates as a formula. Learners choose these names."""
    printable = _printable(name)
    return f"'{printable}" if name.startswith(("=", "+", "-", "@")) else printable
