"""Every notebook, run from top to bottom, can be used by everybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from browser.access import cut, violations
from browser.conftest import NOTEBOOKS

ZOOMED, PHONE = 640, 390
"""CSS pixels: half of 1280, which is what zooming to 200 % leaves, and a phone."""


@pytest.mark.parametrize("name", sorted(path.name for path in NOTEBOOKS.glob("*.ipynb")))
def test_a_notebook_is_accessible_and_fits(name: str, open_notebook: Callable[[str], Any]) -> None:
    notebook = open_notebook(name)
    notebook.run_all()
    assert violations(notebook.page) == []
    assert {width: cut(notebook.page, width) for width in (ZOOMED, PHONE)} == {ZOOMED: [], PHONE: []}
