"""The terminal in a real page: typed into, edited in, and used by everyone, by keyboard, in both themes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.access import cut_parts, tab_through, violations
from tests.browser.conftest import IN_NOTEBOOK, VIEWPORT, Notebook, wait_until
from tests.browser.contrast import pale_texts
from tests.browser.terminal import TABLE, TOP, Terminal, begin, write_notebook
from tests.patience import at_rest, eventually

NOTEBOOK = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook"
# How many parts stand out of the terminal's frame; only its screen may scroll sideways.
OUTSIDE = """root => [...root.querySelectorAll("*")].filter((node) => node.checkVisibility()
    && !node.closest(".screen")
    && node.getBoundingClientRect().right > root.getBoundingClientRect().right + 1).length"""
# Notebook 7 looks for shortcuts before a widget hears of a key, and leaves out what is marked.
WATCH = """() => {
    window.unmarked = [];
    document.addEventListener("keydown", ({target, key}) => {
        if (!target.hasAttribute("data-lm-suppress-shortcuts")) window.unmarked.push(key);
    }, true);
}"""
KEYS_OF_BASH = [
    ("Control+w", "kubectl get pods "),  # only where the page isn't in a tab of a browser
    ("Alt+Backspace", "kubectl get "),
    ("Alt+.", "kubectl get name"),
    ("Alt+.", "kubectl get 'last word'"),
    ("Control+u", ""),
    ("Control+z", "kubectl get 'last word'"),
    ("Control+a Delete", "ubectl get 'last word'"),
    ("Control+d", "bectl get 'last word'"),
    ("Control+e Backspace", "bectl get 'last word"),
    ("Control+a Control+k", ""),
    ("k ArrowUp", "kubectl get nodes -o name"),
    ("ArrowUp", "kubectl get pods"),
    ("ArrowDown ArrowDown", "k"),
]
CUT = """screen => {
    const {top} = screen.getBoundingClientRect();
    const tops = [...screen.querySelectorAll(".ks-line")].map((line) => line.getBoundingClientRect());
    const first = tops.find(({bottom}) => bottom > top + 1);
    return Math.round(first.top - top);
}"""
REST = "screen => Math.round(screen.scrollHeight - screen.clientHeight - screen.scrollTop)"


@pytest.fixture(scope="module")
def notebook(shared_folder: Path, open_shared: Callable[[str], Notebook]) -> Notebook:
    """A notebook with a docked workbench."""
    write_notebook(shared_folder / "try.ipynb")
    notebook = open_shared("try.ipynb")
    notebook.run_all()
    return notebook


@pytest.fixture
def terminal(notebook: Notebook) -> Terminal:
    """The terminal of a fresh cluster, with no files and nothing on its screen but the run of a Pod."""
    page, terminal = notebook.page, Terminal(notebook.page, notebook.path.parent / "workspace")
    page.set_viewport_size(VIEWPORT)
    expect(page.locator(".ks-dock .ks-bench")).to_be_visible()
    terminal.press("New cluster…")
    page.keyboard.press("Enter")
    expect(terminal.screen).to_have_text("# a fresh cluster; your files are still there\n")
    for path in terminal.workspace.glob("[!.]*"):
        path.unlink()
    terminal.prompt.press("Control+l")
    expect(terminal.screen).to_have_text("")
    return begin(notebook)


def active(page: Page) -> Locator:
    """What has the keyboard."""
    return page.locator(":focus")


def test_typing_completion_and_history(terminal: Terminal) -> None:
    terminal.prompt.press_sequentially("kubectl get po")
    terminal.prompt.press("Tab")
    expect(terminal.prompt).to_have_value("kubectl get pods ")
    terminal.prompt.press("Enter")
    expect(terminal.screen.get_by_text(TABLE)).to_have_count(2)
    terminal.prompt.press_sequentially("kubectl get r")
    terminal.prompt.press("Tab")
    expect(terminal.root.locator(".candidates span")).to_have_text(["replicasets", "rolebindings", "roles"])
    terminal.prompt.press("Control+c")
    expect(terminal.prompt).to_have_value("")
    terminal.prompt.press("ArrowUp")
    expect(terminal.prompt).to_have_value("kubectl get pods ")
    terminal.prompt.press("ArrowUp")
    terminal.prompt.press("Control+c")
    terminal.prompt.press("ArrowUp")
    expect(terminal.prompt).to_have_value("kubectl get pods ")  # the newest again
    terminal.prompt.press("ArrowUp")
    terminal.prompt.press("ArrowDown")
    terminal.prompt.press("ArrowDown")
    expect(terminal.prompt).to_have_value("")
    terminal.prompt.press("Tab")
    expect(active(terminal.page)).to_have_text("+10 s")
    terminal.prompt.press("Escape")
    expect(terminal.root.locator(":focus")).to_have_count(0)


def test_words_can_be_read(terminal: Terminal) -> None:
    terminal.run("kubectl get pod none; nothere; nano new.yaml")
    terminal.root.get_by_label("Text of new.yaml").fill("a: b: c")
    expect(terminal.root.get_by_text("✗ Line 1")).to_be_visible()
    assert pale_texts(terminal.root) == []
    terminal.press("Close")
    assert pale_texts(terminal.root) == []
    terminal.press("Close without saving")
    expect(terminal.prompt).to_be_focused()
    terminal.prompt.press_sequentially("kubectl get r")
    terminal.prompt.press("Tab")
    expect(terminal.root.locator(".candidates span").first).to_be_visible()
    assert pale_texts(terminal.root) == []
    assert_fits(terminal, width=560)


def assert_fits(terminal: Terminal, width: int) -> None:
    """Assert that a long line stays inside the terminal in a page of this width, and shows whole."""
    terminal.page.set_viewport_size({"width": width, "height": 800})
    terminal.prompt.fill("kubectl create secret docker-registry regcred --docker-server=registry.example.com")
    assert eventually(lambda: terminal.root.evaluate(OUTSIDE), 0) == 0
    whole = "input => input.scrollHeight <= input.clientHeight + 1"
    assert eventually(lambda: terminal.prompt.evaluate(whole), True)


def test_blocks_of_several_lines_are_kept_whole(terminal: Terminal) -> None:
    block = "cat > a.yaml <<EOF\nkind: Pod\n\n  name: x\nEOF\ncat a.yaml"
    terminal.page.evaluate("text => navigator.clipboard.writeText(text)", block)
    terminal.prompt.press("Control+v")
    expect(terminal.prompt).to_have_value(block)
    terminal.prompt.press("Enter")
    expect(terminal.screen.locator(".output").last).to_have_text("kind: Pod\n\n  name: x\n")
    assert (terminal.workspace / "a.yaml").read_text() == "kind: Pod\n\n  name: x\n"
    terminal.run("cat > b.txt <<EOF")
    expect(terminal.prompt).to_have_value("cat > b.txt <<EOF\n")
    expect(terminal.root.locator(".prompt [data-sign]").last).to_have_attribute("data-sign", ">")
    terminal.run("one")
    terminal.run("EOF")
    terminal.run("cat b.txt")  # typed ahead, without waiting for the answers
    expect(terminal.screen.locator(".output").last).to_have_text("one\n")


def test_what_was_said_is_text_and_can_be_cleared(terminal: Terminal) -> None:
    terminal.run("echo '<img src=x onerror=alert(1)><b>bold</b>'")
    expect(terminal.screen.locator(".output").last).to_have_text("<img src=x onerror=alert(1)><b>bold</b>\n")
    expect(terminal.screen.locator("img, b")).to_have_count(0)
    terminal.prompt.press("Control+l")
    expect(terminal.screen).to_have_text("")
    terminal.run("echo one")
    expect(terminal.screen).to_have_text("$ echo one\none\n")


def test_fast_forward_and_restart(terminal: Terminal) -> None:
    clock = terminal.root.locator(".clock")
    before = clock.inner_text()
    terminal.press("+1 min")
    expect(terminal.screen.locator(".note")).to_have_text("# 1 min later: each Pod is as before\n")
    expect(clock).not_to_have_text(before)
    terminal.press("Until something changes")
    expect(terminal.screen.locator(".note").last).to_have_text(re.compile(r"# \d+ s later: web is \w+"))
    terminal.press("New cluster…")
    expect(terminal.root.get_by_role("alertdialog")).to_be_visible()
    terminal.page.keyboard.press("Escape")
    expect(active(terminal.page)).to_have_text("New cluster…")
    terminal.press("New cluster…")
    terminal.page.keyboard.press("Enter")
    expect(terminal.screen).to_have_text("# a fresh cluster; your files are still there\n")
    expect(terminal.prompt).to_be_focused()
    terminal.run("kubectl get pods")
    expect(terminal.screen).to_contain_text("No resources found in default namespace.")


def test_the_editor_by_keyboard_alone(terminal: Terminal) -> None:
    page, text = terminal.page, terminal.root.get_by_label("Text of pod.yaml")
    terminal.run("nano pod.yaml")
    expect(text).to_be_focused()
    page.keyboard.type("kind: Pod\nspec: a: b")
    expect(terminal.root.get_by_text("✗ Line 2: a ':' too many, or this line is indented too far")).to_be_visible()
    for _ in "a: b":
        page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("x: 1")
    expect(text).to_have_value("kind: Pod\nspec: \n  x: 1")
    page.keyboard.press("Control+z")
    expect(text).not_to_have_value("kind: Pod\nspec: \n  x: 1")
    page.keyboard.press("Control+y")
    page.keyboard.press("Control+o")
    expect(terminal.root.get_by_text("Saved pod.yaml.")).to_be_visible()
    assert (terminal.workspace / "pod.yaml").read_text() == "kind: Pod\nspec: \n  x: 1\n"
    page.keyboard.type("\n# more")
    page.keyboard.press("Control+x")
    expect(active(page)).to_have_text("Save and close")
    page.keyboard.press("Enter")
    expect(terminal.prompt).to_be_focused()
    expect(terminal.screen.locator(".note")).to_have_text("# saved pod.yaml (4 lines)\n")
    terminal.run("nano pod.yaml")
    expect(text).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(active(page)).to_have_text("Save")
    expect(text).to_have_value("kind: Pod\nspec: \n  x: 1\n# more\n")
    text.press("Control+x")
    expect(terminal.prompt).to_be_focused()


def test_the_keys_of_bash(terminal: Terminal) -> None:
    prompt, page = terminal.prompt, terminal.page
    terminal.run("echo 'last word'")
    terminal.run("kubectl get nodes -o name")
    expect(terminal.screen).to_contain_text("node/sim-worker")
    prompt.fill("kubectl get pods web")
    for keys, line in KEYS_OF_BASH:
        for key in keys.split():
            prompt.press(key)
        expect(prompt).to_have_value(line)

    prompt.press("Control+r")
    sought = terminal.root.get_by_label("Search the history")
    expect(sought).to_be_focused()
    expect(prompt).to_have_value("kubectl get nodes -o name")
    page.keyboard.type("ubectl")
    for key, line in [
        ("Control+r", "kubectl get pods"),
        ("Control+r", f"{TOP} --image=registry.example.com/myapp:1.0"),
    ]:
        page.keyboard.press(key)
        expect(prompt).to_have_value(line)
    page.keyboard.type(" nothing")
    expect(terminal.root.get_by_text("No other command has this.")).to_be_visible()
    assert pale_texts(terminal.root) == []
    sought.press("Control+c")  # a change of themes may take the focus
    expect(prompt).to_have_value("k")
    expect(prompt).to_be_focused()
    prompt.fill("")
    prompt.press("Control+r")
    page.keyboard.type("last")
    page.keyboard.press("Enter")
    expect(terminal.screen.locator(".output").last).to_have_text("last word\n")
    expect(prompt).to_be_focused()


def test_vi_is_left_as_vi_is_left(terminal: Terminal) -> None:
    page, said = terminal.page, terminal.root.locator(".editor .status")
    text, line = terminal.root.get_by_label("Text of pod.yaml"), terminal.root.get_by_label("As in vi")
    terminal.run("vi pod.yaml")
    expect(terminal.root.get_by_text("Escape, then :wq and Enter saves and closes")).to_be_visible()
    expect(text).to_be_focused()
    page.keyboard.type("ikind: Pod")
    expect(text).to_have_value("kind: Pod")
    for command, message in [
        (":q", "E37: No write since last change (add ! to override)"),
        ("dd", "E492: Not an editor command: dd"),
    ]:
        page.keyboard.press("Escape")
        expect(line).to_be_focused()
        page.keyboard.type(command)
        page.keyboard.press("Enter")
        expect(said).to_have_text(message)
        expect(text).to_be_focused()
    page.keyboard.press("Escape")
    assert pale_texts(terminal.root) == []
    text.focus()  # which the change of themes may take
    page.keyboard.press("Escape")
    page.keyboard.type(":w")
    expect(line).to_have_value(":w")
    page.keyboard.press("Enter")
    expect(said).to_have_text("Saved pod.yaml.")
    page.keyboard.type("\nspec: {}")
    page.keyboard.press("Escape")
    page.keyboard.type("i\n:x\n")  # back to the text, and Escape forgotten
    expect(terminal.prompt).to_be_focused()
    expect(terminal.screen.locator(".note")).to_have_text("# saved pod.yaml (2 lines)\n")
    assert (terminal.workspace / "pod.yaml").read_text() == "kind: Pod\nspec: {}\n"
    terminal.run("vim pod.yaml")
    text.press_sequentially("lost")
    page.keyboard.press("Escape")
    page.keyboard.type(":q!\n")
    expect(terminal.screen.locator(".note").last).to_have_text("# closed pod.yaml, nothing was saved\n")
    assert (terminal.workspace / "pod.yaml").read_text() == "kind: Pod\nspec: {}\n"


def cells(page: Page) -> int:
    """The number of cells of the notebook."""
    return page.locator(f"{NOTEBOOK} .jp-Cell").count()


def test_letters_never_reach_the_notebook_and_the_prompt_gets_the_focus_back(terminal: Terminal) -> None:
    page, bench = terminal.page, terminal.page.locator(".ks-bench")
    terminal.press("+10 s")
    expect(terminal.prompt).to_be_focused()
    terminal.press("Until something changes")
    expect(terminal.prompt).to_be_focused()
    bench.get_by_text("Why? The attempt of").click()
    expect(terminal.prompt).to_be_focused()
    terminal.screen.get_by_text("pod/web created").click()
    expect(terminal.prompt).to_be_focused()
    bench.get_by_text("What's wrong, and how to fix it").click()
    bench.get_by_role("button", name="Fill in").first.click()
    expect(terminal.prompt).to_be_focused()
    expect(terminal.prompt).to_have_value(re.compile(r"^kubectl create secret docker-registry (?s:.+)$"))
    before = cells(page)
    page.evaluate(WATCH)
    for part in (terminal.screen, bench.get_by_role("button", name="+10 s"), bench.locator("summary:visible").first):
        part.focus()
        page.keyboard.type("ddab")
        page.keyboard.press("ArrowDown")
        expect(part).to_be_focused()
    assert cells(page) == before
    page.get_by_role("button", name="Show the workbench").focus()
    page.keyboard.type("ab")
    assert cells(page) == before
    assert page.evaluate("window.unmarked") == []
    terminal.prompt.focus()
    page.keyboard.press("Escape")
    wait_until(page, IN_NOTEBOOK)


def test_it_is_closed_reopened_and_moved_where_there_is_room(terminal: Terminal) -> None:
    page, bench = terminal.page, terminal.page.locator(".ks-bench")
    dock = page.locator(".ks-dock")
    page.locator(".lm-TabBar-tab", has_text="Workbench").locator(".lm-TabBar-tabCloseIcon").click()
    expect(bench).to_have_count(0)
    page.get_by_role("button", name="Show the workbench").click()
    expect(dock.locator(".ks-bench")).to_be_visible()
    expect(terminal.prompt).to_be_focused()
    expect(terminal.screen).to_contain_text("pod/web created")
    page.set_viewport_size({"width": 640, "height": 800})
    expect(page.locator(f"{NOTEBOOK} .ks-bench")).to_be_visible()
    expect(dock).to_have_count(0)
    assert cut_parts(page, 390) == []
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(dock.locator(".ks-bench")).to_be_visible()
    terminal.run("echo still here")
    expect(terminal.screen.locator(".output").last).to_have_text("still here\n")


def test_an_empty_prompt_names_the_keys_that_fit(terminal: Terminal) -> None:
    for room, keys in ((500, " (Tab completes, Ctrl+` leads here)"), (350, " (Tab completes)"), (200, "")):
        terminal.prompt.evaluate("(input, room) => { input.style.width = `${room}px`; }", room)
        expect(terminal.prompt).to_have_attribute("placeholder", f"Type a command{keys}")
    terminal.prompt.evaluate("input => { input.style.width = ''; }")


def test_everyone_can_use_it(terminal: Terminal) -> None:
    assert violations(terminal.page) == []
    assert tab_through(terminal.page.locator(".ks-bench")) == []


def test_a_long_output_begins_with_a_whole_line_and_stays_at_its_end_in_another_size(terminal: Terminal) -> None:
    terminal.run("kubectl describe pod web")
    expect(terminal.screen.locator(".output").last).to_contain_text("Back-off pulling image")
    for height in (900, 760, 830):
        terminal.page.set_viewport_size({"width": 1280, "height": height})
        assert at_rest(lambda: terminal.screen.evaluate(REST)) <= 1
        assert at_rest(lambda: terminal.screen.evaluate(CUT)) >= -1
