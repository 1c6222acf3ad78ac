"""What the style sheets of the widgets must not do."""

import re
from pathlib import Path

import pytest

from kubesim import jupyter

STILL = re.compile(r"transition|animation|@keyframes|scroll-behavior")
SHEETS = sorted(Path(jupyter.__file__).parent.glob("static/*.css"))


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_nothing_moves(sheet: Path) -> None:
    assert STILL.findall(sheet.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_no_focus_is_hidden_without_another_sign(sheet: Path) -> None:
    text = sheet.read_text(encoding="utf-8")
    assert "outline: 0" not in text or ":focus-within" in text
