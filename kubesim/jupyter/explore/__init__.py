"""`%explore NAME`: a small model to change, computed by the simulator's own functions."""

from __future__ import annotations

from importlib import import_module

from IPython.display import display

from kubesim.jupyter import quiz
from kubesim.jupyter.card import check_known
from kubesim.jupyter.explore.card import ExplorableCard
from kubesim.jupyter.seat import Seat
from kubesim.lessons.explore import load_explorables

QUESTIONS = ("sent",)
"""Explorables that are questions, which are asked and counted like other quizzes."""


def names() -> list[str]:
    """The names of all explorables."""
    return [*load_explorables(), *QUESTIONS]


def make(name: str, seat: Seat) -> ExplorableCard:
    """The card of an explorable; the module of its name has the function that looks at its values."""
    module = import_module(f"{__name__}.{name}")
    return ExplorableCard(name, load_explorables()[name], module.look, seat)


def show(arguments: str, seat: Seat) -> None:
    """Display the explorable that `arguments` names (`%explore NAME`), or raise Refusal: which ones there are."""
    name = arguments.strip()
    check_known("explorable", name, names())
    if name in QUESTIONS:
        quiz.show(name, seat)
    else:
        display(make(name, seat))
