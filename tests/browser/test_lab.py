"""JupyterLab opens a notebook with no news over it, runs it, and asks nothing of the world outside."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import CURRENT, Lab, wait_until
from tests.browser.test_notebooks import magics
from tests.patience import eventually, once_drawn

FILES = "() => window.jupyterapp.shell.expandLeft('filebrowser')"


def test_no_dialog_and_no_news_come_over_a_notebook_that_has_hardly_run(open_notebook: Callable[[str], Any]) -> None:
    notebook = open_notebook("00-start.ipynb")
    page = notebook.page
    page.evaluate(FILES)
    expect(page.locator("#filebrowser")).to_be_visible()
    setup, progress = next(magics(notebook, "load_ext"))[0], next(magics(notebook, "progress"))[0]
    notebook.run(setup)
    expect(page.locator(".ks-bench")).to_be_visible()
    expect(page.locator("#filebrowser")).to_be_hidden()
    notebook.restart_kernel()
    notice = page.locator(".kubesim-terminal .notice")
    notice.get_by_role("button", name="Set up again").press("Enter")
    expect(notice).to_have_text("")
    notebook.run(progress)
    map_of_notebooks = notebook.cell(progress).locator(".ks-progress")  # what is stored has such links, too
    expect(map_of_notebooks).to_be_visible()
    map_of_notebooks.get_by_role("link", name="01 Storing credentials").press("Enter")
    expect(page.locator(".lm-TabBar-tab.jp-mod-current", has_text="01-storing-credentials")).to_be_visible()
    expect(page.locator(".jp-Dialog")).to_have_count(0)
    expect(page.locator(".Toastify__toast")).to_have_count(0)


IS_SAVED = f"""() => {{
    const {{model}} = {CURRENT}.context;
    return Boolean(model.getMetadata("language_info").version) && !model.dirty;
}}"""
ADD = "() => window.jupyterapp.commands.execute('notebook:insert-cell-below')"
ALL_DRAWN = """() => {
    const pictures = [...document.querySelectorAll(".jp-OutputArea img[alt^='Flow of ']")];
    return pictures.length && pictures.every((picture) => picture.complete && picture.naturalWidth > 100);
}"""


def test_a_notebook_that_was_only_opened_shows_its_pictures_and_has_nothing_to_save(
    open_notebook: Callable[[str], Any],
) -> None:
    """JupyterLab trusts no notebook that it has not run itself, and shows less of it.

    And it notes in it the version of Python that its kernel has.
    """
    page = open_notebook("00-start.ipynb").page
    wait_until(page, ALL_DRAWN)
    wait_until(page, IS_SAVED)
    expect(page.locator(".lm-TabBar-tab.jp-mod-current")).not_to_have_class(re.compile("jp-mod-dirty"))
    page.evaluate(ADD)
    expect(page.locator(".lm-TabBar-tab.jp-mod-current")).to_have_class(re.compile("jp-mod-dirty"))


UNTOUCHED = (
    "Object.defineProperty(navigator, 'userActivation', {value: {hasBeenActive: false}})"  # Playwright touches it
)


LAYOUT_IS_KEPT = """async () => {
    const {workspaces} = window.jupyterapp.serviceManager;
    return JSON.stringify(await workspaces.list()).includes("00-start.ipynb");
}"""
IS_DIRTY = f"() => {CURRENT}.context.model.dirty"
BARS = "#jp-menu-panel, .jp-SideBar, #jp-bottom-panel, .jp-NotebookPanel-toolbar, .lm-TabBar-tab"
SEEN = "nodes => nodes.filter((node) => node.checkVisibility({visibilityProperty: true})).length"


def begun(lab: Lab, loaded_page: Page, folder: Path) -> Page:
    """A new tab whose first page is the lesson 00."""
    page = loaded_page.context.new_page()
    page.add_init_script(UNTOUCHED)
    page.goto(f"{lab.url}/lab/tree/{folder.name}/00-start.ipynb?token={lab.token}&reset")
    return page


def test_a_lesson_that_the_page_begins_with_is_a_room_until_jupyterlab_is_asked_for(
    lab: Lab, loaded_page: Page, folder: Path
) -> None:
    page = begun(lab, loaded_page, folder)
    header = page.locator(".ks-room-header")
    expect(header).to_contain_text("00 · ")
    expect(page.locator(".ks-bench .prompt")).to_be_visible()  # nothing has to be run for it
    expect(page.locator(".ks-card").first).to_be_attached()
    expect(page.locator(".ks-begin button", has_text="Answer here")).to_have_count(0)
    expect(header).to_contain_text(re.compile(r"step 1/\d+"))
    assert eventually(lambda: seen(page), 0) == 0
    assert eventually(lambda: page.evaluate(IS_DIRTY), False) is False
    assert fit(page) == []
    header.get_by_role("button", name="Show JupyterLab").click()
    expect(header).to_be_hidden()
    assert eventually(lambda: seen(page) > 5, True)
    page.reload()
    expect(page.locator(".jp-Notebook h1").first).to_be_visible()
    expect(header).to_be_hidden()
    page.get_by_role("button", name="Lesson mode").click()
    expect(header).to_be_visible()
    assert eventually(lambda: seen(page), 0) == 0
    page.reload()
    expect(header).to_be_visible()
    expect(page.locator(".ks-bench .prompt")).to_be_visible()  # also if nobody saved the notebook
    page.close()
    lab.end_kernels()


def test_the_header_names_the_lesson_in_sight_of_those_that_the_last_visit_left_open(
    lab: Lab, loaded_page: Page, folder: Path
) -> None:
    page = begun(lab, loaded_page, folder)
    expect(page.locator(".ks-bench .prompt")).to_be_visible()
    wait_until(page, LAYOUT_IS_KEPT)
    held: list[Route] = []
    page.route("**/api/contents/**/00-start.ipynb?*content=1*", lambda route: held.append(route))
    page.goto(page.url.replace("00-start", "01-storing-credentials"))  # its workspace is in the address
    header = page.locator(".ks-room-header")
    expect(header).to_contain_text("01 · ")
    expect(page.locator(".ks-bench .prompt")).to_be_visible()
    for route in held:  # so that the other one comes last
        route.continue_()
    expect(page.locator(".ks-lesson-panel")).to_have_count(2)
    expect(header).to_contain_text("01 · ")
    expect(page.locator(".jp-Notebook:visible p").first).to_have_css("font-size", "16px")
    page.close()
    lab.end_kernels()


def test_a_lesson_that_was_saved_half_read_has_its_workbench_when_it_is_opened_again(
    lab: Lab, loaded_page: Page, folder: Path
) -> None:
    """Its kernel goes on, but JupyterLab doesn't trust it: it shows none of the widgets that are in the file."""
    address = f"{lab.url}/lab/tree/{folder.name}/00-start.ipynb?token={lab.token}&reset"
    for _time in range(2):
        page = loaded_page.context.new_page()
        page.add_init_script(UNTOUCHED)
        page.goto(address)
        expect(page.locator(".ks-bench .prompt")).to_be_visible()
        expect(page.locator(".ks-card").first).to_be_attached()
        page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        page.close()
    lab.end_kernels()


def seen(page: Page) -> int:
    """How many of JupyterLab's bars are in sight."""
    return int(page.locator(BARS).evaluate_all(SEEN))


@once_drawn
def fit(page: Page) -> list[str]:
    """The parts that don't reach as far as they should: the notebook and the bench share the page below the header."""
    parts = {"notebook": ".jp-NotebookPanel", "bench": ".ks-bench"}
    boxes = {name: page.locator(selector).first.bounding_box() for name, selector in parts.items()}
    assert all(boxes.values())
    size = page.viewport_size
    assert size is not None
    ends = {name: box["y"] + box["height"] for name, box in boxes.items() if box}
    return [name for name, end in ends.items() if not size["height"] - 8 <= end <= size["height"]]
