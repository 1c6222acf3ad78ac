"""The screenshots in docs/ show the widgets as they are; with KUBESIM_RENEW_SCREENSHOTS they are taken anew."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

from browser.access import BENCH, cut, violations, walk_through
from browser.themes import themes
from tests.patience import eventually
from tools.screenshots import PAGE, PICTURES, RENEW, THEMES, Picture, page, photograph, record, shown

MOST_BYTES = 1_500_000
WIDTH = 1800


def answer_wrongly(quiz: Locator) -> None:
    quiz.get_by_role("radio").last.check()
    quiz.get_by_role("button", name="Check").press("Enter")
    expect(quiz.get_by_role("status")).to_contain_text("Not yet")


def unfold(bench: Locator) -> None:
    bench.locator(".ks-path > summary").click()  # folded while a task is open
    bench.get_by_text("What's wrong, and how to fix it").click()
    expect(bench.get_by_role("button", name="Fill in").first).to_be_visible()


def unfold_advice(picture: Locator) -> None:
    picture.get_by_text("What's wrong, and how to fix it").click()
    expect(picture.get_by_text("How to fix it:")).to_be_visible()


def refresh(progress: Locator) -> None:
    progress.get_by_role("button", name="Refresh").press("Enter")
    expect(progress.get_by_role("status")).to_contain_text("Your progress: ")
    expect(progress).to_contain_text("Next: in 1 day")  # the quiz was answered wrongly


def begin(challenge: Locator) -> None:
    challenge.get_by_role("button", name="Start", exact=True).press("Enter")
    expect(challenge.get_by_role("heading", level=3)).to_have_count(2)


POSES = {
    "workbench": unfold,
    "flow": unfold_advice,
    "quiz": answer_wrongly,
    "progress": refresh,
    "challenge": begin,
}


@pytest.fixture
def gallery(open_notebook: Callable[[str], Any], folder: Path) -> Any:
    """A notebook with all widgets, each as it is to be photographed."""
    cells = [nbformat.v4.new_code_cell("%load_ext kubesim.jupyter", id="load")]
    for picture in PICTURES:
        *before, last = picture.cells
        cells += [nbformat.v4.new_code_cell(cell) for cell in before]
        cells += [nbformat.v4.new_code_cell(last, id=picture.name)]
    kernel = {"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / "gallery.ipynb")
    notebook = open_notebook("gallery.ipynb")
    notebook.run_all()
    return notebook


def widget(notebook: Any, name: str) -> Locator:
    [picture] = (picture for picture in PICTURES if picture.name == name)
    place = notebook.page if picture.root == BENCH else notebook.cell(name)
    return place.locator(picture.root).first


def as_text(root: Locator, picture: Picture) -> str:
    """What a screen reader finds, but for what a real clock says, and the sum of the style sheets."""
    return shown(picture, re.sub(r"real time [\w ]+", "real time …", root.aria_snapshot()))


def test_every_widget_is_photographed_as_it_is(gallery: Any) -> None:
    gallery.page.set_viewport_size({"width": WIDTH, "height": 1200})  # a narrower page shows other parts
    for picture in PICTURES:
        root = widget(gallery, picture.name)
        POSES.get(picture.name, Locator.wait_for)(root)
        if RENEW in os.environ:
            renew(gallery.page, root, picture)
        else:
            kept = record(picture).read_text(encoding="utf-8")
            now = eventually(partial(as_text, root, picture), kept)
            assert now == kept, "run `make screenshots`, and look at the pictures"
    assert [found for picture in PICTURES for found in walk_through(widget(gallery, picture.name))] == []
    assert violations(gallery.page) == []
    assert {width: cut(gallery.page, width) for width in (640, 390)} == {640: [], 390: []}


def renew(page: Page, root: Locator, picture: Picture) -> None:
    """Take a widget down as text, and photograph it in both themes."""
    record(picture).write_text(as_text(root, picture), encoding="utf-8")
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    for theme in themes(page):
        root.screenshot(path=photograph(picture, theme), animations="disabled")


def files() -> Iterator[Path]:
    for picture in PICTURES:
        yield from (photograph(picture, theme) for theme in THEMES)


def test_the_page_shows_all_pictures_and_they_are_small() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()
    assert sum(file.stat().st_size for file in files()) < MOST_BYTES
    strangers = set(record(PICTURES[0]).parent.iterdir()) - {*files(), *map(record, PICTURES)}
    assert strangers == set()
