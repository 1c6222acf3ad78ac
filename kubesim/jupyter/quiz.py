"""A quiz question in a notebook: pick or type an answer, hear why, take a hint, try again."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from IPython.display import display

from kubesim.jupyter import markup
from kubesim.jupyter.current import Seat
from kubesim.jupyter.exercise import Button, Exercise
from kubesim.lessons import Note, Progress, Quiz, Verdict, judge, letter, load_quizzes

_HOW = {
    "choice": "One answer is right.",
    "choices": "More than one answer may be right.",
    "text": "Type your answer.",
    "command": "Type one command. It runs in a cluster of its own, not in yours.",
}


class QuizCard(Exercise):
    """One question. The answer last given is kept in the workspace and shown again."""

    def __init__(self, quiz: Quiz, progress: Progress) -> None:
        self._quiz = quiz
        self._progress = progress
        self.hints = quiz.hints
        choices = [markup.inline(choice.text) for choice in quiz.choices]
        content = {"kind": quiz.kind, "label": "Quiz", "html": markup.inline(quiz.question), "how": _HOW[quiz.kind]}
        super().__init__(content={**content, "choices": choices})
        kept = progress.recall(quiz.id)
        if kept is not None and isinstance(kept, str) is not bool(choices):
            self.answer = kept
            self._judge()
        self.refresh()

    def do_check(self, message: dict[str, Any]) -> None:
        """Judge the answer and keep it."""
        self.answer = message["answer"]
        self._judge()
        self._progress.keep(self._quiz.id, self.answer)
        if self._verdict and self._progress.said:
            said = Note(self._verdict.right, self._progress.said)
            self._verdict = Verdict(self._verdict.right, (*self._verdict.notes, said))

    def do_retry(self, _message: dict[str, Any]) -> None:
        """Forget the answer and everything said about it."""
        self.answer, self._verdict, self._revealed, self._told = None, None, False, 0
        self._progress.keep(self._quiz.id, None)

    def plain(self) -> str:
        """The question with its lettered choices."""
        quiz = self._quiz
        choices = [f"  {letter(n)}. {markup.plain(choice.text)}" for n, choice in enumerate(quiz.choices)]
        return "\n".join([f"Quiz: {markup.plain(quiz.question)}", *choices, _HOW[quiz.kind]])

    def static_html(self) -> str:
        """The question with its lettered choices, and the answer folded away."""
        quiz = self._quiz
        items = (f"<li><b>{letter(n)}</b> {markup.inline(choice.text)}</li>" for n, choice in enumerate(quiz.choices))
        choices = f"<ul>{''.join(items)}</ul>" if quiz.choices else ""
        question = f"<p><b>Quiz</b> {markup.inline(quiz.question)}</p>{choices}<p><i>{_HOW[quiz.kind]}</i></p>"
        return f"{question}<details><summary>Answer</summary>{self._answer_html()}</details>"

    def _judge(self) -> None:
        typed = self.answer if isinstance(self.answer, str) else list(self.answer or ())
        self._verdict = judge(self._quiz, typed)

    def _answer_html(self) -> str:
        quiz = self._quiz
        shown = markup.listing([quiz.answer]) if quiz.kind == "command" else markup.paragraphs(quiz.answer)
        return shown + (markup.paragraphs(quiz.why) if quiz.why else "")

    def _buttons(self) -> list[Button]:
        right = self._verdict is not None and self._verdict.right
        again: list[Button] = [("retry", "Try again")] if self._verdict or self._revealed else []
        if right:
            return again
        reveal: list[Button] = [] if self._revealed else [("reveal", "Reveal answer")]
        return [("check", "Check"), *self._hint_button(), *reveal, *again]


def show(arguments: str, seat: Seat) -> None:
    """Display the quiz whose id `arguments` names (`%quiz ID`), or say which ids there are."""
    quizzes = load_quizzes()
    quiz = quizzes.get(arguments.strip())
    if quiz is None:
        print(unknown("quiz", arguments, list(quizzes)))  # noqa: T201  # a cell's output
    else:
        display(QuizCard(quiz, Progress(seat.session.workspace)))


def unknown(kind: str, arguments: str, ids: list[str]) -> str:
    """The line that says that there is no such quiz or task, and which ones have such a name."""
    near = get_close_matches(arguments.strip(), ids, 3, 0.5) or ids
    return f"kubesim: there is no {kind} {arguments.strip()!r}; there are: {', '.join(near)}"
