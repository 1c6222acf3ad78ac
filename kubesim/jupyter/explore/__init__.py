"""`%explore NAME`: a card with a small model to change. The module of that name has `look`, which renders its values.

Models and texts are in kubesim.lessons.explore, and use the simulator's own functions.
"""

from __future__ import annotations

from importlib import import_module

from IPython.display import display

from kubesim.jupyter import quiz
from kubesim.jupyter.card import check_known
from kubesim.jupyter.explore.card import ExplorableCard
from kubesim.jupyter.seat import Seat
from kubesim.lessons.explore import load_explorables

# Names that are ids of quizzes: `%explore` shows them as quizzes, and they count like those.
QUESTIONS = ("sent",)


def names() -> list[str]:
    """The names of all explorables."""
    return [*load_explorables(), *QUESTIONS]


def make(name: str, seat: Seat) -> ExplorableCard:
    """The card of an explorable. Its `look` is that of the module with the same name."""
    module = import_module(f"{__name__}.{name}")
    return ExplorableCard(name, load_explorables()[name], module.look, seat)


def show(arguments: str, seat: Seat) -> None:
    """Display an explorable (`%explore NAME`). Raises Refusal for an unknown name."""
    name = arguments.strip()
    check_known("explorable", name, names())
    if name in QUESTIONS:
        quiz.show(name, seat, "Explore")
    else:
        display(make(name, seat))
