"""`%predict`: a card on which the learner picks the output of the next cell, before running that cell."""

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

# Beginnings of cells without an output to predict: those that open the workbench, or show a card themselves.
_ASIDE = ("%load_ext", "%workbench", "%quiz", "%predict", "%explore", "%review", "%task", "%challenge")


class PredictionCard(QuestionCard):
    """A question about the output of the next cell. The first pick counts, and can't be changed.

    The verdict appears once the next cell has run. A page that watches that cell (message "follow") reports its run
    (message "ran"). Without such a page, it is the first cell whose source doesn't begin with one of _ASIDE. The text
    below the card is about the same output, so the page hides it until the feedback's `open` is true.
    """

    _headings: ClassVar = {True: "As you predicted", False: "Not as you predicted"}

    def __init__(self, prediction: Quiz, seat: Seat) -> None:
        self.has_run = False  # true once the cell has run that prints the output
        self._is_followed = False  # true if a page watches that cell
        super().__init__("Predict", prediction, seat)
        self._restore(seat.progress.record())
        self.refresh()

    def on_cell(self, source: str) -> None:
        """Handle a cell that has run. The first one is the cell that displays this card."""
        if not self._is_followed and not source.lstrip().startswith(_ASIDE):
            self.do_ran()
        self.refresh()

    def do_follow(self) -> None:
        """Leave it to the page to report the run of the next cell: `on_cell` counts no cell from now on."""
        self._is_followed = True

    def do_ran(self) -> None:
        self.has_run = True

    def do_check(self, answer: str | list[int]) -> None:
        if self._verdict is None:
            super().do_check(answer)

    def _save(self, _verdict: Verdict) -> None:
        self._seat.progress.keep(self._quiz.id, self.answer)

    def refresh(self) -> None:
        is_predicted = self._verdict is not None
        is_waiting = is_predicted and not self.has_run
        self.feedback = {
            **self._verdict_fields(self._verdict if self.has_run else None),
            **self.help(),
            "buttons": [],
            "said": "Now run the next cell." if is_waiting else "",
            "open": self.has_run,
        }


def show(arguments: str, seat: Seat) -> None:
    """Display a prediction (`%predict ID`). Raises Refusal for an unknown id."""
    predictions = load_predictions()
    name = arguments.strip()
    check_known("prediction", name, predictions)
    prediction = PredictionCard(predictions[name], seat)
    if shell := get_ipython():
        _follow_cells(prediction, shell.events)
    display(prediction)


def _follow_cells(prediction: PredictionCard, events: EventManager) -> None:
    """Call `prediction.on_cell` after each cell, until the predicted one has run."""

    def tell(result: ExecutionResult) -> None:
        prediction.on_cell(result.info.raw_cell if result.info else "")
        if prediction.has_run:
            events.unregister("post_run_cell", tell)

    events.register("post_run_cell", tell)
