"""A question in a notebook: pick or type an answer, read why, get a hint, try again; or predict what a cell prints."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, ClassVar

import traitlets
from IPython.core.getipython import get_ipython
from IPython.display import display

from kubesim.jupyter import card
from kubesim.jupyter.card import NEXT, Button, Exercise, Message, static, styles
from kubesim.jupyter.current import Seat
from kubesim.jupyter.terminal import strip
from kubesim.lessons import load_predictions, load_quizzes
from kubesim.lessons.quiz import VARIANT, Note, Quiz, Verdict, judge, letter
from kubesim.lessons.review import to_review

LONGEST_SCREEN = 4000
MISSES = 2
"""After so many wrong commands, the first hint is shown unasked."""
NOTHING = "kubesim: there is nothing to review yet; answer a few quizzes first"
_NO_ANSWER = "Choose or type an answer first. This doesn't count."
_HOW = {
    "choice": "One answer is right.",
    "choices": "More than one answer may be right.",
    "order": "Put these in the right order.",
    "line": "Pick one line.",
    "text": "Type your answer.",
    "command": "Type one command. It runs in a cluster of its own, not in yours.",
    "gap": "Fill in the blanks. The command runs in a cluster of its own, not in yours.",
    "predict": "Pick one, then run the next cell.",
}


class QuizCard(Exercise):
    """One question. The last answer is kept in the workspace and shown again, but not in a review.

    To try again, or in a review, brings the next one of the question's `variants`.
    """

    _esm = static("parts.js", "quiz.js")
    _css = styles("card.css")
    _words: ClassVar = {"right": "Right", "wrong": "Not yet", "": ""}

    answer = traitlets.Union([traitlets.List(), traitlets.Unicode()]).tag(sync=True)
    """What was answered: numbers of choices, or a text; [] for no answer."""

    def __init__(self, variants: Sequence[Quiz], seat: Seat, label: str = "Quiz") -> None:
        self._variants = variants
        self._progress = seat.progress
        self._label = label
        self._verdict: Verdict | None = None
        super().__init__()
        record = self._progress.record()
        last = max((number for number, quiz in enumerate(variants) if quiz.id in record["answers"]), default=0)
        asked = record["asked"].get(variants[0].id) if label == "Review" else None
        self._take(variants[(last + (max(asked[1], 1) if asked else 0)) % len(variants)])
        kept = None if label == "Review" else record["answers"].get(self._quiz.id)
        if kept is not None and isinstance(kept, str) is not bool(self._quiz.choices):
            self._judge(kept)
        self.refresh()

    def do_check(self, message: Message) -> None:
        answer = message["answer"]
        if not (answer.strip() if isinstance(answer, str) else answer):
            return self.say(_NO_ANSWER)
        verdict = self._judge(answer)
        self._help_after_misses(verdict)
        self._keep(verdict)
        if self._progress.message:
            note = Note(verdict.right, self._progress.message)
            self._verdict = replace(verdict, notes=(*verdict.notes, note))
        return None

    def _help_after_misses(self, verdict: Verdict) -> None:
        if self._quiz.kind == "command" and not verdict.right:
            self._missed += 1
            if self._missed == MISSES and not self.hints_shown:
                self.do_hint({})

    def do_retry(self, _message: Message) -> None:
        if self._label != "Review":
            self._progress.keep(self._quiz.id, None)
        self.answer = []
        self._verdict = None
        self.revealed = False
        self.hints_shown = 0
        self._take(self._variants[(self._variants.index(self._quiz) + 1) % len(self._variants)])

    def _take(self, quiz: Quiz) -> None:
        self._quiz = quiz
        self.hints = quiz.hints
        self._missed = 0
        choices = [html.escape(choice.text) if quiz.run else card.inline(choice.text) for choice in quiz.shown]
        shown = {"html": card.inline(quiz.question), "choices": choices, "numbers": list(quiz.numbers)}
        how = _HOW["gap" if quiz.gap else quiz.kind]
        self.content = {"kind": quiz.kind, "label": self._label, "run": quiz.run, "how": how, "gap": quiz.gap, **shown}

    def _keep(self, verdict: Verdict) -> None:
        answers = {} if self._label == "Review" else {self._quiz.id: self.answer}
        self._progress.keep_asked(self._variants[0].id, verdict.right, self.helped, answers)

    def complain(self, words: str) -> None:
        self._verdict = Verdict(False, (Note(False, words),))

    def refresh(self) -> None:
        self.feedback = {**self._feedback(self._verdict), "said": self._said}
        self._said = ""

    def _feedback(self, verdict: Verdict | None) -> dict[str, Any]:
        outcome = "right" if verdict and verdict.right else "wrong" if verdict else ""
        notes = [{"ok": note.ok, "html": card.inline(note.text)} for note in (verdict.notes if verdict else ())]
        said = {"verdict": outcome, "word": self._words[outcome], "notes": notes}
        printed = strip(verdict.printed)[:LONGEST_SCREEN] if verdict else ""
        return {**said, "printed": printed, **self.help(), "buttons": self._buttons()}

    def plain(self) -> str:
        quiz = self._quiz
        texts = [choice.text if quiz.run else card.plain_text(choice.text) for choice in quiz.shown]
        choices = [f"  {letter(number)}. {text}" for number, text in enumerate(texts)]
        shown = [f"  $ {line}" for line in (quiz.run, quiz.gap) if line]
        return "\n".join([f"{self._label}: {card.plain_text(quiz.question)}", *shown, *choices, self.content["how"]])

    def static_html(self) -> str:
        quiz = self._quiz
        question = f"<p><b>{self._label}</b> {self.content['html']}</p>"
        gap = card.listing([quiz.gap]) if quiz.gap else ""
        answer = card.details("Answer", self.answer_html() + self._reasons_html())
        return f"{question}{gap}{self._choices_html()}<p><i>{self.content['how']}</i></p>{answer}"

    def answer_html(self) -> str:
        quiz = self._quiz
        shown = card.listing([quiz.answer]) if quiz.kind == "command" else card.paragraphs(quiz.answer)
        if quiz.kind == "order":
            shown += card.listed((card.inline(choice.text) for choice in quiz.choices), "ol")
        return shown + (card.paragraphs(quiz.why) if quiz.why else "")

    def _choices_html(self) -> str:
        shown = [(f"<b>{letter(number)}</b>", text) for number, text in enumerate(self.content["choices"])]
        if not self._quiz.run:
            return card.listed(map(" ".join, shown))
        lines = "\n".join([f"$ {html.escape(self._quiz.run)}", *map("  ".join, shown)])
        return f"<pre><code>{lines}</code></pre>"

    def _reasons_html(self) -> str:
        choices = () if self._quiz.kind == "order" else self._quiz.shown
        return card.listed(f"<b>{letter(n)}</b> {card.inline(choice.why)}" for n, choice in enumerate(choices))

    def _judge(self, answer: str | Sequence[int]) -> Verdict:
        self.answer = answer if isinstance(answer, str) else list(answer)
        self._verdict = verdict = judge(self._quiz, answer)
        return verdict

    def _buttons(self) -> list[Button]:
        again: list[Button] = [("retry", "Try again")] if self._verdict or self.revealed else []
        if self._verdict and self._verdict.right:
            return [NEXT, *again]
        return [("check", "Check"), *self.help_buttons("Reveal answer"), *again]


class PredictionCard(QuizCard):
    """What the next cell will print, picked with one click: the first pick counts, and that cell's output answers it.

    Whether it was right is said once a second cell has run, that after the card's own. The page folds the text that
    follows until the card is `open`: predicted, or passed over.
    """

    _words: ClassVar = {"right": "As you predicted", "wrong": "Not as you predicted", "": ""}
    _cells = 0

    def on_cell(self, _result: object) -> None:
        """Follow the cells that run from now on."""
        self._cells += 1
        self.refresh()

    def do_check(self, message: Message) -> None:
        if not self._verdict:
            super().do_check(message)

    def refresh(self) -> None:
        is_answered = self._cells > 1
        said = "Now run the next cell." if self._verdict and not is_answered else ""
        is_open = is_answered or self._verdict is not None
        feedback = self._feedback(self._verdict if is_answered else None)
        self.feedback = {**feedback, "said": said, "open": is_open}

    def _keep(self, _verdict: Verdict) -> None:
        self._progress.keep(self._quiz.id, self.answer)

    def _buttons(self) -> list[Button]:
        return []

    def _reasons_html(self) -> str:
        return ""


def show(arguments: str, seat: Seat) -> None:
    """Display the quiz whose id `arguments` names (`%quiz ID`), or print which ids there are."""
    _show([arguments.strip()], seat, "Quiz")


def predict(arguments: str, seat: Seat) -> None:
    """Display the prediction whose id `arguments` names (`%predict ID`), or print which ids there are."""
    predictions, name = load_predictions(), arguments.strip()
    if name in predictions:
        prediction = PredictionCard([predictions[name]], seat, "Predict")
        if shell := get_ipython():
            shell.events.register("post_run_cell", prediction.on_cell)
        display(prediction)
    else:
        print(unknown("prediction", name, list(predictions)))  # noqa: T201  # a cell's output


def recall(arguments: str, seat: Seat) -> bool:
    """Repeat the quizzes that `arguments` names, or those whose turn it is, unanswered; False if there are none."""
    ids = arguments.split() or to_review(seat.progress.record(), seat.progress.today())
    if not ids:
        print(NOTHING)  # noqa: T201  # a cell's output
    _show(ids, seat, "Review")
    return bool(ids)


def _show(ids: Sequence[str], seat: Seat, label: str) -> None:
    quizzes = load_quizzes()
    for name in ids:
        variants = [quiz for key, quiz in quizzes.items() if key.partition(VARIANT)[0] == name]
        if variants:
            display(QuizCard(variants, seat, label))
        else:
            print(unknown("quiz", name, [key for key in quizzes if VARIANT not in key]))  # noqa: T201


def unknown(kind: str, arguments: str, ids: list[str]) -> str:
    """The line that says that there is no such quiz or task, and which ones have such a name."""
    near = get_close_matches(arguments.strip(), ids, 3, 0.5) or ids
    return f"kubesim: there is no {kind} {arguments.strip()!r}; there are: {', '.join(near)}"
