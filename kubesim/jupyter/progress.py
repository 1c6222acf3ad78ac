"""`%progress`, a map of the notebooks with buttons to download and upload the progress, and `%skills`, a page of goals.

The page's half is static/progress.js. Counting is the work of lessons.grade and lessons.skills. Nothing leaves the
learner's machine: files go from the page to the notebook's kernel and back.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import NamedTuple

from IPython.display import display

from kubesim.jupyter.card import Card, script, styles
from kubesim.jupyter.markup import inline, listed
from kubesim.jupyter.seat import Seat
from kubesim.lessons.grade import best, contents, gained, grade, predicted, total
from kubesim.lessons.record import MAX_SIZE, Record, blank, write
from kubesim.lessons.review import review_news, schedule
from kubesim.lessons.skills import part, skills, skills_text, title

# The notebook whose row has a score, too.
CHALLENGE = "30-troubleshooting-challenge"

_SIGNS = {"done": "✓", "started": "◐", "to do": "○"}
# The file `my-skills.html`, to be printed.
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>My skills</title>
<style>body {{font: 11pt/1.5 sans-serif; max-width: 45em; margin: 2em auto}} h2 {{font-size: 1.1em; break-after: avoid}}
ul {{list-style: none; padding: 0}}</style>
{}</html>
"""
# Shown instead of a page of zeros while nothing is recorded, as for somebody who only reads the notebook.
_EMPTY_MAP = (
    "The map of your progress: a line for each notebook, with a link, and what you've answered and solved in it."
)
_EMPTY_SKILLS = "My skills: which goals you've reached, when, and with how much help."
_ADDED = "The file was added to your progress. Run the cells with quizzes again to see your answers on them."


class Row(NamedTuple):
    """A row of the map: a notebook, and the counts of the learner's work in it."""

    title: str
    part: str
    href: str
    sign: str
    state: str
    questions: str  # "2 of 6", or "" in a notebook without questions
    tasks: str  # "0 of 2", or "" in a notebook without tasks
    score: str  # "74 of 120", the best round of the challenge, or "" without one
    share: float  # the done part of the questions, tasks and score, from 0 to 1
    due: int  # questions to review today

    @property
    def counts(self) -> str:
        """The counts in words."""
        counts = {"questions": self.questions, "tasks": self.tasks, "score": self.score}
        return ", ".join(f"{name} {count}" for name, count in counts.items() if count)


class ProgressMap(Card):
    """The card of the map, with one row for each notebook, and the number of due questions.

    `content`, for progress.js: the sentences `total` and `due`, the `rows`, a `notice` about an unreadable progress
    file, the `file` to download as text, and the `limit` of an upload in bytes. It is computed again with each
    message, and the page sends one whenever the map comes into view. `feedback` is the result of a button: `ok`,
    `html`, and a `number` that tells two equal results apart.
    """

    _esm = script("progress.js")
    _css = styles("progress.css")

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self.refresh()

    def refresh(self) -> None:
        progress = self._seat.progress
        record = progress.record()
        self._rows = list(_rows(record, progress.today()))
        self.content = {
            "total": _total(record),
            "rows": [row._asdict() for row in self._rows],
            "notice": inline(progress.notice()),
            "due": inline(review_news(record, progress.today())),
            "file": write(record),
            "limit": MAX_SIZE,
        }

    def do_refresh(self) -> None:
        self.refresh()
        self._report(True, f"{self.content['total']}.")

    def do_download(self) -> None:
        self.refresh()
        self._save("kubesim-progress.json", "application/json", self.content["file"])

    def do_skills(self, form: str) -> None:
        """Have the page save the skills as a file: HTML to print if `form` is "html", else Markdown."""
        record = self._seat.progress.record()
        if form == "html":
            self._save("my-skills.html", "text/html", _PAGE.format(_skills_html(record)))
        else:
            self._save("my-skills.md", "text/markdown", skills_text(record))

    def do_upload(self, text: str | None) -> None:
        """Merge an uploaded progress file. `text` is None for a file above `limit`, which the page doesn't read."""
        progress = self._seat.progress
        was_added = progress.take_in(text)
        self._report(was_added, f"{_ADDED} {progress.message}" if was_added else progress.message)

    def plain(self) -> str:
        if self._is_empty():
            return _EMPTY_MAP
        lines = (f"{row.sign} {row.title}: {row.counts}" for row in self._rows)
        return "\n".join([self.content["total"], *lines])

    def static_html(self) -> str:
        if self._is_empty():
            return f"<p>{_EMPTY_MAP}</p>"
        rows = "".join(
            f"<tr><td>{row.sign} {row.state}</td><td>{row.part}</td>"
            f'<td><a href="{row.href}">{html.escape(row.title)}</a></td><td>{row.counts}</td></tr>'
            for row in self._rows
        )
        return f"<p><b>{self.content['total']}</b></p><table>{rows}</table>"

    def _is_empty(self) -> bool:
        return self._seat.progress.record() == blank()

    def _save(self, name: str, kind: str, text: str) -> None:
        """Have the page offer a file to its user. `kind` is the MIME type."""
        self.send({"do": "save", "name": name, "type": kind, "text": text})

    def _report(self, ok: bool, words: str) -> None:
        self.feedback = {"ok": ok, "html": inline(words), "number": self.feedback.get("number", 0) + 1}


def show(seat: Seat) -> None:
    display(ProgressMap(seat))


def show_skills(seat: Seat) -> None:
    """Display the goals that the learner has reached, as Markdown and HTML."""
    record = seat.progress.record()
    if record == blank():
        display({"text/plain": _EMPTY_SKILLS, "text/html": f"<p>{_EMPTY_SKILLS}</p>"}, raw=True)
        return
    display({"text/plain": skills_text(record), "text/html": _skills_html(record)}, raw=True)


def _skills_html(record: Record) -> str:
    """The sections of the skills as HTML. The first one has the page's title as its heading."""
    parts: list[str] = []
    for heading, lines in skills(record):
        tag = "h2" if parts else "h1"
        parts.append(f"<{tag}>{heading}</{tag}>{listed(map(inline, lines))}")
    return "\n".join(parts)


def _total(record: Record) -> str:
    """The sentence with the counts of all notebooks."""
    counts = total(grade(record).values())
    parts = [f"{counts.right} of {counts.quizzes} questions", f"{counts.done} of {counts.tasks} tasks"]
    predictions = predicted(record)
    if predictions.of:
        parts.append(f"{predictions} predictions right")
    mistakes = gained(record)
    if mistakes.of:
        parts.append(f"{mistakes} first mistakes put right since")
    return f"Your progress: {', '.join(parts)}"


def _rows(record: Record, today: int) -> Iterator[Row]:
    """The rows of the map. In the challenge's notebook, a round with any points counts as one more thing to do."""
    due = {repetition.question for repetition in schedule(record) if repetition.due <= today}
    for lesson, counts in grade(record).items():
        reached, whole = counts.both
        score = ""
        if lesson == CHALLENGE:
            whole += 1
            if best_score := best(record):
                score = str(best_score)
                if best_score.reached:
                    reached += 1
        state = _state(reached, whole)
        yield Row(
            title=title(lesson),
            part=part(lesson),
            href=f"{lesson}.ipynb",
            sign=_SIGNS[state],
            state=state,
            questions=f"{counts.right} of {counts.quizzes}" if counts.quizzes else "",
            tasks=f"{counts.done} of {counts.tasks}" if counts.tasks else "",
            score=score,
            share=reached / whole,
            due=len(due.intersection(contents()[lesson].quizzes)),
        )


def _state(reached: int, whole: int) -> str:
    """The state of a notebook, a key of _SIGNS."""
    if reached == whole:
        return "done"
    return "started" if reached else "to do"
