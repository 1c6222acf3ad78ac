"""Widgets with a busy, restarted or second kernel, and the workbench beside, below or in a notebook."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from kubesim.lessons import load_predictions, load_tasks
from tests.browser.access import resize, violations
from tests.browser.conftest import CURRENT, OPEN, RUN_ALL, SETTLE, VIEWPORT, Lab, wait_until
from tests.browser.terminal import write_notebook
from tests.patience import SECONDS

GONE, BUSY = "Disconnected: this kernel is gone.", "Waiting for the kernel: it is busy or just starting."
CELLS = {
    "load": "%load_ext kubesim.jupyter\n%workbench",
    "quiz": "%quiz older-than-the-list",
    "predict": f"%predict {next(iter(load_predictions()))}",
    "task": f"%task {next(iter(load_tasks()))}",
    "progress": "%progress",
    "challenge": "%challenge",
    "paste": "%why",
    "playground": "%playground",
    "lock": "import threading\nfrom kubesim.jupyter import session\nlock = session().cluster.lock",
}
# A button of each card, and a text that the card has after it was pressed.
BUTTONS = {
    "quiz": ("Check", "Not yet"),
    "task": ("Hint", "Hint 1."),
    "progress": ("Refresh", "Your progress: "),
    "challenge": ("Start", "Task 1."),
    "paste": ("Explain", "kubesim:"),
    "playground": ("Load case.yaml", "There's no file"),
}
# Selector of buttons that can be reached.
ALIVE = "button:not([inert] *)"
RUN_CODE = f"""async code => {{
    await {CURRENT}.sessionContext.session.kernel.requestExecute({{code}}).done;
}}"""
# A program that keeps the cluster busy until the test creates a file beside the notebook.
HOLD = """
import pathlib, time
def hold():
    with lock:
        while not pathlib.Path("over").exists():
            time.sleep(0.05)
threading.Thread(target=hold).start()
"""
# JavaScript: the lines of text that fit a screen; open a second view of the active output and return its id; close that
# view; true if the notebook of a name is in front; close the other notebook; expand the file browser; wait until
# JupyterLab has asked the kernel for its widgets.
LINES = "screen => Math.floor(screen.clientHeight / parseFloat(getComputedStyle(screen).lineHeight))"
NEW_VIEW = """async () => {
    const before = new Set(window.jupyterapp.shell.widgets("main"));
    await window.jupyterapp.commands.execute("notebook:create-output-view");
    const [made] = [...window.jupyterapp.shell.widgets("main")].filter((one) => !before.has(one));
    return made.id;
}"""
DISPOSE = "id => [...window.jupyterapp.shell.widgets('main')].find((one) => one.id === id).dispose()"
IN_FRONT = "name => window.jupyterapp.shell.currentWidget?.context?.path?.endsWith(name)"
CLOSE_OTHER = CURRENT.replace("isVisible", "context.path.endsWith('01-other.ipynb')") + ".dispose()"
FILES = "() => window.jupyterapp.shell.expandLeft('filebrowser')"
ASKED = f"""() => new Promise((done) => {{
    const {{kernel}} = {CURRENT}.sessionContext.session;
    kernel.anyMessage.connect((_, {{msg}}) => msg.header.msg_type === "comm_info_reply" && done());
}})"""


@pytest.fixture(scope="module")
def notebook(shared_folder: Path, open_shared: Callable[[str], Any]) -> Any:
    """A notebook with a card of each kind, all of which have run, and another notebook in the same folder."""
    for name in ("all.ipynb", "01-other.ipynb"):
        write_notebook(shared_folder / name, CELLS)
    notebook = open_shared("all.ipynb")
    notebook.run_all()
    return notebook


@pytest.fixture(autouse=True)
def usual_size(notebook: Any) -> Iterator[None]:
    """Restore the size of the window after each test."""
    yield
    notebook.page.set_viewport_size(VIEWPORT)


def card(notebook: Any, name: str) -> Locator:
    """The card in the cell with that id."""
    made: Locator = notebook.cell(name).locator(":is(.ks-card, .ks-progress)").first
    return made


def press(notebook: Any, name: str) -> None:
    """Press the button of a card in BUTTONS, and wait for its text."""
    button, said = BUTTONS[name]
    notebook.page.evaluate(SETTLE)  # a running cell would replace its card
    card(notebook, name).get_by_role("button", name=button, exact=True).press("Enter")
    expect(card(notebook, name)).to_contain_text(said)


def bench(page: Page) -> Locator:
    """The visible workbench."""
    return page.locator(".ks-bench:visible")


def test_two_views_of_one_widget_show_the_same(notebook: Any) -> None:
    page: Page = notebook.page
    page.evaluate(f"() => {{ {CURRENT}.content.activeCellIndex = {list(CELLS).index('quiz')}; }}")
    view = page.evaluate(NEW_VIEW)
    second = page.locator(f"#{view} .ks-card")
    second.get_by_role("radio").first.check()
    second.get_by_role("button", name="Check").press("Enter")
    for one in (second, card(notebook, "quiz")):
        expect(one).to_contain_text("Not yet")
    page.evaluate(DISPOSE, view)
    card(notebook, "quiz").get_by_role("button", name="Try again").press("Enter")
    expect(card(notebook, "quiz")).not_to_contain_text("Not yet")
    card(notebook, "quiz").get_by_role("radio").first.check()
    press(notebook, "quiz")


def test_a_busy_kernel_is_announced_and_answers_later(notebook: Any) -> None:
    page = notebook.page
    page.evaluate(RUN_CODE, HOLD)
    notebook.prompt.fill("echo later")
    notebook.prompt.press("Enter")
    card(notebook, "task").get_by_role("button", name="Hint").press("Enter")
    expect(page.locator(".kubesim-terminal .notice")).to_have_text(BUSY)
    (notebook.path.parent / "over").touch()
    expect(page.get_by_role("log").locator(".output").last).to_have_text("later\n")
    expect(page.locator(".kubesim-terminal .notice")).to_have_text("")
    expect(card(notebook, "task")).to_contain_text("Hint 1.")
    expect(card(notebook, "task").locator(".ks-life")).to_have_text("")


def test_a_kernel_that_answers_a_widget_late_counts_as_busy(notebook: Any) -> None:
    """The kernel answers widgets in a separate thread, and JupyterLab calls it idle meanwhile."""
    page = notebook.page
    (notebook.path.parent / "over").unlink(missing_ok=True)
    page.evaluate(RUN_CODE, HOLD)
    notebook.prompt.fill("echo much later")
    notebook.prompt.press("Enter")
    page.evaluate(ASKED)
    expect(page.locator(".kubesim-terminal .notice")).to_have_text(BUSY)
    (notebook.path.parent / "over").touch()
    expect(page.get_by_role("log").locator(".output").last).to_have_text("much later\n")
    expect(page.locator(".kubesim-terminal .notice")).to_have_text("")


def test_a_restart_on_one_page_is_announced_on_another(notebook: Any, lab: Lab) -> None:
    notebook.reload()
    second = notebook.page.context.new_page()
    second.goto(f"{lab.url}/lab/workspaces/second/tree/{notebook.path.parent.name}/all.ipynb?token={lab.token}&reset")
    expect(second.locator(".ks-card:visible").first).to_be_visible()
    expect(second.locator(".kubesim-terminal .notice")).to_have_text("")
    notebook.restart_kernel()
    expect(second.locator(".kubesim-terminal .notice")).to_contain_text(GONE)
    for life in second.locator(".ks-life").all():
        expect(life).to_contain_text(GONE)
    second.close()
    notebook.run_all()


def test_after_a_restart_each_widget_can_be_set_up_again_with_a_button(notebook: Any) -> None:
    notebook.prompt.fill("kubectl get pods -A")
    notebook.restart_kernel()
    for name in (*BUTTONS, "predict"):
        expect(card(notebook, name).locator(".ks-life")).to_have_text(f"{GONE} Set up again, with this cell")
        expect(card(notebook, name).locator(ALIVE)).to_have_count(1)  # other buttons can't be reached
    assert violations(notebook.page) == []
    notice = notebook.page.locator(".kubesim-terminal .notice")
    expect(notice).to_have_text(f"{GONE} Set up again")
    notice.get_by_role("button").press("Enter")
    expect(notice).to_have_text("")
    expect(notebook.prompt).to_have_value("kubectl get pods -A")
    expect(notebook.prompt).to_be_focused()
    notebook.prompt.press("Enter")
    expect(notebook.page.get_by_role("log")).to_contain_text("kube-apiserver")
    for name in BUTTONS:
        again = card(notebook, name).get_by_role("button", name="Set up again")
        again.press("Enter")
        expect(again).to_have_count(0)
        press(notebook, name)
    expect(notebook.page.locator(".jp-Dialog")).to_have_count(0)


def test_the_file_browser_collapses_when_the_workbench_opens(notebook: Any) -> None:
    page = notebook.page
    page.evaluate(FILES)
    expect(page.locator("#filebrowser")).to_be_visible()
    notebook.reload()
    expect(bench(page)).to_have_count(1)
    expect(page.locator("#filebrowser")).to_be_hidden()
    expect(page.locator(".ks-dock .ks-bench")).to_have_class(re.compile("ks-docked"))


def test_only_a_notebooks_own_workbench_is_beside_it(notebook: Any) -> None:
    page, folder = notebook.page, notebook.path.parent.name
    expect(page.locator(".lm-TabBar-tab", has_text="Workbench")).to_have_text(["Workbench all"])
    notebook.prompt.fill("echo kept")
    notebook.prompt.press("Enter")
    expect(bench(page).get_by_role("log")).to_contain_text("kept")
    notebook.prompt.focus()
    page.evaluate(OPEN, f"{folder}/01-other.ipynb")
    wait_until(page, IN_FRONT, "01-other.ipynb")
    expect(bench(page)).to_have_count(0)
    page.evaluate(RUN_ALL, SECONDS * 1000)
    expect(page.locator(".lm-TabBar-tab", has_text="Workbench")).to_have_text(["Workbench 01"])
    page.locator(".lm-TabBar-tab", has_text="all.ipynb").click()
    expect(page.locator(".lm-TabBar-tab", has_text="Workbench")).to_have_text(["Workbench all"])
    expect(bench(page).get_by_role("log")).to_contain_text("kept")
    page.evaluate(CLOSE_OTHER)
    expect(page.locator(".lm-TabBar-tab", has_text="01-other")).to_have_count(0)


@pytest.mark.parametrize(
    ("width", "height", "side"),
    [
        (1280, 900, "right"),
        (1280, 600, "right"),
        (900, 800, "bottom"),
        (853, 600, "right"),
        (640, 800, ""),
    ],
)
def test_the_terminal_has_ten_lines_in_any_window(notebook: Any, width: int, height: int, side: str) -> None:
    """A window of 1280 by 900 pixels has 853 by 600 CSS pixels at 150 %."""
    page = notebook.page
    resize(page, width, height)
    expect(page.locator(f".ks-bench[data-side='{side}']")).to_be_visible()
    notebook.prompt.fill("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo $i; done")
    notebook.prompt.press("Enter")
    expect(page.get_by_role("log").locator(".output").last).to_contain_text("12")
    wait_until(page, f"least => ({LINES})(document.querySelector('.ks-bench .screen')) >= least", 10)
