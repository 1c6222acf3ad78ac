"""A learner's seat for tests of widgets, and the messages that a page sends to a widget."""

import pytest

from kubesim.jupyter.refusal import Refusal
from kubesim.jupyter.seat import Seat
from kubesim.session import Session


@pytest.fixture
def seat(tmp_path):
    """A seat with a fresh session, whose workspace is `tmp_path`."""
    return Seat(Session(tmp_path))


def press(card, do, **message):
    """Send a card the message of the button `do`, with the other keys of the message. Returns the card's feedback."""
    card._on_message(card, {"do": do, **message}, [])
    return card.feedback


def refused(magic, arguments, seat):
    """Call a magic's function, assert that it refuses the arguments, and return the reason."""
    with pytest.raises(Refusal) as refusal:
        magic(arguments, seat)
    return str(refusal.value)


def labels(feedback):
    """The labels of a card's buttons, in order."""
    return [label for _, label in feedback["buttons"]]
