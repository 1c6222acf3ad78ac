"""A question in a notebook: pick or type an answer, read why, get a hint, try again; or predict what a cell prints."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, ClassVar

import traitlets
from IPython.core.events import EventManager
from IPython.core.getipython import get_ipython
from IPython.display import display

from kubesim.jupyter import card
from kubesim.jupyter.card import NEXT, Button, Exercise, Message, static, styles
from kubesim.jupyter.current import Seat
from kubesim.jupyter.terminal import strip
from kubesim.lessons import load_predictions, load_quizzes
from kubesim.lessons.progress import Record
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

    _label = "Quiz"

    _esm = static("parts.js", "quiz.js")
    _css = styles("card.css")
    _words: ClassVar = {"right": "Right", "wrong": "Not yet"}

    answer = traitlets.Union([traitlets.List(), traitlets.Unicode()]).tag(sync=True)
    """What was answered: numbers of choices, or a text; [] for no answer."""

    def __init__(self, variants: Sequence[Quiz], seat: Seat, *, is_review: bool = False) -> None:
        self._variants = variants
        self._progress = seat.progress
        self._is_review = is_review
        if is_review:
            self._label = "Review"
        self._verdict: Verdict | None = None
        super().__init__()
        record = self._progress.record()
        answers = record["answers"]
        self._take(variants[self._first_variant(record)])
        kept = answers.get(self._quiz.id)
        takes_text = not self._quiz.choices
        if not is_review and kept is not None and isinstance(kept, str) == takes_text:
            self._judge(kept)
        self.refresh()

    def _first_variant(self, record: Record) -> int:
        """The number of the variant to begin with: the last one that was answered, but in a review a later one."""
        answered = [number for number, quiz in enumerate(self._variants) if quiz.id in record["answers"]]
        number = answered[-1] if answered else 0
        asked = record["asked"].get(self._variants[0].id)
        if self._is_review and asked:
            _day, place = asked  # the place grows with each review that went well
            number += max(place, 1)
        return number % len(self._variants)

    def do_check(self, message: Message) -> None:
        answer = message["answer"]
        is_empty = not answer.strip() if isinstance(answer, str) else not answer
        if is_empty:
            self.say(_NO_ANSWER)
            return
        verdict = self._judge(answer)
        self._help_after_misses(verdict)
        self._keep(verdict)
        if self._progress.message:
            note = Note(verdict.right, self._progress.message)
            self._verdict = replace(verdict, notes=(*verdict.notes, note))

    def _help_after_misses(self, verdict: Verdict) -> None:
        if self._quiz.kind == "command" and not verdict.right:
            self._missed += 1
            if self._missed == MISSES and not self.hints_shown:
                self.do_hint({})

    def do_retry(self, _message: Message) -> None:
        if not self._is_review:
            self._progress.keep(self._quiz.id, None)
        self.answer = []
        self._verdict = None
        self.forget_help()
        following = self._variants.index(self._quiz) + 1
        self._take(self._variants[following % len(self._variants)])

    def _take(self, quiz: Quiz) -> None:
        self._quiz = quiz
        self.hints = quiz.hints
        self._missed = 0
        to_html = html.escape if quiz.run else card.inline  # choices of a screen's line are as it prints them
        self.content = {
            "kind": quiz.kind,
            "label": self._label,
            "html": card.inline(quiz.question),
            "run": quiz.run,
            "gap": quiz.gap,
            "how": _HOW["gap" if quiz.gap else quiz.kind],
            "choices": [to_html(choice.text) for choice in quiz.shown],
            "numbers": list(quiz.numbers),
        }

    def _keep(self, verdict: Verdict) -> None:
        answers = {} if self._is_review else {self._quiz.id: self.answer}
        self._progress.keep_asked(self._variants[0].id, verdict.right, self.helped, answers)

    def complain(self, words: str) -> None:
        self._verdict = Verdict(False, (Note(False, words),))

    def refresh(self) -> None:
        self.feedback = {**self._feedback(self._verdict), "said": self._said}
        self._said = ""

    def _feedback(self, verdict: Verdict | None) -> dict[str, Any]:
        judgement: dict[str, Any] = {"verdict": "", "word": "", "notes": [], "printed": ""}
        if verdict:
            outcome = "right" if verdict.right else "wrong"
            judgement = {
                "verdict": outcome,
                "word": self._words[outcome],
                "notes": [{"ok": note.ok, "html": card.inline(note.text)} for note in verdict.notes],
                "printed": strip(verdict.printed)[:LONGEST_SCREEN],
            }
        return {**judgement, **self.help(), "buttons": self._buttons()}

    def plain(self) -> str:
        quiz = self._quiz
        texts = [choice.text if quiz.run else card.plain_text(choice.text) for choice in quiz.shown]
        choices = [f"  {letter(number)}. {text}" for number, text in enumerate(texts)]
        commands = [f"  $ {command}" for command in (quiz.run, quiz.gap) if command]
        question = f"{self._label}: {card.plain_text(quiz.question)}"
        return "\n".join([question, *commands, *choices, *self._how()])

    def static_html(self) -> str:
        quiz = self._quiz
        question = f"<p><b>{self._label}</b> {self.content['html']}</p>"
        gap = card.listing([quiz.gap]) if quiz.gap else ""
        answer = card.details("Answer", self.answer_html() + self._reasons_html())
        how = "".join(f"<p><i>{sentence}</i></p>" for sentence in self._how())
        return f"{question}{gap}{self._choices_html()}{how}{answer}"

    def _how(self) -> list[str]:
        """How to answer, where that says something to a reader who can't run cells."""
        return [] if self._quiz.kind == "predict" else [self.content["how"]]

    def answer_html(self) -> str:
        quiz = self._quiz
        parts = [card.listing([quiz.answer]) if quiz.kind == "command" else card.paragraphs(quiz.answer)]
        if quiz.kind == "order":
            parts.append(card.listed((card.inline(choice.text) for choice in quiz.choices), "ol"))
        if quiz.why:
            parts.append(card.paragraphs(quiz.why))
        return "".join(parts)

    def _choices_html(self) -> str:
        choices = list(enumerate(self.content["choices"]))
        if not self._quiz.run:
            return card.listed(f"<b>{letter(number)}</b> {text}" for number, text in choices)
        screen = [f"$ {html.escape(self._quiz.run)}"]
        screen += [f"<b>{letter(number)}</b>  {text}" for number, text in choices]
        return f"<pre><code>{chr(10).join(screen)}</code></pre>"

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

    _label = "Predict"
    _words: ClassVar = {"right": "As you predicted", "wrong": "Not as you predicted"}
    _cells = 0  # that have run since the card was made, its own among them

    @property
    def is_answered(self) -> bool:
        """Whether the next cell has run. The first to end after the card was made is the card's own."""
        return self._cells > 1

    def on_cell(self, _result: object) -> None:
        """Follow the cells that run from now on."""
        self._cells += 1
        self.refresh()

    def do_check(self, message: Message) -> None:
        if not self._verdict:
            super().do_check(message)

    def refresh(self) -> None:
        is_predicted = self._verdict is not None
        is_waiting = is_predicted and not self.is_answered
        self.feedback = {
            **self._feedback(self._verdict if self.is_answered else None),
            "said": "Now run the next cell." if is_waiting else "",
            "open": is_predicted or self.is_answered,
        }

    def _keep(self, _verdict: Verdict) -> None:
        self._progress.keep(self._quiz.id, self.answer)

    def _buttons(self) -> list[Button]:
        return []

    def _reasons_html(self) -> str:
        return ""


def show(arguments: str, seat: Seat) -> None:
    """Display the quiz whose id `arguments` names (`%quiz ID`), or print which ids there are."""
    _show([arguments.strip()], seat)


def predict(arguments: str, seat: Seat) -> None:
    """Display the prediction whose id `arguments` names (`%predict ID`), or print which ids there are."""
    predictions = load_predictions()
    name = arguments.strip()
    if name not in predictions:
        print(unknown("prediction", name, list(predictions)))  # noqa: T201  # a cell's output
        return
    prediction = PredictionCard([predictions[name]], seat)
    if shell := get_ipython():
        _follow_cells(prediction, shell.events)
    display(prediction)


def _follow_cells(prediction: PredictionCard, events: EventManager) -> None:
    """Tell a prediction of each cell that has run, until it is answered."""

    def tell(result: object) -> None:
        prediction.on_cell(result)
        if prediction.is_answered:
            events.unregister("post_run_cell", tell)

    events.register("post_run_cell", tell)


def recall(arguments: str, seat: Seat) -> bool:
    """Repeat the quizzes that `arguments` names, or those whose turn it is, unanswered; False if there are none."""
    ids = arguments.split() or to_review(seat.progress.record(), seat.progress.today())
    if not ids:
        print(NOTHING)  # noqa: T201  # a cell's output
    _show(ids, seat, is_review=True)
    return bool(ids)


def _show(ids: Sequence[str], seat: Seat, *, is_review: bool = False) -> None:
    quizzes = load_quizzes()
    for name in ids:
        variants = [quiz for key, quiz in quizzes.items() if key.partition(VARIANT)[0] == name]
        if variants:
            display(QuizCard(variants, seat, is_review=is_review))
        else:
            print(unknown("quiz", name, [key for key in quizzes if VARIANT not in key]))  # noqa: T201


def unknown(kind: str, arguments: str, ids: list[str]) -> str:
    """The line that says that there is no such quiz or task, and which ones have such a name."""
    near = get_close_matches(arguments.strip(), ids, 3, 0.5) or ids
    return f"kubesim: there is no {kind} {arguments.strip()!r}; there are: {', '.join(near)}"
