"""The design tokens of the widgets, as static/tokens.css defines them, and the contrasts that WCAG 2.2 asks of them."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import NamedTuple

from kubesim import jupyter

STATIC = Path(jupyter.__file__).parent / "static"
SHEET = STATIC / "tokens.css"
# The least contrast that WCAG 2.2 requires of text (1.4.3), and of borders and marks with a meaning (1.4.11).
LEAST_FOR_WORDS, LEAST_FOR_SHAPES = 4.5, 3.0
# Tokens without "--ks-": colors of text, of borders, of backgrounds, and of tinted backgrounds.
WORDS = ("ink", "soft", "accent", "passed", "failed", "waiting", "aside")
SHAPES = ("line",)
GROUNDS = ("paper", "shade")
TINTS = ("accent-tint", "passed-tint", "failed-tint", "waiting-tint")
# A token and its value, in the style sheet; a color for the light and the dark theme.
_DEFINITION = re.compile(r"^\s*--ks-([\w-]+): ([^;]+);", re.MULTILINE)
_COLOUR = re.compile(r"light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")


class Colour(NamedTuple):
    """A token's color in the light and in the dark theme, each as "#rrggbb"."""

    light: str
    dark: str


class Pair(NamedTuple):
    """A token that is drawn on another one, and the least contrast that they need."""

    front: str
    ground: str
    least: float


# Pairs of tokens that widgets use together.
PAIRS = (
    *(Pair(front, ground, LEAST_FOR_WORDS) for front, ground in product(WORDS, GROUNDS)),
    *(Pair("ink", tint, LEAST_FOR_WORDS) for tint in TINTS),
    Pair("failed", "failed-tint", LEAST_FOR_WORDS),  # the number of a wrong line in the editor
    Pair("accent", "accent-tint", LEAST_FOR_WORDS),  # a text button under the pointer
    Pair("accent-ink", "accent", LEAST_FOR_WORDS),
    *(Pair(front, ground, LEAST_FOR_SHAPES) for front, ground in product(SHAPES, GROUNDS)),
    *(
        Pair(status, f"{status}-tint", LEAST_FOR_SHAPES) for status in ("passed", "failed", "waiting")
    ),  # a station of the map
)


def definitions() -> dict[str, str]:
    """The value of each token, by its name, without forced colors and without a theme that is set by an attribute."""
    usual = SHEET.read_text(encoding="utf-8").split("\n}\n")[0]
    return dict(_DEFINITION.findall(usual))


def colours() -> dict[str, Colour]:
    """The tokens whose value is a color for each theme."""
    matches = {name: _COLOUR.fullmatch(value) for name, value in definitions().items()}
    return {name: Colour(match[1], match[2]) for name, match in matches.items() if match}


def _linear(channel: float) -> float:
    """A channel of sRGB, from 0 to 1, as linear light."""
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _luminance(colour: str) -> float:
    """WCAG's relative luminance of a color "#rrggbb", from 0 to 1."""
    red, green, blue = (_linear(int(colour[place : place + 2], 16) / 255) for place in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(front: str, ground: str) -> float:
    """The contrast of two colours written "#rrggbb", from 1 to 21."""
    darker, lighter = sorted((_luminance(front), _luminance(ground)))
    return (lighter + 0.05) / (darker + 0.05)


def contrasts(pair: Pair) -> tuple[float, float]:
    """The contrast of a pair in the light and in the dark theme."""
    known = colours()
    front, ground = known[pair.front], known[pair.ground]
    return contrast(front.light, ground.light), contrast(front.dark, ground.dark)
