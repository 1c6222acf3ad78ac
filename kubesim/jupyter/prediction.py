"""A prediction in a notebook: pick what the next cell will print, and run that cell to see."""

from __future__ import annotations

from typing import ClassVar

from IPython.core.events import EventManager
from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import ExecutionResult
from IPython.display import display

from kubesim.jupyter.card import check_known
from kubesim.jupyter.quiz import QuestionCard
from kubesim.jupyter.seat import Seat
from kubesim.lessons import load_predictions
from kubesim.lessons.quiz import Quiz, Verdict

_ASIDE = ("%load_ext", "%workbench", "%quiz", "%predict", "%explore", "%review", "%task", "%challenge")
"""How cells begin that print nothing to predict: those that open the workbench, or ask something themselves."""


class PredictionCard(QuestionCard):
    """What the next cell will print, picked with one click: the first pick counts, and that cell's output answers it.

    Whether it was right is said once a cell has run that asks nothing itself. The page folds the text that follows
    until the card is `open`: predicted, or passed over.
    """

    _words: ClassVar = {True: "As you predicted", False: "Not as you predicted"}

    def __init__(self, prediction: Quiz, seat: Seat) -> None:
        self.is_answered = False  # whether a cell has run that can answer it
        super().__init__("Predict", prediction, seat)
        self._show_kept(seat.progress.record())
        self.refresh()

    def on_cell(self, source: str) -> None:
        """Take note of a cell that has run. The card's own is the first of them."""
        self.is_answered = self.is_answered or not source.lstrip().startswith(_ASIDE)
        self.refresh()

    def do_check(self, answer: str | list[int]) -> None:
        if self._verdict is None:
            super().do_check(answer)

    def _keep(self, _verdict: Verdict) -> None:
        self._seat.progress.keep(self._quiz.id, self.answer)

    def refresh(self) -> None:
        is_predicted = self._verdict is not None
        is_waiting = is_predicted and not self.is_answered
        self.feedback = {
            **self._judgement(self._verdict if self.is_answered else None),
            **self.help(),
            "buttons": [],
            "said": "Now run the next cell." if is_waiting else "",
            "open": is_predicted or self.is_answered,
        }


def show(arguments: str, seat: Seat) -> None:
    """Display the prediction whose id `arguments` names (`%predict ID`), or raise Refusal: which ids there are."""
    predictions = load_predictions()
    name = arguments.strip()
    check_known("prediction", name, predictions)
    prediction = PredictionCard(predictions[name], seat)
    if shell := get_ipython():
        _follow_cells(prediction, shell.events)
    display(prediction)


def _follow_cells(prediction: PredictionCard, events: EventManager) -> None:
    """Tell a prediction of each cell that has run, until it is answered."""

    def tell(result: ExecutionResult) -> None:
        prediction.on_cell(result.info.raw_cell if result.info else "")
        if prediction.is_answered:
            events.unregister("post_run_cell", tell)

    events.register("post_run_cell", tell)
