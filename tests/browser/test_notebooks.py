"""Every notebook in JupyterLab: outputs, length, accessibility, cards by keyboard, and kept answers."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Locator, expect

from kubesim.lessons import load_quizzes, load_tasks
from kubesim.lessons.quiz import VARIANT
from kubesim.lessons.task import Task
from tests.browser.access import BENCH, OUTPUTS, cut_parts, length_of, structure_violations
from tests.browser.conftest import CURRENT, NOTEBOOKS, SELECT_FIRST, as_saved, wait_until
from tests.browser.contrast import pale_now
from tests.patience import eventually
from tools import notebooks as tool

# The width of a phone in CSS pixels. A window of 1280 zoomed to 200 % is wider.
PHONE = 390
# The most CSS pixels of a notebook that has run, at a width of 1280.
HIGHEST = 12_000
# Presses of Tab from a cell to the first control of its card.
MOST_TABS = 1
# The beginnings of cells with a card.
CARDS = ("%quiz", "%review", "%predict", "%task")
# A wait longer than any back-off.
PAUSE = "sleep 400"


def magics(notebook: Any, magic: str) -> Iterator[tuple[str, str]]:
    """The id and the first argument of each cell that begins with that magic."""
    for cell in json.loads(notebook.path.read_text(encoding="utf-8"))["cells"]:
        line = "".join(cell["source"]).partition("\n")[0]
        if cell["cell_type"] == "code" and line.split() and line.split()[0] == f"%{magic}":
            yield cell["id"], line.removeprefix(f"%{magic}").strip()


# The notebooks, without those of one cell, which only link to a new name.
LESSONS = [path.name for path in sorted(NOTEBOOKS.glob("*.ipynb")) if len(nbformat.read(path, 4).cells) > 1]


@pytest.mark.parametrize("name", LESSONS)
def test_a_notebook_runs_as_stored_and_is_accessible_at_any_width(
    name: str, folder: Path, open_notebook: Callable[[str], Any]
) -> None:
    stored = nbformat.read(folder / name, 4)
    nbformat.write(without_outputs(stored), folder / name)
    notebook = open_notebook(name)
    notebook.run_all()
    run = tool.normalise(as_saved(notebook.page))
    assert list(tool.differences(tool.without_pictures(stored), tool.without_pictures(run))) == []
    expect(notebook.page.locator(BENCH)).to_have_count(1)  # a busy page draws it late
    assert eventually(lambda: length_of(notebook.page) <= HIGHEST, True)
    assert structure_violations(notebook.page) == []
    assert pale_now(notebook.page.locator(f"{OUTPUTS}, {BENCH}")) == []
    assert cut_parts(notebook.page, PHONE) == []


@pytest.mark.parametrize("name", ["11-what-the-registry-says.ipynb"])
def test_each_card_is_answered_by_keyboard_alone(name: str, open_notebook: Callable[[str], Any]) -> None:
    """Shift+Enter runs the next cell, Arrow up and Tab lead into a card, and Escape and Arrow down out of it."""
    notebook = open_notebook(name)
    keys = notebook.page.keyboard
    notebook.page.evaluate(SELECT_FIRST)
    asked = []
    for number, cell in enumerate(json.loads(notebook.path.read_text(encoding="utf-8"))["cells"][:-1]):
        keys.press("Shift+Enter")
        if not "".join(cell["source"]).startswith(CARDS):
            continue
        card = notebook.cell(cell["id"]).locator(".ks-card").first
        card.wait_for()
        keys.press("ArrowUp")
        assert tabs_to(card) <= MOST_TABS
        for key in ("Space", "Enter", "Escape", "ArrowDown"):  # pick or type, check, and leave
            keys.press(key)
        wait_until(notebook.page, f"next => {CURRENT}.content.activeCellIndex === next", number + 1)
        expect(card.locator("[role=status], .ks-hint").first).not_to_be_empty()
        asked.append(cell["id"])
    assert len(asked) == sum(len(list(magics(notebook, magic.removeprefix("%")))) for magic in CARDS)


def tabs_to(card: Locator) -> int:
    """Press Tab until the focus is in the card. Returns the number of presses, at most MOST_TABS + 1."""
    for pressed in range(1, MOST_TABS + 1):
        card.page.keyboard.press("Tab")
        if card.evaluate("root => root.contains(document.activeElement)"):
            return pressed
    return MOST_TABS + 1


@pytest.mark.parametrize("name", ["11-what-the-registry-says.ipynb"])
def test_answers_and_solved_tasks_survive_reload_and_restart(name: str, open_notebook: Callable[[str], Any]) -> None:
    """One quiz and one task. tests/lessons tests all of them without a page."""
    notebook = open_notebook(name)
    notebook.run_all()
    quiz, task = first_quiz(notebook), last_task(notebook)
    assert quiz
    assert task
    answer(notebook.cell(quiz[0]).locator(".ks-card").first, quiz[1])
    solve(notebook.prompt, notebook.cell(task[0]).locator(".ks-card"), task[1])
    notebook.reload()
    find_again(notebook, quiz[0], task[0], "Well done")
    notebook.restart_kernel()
    notebook.run_all()
    find_again(notebook, quiz[0], task[0], "you have done this task before")


def without_outputs(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A copy of a notebook, in which no cell has run."""
    copied = copy.deepcopy(notebook)
    for cell in copied.cells:
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)
    return copied


def first_quiz(notebook: Any) -> tuple[str, str] | None:
    """The cell and the name of the first quiz with choices."""
    quizzes = load_quizzes()
    return next((pair for pair in magics(notebook, "quiz") if quizzes[pair[1]].kind == "choice"), None)


def last_task(notebook: Any) -> tuple[str, Task] | None:
    """The cell of the last task, and the task."""
    tasks = [(cell, load_tasks()[name]) for cell, name in magics(notebook, "task")]
    return tasks[-1] if tasks else None


def answer(card: Locator, quiz: str) -> None:
    """Answer a quiz wrongly, try again, which may show another variant, and answer it rightly."""
    variants = [one for key, one in load_quizzes().items() if key.partition(VARIANT)[0] == quiz]
    rights = {re.sub("[`*]", "", choice.text) for one in variants for choice in one.choices if choice.right}
    said = card.get_by_role("status").first
    for is_right, word in ((False, "Not yet"), (True, "Right")):
        expect(card.get_by_role("radio")).not_to_have_count(0)  # drawn after the card
        texts = card.locator(".ks-choice > span").all_text_contents()
        number = [text in rights for text in texts].index(is_right)
        card.get_by_role("radio").nth(number).press("Space")
        card.get_by_role("button", name="Check").press("Enter")
        expect(said).to_contain_text(word)
        if not is_right:
            card.get_by_role("button", name="Try again").press("Enter")
            expect(said).to_be_empty()
            expect(card.locator("input:checked")).to_have_count(0)


def solve(prompt: Locator, card: Locator, task: Task) -> None:
    """Type a task's solution and wait until it's solved, then undo and redo the last two steps."""
    for line in (*task.solution, PAUSE):
        enter(prompt, line)
    # Wait for the last line: Undo would revert another one.
    expect(prompt.page.locator(".ks-bench .command").last).to_contain_text(PAUSE)
    expect(card).to_contain_text("Well done")
    expect(card.locator(".ks-count")).to_contain_text(f"{len(task.goal)} of {len(task.goal)}")
    bench = prompt.page.locator(".ks-bench")
    undo = bench.get_by_role("button", name="Undo")
    undo.press("Enter")
    expect(bench.get_by_role("log")).to_contain_text(f"Reverted: `{PAUSE}`")
    undo.press("Enter")
    expect(card).not_to_contain_text("Well done")
    redo = bench.get_by_role("button", name="Redo")
    for _ in range(2):
        redo.press("Enter")
    expect(card).to_contain_text("Well done")


def enter(prompt: Locator, line: str) -> None:
    """Fill the prompt with a line, and press Enter."""
    prompt.fill(line)
    prompt.press("Enter")


def find_again(notebook: Any, quiz: str, task: str, done: str) -> None:
    """Assert that the quiz of a cell is answered rightly, and that the task of a cell says `done`."""
    card: Locator = notebook.cell(quiz).locator(".ks-card").first
    expect(card.get_by_role("status").first).to_contain_text("Right")
    expect(card.locator("input:checked")).to_have_count(1)
    expect(notebook.cell(task).locator(".ks-card")).to_contain_text(done)
    expect(notebook.page.locator(".ks-bench")).to_have_count(1)
