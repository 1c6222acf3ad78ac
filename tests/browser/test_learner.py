"""Details that trip learners: answers shown too early, dead ends, slips of the keyboard, the way to the next step."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Locator, expect

from kubesim.lessons import load_predictions, load_tasks
from tests.browser.conftest import IN_NOTEBOOK, wait_until
from tests.browser.contrast import pale_texts
from tests.browser.terminal import write_cells
from tests.browser.test_evidence import VALUES

PREDICTIONS = list(load_predictions())
TASK = next(iter(load_tasks().values()))
RUN = "kubectl run web --image=registry.example.com/myapp:1.0"
ANSWER = "It was what it was."
LONG = "kubectl create secret docker-registry my-creds" + " --docker-username=my-user" * 9
CELLS = {
    "load": "%load_ext kubesim.jupyter\n%workbench",
    "quiz": "%quiz older-than-the-list",
    "predict": f"%predict {PREDICTIONS[0]}",
    "answer": "%%kubectl\nkubectl get nodes",
    "text": ANSWER,
    "more": "It goes on.",
    "idea": "## Another idea",
    "skipped": f"%predict {PREDICTIONS[1]}",
    "answer-2": "%%kubectl\nkubectl get nodes",
    "text-2": ANSWER,
    "commands": f"## Commands\n\nType this:\n\n```\n{RUN}\n```\n\n[Go on](on.ipynb)",
    "flow": "%flow web",
    "why": "%why web",
    "own": '%%why\nFailed to pull image "ghcr.io/acme/web:1": 401 Unauthorized',
    "task": f"%task {TASK.id}",
    "early": "%%kubectl\nkubectl get nodes",
    "long": f"%%kubectl\n{LONG}",
    "long-text": f"Type `{LONG}`.",
    "listing": f"```\n{RUN} \\\n    --overrides='{'x' * 99}'\n```",
}
TEXTS = {"text", "more", "idea", "text-2", "commands", "long-text", "listing"}
GROW = """() => new Promise((done) => {
    const {style, clientHeight} = document.querySelector(".jp-WindowedPanel-viewport");
    style.minHeight = `${clientHeight + 99}px`;
    requestAnimationFrame(() => requestAnimationFrame(done));
})"""
ADD = "() => window.jupyterapp.commands.execute('notebook:insert-cell-below')"
PLACE = "button => [button.offsetLeft, button.offsetTop]"
CLIPBOARD = "navigator.clipboard.readText()"


@pytest.fixture(scope="module")
def notebook(shared_folder: Path, open_shared: Callable[[str], Any]) -> Any:
    """A notebook whose setup cell has run, after a cell that was run too early."""
    make = {True: nbformat.v4.new_markdown_cell, False: nbformat.v4.new_code_cell}
    cells = [make[name in TEXTS](source, id=name) for name, source in CELLS.items()]
    for cell in cells:
        if cell.cell_type == "code":
            cell.execution_count = 1  # as in every stored notebook
    write_cells(shared_folder / "lesson.ipynb", cells)
    notebook = open_shared("lesson.ipynb")
    notebook.run("early")  # as a learner does who forgot the setup cell
    expect(notebook.cell("early").locator(".jp-RenderedText")).to_contain_text("sim-worker")
    notebook.run("load")
    notebook.prompt.wait_for()
    return notebook


def enter(notebook: Any, line: str) -> Locator:
    """Type a line, and return its output on the screen."""
    notebook.prompt.fill(line)
    notebook.prompt.press("Enter")
    screen = notebook.page.get_by_role("log")
    expect(screen.locator(".command").last).to_contain_text(line)
    output: Locator = screen.locator(".command:last-of-type ~ .output, .command + .output").last
    return output


def test_text_behind_a_prediction_is_hidden_until_it_is_answered(notebook: Any) -> None:
    texts = [notebook.cell(name).locator(".jp-RenderedMarkdown p") for name in ("text", "more", "text-2")]
    for text in texts:
        expect(text).to_be_hidden()
    expect(notebook.cell("idea").locator("h2")).to_be_visible()
    assert pale_texts(notebook.cell("text")) == []
    notebook.run("predict")
    card = notebook.cell("predict").locator(".ks-card")
    card.locator(".ks-guesses button").first.press("Enter")
    expect(card).to_contain_text("Now run the next cell.")
    notebook.run("early")  # a cell before the prediction doesn't answer it
    expect(notebook.cell("early").locator(".jp-InputPrompt")).not_to_contain_text("*")
    expect(card.locator(".ks-verdict")).to_have_count(0)
    for text in texts:
        expect(text).to_be_hidden()
    notebook.run("answer")
    expect(card.locator(".ks-verdict")).to_be_visible()
    for text in texts[:2]:
        expect(text).to_be_visible()
    expect(texts[2]).to_be_hidden()
    notebook.run("answer-2")  # without its prediction
    expect(texts[2]).to_be_visible()
    expect(notebook.page.locator(".ks-unfold")).to_have_count(0)


def test_check_without_an_answer_is_none_and_next_leads_on(notebook: Any) -> None:
    notebook.run("quiz")
    card: Locator = notebook.cell("quiz").locator(".ks-card")
    check = card.get_by_role("button", name="Check")
    check.press("Enter")
    expect(card.get_by_role("status")).to_have_text("Choose or type an answer first. This doesn't count.")
    card.get_by_role("radio").nth(1).check()
    check.dblclick()
    expect(card.get_by_role("status")).to_contain_text("✓ Right")
    onward = card.get_by_role("button").first
    expect(onward).to_have_text("Next")
    expect(onward).to_be_focused()  # it came under the pointer, and the second click didn't press it
    dark = onward.evaluate("button => getComputedStyle(button).backgroundColor")
    assert dark != card.get_by_role("button").last.evaluate("button => getComputedStyle(button).backgroundColor")
    onward.press("Enter")
    expect(notebook.cell("predict")).to_be_focused()


def test_the_bar_says_which_steps_are_done_and_leads_to_them(notebook: Any) -> None:
    steps = notebook.page.locator(".ks-bench .ks-steps")
    idea = steps.get_by_role("button", name="Step 1 of 2: Another idea")
    notebook.cell("commands").click()
    expect(steps.get_by_role("button", name="Step 2 of 2: Commands")).to_have_attribute("aria-current", "step")
    expect(idea).not_to_have_class("ks-done")
    notebook.run("skipped")
    expect(idea).to_have_attribute("title", "Step 1 of 2: Another idea. Left: a prediction.")
    notebook.cell("skipped").locator(".ks-guesses button").first.press("Enter")
    expect(idea).to_have_accessible_name("Step 1 of 2: Another idea, done")
    expect(steps.get_by_role("button", name="Next notebook")).to_be_hidden()
    idea.press("Enter")
    expect(notebook.cell("idea")).to_be_focused()
    expect(idea).to_have_attribute("aria-current", "step")


def test_commands_of_the_text_are_copied_and_run_with_one_click(notebook: Any) -> None:
    tools = notebook.cell("commands").locator(".ks-tools")
    tools.get_by_role("button", name="Copy").press("Enter")
    expect(tools.get_by_role("button").first).to_have_text("Copied")
    assert notebook.page.evaluate(CLIPBOARD) == RUN
    tools.get_by_role("button", name="Run in terminal").press("Enter")
    expect(notebook.page.get_by_role("log")).to_contain_text("pod/web created")
    expect(notebook.prompt).to_be_focused()


def test_why_has_headings_and_commands_to_copy_and_for_this_cluster_to_run(notebook: Any) -> None:
    enter(notebook, "sleep 5")
    labels = {"why": ["Copy", "Run in terminal"], "own": ["Copy"]}  # what is about another cluster would fail here
    for name, buttons in labels.items():
        notebook.run(name)
        page = notebook.cell(name).locator(".ks-why")
        expect(page.get_by_role("heading", name="How to fix it")).to_be_visible()
        expect(page.locator(".ks-fix .ks-tools").first.get_by_role("button")).to_have_text(buttons)
        assert pale_texts(page) == []


@pytest.mark.parametrize("name", ["long", "long-text"])
def test_no_line_breaks_at_a_hyphen(notebook: Any, name: str) -> None:
    words = notebook.cell(name).locator(".ks-word:visible")
    expect(words).to_have_count(11)
    assert max(words.evaluate_all("all => all.map((word) => word.clientHeight)")) < 30  # one line


def test_an_indented_line_of_a_command_begins_with_its_first_word(notebook: Any) -> None:
    [[_left, top]] = notebook.cell("listing").locator(".ks-line").nth(1).evaluate_all(VALUES)
    assert top == 0  # and not below its indent, however long the word is


def test_a_key_leads_to_the_terminal_and_back(notebook: Any) -> None:
    notebook.cell("idea").focus()
    notebook.page.keyboard.press("Control+Backquote")
    expect(notebook.prompt).to_be_focused()
    notebook.page.keyboard.press("Control+Backquote")
    wait_until(notebook.page, IN_NOTEBOOK)


def test_slips_of_the_keyboard_are_told(notebook: Any) -> None:
    page = notebook.page
    notebook.prompt.fill("nano pod.yaml")
    notebook.prompt.press("Enter")
    text = page.get_by_label("Text of pod.yaml")
    text.press_sequentially("kind: Pod\n:wq\n")
    expect(page.locator(".editor .status")).to_contain_text("kubesim: :wq is for vi, and this is nano: Ctrl+O saves")
    expect(text).to_have_value("kind: Pod")
    text.press("Control+x")
    page.get_by_role("button", name="Close without saving").press("Enter")
    expect(notebook.prompt).to_be_focused()
    said = enter(notebook, "rm -f .progress.json")
    expect(said).to_have_text("kubesim: .progress.json: this file keeps your progress, and no command changes it\n")


def test_a_task_takes_the_path_over_and_undo_is_in_the_workbench(notebook: Any) -> None:
    page = notebook.page
    notebook.run("flow")
    road = page.locator(".ks-bench .ks-road")
    expect(road).to_contain_text("for Pod web in default")
    notebook.run("task")
    expect(road).not_to_contain_text("web in default")  # which is none of the task's
    card: Locator = notebook.cell("task").locator(".ks-card")
    expect(card.get_by_role("button", name="Undo")).to_have_count(0)  # there's one, in the workbench
    again = card.get_by_role("button", name="Start over")
    place = again.evaluate(PLACE)
    for name in ("Hint", *(f"Hint ({left} left)" for left in range(len(TASK.hints) - 1, 0, -1)), "Show a solution"):
        card.get_by_role("button", name=name, exact=True).click()
    expect(card.get_by_role("button", name="No more hints")).to_be_disabled()
    expect(card.locator(".ks-reveal")).to_be_visible()
    assert again.evaluate(PLACE) == place
    enter(notebook, "kubectl create namespace mine")
    page.locator(".ks-bench").get_by_role("button", name="Undo").press("Enter")
    expect(page.get_by_role("log").locator(".note").last).to_have_text("# Reverted: `kubectl create namespace mine`\n")


def test_after_a_reload_the_page_is_where_it_was(notebook: Any) -> None:
    notebook.cell("early").click()
    notebook.page.evaluate(ADD)  # as Shift+Enter does in the last cell
    notebook.cell("early").click()
    notebook.reload()
    expect(notebook.page.locator(".ks-bench")).to_be_visible()
    expect(notebook.cell("early")).to_be_in_viewport()
    expect(notebook.cell("early")).to_have_class(re.compile("jp-mod-active"))
    steps = notebook.page.locator(".ks-steps")
    expect(steps.get_by_role("button", name="Step 1 of 2: Another idea, done")).to_be_visible()
    expect(steps.get_by_role("button", name="Next notebook")).to_be_hidden()


def test_the_next_notebook_is_offered_when_the_work_of_this_one_is_done(notebook: Any) -> None:
    steps = notebook.page.locator(".ks-steps")
    commands = steps.get_by_role("button", name="Step 2 of 2: Commands")
    expect(commands).to_have_attribute("title", "Step 2 of 2: Commands. Left: a task.")
    docked = notebook.page.locator(".ks-bench > .ks-goals")
    beside = docked.locator(".ks-beside-goal")
    expect(beside).to_have_text(re.compile(r"^now: Pending \S+ → goal: Running \S+$"))
    for line in (*TASK.solution, "sleep 330"):  # which is longer than any back-off
        enter(notebook, line)
    expect(beside).to_have_text(re.compile(r"^goal: Running \S+$"))
    expect(docked.locator(".ks-score")).to_have_text("1 command: no solution is shorter.")
    assert pale_texts(docked) == []
    expect(commands).to_have_accessible_name("Step 2 of 2: Commands, done")
    expect(steps.get_by_role("button", name="Next notebook")).to_be_visible()


def test_after_a_restart_the_buttons_of_the_text_and_the_steps_belong_to_the_bench_of_now(notebook: Any) -> None:
    notebook.restart_kernel()
    notebook.run("load")
    expect(notebook.page.locator(".ks-bench .notice")).to_have_text("")
    expect(notebook.page.get_by_role("log")).to_have_text("")
    run = notebook.cell("commands").get_by_role("button", name="Run in terminal")
    run.focus()
    notebook.page.evaluate(GROW)
    expect(run).to_be_focused()  # what goes back to one's place after a reload leaves the keyboard alone by now
    run.press("Enter")
    expect(notebook.page.get_by_role("log")).to_contain_text("pod/web created")
    expect(notebook.page.locator(".ks-bench .ks-steps").get_by_role("button", name="Step 2 of 2")).to_be_visible()
