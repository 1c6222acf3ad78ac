"""The workbench in a real page: docked, reloaded, moved and left, and how quickly it answers."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect

from tests.browser.conftest import OPEN, RESTART, RUN_ALL, Notebook
from tests.browser.terminal import TABLE, TOP, Terminal, begin, write_notebook
from tests.patience import SECONDS, at_rest, eventually, slowness

# Runs commands one after the other, each with what follows its answer. All of it in the page, for Playwright's own
# search for a prompt costs as much as the answer.
ENTER = """async commands => {
    const prompt = document.querySelector(".ks-bench .prompt textarea");
    prompt.focus();
    const answer = () => new Promise((done) => {
        const observer = new MutationObserver(() => { observer.disconnect(); requestAnimationFrame(done); });
        observer.observe(document.querySelector(".ks-bench .screen"), {childList: true});
    });
    for (const command of commands) {
        prompt.value = command;
        prompt.dispatchEvent(new InputEvent("input", {bubbles: true}));
        const drawn = answer();
        prompt.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true}));
        await drawn;
        await new Promise((done) => setTimeout(done, 200));
    }
}"""
COMMANDS = [
    *("kubectl run late --image=registry.example.com/myapp:1.0", "sleep 2; kubectl get pods -A"),
    *("kubectl describe pod late", "kubectl get secrets -o yaml", "kubectl delete pod late --now"),
]
MOST_MESSAGES, MOST_BYTES = 10, 15_000
# Seconds of a quiet machine, of the page and the kernel for a command, from Enter to all that follows its answer.
MOST_CPU = 0.08


DRAFT = "a: b: c"
CLEAR = "() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')"
SIMPLE = "() => { window.jupyterapp.shell.mode = 'single-document'; }"
CLOSE = "() => [...window.jupyterapp.shell.widgets('main')].find((one) => one.sessionContext).dispose()"
MULTIPLE = "() => { window.jupyterapp.shell.mode = 'multiple-document'; }"
# JupyterLab scrolls cells away on its way to the last one, and such a cell has no place afterwards. An entry with one
# counts as far as its other nodes moved: the share of the window that they cover, before or after, times the longest
# way.
SHIFTS = """() => {
    window.shifts = [];
    const cellOf = (node) => (node.closest ? node : node.parentElement)?.closest(".jp-Cell");
    const isLeaving = ({node, previousRect: before, currentRect: after}) =>
        before.width && !after.width && (!node?.isConnected || cellOf(node));
    const common = (one, other, start, end) =>
        Math.max(0, Math.min(one[end], other[end]) - Math.max(one[start], other[start]));
    const area = ({width, height}) => width * height;
    const cover = ({previousRect: before, currentRect: after}) => area(before) + area(after)
        - common(before, after, "left", "right") * common(before, after, "top", "bottom");
    const way = ({previousRect: before, currentRect: after}) =>
        Math.max(Math.abs(before.x - after.x), Math.abs(before.y - after.y));
    const valueOf = ({sources, value}) => {
        const others = sources.filter((one) => !isLeaving(one));
        if (others.length === sources.length) return value;
        const covered = others.reduce((sum, one) => sum + cover(one), 0) / (innerWidth * innerHeight);
        return Math.min(value, covered * Math.max(0, ...others.map(way)) / Math.max(innerWidth, innerHeight));
    };
    const keep = (list) => window.shifts.push(...list.getEntries().map(valueOf));
    new PerformanceObserver(keep).observe({type: "layout-shift"});
}"""
SHIFT = "window.shifts.reduce((sum, value) => sum + value, 0)"
MOST_SHIFT = 0.1
WIDTH = "() => document.querySelector('.jp-NotebookPanel .jp-Cell').getBoundingClientRect().width"


@pytest.fixture
def terminal(folder: Path, open_notebook: Callable[[str], Notebook]) -> Terminal:
    """A docked workbench on whose terminal a Pod without credentials was made."""
    write_notebook(folder / "try.ipynb")
    notebook = open_notebook("try.ipynb")
    notebook.run_all()
    return begin(notebook)


def test_a_reloaded_page_shows_what_was_there_and_a_lost_kernel_is_told(terminal: Terminal, lab: Any) -> None:
    terminal.run("echo kept")
    expect(terminal.screen.locator(".output").last).to_have_text("kept\n")
    terminal.run("nano draft.yaml")
    terminal.root.get_by_label("Text of draft.yaml").press_sequentially(DRAFT)
    expect(terminal.root.get_by_text("Not saved yet.")).to_be_visible()
    expect(terminal.root.get_by_text("✗ Line 1")).to_be_visible()  # by then the kernel has read the draft
    terminal.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    terminal.page.reload()
    expect(terminal.root.get_by_label("Text of draft.yaml")).to_have_value(DRAFT)
    terminal.press("Close")
    terminal.press("Close without saving")
    expect(terminal.prompt).to_be_focused()
    expect(terminal.screen).to_contain_text(f"$ {TOP}")
    terminal.run("echo and on")
    expect(terminal.screen.locator(".output").last).to_have_text("and on\n")
    lab.end_kernels()
    terminal.run("kubectl get pods")
    expect(terminal.root.get_by_text("Disconnected: this kernel is gone.")).to_be_visible()
    expect(terminal.prompt).to_have_value("kubectl get pods")


def test_the_cluster_says_how_many_objects_it_leaves_out(terminal: Terminal) -> None:
    items = terminal.page.locator(".ks-namespace li")
    expect(items).to_have_text(["✗Pod web 0/1 ErrImagePull", "ServiceAccount default"])
    terminal.run("kubectl create deployment many --image=nginx --replicas=90")
    expect(items).to_have_count(81)
    expect(items.last).to_have_text("and 13 more")


def test_the_terminal_outlives_the_cell_that_showed_it(terminal: Terminal, lab: Any) -> None:
    page = terminal.page
    first = page.locator(".jp-NotebookPanel .jp-CodeCell").first
    for number, again in enumerate((RUN_ALL, RUN_ALL, CLEAR)):
        page.evaluate(again, SECONDS * 1000)
        if again == CLEAR:
            expect(first.locator(".jp-OutputArea-output")).to_have_count(0)
        terminal.run(f"echo {number}")
        expect(terminal.screen.locator(".output").last).to_have_text(f"{number}\n")
    terminal.press("+10 s")
    expect(terminal.screen.locator(".note")).to_have_text(re.compile("# 10 s later: .+"))
    before = terminal.screen.inner_text()
    lab.end_kernels()
    terminal.run("kubectl get pods")
    expect(terminal.root.get_by_text("Disconnected: this kernel is gone.")).to_be_visible()
    assert terminal.screen.inner_text() == before  # no line of it is lost with the answer


def cpu(browser: Browser) -> float:
    """Seconds that the pages and the kernels have computed so far."""
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    pages = sum(one["cpuTime"] for one in processes if one["type"] == "renderer")
    kernels = [one for one in psutil.Process().children(recursive=True) if "ipykernel_launcher" in one.cmdline()]
    return float(pages + sum(sum(kernel.cpu_times()[:2]) for kernel in kernels))


def test_a_command_is_answered_quickly_at_the_end_of_a_notebook(
    open_notebook: Callable[[str], Any], loaded_page: Page, browser: Browser
) -> None:
    messages: list[int] = []

    def listen(socket: WebSocket) -> None:
        for event in ("framesent", "framereceived"):
            socket.on(event, lambda payload: messages.append(len(payload)))

    loaded_page.on("websocket", listen)
    notebook = open_notebook("03-when-the-pull-fails.ipynb")
    notebook.run("load")
    notebook.prompt.wait_for()
    place = at_rest(notebook.prompt.bounding_box)
    notebook.run_all()
    assert eventually(notebook.prompt.bounding_box, place) == place  # whatever is drawn above it
    counts, sizes = [], []
    for command in COMMANDS:
        messages.clear()
        notebook.page.evaluate(ENTER, [command])
        counts.append(len(messages))
        sizes.append(sum(messages))
    loaded_page.remove_listener("websocket", listen)
    assert 0 < min(counts) <= max(counts) <= MOST_MESSAGES
    assert max(sizes) <= MOST_BYTES
    assert min(spent(notebook.page, browser) / slowness() for _ in range(3)) <= MOST_CPU


def spent(page: Page, browser: Browser) -> float:
    """Seconds of computing for a command."""
    before = cpu(browser)
    page.evaluate(ENTER, COMMANDS * 2)
    return (cpu(browser) - before) / len(COMMANDS * 2)


def test_little_moves_while_all_cells_run(open_notebook: Callable[[str], Any]) -> None:
    """The text has the width from the start that it keeps beside the bench, so that nothing wraps anew."""
    notebook = open_notebook("03-when-the-pull-fails.ipynb")
    width = at_rest(lambda: notebook.page.evaluate(WIDTH))
    notebook.page.evaluate(SHIFTS)
    notebook.run_all()
    expect(notebook.page.locator(".ks-docked")).to_have_count(1)
    assert at_rest(lambda: notebook.page.evaluate(WIDTH)) == pytest.approx(width, abs=0.5)
    assert notebook.page.evaluate(SHIFT) <= MOST_SHIFT


def test_in_simple_mode_it_is_in_the_cell(folder: Path, open_notebook: Callable[[str], Any]) -> None:
    write_notebook(folder / "try.ipynb")
    notebook = open_notebook("try.ipynb")
    notebook.page.evaluate(SIMPLE)
    try:
        notebook.run_all()
        expect(notebook.page.locator(".ks-place .ks-bench")).to_have_count(1)
        expect(notebook.page.locator(".ks-dock")).to_have_count(0)
    finally:
        notebook.page.evaluate(MULTIPLE)


def test_two_notebooks_have_a_bench_each_and_a_new_kernel_takes_the_place_of_the_old(terminal: Terminal) -> None:
    page = terminal.page
    first = page.locator(".lm-TabBar-tab", has_text="try.ipynb")
    first.click()
    page.evaluate(RESTART)
    expect(terminal.root).to_contain_text("Disconnected: this kernel is gone.")
    page.evaluate(RUN_ALL, SECONDS * 1000)
    expect(page.locator(".ks-dock .ks-bench")).to_have_count(1)
    expect(terminal.screen).to_have_text("")
    expect(page.locator(".ks-bench")).not_to_contain_text("Disconnected")
    terminal.run("echo new")
    expect(terminal.screen.locator(".output").last).to_have_text("new\n")
    first.click()
    shutil.copy(terminal.workspace.parent / "try.ipynb", terminal.workspace.parent / "other.ipynb")
    page.evaluate(OPEN, f"{terminal.workspace.parent.name}/other.ipynb")
    page.evaluate(RUN_ALL, SECONDS * 1000)
    tabs = page.locator(".lm-TabBar-tab", has_text="Workbench")
    expect(tabs).to_have_text(["Workbench other"])
    first.click()
    expect(tabs).to_have_text(["Workbench try"])


def test_a_closed_tab_takes_its_bench_along_and_finds_the_cluster_again(terminal: Terminal) -> None:
    page, path = terminal.page, f"{terminal.workspace.parent.name}/try.ipynb"
    terminal.press("Undo")
    expect(terminal.screen.locator(".note")).to_have_text("# Reverted: `sleep 5`\n")
    terminal.press("Redo")
    expect(terminal.screen.locator(".note").last).to_have_text("# Done again: `sleep 5`\n")
    page.evaluate("async () => { await window.jupyterapp.commands.execute('docmanager:save'); }")
    page.evaluate(CLOSE)
    expect(page.locator(".ks-bench")).to_have_count(0)
    page.evaluate(OPEN, path)
    page.evaluate(RUN_ALL, SECONDS * 1000)
    expect(page.locator(".ks-dock .ks-bench")).to_have_count(1)
    expect(page.locator(".jp-OutputArea-output", has_text=TABLE).last).to_contain_text("web")
    expect(terminal.screen).to_contain_text("pod/web created")
