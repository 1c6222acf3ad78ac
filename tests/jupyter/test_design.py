"""The design tokens: contrasts in both themes, forced colours, and style sheets that use nothing but tokens."""

import re
from pathlib import Path

import pytest

from kubesim.jupyter.drawing import CAUSE, ICONS, INK, LOOKS, PAPER, SOFT
from tests.jupyter import tokens

# The style sheets that use the tokens; a declaration, a use of a token.
SHEETS = sorted(path for path in tokens.STATIC.glob("*.css") if path != tokens.SHEET)
DECLARATION = re.compile(r"(?<=[{;\s])(?P<property>[a-z-]+): (?P<value>[^;{}]+);")
USED = re.compile(r"var\(--ks-([\w-]+)\)")
# Values besides tokens that a property may have. 1px is a hairline, and em, ch and % follow the font size.
KEYWORD = (
    r"(?:0|none|auto|inherit|transparent|currentColor|solid|dashed|dotted|double|1px|-1px|inset|/|-?[\d.]+(?:em|ch|%))"
)
TOKEN = r"(?:calc\(-1 \* var\(--(?:ks-[\w-]+|inset)\)\)|var\(--(?:ks-[\w-]+|inset|fit|jp-cell-prompt-width, 64px)\))"
# A valid value; the properties that must have one; a color, which none may have.
FREE = re.compile(rf"(?:{KEYWORD}|{TOKEN})(?: (?:{KEYWORD}|{TOKEN}))*")
HELD = re.compile(
    r"color|background|border-(color|radius)|font(-size|-family)?|line-height|gap|outline|(padding|margin)(-\w+)?"
)
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|hsl|oklch|color-mix|color)\(")


def declarations(sheet: Path) -> list[tuple[str, str]]:
    """Property and value of each declaration of a style sheet, without comments and "!important"."""
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [(match["property"], match["value"].removesuffix(" !important")) for match in DECLARATION.finditer(text)]


@pytest.mark.parametrize("pair", tokens.PAIRS, ids=lambda pair: f"{pair.front} on {pair.ground}")
def test_each_pair_has_enough_contrast_in_both_themes(pair: tokens.Pair) -> None:
    assert min(tokens.contrasts(pair)) >= pair.least


def test_contrasts_are_computed_as_wcag_does() -> None:
    assert tokens.contrast("#000000", "#ffffff") == 21
    assert round(tokens.contrast("#777777", "#ffffff"), 2) == 4.48  # WebAIM's example of a grey that just fails


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_a_style_sheet_uses_only_tokens_for_colours_and_sizes(sheet: Path) -> None:
    own = [
        f"{name}: {value}" for name, value in declarations(sheet) if HELD.fullmatch(name) and not FREE.fullmatch(value)
    ]
    own += [f"{name}: {value}" for name, value in declarations(sheet) if COLOUR.search(value)]
    assert own == []


def test_each_token_is_used_and_each_use_is_defined() -> None:
    used = {name for sheet in (*SHEETS, tokens.SHEET) for name in USED.findall(sheet.read_text(encoding="utf-8"))}
    assert used == set(tokens.definitions())


def test_forced_colours_have_each_colour() -> None:
    forced = tokens.SHEET.read_text(encoding="utf-8").split("@media (forced-colors: active)")[1]
    named = dict(re.findall(r"--ks-([\w-]+): (\w+);", forced))
    assert named.keys() == tokens.colours().keys()
    assert set(named.values()) <= {
        "CanvasText",
        "Canvas",
        "LinkText",
        "Highlight",
        "HighlightText",
        "ButtonBorder",
        "GrayText",
    }


def test_a_picture_has_the_colours_of_the_light_theme() -> None:
    """No style sheet applies to a picture, because it's an image."""
    by_day = {colour.light for colour in tokens.colours().values()}
    looks = [*LOOKS.values(), CAUSE]
    used = {PAPER, INK, SOFT, *(colour for look in looks for colour in (look.line, look.fill, look.ink))}
    assert used <= by_day
    assert min(tokens.contrast(look.ink, look.fill) for look in looks) >= tokens.LEAST_FOR_WORDS
    assert tokens.contrast(SOFT, PAPER) >= tokens.LEAST_FOR_WORDS  # the words on an arrow
    assert min(tokens.contrast(look.line, look.fill) for look in LOOKS.values()) >= tokens.LEAST_FOR_SHAPES


def test_a_picture_has_the_icons_of_the_widgets() -> None:
    sheet = tokens.SHEET.read_text(encoding="utf-8")
    assert [shape for shape in ICONS.values() if f"d='{shape}'" not in sheet] == []
