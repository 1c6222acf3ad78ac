"""A learner's seat, and what a page does with a widget."""

import pytest

from kubesim.jupyter.refusal import Refusal
from kubesim.jupyter.seat import Seat
from kubesim.session import Session


@pytest.fixture
def seat(tmp_path):
    return Seat(Session(tmp_path))


def press(card, do, **message):
    """Send what the page sends when a button is pressed, and return the feedback."""
    card._on_message(card, {"do": do, **message}, [])
    return card.feedback


def refused(magic, arguments, seat):
    """What the cell prints, after "kubesim: ", of a magic that refuses these arguments."""
    with pytest.raises(Refusal) as refusal:
        magic(arguments, seat)
    return str(refusal.value)


def labels(feedback):
    return [label for _, label in feedback["buttons"]]
