"""All widgets in one notebook. With KUBESIM_RENEW_SCREENSHOTS, it takes the pictures of README."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Locator, expect

from tests.browser.access import BENCH, cut_parts, tab_through, violations
from tests.browser.terminal import enter, write_cells
from tests.browser.themes import themes
from tools.screenshots import RENEW, WIDGETS, Widget, picture_path

# CSS pixels of the page.
WIDTH = 1800


def answer_wrongly(quiz: Locator) -> None:
    """Give a quiz its last answer, which is wrong."""
    quiz.get_by_role("radio").last.check()
    quiz.get_by_role("button", name="Check").press("Enter")
    expect(quiz.get_by_role("status")).to_contain_text("Not yet")


def unfold_advice(picture: Locator) -> None:
    """Unfold the fix below a picture."""
    picture.get_by_text("What's wrong, and how to fix it").click()
    expect(picture.get_by_text("How to fix it:")).to_be_visible()


def refresh(progress: Locator) -> None:
    """Refresh the map of progress after the wrong answer."""
    progress.get_by_role("button", name="Refresh").press("Enter")
    expect(progress.get_by_role("status")).to_contain_text("Your progress: ")
    expect(progress).to_contain_text("Next: in 1 day")  # the quiz was answered wrongly


def begin(challenge: Locator) -> None:
    """Start a round of the challenge."""
    challenge.get_by_role("button", name="Start", exact=True).press("Enter")
    expect(challenge.get_by_role("heading", level=3)).to_have_count(2)


# The functions that bring a widget into the state to examine.
POSES = {
    "flow": unfold_advice,
    "quiz": answer_wrongly,
    "progress": refresh,
    "challenge": begin,
}


@pytest.fixture
def show(open_notebook: Callable[[str], Any], folder: Path) -> Callable[..., Any]:
    """A function that opens a notebook with these widgets, and runs it."""

    def open_it(*widgets: Widget) -> Any:
        cells = [nbformat.v4.new_code_cell("%load_ext kubesim.jupyter", id="load")]
        for one in widgets:
            *before, last = one.cells
            cells += [nbformat.v4.new_code_cell(cell) for cell in before]
            cells += [nbformat.v4.new_code_cell(last, id=one.name)]
        write_cells(folder / "gallery.ipynb", cells)
        notebook = open_notebook("gallery.ipynb")
        notebook.run_all()
        notebook.page.set_viewport_size({"width": WIDTH, "height": 1200})  # a narrower page hides parts
        return notebook

    return open_it


def widget(notebook: Any, name: str) -> Locator:
    """The widget of that name."""
    [one] = (one for one in WIDGETS if one.name == name)
    place = notebook.page if one.root == BENCH else notebook.cell(name)
    return place.locator(one.root).first


def test_every_widget_is_reached_by_keyboard_readable_and_uncut(show: Callable[..., Any]) -> None:
    gallery = show(*WIDGETS)
    for one in WIDGETS:
        POSES.get(one.name, Locator.wait_for)(widget(gallery, one.name))
    assert [found for one in WIDGETS for found in tab_through(widget(gallery, one.name))] == []
    assert violations(gallery.page) == []
    assert {width: cut_parts(gallery.page, width) for width in (640, 390)} == {640: [], 390: []}


@pytest.mark.skipif(RENEW not in os.environ, reason="make screenshots takes them")
def test_the_pictures_of_the_readme(show: Callable[..., Any]) -> None:
    photographed = [one for one in WIDGETS if one.is_photographed]
    notebook = show(*photographed)
    notebook.page.set_viewport_size({"width": 1440, "height": 860})
    enter(notebook.prompt, "kubectl describe pod web | tail -12")
    expect(notebook.page.get_by_role("log")).to_contain_text("no basic auth credentials")
    notebook.page.locator(".ks-road").get_by_role("button", name="Secret stuck here").click()
    for one in photographed:
        root = widget(notebook, one.name)
        root.wait_for()
        notebook.page.mouse.move(0, 0)
        notebook.page.evaluate("document.activeElement.blur()")
        for theme in themes(notebook.page):
            root.screenshot(path=picture_path(one, theme), animations="disabled")
