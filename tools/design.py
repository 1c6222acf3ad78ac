"""Writes docs/design.md from the design tokens of the widgets, as a test demands: `python -m tools.design`.

The tokens are in kubesim/jupyter/static/tokens.css. Contrasts are those of WCAG 2.2.
"""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "kubesim" / "jupyter" / "static"
SHEET = STATIC / "tokens.css"
PAGE = ROOT / "docs" / "design.md"
LEAST_FOR_WORDS, LEAST_FOR_SHAPES = 4.5, 3.0
"""Contrasts that WCAG asks for, of words (1.4.3) and of borders and marks that mean something (1.4.11)."""
WORDS = ("ink", "soft", "link", "passed", "failed", "waiting", "aside")
SHAPES = ("line", "focus")
GROUNDS = ("paper", "shade")
_DEFINITION = re.compile(r"^\s*--ks-([\w-]+): ([^;]+);", re.MULTILINE)
_COLOUR = re.compile(r"light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")


class Colour(NamedTuple):
    """A token by day and by night, each as "#rrggbb"."""

    light: str
    dark: str


class Pair(NamedTuple):
    """Two tokens, one drawn on the other, and the least contrast that they need."""

    front: str
    ground: str
    least: float


PAIRS = (
    *(Pair(front, ground, LEAST_FOR_WORDS) for front, ground in product(WORDS, GROUNDS)),
    Pair("ink", "passed-tint", LEAST_FOR_WORDS),
    Pair("ink", "failed-tint", LEAST_FOR_WORDS),
    Pair("failed", "failed-tint", LEAST_FOR_WORDS),  # the number of a wrong line in the editor
    Pair("lead-ink", "lead", LEAST_FOR_WORDS),
    *(Pair(front, ground, LEAST_FOR_SHAPES) for front, ground in product(SHAPES, GROUNDS)),
    Pair("passed", "passed-tint", LEAST_FOR_SHAPES),  # the border of a hop
)


def definitions() -> dict[str, str]:
    """Each token with what it stands for outside of forced colours and of a theme."""
    usual = SHEET.read_text(encoding="utf-8").split("\n}\n")[0]
    return dict(_DEFINITION.findall(usual))


def colours() -> dict[str, Colour]:
    """The tokens that are colours."""
    matches = {name: _COLOUR.fullmatch(value) for name, value in definitions().items()}
    return {name: Colour(match[1], match[2]) for name, match in matches.items() if match}


def contrast(front: str, ground: str) -> float:
    """The contrast of two colours written "#rrggbb", from 1 to 21."""
    darker, lighter = sorted((_luminance(front), _luminance(ground)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[place : place + 2], 16) / 255) for place in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def contrasts(pair: Pair) -> tuple[float, float]:
    """The contrast of a pair by day and by night."""
    known = colours()
    front, ground = known[pair.front], known[pair.ground]
    return contrast(front.light, ground.light), contrast(front.dark, ground.dark)


def page() -> str:
    """docs/design.md."""
    known = colours()
    others = {name: value for name, value in definitions().items() if name not in known and name != "scheme"}
    colour_rows = [f"| `--ks-{name}` | `{colour.light}` | `{colour.dark}` |" for name, colour in known.items()]
    pair_rows = [_row(pair) for pair in PAIRS]
    other_rows = [f"| `--ks-{name}` | `{value}` |" for name, value in others.items()]
    return "\n".join(
        [
            _INTRODUCTION,
            "## Colors\n\n| Token | Light | Dark |\n|---|---|---|",
            *colour_rows,
            _ABOUT_CONTRAST,
            "| On | Token | Light | Dark | At least |\n|---|---|---|---|---|",
            *pair_rows,
            _FORCED,
            "## Letters, spaces, corners, focus\n\n| Token | Value |\n|---|---|",
            *other_rows,
            _RULES,
        ]
    )


def _row(pair: Pair) -> str:
    light, dark = contrasts(pair)
    return f"| `{pair.ground}` | `{pair.front}` | {light:.1f} | {dark:.1f} | {pair.least} |"


_INTRODUCTION = """# Design tokens

Every card, picture and terminal of kubesim takes its colors, sizes, spaces and corners from one style sheet:
[`tokens.css`](../kubesim/jupyter/static/tokens.css). This page is written from it by `python -m tools.design`. A test
keeps the page up to date, measures each contrast, and refuses a color, a size or a corner that isn't a token.
[Screenshots](screenshots.md) show the result.
"""
_ABOUT_CONTRAST = """
The theme is JupyterLab's or VS Code's. Elsewhere it's the one that the reader prefers.

## Contrast

Words need 4.5 : 1, and borders that mean something 3 : 1 (WCAG 2.2, 1.4.3 and 1.4.11).
"""
_FORCED = """
With forced colors, as in Windows' contrast themes, each token is one of the reader's own colors. Nothing is told by
color alone: what passed has a ✓ and a whole border, what failed a ✗ and a dashed or square one, and what waits a
double one.
"""
_RULES = """
## Rules

* One button of a card at most is dark: the one that leads on (**Check**, **Next**, **Start**).
* Anything that can be pressed has a border of at least 3 : 1, and the ring of the focus is 3 px wide.
* A bar at the left says how it went: whole for good news, dashed for bad, double for a warning.
* Nothing moves but the dot on the path of a pull, for 0.6 seconds, and not for a reader who prefers reduced motion.
"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
