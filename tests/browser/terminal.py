"""Notebooks for browser tests, and the terminal on their page as a learner uses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import nbformat
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Notebook

# Code cells by id: one that shows a workbench, and one that lists Pods.
CELLS = {"load": "%load_ext kubesim.jupyter\n%workbench", "pods": "%%kubectl\nkubectl get pods"}
# The command that creates the pull secret for START's image.
SECRET = (
    "kubectl create secret docker-registry regcred --docker-server=registry.example.com "
    "--docker-username=myuser --docker-password=mypassword"
)
# Lines that run a Pod without credentials. They end with a table, whose first line and heading are TOP and TABLE.
START = "kubectl run web --image=registry.example.com/myapp:1.0\nsleep 5\nkubectl get pods"
TOP, TABLE = "kubectl run web", "NAME   READY   STATUS"


class Terminal:
    """The first terminal of a page, with its prompt and its screen. `workspace` is the learner's folder."""

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
        """Click the button with that name."""
        self.root.get_by_role("button", name=button, exact=True).click()


def write_notebook(path: Path, sources: Mapping[str, str] = CELLS) -> None:
    """Write a notebook with these code cells, each id with its source."""
    write_cells(path, [nbformat.v4.new_code_cell(source, id=name) for name, source in sources.items()])


def write_cells(path: Path, cells: Sequence[nbformat.NotebookNode]) -> None:
    """Write a notebook with these cells."""
    kernel = {"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells), metadata=kernel), path)


def enter(prompt: Locator, line: str) -> None:
    """Fill the prompt with a line, as a paste does, and press Enter."""
    prompt.fill(line)
    prompt.press("Enter")


def begin(notebook: Notebook) -> Terminal:
    """Run START in a notebook whose cells have run, wait for its output, and return the terminal."""
    terminal = Terminal(notebook.page, notebook.path.parent / "workspace")
    enter(terminal.prompt, START)
    expect(terminal.screen).to_contain_text("ErrImagePull")
    return terminal
