"""The challenge as a learner takes it: help, a fix that misses, undo, the right fix, and then a new kernel."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Locator, expect

from kubesim.lessons.clusters import RoundId, broken_clusters
from tests.browser.access import AXE, cut_parts
from tests.browser.contrast import pale_texts
from tests.browser.test_notebooks import magics

TASK = broken_clusters(RoundId(1))[0]
PLACE = "button => [button.offsetLeft, button.offsetTop]"


def press(card: Locator, name: str) -> None:
    """Press the button of a card whose name matches, by keyboard."""
    card.get_by_role("button", name=re.compile(name)).press("Enter")


def test_a_task_is_fixed_and_its_points_outlive_the_kernel(open_notebook: Callable[[str], Any]) -> None:
    notebook = open_notebook("30-troubleshooting-challenge.ipynb")
    notebook.run_all()
    card: Locator = notebook.cell("challenge").locator(".ks-challenge")
    prompt: Locator = notebook.prompt

    def run(line: str) -> None:
        prompt.press_sequentially(line)
        prompt.press("Enter")

    press(card, "Start")
    expect(card.get_by_role("status")).to_contain_text("Task 1 of 12")
    press(card, "^Hint")
    expect(card.get_by_role("status")).to_contain_text("Hint: ")
    run(f"kubectl delete pods --all -n {TASK.namespaces[0]} --now")
    expect(card.locator(".ks-warning")).to_contain_text("Not yet.")
    assert pale_texts(card) == []
    press(notebook.page.locator(".ks-bench"), "Undo")
    expect(card.locator(".ks-warning")).to_have_count(0)
    for line in TASK.solution:
        run(line)
    run(f"sleep {TASK.wait:g}")
    expect(card.get_by_role("status")).to_contain_text("Solved, 8 points.")
    expect(card.get_by_role("button", name=re.compile("^Task 1: .*, solved, 8 points"))).to_have_count(1)
    expect(card.locator(".ks-verdict")).to_contain_text("The shortest fix:")
    assert pale_texts(card) == []
    press(card, "End the round")
    press(card, "Yes")
    expect(card).to_contain_text("The round is over: 8 of 120 points")
    notebook.page.evaluate(AXE_SCRIPT)
    assert notebook.page.evaluate(AXE, [[[".ks-challenge"]], {}]) == []
    assert cut_parts(notebook.page, 390) == []
    notebook.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    notebook.run_all()
    expect(card).to_contain_text("Score 8 of 120 points")


def test_a_round_of_one_task_opens_that_task_with_one_press(open_notebook: Callable[[str], Any]) -> None:
    notebook = open_notebook("05-solve-one-alone.ipynb")
    setup, challenge = (next(magics(notebook, name))[0] for name in ("load_ext", "challenge"))
    notebook.run(setup)
    notebook.prompt.wait_for()
    cell: Locator = notebook.cell(challenge)
    cell.get_by_role("button", name="Start").press("Enter")
    card = cell.locator(".ks-challenge")
    expect(card.get_by_role("heading", level=3)).to_have_count(2)
    expect(card.get_by_role("button", name="Start", exact=True)).to_have_count(0)
    expect(card.locator(".ks-tasks")).to_be_hidden()
    assert pale_texts(card) == []
    again = card.get_by_role("button", name="Start over")
    place = again.evaluate(PLACE)
    for help_ in ("Hint", "Why?"):
        while (button := card.get_by_role("button", name=f"{help_} (costs")).count():
            shown = card.locator(".ks-hint").count()
            button.press("Enter")
            expect(card.locator(".ks-hint")).to_have_count(shown + 1)
    assert again.evaluate(PLACE) == place  # or a further click for help would undo the work
    expect(card.get_by_role("button", name="Why? (see below)")).to_be_focused()
    assert pale_texts(card) == []
