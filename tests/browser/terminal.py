"""The terminal of the page, as a learner meets it, and a notebook that opens it."""

from __future__ import annotations

from pathlib import Path

import nbformat
from playwright.sync_api import Page, expect

from browser.conftest import Notebook

CELLS = {"load": "%load_ext kubesim.jupyter\n%workbench", "pods": "%%kubectl\nkubectl get pods"}
START = "kubectl run web --image=registry.example.com/myapp:1.0\nsleep 5\nkubectl get pods"
TOP, TABLE = "kubectl run web", "NAME   READY   STATUS"


class Terminal:
    """The terminal of the page, as a learner meets it."""

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


def write_notebook(path: Path) -> None:
    """Write a notebook with a workbench."""
    kernel = {"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}}
    cells = [nbformat.v4.new_code_cell(source, id=name) for name, source in CELLS.items()]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)


def begin(notebook: Notebook) -> Terminal:
    """Run a Pod without credentials on the terminal of a notebook that has run."""
    terminal = Terminal(notebook.page, notebook.path.parent / "workspace")
    terminal.prompt.fill(START)
    terminal.prompt.press("Enter")
    expect(terminal.screen).to_contain_text("ErrImagePull")
    return terminal
