"""A quiz question in a notebook: pick or type an answer, read why, get a hint, try again."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

import traitlets
from IPython.display import display

from kubesim.jupyter import card
from kubesim.jupyter.card import Button, Exercise, Message, static
from kubesim.jupyter.current import Seat
from kubesim.jupyter.terminal import strip
from kubesim.lessons import load_quizzes
from kubesim.lessons.progress import Progress
from kubesim.lessons.quiz import Choice, Note, Quiz, Verdict, judge, letter

LONGEST_SCREEN = 4000
_HOW = {
    "choice": "One answer is right.",
    "choices": "More than one answer may be right.",
    "order": "Put these in the right order.",
    "line": "Pick one line.",
    "text": "Type your answer.",
    "command": "Type one command. It runs in a cluster of its own, not in yours.",
}


class QuizCard(Exercise):
    """One question. The last answer is kept in the workspace and shown again, but not in a review."""

    _esm = static("parts.js", "quiz.js")
    _css = static("card.css")

    answer = traitlets.Union([traitlets.List(), traitlets.Unicode()]).tag(sync=True)
    """What was answered: numbers of choices, or a text; [] for no answer."""

    def __init__(self, quiz: Quiz, progress: Progress | None) -> None:
        self._quiz = quiz
        self._progress = progress
        self._verdict: Verdict | None = None
        self.hints = quiz.hints
        content = {"kind": quiz.kind, "label": self._label(), "html": card.inline(quiz.question), "run": quiz.run}
        choices = [self._drawn(choice) for choice in quiz.shown]
        super().__init__(content={**content, "how": _HOW[quiz.kind], "choices": choices})
        kept = progress.recall(quiz.id) if progress else None
        if kept is not None and isinstance(kept, str) is not bool(choices):
            self._judge(kept)
        self.refresh()

    def do_check(self, message: Message) -> None:
        self._judge(message["answer"])
        if self._progress and self._verdict:
            self._progress.keep(self._quiz.id, self.answer)
            if self._progress.message:
                note = Note(self._verdict.right, self._progress.message)
                self._verdict = replace(self._verdict, notes=(*self._verdict.notes, note))

    def do_retry(self, _message: Message) -> None:
        self.answer, self._verdict, self.revealed, self.hints_shown = [], None, False, 0
        if self._progress:
            self._progress.keep(self._quiz.id, None)

    def complain(self, words: str) -> None:
        self._verdict = Verdict(False, (Note(False, words),))

    def refresh(self) -> None:
        verdict = self._verdict
        outcome, word = (
            ("right", "Right") if verdict and verdict.right else ("wrong", "Not yet") if verdict else ("", "")
        )
        notes = [{"ok": note.ok, "html": card.inline(note.text)} for note in (verdict.notes if verdict else ())]
        said = {"verdict": outcome, "word": word, "notes": notes}
        printed = strip(verdict.printed)[:LONGEST_SCREEN] if verdict else ""
        self.feedback = {**said, "printed": printed, **self.help(), "buttons": self._buttons()}

    def plain(self) -> str:
        quiz = self._quiz
        texts = [choice.text if quiz.run else card.plain_text(choice.text) for choice in quiz.shown]
        choices = [f"  {letter(number)}. {text}" for number, text in enumerate(texts)]
        shown = [f"  $ {quiz.run}"] if quiz.run else []
        return "\n".join([f"{self._label()}: {card.plain_text(quiz.question)}", *shown, *choices, _HOW[quiz.kind]])

    def static_html(self) -> str:
        quiz = self._quiz
        question = f"<p><b>{self._label()}</b> {card.inline(quiz.question)}</p>"
        answer = card.details("Answer", self.answer_html() + self._reasons_html())
        return f"{question}{self._choices_html()}<p><i>{_HOW[quiz.kind]}</i></p>{answer}"

    def answer_html(self) -> str:
        quiz = self._quiz
        shown = card.listing([quiz.answer]) if quiz.kind == "command" else card.paragraphs(quiz.answer)
        if quiz.kind == "order":
            shown += card.listed((card.inline(choice.text) for choice in quiz.choices), "ol")
        return shown + (card.paragraphs(quiz.why) if quiz.why else "")

    def _label(self) -> str:
        return "Quiz" if self._progress else "Review"

    def _drawn(self, choice: Choice) -> str:
        return html.escape(choice.text) if self._quiz.run else card.inline(choice.text)

    def _choices_html(self) -> str:
        shown = [(f"<b>{letter(number)}</b>", self._drawn(choice)) for number, choice in enumerate(self._quiz.shown)]
        if not self._quiz.run:
            return card.listed(map(" ".join, shown))
        lines = "\n".join([f"$ {html.escape(self._quiz.run)}", *map("  ".join, shown)])
        return f"<pre><code>{lines}</code></pre>"

    def _reasons_html(self) -> str:
        choices = () if self._quiz.kind == "order" else self._quiz.shown
        return card.listed(f"<b>{letter(n)}</b> {card.inline(choice.why)}" for n, choice in enumerate(choices))

    def _judge(self, answer: str | Sequence[int]) -> None:
        self.answer = answer if isinstance(answer, str) else list(answer)
        self._verdict = judge(self._quiz, answer)

    def _buttons(self) -> list[Button]:
        again: list[Button] = [("retry", "Try again")] if self._verdict or self.revealed else []
        if self._verdict and self._verdict.right:
            return again
        return [("check", "Check"), *self.help_buttons("Reveal answer"), *again]


def show(arguments: str, seat: Seat) -> None:
    """Display the quiz whose id `arguments` names (`%quiz ID`), or print which ids there are."""
    _show([arguments.strip()], Progress(seat.session.workspace))


def review(arguments: str, _seat: Seat) -> None:
    """Repeat quizzes of earlier notebooks (`%review ID ID`), without their answers; nothing is kept."""
    _show(arguments.split() or [""], None)


def _show(ids: list[str], progress: Progress | None) -> None:
    quizzes = load_quizzes()
    for quiz_id in ids:
        if quiz_id in quizzes:
            display(QuizCard(quizzes[quiz_id], progress))
        else:
            print(unknown("quiz", quiz_id, list(quizzes)))  # noqa: T201  # a cell's output


def unknown(kind: str, arguments: str, ids: list[str]) -> str:
    """The line that says that there is no such quiz or task, and which ones have such a name."""
    near = get_close_matches(arguments.strip(), ids, 3, 0.5) or ids
    return f"kubesim: there is no {kind} {arguments.strip()!r}; there are: {', '.join(near)}"
