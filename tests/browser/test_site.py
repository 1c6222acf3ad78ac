"""The site, JupyterLab without a server, in a Chromium that reaches no other host: sizes, outputs, kept work."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect

from kubesim.lessons import load_tasks
from tests.browser.access import violations
from tests.browser.conftest import CURRENT, NOTEBOOKS, OPEN, RUN_ALL, Notebook, as_saved, wait_until
from tests.browser.test_notebooks import answer, enter, magics, solve
from tests.browser.themes import THEMES
from tests.patience import SECONDS, eventually
from tools import loopback

# Notebooks that run by default; Python's answer about a server; JavaScript: true once Python is ready, save, the number
# of running kernels, the output of code.
FEW = ("00-start", "appendix-your-own-kubectl")
READY = "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.info"
NO_SERVER = "kubesim: this page has no server"
SAVE = "() => window.jupyterapp.commands.execute('docmanager:save')"
KERNELS = """async () => {
    const {kernels} = window.jupyterapp.serviceManager;
    await kernels.refreshRunning();
    return [...kernels.running()].length;
}"""
SAID = """async code => {
    const {kernel} = window.jupyterapp.shell.currentWidget.sessionContext.session;
    const execution = kernel.requestExecute({code});
    let said = "";
    execution.onIOPub = ({header, content}) => { if (header.msg_type === "stream") said += content.text; };
    await execution.done;
    return said;
}"""
# The most bytes of the built site, and those on the wire until Python is ready.
MOST_ON_DISK, MOST_AT_FIRST = 40e6, 12e6


def chosen() -> list[Path]:
    """The notebooks to run: all of them with KUBESIM_ALL=1, else FEW."""
    paths = sorted(NOTEBOOKS.glob("*.ipynb"))
    return paths if os.environ.get("KUBESIM_ALL") == "1" else [path for path in paths if path.stem in FEW]


@pytest.fixture(scope="module")
def page(start: Callable[[], Page]) -> Iterator[Page]:
    """A page for all tests of the module."""
    page = start()
    yield page
    page.context.close()


def visit(page: Page, site: str, name: str) -> None:
    """Load the site with a notebook, and wait until its Python is ready."""
    page.goto(f"{site}/lab/index.html?path=notebooks/{name}.ipynb")
    wait_until(page, READY)


@pytest.fixture(scope="module")
def opened(site: str, page: Page) -> Page:
    """The site on a first visit, with notebook 00, for a visitor who prefers dark pages."""
    loopback.Handler.sent.clear()
    page.emulate_media(color_scheme="dark")
    visit(page, site, "00-start")
    return page


def test_a_first_visit_stays_within_its_bytes_and_has_the_preferred_theme(opened: Page) -> None:
    disk = sum(path.stat().st_size for path in loopback.SITE.rglob("*") if path.is_file())
    assert disk < MOST_ON_DISK
    assert sum(loopback.Handler.sent) < MOST_AT_FIRST
    expect(opened.locator("body")).to_have_attribute("data-jp-theme-name", THEMES["dark"])


def test_pip_install_is_refused(opened: Page) -> None:
    assert opened.evaluate(SAID, "%pip install requests") == "kubesim: nothing can be installed in this page\n"


@pytest.mark.parametrize("path", chosen(), ids=lambda path: path.stem)
def test_each_cell_has_its_stored_output(opened: Page, path: Path) -> None:
    opened.evaluate(OPEN, f"notebooks/{path.name}")
    opened.evaluate(RUN_ALL, SECONDS * 1000)
    run = as_saved(opened)
    assert texts(run) == texts(nbformat.read(path, 4))
    served = {cell.id for cell in run.cells if "needs-a-server" in tags(cell)}
    assert {cell.id for cell in run.cells if NO_SERVER in str(cell.get("outputs"))} == served
    assert eventually(lambda: opened.evaluate(KERNELS), 1) == 1
    expect(opened.locator(".ks-bench")).to_have_count(1)


def texts(notebook: nbformat.NotebookNode) -> dict[str, list[str]]:
    """The texts of each code cell's outputs, by the cell's id, without cells that need a server."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and "needs-a-server" not in tags(cell)]
    return {cell.id: [_text(output) for output in cell.outputs] for cell in code}


def tags(cell: nbformat.NotebookNode) -> list[str]:
    """The tags of a cell."""
    return list(cell.metadata.get("tags", ()))


def _text(output: nbformat.NotebookNode) -> str:
    """The plain form of an output, or its text, or its error."""
    text = output.get("data", {}).get("text/plain", output.get("text", output.get("evalue", "")))
    return "".join(text)


def test_a_wrong_address_leaves_no_second_python(site: str, page: Page) -> None:
    page.goto(f"{site}/lab/index.html?path=notebooks/not-there.ipynb")
    expect(page.locator(".jp-Dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.evaluate(OPEN, "notebooks/00-start.ipynb")
    wait_until(page, f"async () => await ({KERNELS})() === 1")


def test_a_learner_walks_through_the_site(site: str, page: Page, start: Callable[[], Page]) -> None:
    """Editor, quiz and map work; files and answers survive the browser; a link to another notebook ends a kernel."""
    visit(page, site, "00-start")
    page.evaluate(RUN_ALL, SECONDS * 1000)
    notebook = Notebook(NOTEBOOKS / "00-start.ipynb", page)
    enter(notebook.prompt, "nano pod.yaml")
    text = page.get_by_label("Text of pod.yaml")
    text.press_sequentially("kind: Pod")
    text.press("Control+o")
    expect(page.get_by_text("Saved pod.yaml.")).to_be_visible()
    text.press("Control+x")
    expect(notebook.prompt).to_be_focused()
    answer(notebook.cell("quiz-no-secret").locator(".ks-card").first, "start-no-secret")
    shown = notebook.cell("progress-map").locator(".ks-progress")
    shown.get_by_role("button", name="Refresh").press("Enter")
    row = shown.get_by_role("row", name="00 Start")
    expect(row).to_contain_text("1 of ")
    assert violations(page) == []
    page.evaluate(SAVE)
    page.context.close()

    page = start()
    visit(page, site, "00-start")
    page.get_by_role("button", name="Run the cells again, up to where you were").press("Enter")
    notebook = Notebook(NOTEBOOKS / "00-start.ipynb", page)
    shown = notebook.cell("progress-map").locator(".ks-progress")
    expect(shown.get_by_role("row", name="00 Start")).to_contain_text("1 of ")
    enter(notebook.prompt, "cat pod.yaml; echo short > pod.yaml; cat pod.yaml")
    expect(page.get_by_role("log")).to_contain_text("kind: Pod\nshort\n")
    shown.get_by_role("link", name="01 Storing").press("Enter")
    expect(page.locator(".lm-TabBar-tab.jp-mod-current", has_text="01-storing")).to_be_visible()
    wait_until(page, READY)
    assert eventually(lambda: page.evaluate(KERNELS), 1) == 1
    notebook = Notebook(NOTEBOOKS / "01-storing-credentials.ipynb", page)
    notebook.run_all()
    cell, task = next((cell, load_tasks()[name]) for cell, name in magics(notebook, "task"))
    solve(notebook.prompt, notebook.cell(cell).locator(".ks-card"), task)
    page.evaluate(SAVE)

    renew(loopback.SITE / "files" / "notebooks" / "01-storing-credentials.ipynb")
    page.reload()
    page.get_by_role("button", name=re.compile("Open it, and keep mine as 01-storing-credentials-mine")).press("Enter")
    wait_until(page, f"() => {CURRENT}.content.model.getMetadata('kubesim') === 'newer'")
    contents = page.evaluate("() => window.jupyterapp.serviceManager.contents.get('notebooks', {content: true})")
    assert [one["name"] for one in contents["content"] if "-mine-" in one["name"]]
    page.context.close()


def renew(lesson: Path) -> None:
    """Replace a notebook of the site by another version."""
    lesson.write_text(re.sub('"kubesim": "[0-9a-f]+"', '"kubesim": "newer"', lesson.read_text(encoding="utf-8")))
    loopback.Handler.bodies.clear()
