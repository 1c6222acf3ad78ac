"""Helpers for tests of explorables: change values as the page does, and read the result."""

import html
import re

from tests.jupyter.conftest import press


def change(card, **values):
    """Set some of a card's values, keep the others, and return the card's feedback."""
    return press(card, "set", values={**card.values, **values})


def words(page):
    """The text of a page of HTML, as a screen reader reads it.

    Text for screen readers alone (`ks-unseen`), code and bold text follow the previous character without a space.
    """
    joined = re.sub(r'</?(?:code|b)\b[^>]*>|<span class="ks-unseen">', "", page)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", joined)).split())


def ticks(card):
    """True or False for each goal of a card: reached or not."""
    return [goal["ok"] for goal in card.feedback["goals"]]
