"""Notebooks written for a test, and the terminal of the page as a learner uses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import nbformat
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Notebook

CELLS = {"load": "%load_ext kubesim.jupyter\n%workbench", "pods": "%%kubectl\nkubectl get pods"}
SECRET = (
    "kubectl create secret docker-registry regcred --docker-server=registry.example.com "
    "--docker-username=myuser --docker-password=mypassword"
)
START = "kubectl run web --image=registry.example.com/myapp:1.0\nsleep 5\nkubectl get pods"
TOP, TABLE = "kubectl run web", "NAME   READY   STATUS"


class Terminal:
    """The terminal of the page."""

    def __init__(self, page: Page, workspace: Path) -> None:
        self.page = page
        self.workspace = workspace
        self.root = page.locator(".kubesim-terminal").first
        self.prompt = self.root.get_by_label("Command")
        self.screen = self.root.get_by_role("log")

    def run(self, line: str) -> None:
        """Type a line and press Enter."""
        self.prompt.press_sequentially(line)
        self.prompt.press("Enter")

    def press(self, button: str) -> None:
        """Press one of the buttons."""
        self.root.get_by_role("button", name=button, exact=True).click()


def write_notebook(path: Path, sources: Mapping[str, str] = CELLS) -> None:
    """Write a notebook with code cells of these ids; by default, a workbench and a list of Pods."""
    write_cells(path, [nbformat.v4.new_code_cell(source, id=name) for name, source in sources.items()])


def write_cells(path: Path, cells: Sequence[nbformat.NotebookNode]) -> None:
    kernel = {"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells), metadata=kernel), path)


def enter(prompt: Locator, line: str) -> None:
    """Put a line into the prompt at once, and press Enter."""
    prompt.fill(line)
    prompt.press("Enter")


def begin(notebook: Notebook) -> Terminal:
    """Run a Pod without credentials on the terminal of a notebook that has run."""
    terminal = Terminal(notebook.page, notebook.path.parent / "workspace")
    enter(terminal.prompt, START)
    expect(terminal.screen).to_contain_text("ErrImagePull")
    return terminal
