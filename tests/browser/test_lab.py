"""JupyterLab with kubesim: no dialogs, a notebook that is only opened, and the lesson mode."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import CURRENT, Lab, wait_until
from tests.browser.terminal import enter
from tests.browser.test_notebooks import magics
from tests.patience import eventually, once_drawn

# JavaScript: expand the file browser; true once the notebook is saved; add a cell; true once all pictures are drawn;
# pretend that the user hasn't touched the page, which Playwright does; true once the layout is stored; true if the
# notebook has unsaved changes.
FILES = "() => window.jupyterapp.shell.expandLeft('filebrowser')"

IS_SAVED = f"""() => {{
    const {{model}} = {CURRENT}.context;
    return Boolean(model.getMetadata("language_info").version) && !model.dirty;
}}"""
ADD = "() => window.jupyterapp.commands.execute('notebook:insert-cell-below')"
ALL_DRAWN = """() => {
    const pictures = [...document.querySelectorAll(".jp-OutputArea img[alt^='Flow of ']")];
    return pictures.length && pictures.every((picture) => picture.complete && picture.naturalWidth > 100);
}"""
UNTOUCHED = (
    "Object.defineProperty(navigator, 'userActivation', {value: {hasBeenActive: false}})"  # Playwright touches it
)
LAYOUT_IS_KEPT = """async () => {
    const {workspaces} = window.jupyterapp.serviceManager;
    return JSON.stringify(await workspaces.list()).includes("00-start.ipynb");
}"""
IS_DIRTY = f"() => {CURRENT}.context.model.dirty"
# Selector of JupyterLab's bars, and a function that counts the visible ones.
BARS = "#jp-menu-panel, .jp-SideBar, #jp-bottom-panel, .jp-NotebookPanel-toolbar, .lm-TabBar-tab"
SEEN = "nodes => nodes.filter((node) => node.checkVisibility({visibilityProperty: true})).length"


def begun(lab: Lab, loaded_page: Page, folder: Path) -> Page:
    """A new tab that opens notebook 00 at its own address, as a visitor does."""
    page = loaded_page.context.new_page()
    page.add_init_script(UNTOUCHED)
    page.goto(f"{lab.url}/lab/tree/{folder.name}/00-start.ipynb?token={lab.token}&reset")
    return page


def seen(page: Page) -> int:
    """The number of JupyterLab's visible bars."""
    return int(page.locator(BARS).evaluate_all(SEEN))


@once_drawn
def fit(page: Page) -> list[str]:
    """The parts, "notebook" or "bench", that don't reach the bottom of the page."""
    parts = {"notebook": ".jp-NotebookPanel", "bench": ".ks-bench"}
    boxes = {name: page.locator(selector).first.bounding_box() for name, selector in parts.items()}
    assert all(boxes.values())
    size = page.viewport_size
    assert size is not None
    ends = {name: box["y"] + box["height"] for name, box in boxes.items() if box}
    return [name for name, end in ends.items() if not size["height"] - 8 <= end <= size["height"]]


def test_no_dialog_and_no_notification_covers_a_notebook(open_notebook: Callable[[str], Any]) -> None:
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
    map_of_notebooks = notebook.cell(progress).locator(".ks-progress")  # the stored map has such links, too
    expect(map_of_notebooks).to_be_visible()
    map_of_notebooks.get_by_role("link", name="01 Storing credentials").press("Enter")
    expect(page.locator(".lm-TabBar-tab.jp-mod-current", has_text="01-storing-credentials")).to_be_visible()
    expect(page.locator(".jp-Dialog")).to_have_count(0)
    expect(page.locator(".Toastify__toast")).to_have_count(0)


def test_an_opened_notebook_shows_its_pictures_and_has_nothing_to_save(
    open_notebook: Callable[[str], Any],
) -> None:
    """JupyterLab doesn't trust a notebook that it hasn't run, and shows less of it.

    It also writes the kernel's version of Python into the notebook's metadata.
    """
    page = open_notebook("00-start.ipynb").page
    wait_until(page, ALL_DRAWN)
    wait_until(page, IS_SAVED)
    expect(page.locator(".lm-TabBar-tab.jp-mod-current")).not_to_have_class(re.compile("jp-mod-dirty"))
    page.evaluate(ADD)
    expect(page.locator(".lm-TabBar-tab.jp-mod-current")).to_have_class(re.compile("jp-mod-dirty"))


def test_a_lesson_opens_in_lesson_mode_until_the_learner_shows_jupyterlab(
    lab: Lab, loaded_page: Page, folder: Path
) -> None:
    page = begun(lab, loaded_page, folder)
    header = page.locator(".ks-room-header")
    expect(header).to_contain_text("00 · ")
    expect(page.locator(".ks-bench .prompt")).to_be_visible()  # without running a cell
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
    expect(page.locator(".ks-bench .prompt")).to_be_visible()  # though the notebook wasn't saved
    page.close()
    lab.end_kernels()


def test_the_header_names_the_visible_one_of_several_open_lessons(lab: Lab, loaded_page: Page, folder: Path) -> None:
    page = begun(lab, loaded_page, folder)
    expect(page.locator(".ks-bench .prompt")).to_be_visible()
    wait_until(page, LAYOUT_IS_KEPT)
    held: list[Route] = []
    page.route("**/api/contents/**/00-start.ipynb?*content=1*", lambda route: held.append(route))
    page.goto(page.url.replace("00-start", "01-storing-credentials"))  # the address has the name of the workspace
    header = page.locator(".ks-room-header")
    expect(header).to_contain_text("01 · ")
    expect(page.locator(".ks-bench .prompt")).to_be_visible()
    for route in held:  # the first notebook loads last
        route.continue_()
    expect(page.locator(".ks-lesson-panel")).to_have_count(2)
    expect(header).to_contain_text("01 · ")
    expect(page.locator(".jp-Notebook:visible p").first).to_have_css("font-size", "16px")
    page.close()
    lab.end_kernels()


def test_a_saved_lesson_has_its_workbench_when_it_is_opened_again(lab: Lab, loaded_page: Page, folder: Path) -> None:
    """Its kernel still runs, but JupyterLab doesn't trust the notebook, and shows no widget that is stored in it."""
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


def test_on_a_phone_the_prompt_is_in_sight_below_a_long_output(lab: Lab, loaded_page: Page, folder: Path) -> None:
    page = begun(lab, loaded_page, folder)
    page.set_viewport_size({"width": 390, "height": 560})
    page.get_by_role("button", name="Terminal", exact=True).click()
    prompt = page.locator(".ks-sheet").get_by_label("Command", exact=True)
    enter(prompt, "kubectl get namespaces default -o yaml")
    expect(page.get_by_role("log")).to_contain_text("phase: Active")
    page.locator(".ks-sheet .ks-road").evaluate("road => road.scrollIntoView({block: 'start'})")
    expect(prompt).to_be_in_viewport(ratio=1)
    page.close()
    lab.end_kernels()
