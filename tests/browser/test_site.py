"""The lesson as a page without a server, in a Chromium that finds no other host: what it shows, and what it keeps."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import nbformat
import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import NOTEBOOKS, RUN_ALL, SECONDS, VIEWPORT
from tools import notebooks as tool
from tools import website

FEW = ("00-start", "03-when-the-pull-fails", "playground", "appendix-your-own-kubectl")
READY = "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.info"
NO_SERVER = "kubesim: this page has no server"
STORED = "() => window.jupyterapp.shell.currentWidget.content.model.toJSON()"


def chosen() -> list[Path]:
    """The notebooks to run: all of them with KUBESIM_ALL=1, else some of each sort."""
    paths = sorted(NOTEBOOKS.glob("*.ipynb"))
    return paths if os.environ.get("KUBESIM_ALL") == "1" else [path for path in paths if path.stem in FEW]


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address of the site, built anew."""
    assert website.main() == 0
    running = website.server()
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()


@pytest.fixture(scope="module")
def closed_browser(launch: Callable[..., Browser]) -> Iterator[Browser]:
    """Chromium that resolves no name."""
    browser = launch("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
    yield browser
    browser.close()


@pytest.fixture
def page(closed_browser: Browser) -> Iterator[Page]:
    """A page in a profile of its own."""
    context = closed_browser.new_context(viewport=VIEWPORT)
    yield context.new_page()
    context.close()


def open_notebook(page: Page, site: str, name: str) -> None:
    """Open a notebook, and return when its Python is there."""
    page.goto(f"{site}/lab/index.html?path=notebooks/{name}.ipynb")
    page.wait_for_function(READY, timeout=3 * SECONDS * 1000)


def texts(notebook: nbformat.NotebookNode) -> dict[str, list[str]]:
    """What each code cell printed, by the cell's id, but for cells that need a server."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return {cell.id: [_text(output) for output in cell.outputs] for cell in code if cell.id not in served(notebook)}


def served(notebook: nbformat.NotebookNode) -> set[str]:
    """The cells that need a server."""
    return {cell.id for cell in notebook.cells if "needs-a-server" in cell.metadata.get("tags", ())}


def _text(output: nbformat.NotebookNode) -> str:
    text = output.get("data", {}).get("text/plain", output.get("text", output.get("evalue", "")))
    return "".join(text)


@pytest.mark.parametrize("path", chosen(), ids=lambda path: path.stem)
def test_each_cell_prints_what_is_stored(site: str, page: Page, path: Path) -> None:
    open_notebook(page, site, path.stem)
    page.evaluate(RUN_ALL, 3 * SECONDS * 1000)
    run = nbformat.from_dict(page.evaluate(STORED))  # type: ignore[no-untyped-call]
    assert texts(run) == texts(tool.normalise(nbformat.read(path, 4)))
    assert {cell.id for cell in run.cells if NO_SERVER in str(cell.get("outputs"))} == served(run)


def test_the_first_page_leads_to_notebooks_that_exist(site: str, page: Page) -> None:
    page.goto(site)
    links = page.locator("nav a").evaluate_all("links => links.map(link => link.href)")
    paths = [parse_qs(urlsplit(link).query)["path"][0] for link in links]
    assert paths[0] == "notebooks/00-start.ipynb"
    assert [path for path in paths if not (website.SITE / "files" / path).is_file()] == []


def test_an_answer_is_still_there_after_a_reload(site: str, page: Page) -> None:
    open_notebook(page, site, "00-start")
    page.evaluate(RUN_ALL, 3 * SECONDS * 1000)
    card = page.locator(".ks-card").first
    card.locator("input[type=radio], input[type=checkbox]").first.check()
    card.get_by_role("button", name="Check").click()
    expect(card.get_by_role("button", name="Try again")).to_be_visible()
    open_notebook(page, site, "00-start")
    page.evaluate(RUN_ALL, 3 * SECONDS * 1000)
    expect(page.locator(".ks-progress")).to_contain_text("1")
