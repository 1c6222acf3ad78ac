"""What the tests of explorables share: a change as the page sends it, and what is then shown."""

import html
import re

from tests.jupyter.conftest import press


def change(card, **values):
    """Change some of a card's values as the page does, and return the feedback."""
    return press(card, "set", values={**card.values, **values})


def words(page):
    """The text of a page of HTML, as a screen reader has it: what is unseen follows the word before without a space."""
    joined = re.sub(r'</?(?:code|b)\b[^>]*>|<span class="ks-unseen">', "", page)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", joined)).split())


def ticks(card):
    """Whether each goal was reached."""
    return [goal["ok"] for goal in card.feedback["goals"]]
