"""The style sheets of the widgets: no motion, and a visible focus."""

import re
from pathlib import Path

import pytest

from kubesim import jupyter

# Signs of motion.
MOTION = re.compile(r"transition|animation|@keyframes|scroll-behavior")
SHEETS = sorted(Path(jupyter.__file__).parent.glob("static/*.css"))


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_a_style_sheet_has_no_motion(sheet: Path) -> None:
    assert MOTION.findall(sheet.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_a_style_sheet_hides_no_outline_without_another_sign_of_the_focus(sheet: Path) -> None:
    text = sheet.read_text(encoding="utf-8")
    assert "outline: 0" not in text or ":focus-within" in text
