"""Quizzes by keyboard alone, in a real page: putting things in order, and picking a line of an output."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Locator, expect

from browser.contrast import pale_texts

CELLS = {"load": "%load_ext kubesim.jupyter", "order": "%quiz how-a-pod-inherits", "line": "%quiz older-than-the-list"}


@pytest.fixture
def notebook(folder: Path, open_notebook: Callable[[str], Any]) -> Any:
    """A notebook with a quiz of each of the two kinds."""
    cells = [nbformat.v4.new_code_cell(source, id=name) for name, source in CELLS.items()]
    kernel = {"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / "quizzes.ipynb")
    notebook = open_notebook("quizzes.ipynb")
    notebook.run_all()
    return notebook


def letters(card: Locator) -> str:
    """The letters of the items, from top to bottom."""
    return "".join(card.locator(".ks-item b").all_text_contents())


def test_items_are_put_in_order_with_buttons(notebook: Any) -> None:
    card: Locator = notebook.cell("order").locator(".ks-card")
    said = card.get_by_role("status").first
    up, down = card.get_by_role("button", name="Move B up"), card.get_by_role("button", name="Move B down")
    up.press("Enter")
    expect(said).to_have_text("B is now number 1 of 6")
    expect(up).to_be_focused()
    assert letters(card) == "BACDEF"
    up.press("Space")
    expect(said).to_have_text("B is at the top already")
    card.get_by_role("button", name="Check").press("Enter")
    expect(card).to_contain_text("B comes too early. Whose list?")
    for button in (down, down, *[card.get_by_role("button", name=f"Move {name} up") for name in "FF"]):
        button.press("Enter")
    assert letters(card) == "ACBFDE"
    card.get_by_role("button", name="Check").press("Enter")
    expect(card).to_contain_text("✓ Right")
    assert pale_texts(card) == []


def test_a_line_is_picked_with_the_arrow_keys(notebook: Any) -> None:
    card: Locator = notebook.cell("line").locator(".ks-card")
    lines = card.get_by_role("radio")
    lines.first.press("Space")
    lines.first.press("Enter")
    expect(card.get_by_role("status")).to_contain_text("A: That line only contains the column headings.")
    lines.first.press("ArrowDown")
    expect(card.get_by_label("early default <none>")).to_be_checked()
    lines.nth(1).press("Enter")
    expect(card.get_by_role("status")).to_contain_text("✓ Right")
    assert pale_texts(card) == []
