"""Quizzes, predictions and pasted texts in a real page, by keyboard alone, with readable contrasts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from kubesim.lessons import load_predictions
from tests.browser.contrast import pale_texts
from tests.browser.terminal import write_notebook

# The names of the predictions, and the code cells of the notebook, by id.
PREDICTIONS = list(load_predictions())
CELLS = {
    "load": "%load_ext kubesim.jupyter",
    "order": "%quiz how-a-pod-inherits",
    "line": "%quiz older-than-the-list",
    "sort": "%quiz sent",
    "blanks": "%quiz start-fill-the-blanks",
    "paste": "%why",
    "key": f"%predict {PREDICTIONS[0]}",
    "click": "%predict lists-merged",
    "nodes": "%%kubectl\nkubectl get nodes",
}


@pytest.fixture(scope="module")
def notebook(shared_folder: Path, open_shared: Callable[[str], Any]) -> Any:
    """A notebook with all CELLS, of which all but the last have run. The last one answers the predictions."""
    write_notebook(shared_folder / "quizzes.ipynb", CELLS)
    notebook = open_shared("quizzes.ipynb")
    for name in list(CELLS)[:-1]:
        notebook.run(name)
    return notebook


def expect_order(card: Locator, letters: str) -> None:
    """Wait until the items' letters, from top to bottom, are these."""
    expect(card.locator(".ks-item b")).to_have_text(list(letters))


def test_blanks_are_filled_in_where_they_are_and_no_word_breaks_at_a_hyphen(notebook: Any) -> None:
    card: Locator = notebook.cell("blanks").locator(".ks-card")
    words = card.locator(".ks-blanks > .ks-word")
    first, second, third = card.get_by_role("textbox").all()
    first.focus()
    for text in ("docker-registry", "shop-creds"):
        notebook.page.keyboard.type(text)
        notebook.page.keyboard.press("Tab")
    notebook.page.keyboard.press("Enter")
    expect(card.get_by_role("status")).to_have_text("Fill in all the blanks first. This doesn't count.")
    expect(third).to_be_focused()
    third.press_sequentially("registry-that-has-many-hyphens-in-it.example.com")
    expect(third).to_have_accessible_name("Blank 3 of 3")
    assert first.evaluate("input => input.scrollWidth <= input.clientWidth")
    heights = words.evaluate_all("all => all.map((word) => word.clientHeight)")
    assert max(heights) < 2 * min(heights)
    third.press("Enter")
    expect(card.get_by_role("status")).to_contain_text("Not yet")
    for field, text in ((first, "docker-registry"), (second, "shop-creds")):
        expect(field).to_have_value(text)
    assert pale_texts(card) == []
    third.fill("hub.example.com")
    third.press("Enter")
    expect(card.get_by_role("status")).to_contain_text("✓ Right")


def test_items_are_moved_by_buttons_that_say_where_each_is(notebook: Any) -> None:
    card: Locator = notebook.cell("order").locator(".ks-card")
    said = card.get_by_role("status").first
    up, down = card.get_by_role("button", name="Move B up"), card.get_by_role("button", name="Move B down")
    up.press("Enter")
    expect(said).to_have_text("B is now number 1 of 6")
    expect(up).to_be_focused()
    expect_order(card, "BACDEF")
    up.press("Space")
    expect(said).to_have_text("B is at the top already")
    card.get_by_role("button", name="Check").press("Enter")
    expect(card).to_contain_text("B comes too early. Whose list?")
    for button in (down, down, *[card.get_by_role("button", name=f"Move {name} up") for name in "FF"]):
        button.press("Enter")
    expect_order(card, "ACBFDE")
    card.get_by_role("button", name="Check").press("Enter")
    expect(card).to_contain_text("✓ Right")
    assert pale_texts(card) == []


def test_a_line_is_picked_with_the_arrow_keys(notebook: Any) -> None:
    card: Locator = notebook.cell("line").locator(".ks-card")
    lines = card.get_by_role("radio")
    lines.first.press("Space")
    lines.first.press("Enter")
    expect(card.get_by_role("status")).to_contain_text("A: This Pod has a list of its own")
    lines.first.press("ArrowDown")
    expect(card.get_by_label("early default <none>")).to_be_checked()
    lines.nth(1).press("Enter")
    expect(card.get_by_role("status")).to_contain_text("✓ Right")
    assert pale_texts(card) == []


def test_the_focus_stays_on_the_item_that_was_sorted(notebook: Any) -> None:
    card: Locator = notebook.cell("sort").locator(".ks-card")
    groups = card.get_by_role("radiogroup")
    for number in range(groups.count()):
        groups.nth(number).get_by_role("radio").first.check()
    radio = card.get_by_role("radio").first
    radio.press("Enter")
    expect(card.get_by_role("status").first).to_contain_text("Not yet")
    expect(radio).to_be_focused()


def test_a_prediction_is_one_click_or_key_and_the_next_output_answers_it(notebook: Any) -> None:
    clicked, pressed = (notebook.cell(name).locator(".ks-card") for name in ("click", "key"))
    clicked.locator(".ks-guesses button").first.click()
    pressed.locator(".ks-guesses button").last.press("Enter")
    for guess in (clicked.locator(".ks-guesses button").first, pressed.locator(".ks-guesses button").last):
        expect(guess).to_have_attribute("aria-pressed", "true")
    expect(guess).to_be_focused()
    expect(clicked.locator(".ks-verdict")).to_have_count(0)
    assert pale_texts(clicked) == []
    notebook.run("nodes")
    expect(clicked.locator(".ks-verdict")).to_be_visible()
    assert pale_texts(clicked) == []


def test_a_pasted_text_keeps_its_lines_and_is_explained(notebook: Any) -> None:
    card: Locator = notebook.cell("paste").locator(".ks-card")
    box, before = card.get_by_role("textbox"), notebook.page.locator(".jp-Cell").count()
    text = 'Name: web\nStatus: Pending\nFailed to pull image "r.example.com/a:1": 401 Unauthorized'
    notebook.page.evaluate("text => navigator.clipboard.writeText(text)", text)
    box.press("Control+v")
    box.press("Enter")
    box.press_sequentially("ab x")
    expect(box).to_have_value(f"{text}\nab x")
    assert notebook.page.locator(".jp-Cell").count() == before
    card.get_by_role("button", name="Explain").press("Enter")
    expect(card.get_by_role("heading", name="How to fix it")).to_be_visible()
    expect(card.get_by_role("status").first).to_contain_text("The evidence")
    assert pale_texts(card) == []
