"""What the tests of explorables share: a change as the page sends it, and what is then shown."""

import html
import re

from tests.jupyter.conftest import press


def change(card, **values):
    """Change some of a card's values as the page does, and return the feedback."""
    return press(card, "set", values={**card.values, **values})


def words(page):
    """The text of a page of HTML."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r"</?(?:code|b)\b[^>]*>", "", page))).split())


def ticks(card):
    """Whether each goal was reached."""
    return [goal["ok"] for goal in card.feedback["goals"]]
