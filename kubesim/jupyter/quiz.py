"""The cards of `%quiz` and `%review`: a question with choices or a text field, its verdict, hints, and another try.

Judging is lessons.quiz's work. `QuestionCard` is also the base of prediction.py's card. The page's half is
static/quiz.js.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import traitlets
from IPython.display import display

from kubesim.jupyter import markup
from kubesim.jupyter.card import NEXT, Button, Exercise, check_known, script, styles
from kubesim.jupyter.refusal import Refusal
from kubesim.jupyter.screen import strip_escapes
from kubesim.jupyter.seat import Seat
from kubesim.lessons import question_ids, variants_of
from kubesim.lessons.quiz import Choice, Note, Quiz, Verdict, is_complete, judge, letter
from kubesim.lessons.record import Record
from kubesim.lessons.review import to_review

LONGEST_SCREEN = 4000  # characters of a command's output
# The number of wrong commands after which the first hint is shown unasked.
MISSES_UNTIL_HINT = 2
NOTHING = "there is nothing to review yet; answer a few quizzes first"
_NO_ANSWER = "Choose or type an answer first. This doesn't count."
# The words for an answer of which a part is missing.
_NOT_ALL = "Sort all of them first. This doesn't count."
_NOT_FILLED = "Fill in all the blanks first. This doesn't count."
# The instruction below a question, by the kind of quiz; "gap" is for a command with blanks.
_INSTRUCTIONS = {
    "choice": "One answer is right.",
    "choices": "More than one answer may be right.",
    "order": "Put these in the right order.",
    "sort": "Sort all of them.",
    "line": "Pick one line.",
    "text": "Type your answer.",
    "command": "Type one command. It runs in a separate cluster, not in yours.",
    "gap": "Fill in the blanks. The command runs in a separate cluster, not in yours.",
    "predict": "",
}


def _instruction(quiz: Quiz) -> str:
    """The instruction below a question, without words that the question has already."""
    instruction = _INSTRUCTIONS["gap" if quiz.gap else quiz.kind]
    return instruction.removeprefix("Fill in the blanks. ") if "Fill in" in quiz.question else instruction


class QuestionCard(Exercise):
    """A card with one question and the verdict on its answer. Subclasses decide what is stored and when it is shown."""

    _esm = script("quiz.js")
    _css = styles("card.css", "quiz.css")
    # The headings of the verdicts on a right answer (True) and on a wrong one.
    _headings: ClassVar[dict[bool, str]]

    # The learner's answer: numbers of choices as `judge` takes them, or a text; [] for none.
    answer = traitlets.Union([traitlets.List(), traitlets.Unicode()]).tag(sync=True)

    def __init__(self, label: str, quiz: Quiz, seat: Seat) -> None:
        self._label = label
        super().__init__(seat)
        self._ask(quiz)

    def _ask(self, quiz: Quiz) -> None:
        """Show a question, without an answer, a verdict or help."""
        self._quiz = quiz
        self._verdict: Verdict | None = None
        self.answer = []
        self.hints = quiz.hints
        self.forget_help()
        to_html = _output_line_html if quiz.run else _choice_html  # with `run`, the choices are the lines of its output
        self.content = {
            "kind": quiz.kind,
            "label": self._label,
            "html": markup.inline(quiz.question),
            "run": quiz.run,
            "gap": quiz.gap,
            "how": _instruction(quiz),
            "choices": [to_html(choice) for choice in quiz.shown],
            "bins": list(map(markup.inline, quiz.bins)),
            "numbers": list(quiz.numbers),
        }

    def _restore(self, record: Record) -> None:
        """Show the saved answer and its verdict, unless the question now takes another kind of answer."""
        kept = record["answers"].get(self._quiz.id)
        takes_text = not self._quiz.choices
        if kept is not None and isinstance(kept, str) == takes_text:
            self._judge(kept)

    def _judge(self, answer: str | Sequence[int]) -> Verdict:
        """Set answer and verdict, without saving them."""
        self.answer = answer if isinstance(answer, str) else list(answer)
        self._verdict = verdict = judge(self._quiz, answer)
        return verdict

    def do_check(self, answer: str | list[int]) -> None:
        """Judge and save an answer, unless it is incomplete. A failure to save becomes a note of the verdict."""
        if not is_complete(self._quiz, answer):
            self.say(
                _NOT_FILLED if self._quiz.gap else _NOT_ALL if self._quiz.kind == "sort" and answer else _NO_ANSWER
            )
            return
        verdict = self._judge(answer)
        self._save(verdict)
        trouble = self._seat.progress.message
        if trouble:
            self._verdict = replace(verdict, notes=(*verdict.notes, Note(verdict.right, trouble)))

    def _save(self, verdict: Verdict) -> None:
        """Save the answer and its verdict in the progress."""
        raise NotImplementedError

    def _verdict_fields(self, verdict: Verdict | None) -> dict[str, Any]:
        """The fields of `feedback` about a verdict; empty ones for None."""
        if verdict is None:
            return {"verdict": "", "heading": "", "notes": [], "printed": ""}
        return {
            "verdict": "right" if verdict.right else "wrong",
            "heading": self._headings[verdict.right],
            "notes": [{"ok": note.ok, "html": markup.inline(note.text)} for note in verdict.notes],
            "printed": strip_escapes(verdict.printed)[:LONGEST_SCREEN],
        }

    def plain(self) -> str:
        quiz = self._quiz
        texts = [choice.text if quiz.run else markup.plain_text(choice.text) for choice in quiz.shown]
        quotes = [f"\n     {choice.quote}" if choice.quote else "" for choice in quiz.shown]
        choices = [f"  {letter(number)}. {text}{quotes[number]}" for number, text in enumerate(texts)]
        commands = [f"  $ {command}" for command in (quiz.run, quiz.gap) if command]
        question = f"{self._label}: {markup.plain_text(quiz.question)}"
        bins = f"{quiz.bins[0]}, or {quiz.bins[1].lower()}?" if quiz.bins else ""
        lines = [question, *commands, *choices, bins, self.content["how"]]
        return "\n".join(filter(None, lines))

    def static_html(self) -> str:
        question = f"<p><b>{self._label}</b> {self.content['html']}</p>"
        gap = markup.listing([self._quiz.gap]) if self._quiz.gap else ""
        bins = f"{self.content['bins'][0]}, or {self.content['bins'][1].lower()}? " if self._quiz.bins else ""
        how = f"<p><i>{bins}{self.content['how']}</i></p>" if self.content["how"] else ""
        answer = markup.details("Answer", self.answer_html() + self._reasons_html())
        return f"{question}{gap}{self._choices_html()}{how}{answer}"

    def answer_html(self) -> str:
        quiz = self._quiz
        parts = [markup.listing([quiz.answer]) if quiz.kind == "command" else markup.paragraphs(quiz.answer)]
        if quiz.kind == "order":
            parts.append(markup.listed((markup.inline(choice.text) for choice in quiz.choices), "ol"))
        if quiz.why:
            parts.append(markup.paragraphs(quiz.why))
        return "".join(parts)

    def _choices_html(self) -> str:
        choices = list(enumerate(self.content["choices"]))
        if not self._quiz.run:
            return markup.listed(f"<b>{letter(number)}</b> {text}" for number, text in choices)
        screen = [f"$ {html.escape(self._quiz.run)}"]
        screen += [f"<b>{letter(number)}</b>  {text}" for number, text in choices]
        return f"<pre><code>{chr(10).join(screen)}</code></pre>"

    def _reasons_html(self) -> str:
        """The reason why each choice is right or wrong. "" for an order, whose reasons are only about early places."""
        if self._quiz.kind == "order":
            return ""
        reasons = [(number, choice.why) for number, choice in enumerate(self._quiz.shown) if choice.why]
        return markup.listed(f"<b>{letter(number)}</b> {markup.inline(why)}" for number, why in reasons)


def _output_line_html(choice: Choice) -> str:
    """A choice that is a line of an output, as HTML."""
    return html.escape(choice.text)


def _choice_html(choice: Choice) -> str:
    """A choice with lesson markup, as HTML, with the message that it quotes below it."""
    quote = f'<br><code class="ks-quote">{html.escape(choice.quote, quote=False)}</code>' if choice.quote else ""
    return f"{markup.inline(choice.text)}{quote}"


class QuizCard(QuestionCard):
    """A question with hints. Its last answer is saved, and restored when the quiz is shown again.

    A review neither restores nor saves the answer, but it counts for the schedule of reviews. "Try again" and each
    review show the next of the question's `variants`.
    """

    _headings: ClassVar = {True: "Right", False: "Not yet"}

    def __init__(self, variants: Sequence[Quiz], seat: Seat, label: str = "Quiz", *, is_review: bool = False) -> None:
        self._variants = variants
        self._is_review = is_review
        record = seat.progress.record()
        first = variants[self._first_variant(record)]
        super().__init__("Review" if is_review else label, first, seat)
        self._misses = 0
        if not is_review:
            self._restore(record)
        self.refresh()

    def _first_variant(self, record: Record) -> int:
        """The index of the variant to show first: the last one answered, in a review one of those after it."""
        answered = [number for number, quiz in enumerate(self._variants) if quiz.id in record["answers"]]
        number = answered[-1] if answered else 0
        asked = record["asked"].get(self._variants[0].id)
        if self._is_review and asked:
            _day, place = asked  # the place in the schedule, which grows with each review that went well
            number += max(place, 1)
        return number % len(self._variants)

    def do_retry(self) -> None:
        """Ask the next variant, and forget the saved answer, unless this is a review."""
        if not self._is_review:
            self._seat.progress.forget(self._quiz.id)
        following = self._variants.index(self._quiz) + 1
        self._ask(self._variants[following % len(self._variants)])
        self._misses = 0

    def _save(self, verdict: Verdict) -> None:
        self._help_after_misses(verdict)
        answers = {} if self._is_review else {self._quiz.id: self.answer}
        self._seat.progress.keep_asked(self._variants[0].id, verdict.right, self.helped, answers)

    def _help_after_misses(self, verdict: Verdict) -> None:
        if self._quiz.kind == "command" and not verdict.right:
            self._misses += 1
            if self._misses == MISSES_UNTIL_HINT and not self.hints_shown:
                self.do_hint()

    def refresh(self) -> None:
        verdict = self._verdict_fields(self._verdict)
        self.feedback = {**verdict, **self.help(), "buttons": self._buttons(), "said": self.take_said()}

    def _buttons(self) -> list[Button]:
        again: list[Button] = [("retry", "Try again")] if self._verdict or self.revealed else []
        if self._verdict and self._verdict.right:
            return [NEXT, *again]
        return [("check", "Check"), *self.help_buttons("Reveal answer"), *again]


def show(arguments: str, seat: Seat, label: str = "Quiz") -> None:
    """Display a quiz (`%quiz ID`) with a label above the question. Raises Refusal for an unknown id."""
    question = arguments.strip()
    check_known("quiz", question, question_ids())
    display(QuizCard(variants_of(question), seat, label))


def show_review(arguments: str, seat: Seat) -> None:
    """Display the quizzes named in `arguments`, else those of today's review (`to_review`), without their answers.

    Raises Refusal for an unknown id, and if nothing was answered yet.
    """
    questions = arguments.split() or to_review(seat.progress.record(), seat.progress.today())
    if not questions:
        raise Refusal(NOTHING)
    for question in questions:
        check_known("quiz", question, question_ids())
        display(QuizCard(variants_of(question), seat, is_review=True))
