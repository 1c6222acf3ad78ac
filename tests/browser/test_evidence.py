"""Long output below cells and in the terminal: prose wraps, tables scroll, and the end of an answer is visible."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import as_saved
from tests.browser.contrast import pale_texts
from tests.browser.terminal import write_notebook
from tests.browser.test_terminal import CUT
from tests.patience import at_rest, once_drawn

EVENTS = "kubectl events --for pod/web --types=Warning"
CELLS = {
    "load": "%load_ext kubesim.jupyter\n%workbench",
    "events": f"%%kubectl\nkubectl run web --image=registry.example.com/myapp:1.0\nsleep 5\n{EVENTS}",
    "describe": "%%kubectl\nkubectl describe pod web",
    "mistake": '%%kubectl\nkubectl patch pod web -p \'{"spec":{"imagePullSecrets":[{"name":"regcred"}]}}\'',
    "last": "%%kubectl\nkubectl get pods -o wide",
}
# The end of the message of the failed pull.
END = "no basic auth credentials"

# JavaScript: the texts that are cut at the right or have to be scrolled to, other than tables, which show that.
OVERFLOWING = """root => [root, ...root.querySelectorAll("*")]
    .filter((node) => !node.matches(".ks-table[tabindex]"))
    .filter((node) => node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).overflowX !== "visible")
    .map((node) => node.textContent.slice(0, 80))"""
# JavaScript: the indents of the second and later rows of a wrapped line, in letters from the start of its first row.
HANGING = """line => {
    const letters = [...line.querySelectorAll(":scope > span:last-child")].at(-1) ?? line;
    const range = document.createRange();
    range.selectNodeContents(letters);
    const edges = new Map();
    for (const {left, top} of range.getClientRects()) edges.set(top, Math.min(left, edges.get(top) ?? left));
    const ruler = document.createElement("span");
    Object.assign(ruler, {textContent: "0", style: "position: absolute"});
    line.parentNode.append(ruler);
    const letter = ruler.getBoundingClientRect().width;
    ruler.remove();
    const [first, ...others] = edges.values();
    const start = line.querySelector("span")?.getBoundingClientRect().left ?? first;
    return others.map((left) => Math.round((left - start) / letter));
}"""
# JavaScript: the number of rows that a line takes.
ROWS = """line => {
    const range = document.createRange();
    range.selectNodeContents(line);
    return new Set([...range.getClientRects()].map(({top}) => Math.round(top / 4))).size;
}"""
# JavaScript: the starts of the values of fields, in CSS pixels from the left and in rows from the top of their lines.
VALUES = """lines => lines.map((line) => {
    const range = document.createRange();
    range.setStartAfter(line.querySelector(".ks-front"));
    range.setEndAfter(line.lastChild);
    const {left, top} = range.getClientRects()[0];
    const edge = line.getBoundingClientRect();
    return [Math.round(left - edge.left), Math.round((top - edge.top) / 8)];
})"""
# The smallest font size of a table, in CSS pixels.
LEAST = 10.5
# JavaScript: select and copy the whole content of a node, and return the clipboard's text.
COPY = """root => {
    const all = document.createRange();
    all.selectNodeContents(root);
    getSelection().removeAllRanges();
    getSelection().addRange(all);
    document.execCommand("copy");
    getSelection().removeAllRanges();
    return navigator.clipboard.readText();
}"""


@pytest.fixture(scope="module")
def notebook(shared_folder: Path, open_shared: Callable[[str], Any]) -> Any:
    """A notebook whose cells print long lines. All of them have run."""
    write_notebook(shared_folder / "evidence.ipynb", CELLS)
    notebook = open_shared("evidence.ipynb")
    notebook.run_all()
    for name in list(CELLS)[1:]:
        expect(printed(notebook, name).locator(".ks-line").first).to_be_visible()  # the page draws it late
    return notebook


def printed(notebook: Any, name: str) -> Locator:
    """The text output of the cell with that id."""
    text: Locator = notebook.cell(name).locator(".jp-RenderedText pre")
    return text


@once_drawn
def overflowing(text: Locator) -> list[str]:
    """The parts of a text that are cut at the right."""
    return list(text.evaluate(OVERFLOWING))


def screen(page: Page) -> Locator:
    """The screen of the terminal."""
    return page.locator(".ks-bench").get_by_role("log")


def test_no_line_is_cut_at_its_end(notebook: Any) -> None:
    notebook.prompt.fill(f"{EVENTS}; kubectl describe pod web")
    notebook.prompt.press("Enter")
    expect(screen(notebook.page)).to_contain_text(END)
    for text in (*(printed(notebook, name) for name in list(CELLS)[1:]), screen(notebook.page)):
        assert overflowing(text) == []


def test_a_wrapped_message_is_indented_to_its_column(notebook: Any) -> None:
    message = screen(notebook.page).locator(".ks-line", has_text=END).first
    events = screen(notebook.page).locator(".ks-line", has_text="LAST SEEN").text_content() or ""
    column = events.index("MESSAGE")
    assert set(message.evaluate(HANGING)) <= {column, 4}  # 4 below the other columns, without room beside them
    field = printed(notebook, "describe").locator(".ks-line", has_text="Image:").first
    assert field.evaluate(HANGING) == []
    assert field.evaluate("line => line.style.getPropertyValue('--hang')") == f"{len('    Image:          ')}ch"


def test_the_columns_of_a_describe_stay_aligned(notebook: Any) -> None:
    description = printed(notebook, "describe")
    rows = description.locator(".ks-row")
    assert [row.evaluate(ROWS) for row in rows.filter(has_text=re.compile("Message|-------")).all()] == [1, 1]
    sentences = rows.filter(has_text=re.compile("^  (Normal|Warning)")).locator("> :last-child")
    assert len(set(sentences.evaluate_all("all => all.map((one) => one.offsetLeft)"))) == 1  # all beside, or all below
    tolerations = description.locator(".ks-line", has_text="NoExecute")
    expect(tolerations).to_have_count(2)
    starts = tolerations.evaluate_all(VALUES)
    assert starts[0] == starts[1]
    assert [top for _left, top in starts] == [0, 0]  # on the line of the field's name, and of no blank line


def test_a_wide_table_shrinks_and_then_scrolls(notebook: Any) -> None:
    lines = printed(notebook, "last").locator(".ks-table .ks-line")
    expect(lines).to_have_count(2)
    assert [line.evaluate(ROWS) for line in lines.all()] == [1, 1]
    table = printed(notebook, "last").locator(".ks-table")
    expect(table).to_have_attribute("tabindex", "0")
    expect(table).to_have_class(re.compile("ks-goes-on"))
    assert table.evaluate("table => parseFloat(getComputedStyle(table).fontSize)") == LEAST
    table.evaluate("table => { table.scrollLeft = table.scrollWidth; }")
    expect(table).not_to_have_class(re.compile("ks-goes-on"))


def test_the_end_of_an_answer_is_visible_with_buttons_for_the_rest(notebook: Any) -> None:
    log, more = screen(notebook.page), notebook.page.locator(".kubesim-terminal .more button")
    notebook.prompt.press("Control+l")
    expect(log).to_have_text("")  # otherwise the end of an earlier answer would count
    notebook.prompt.fill("kubectl describe pod web")
    notebook.prompt.press("Enter")
    expect(log.get_by_text(END).last).to_be_in_viewport()
    expect(more).to_have_text(re.compile(r"^↑ \d+ lines above$"))
    more.press("Enter")
    expect(log.locator(".command").last).to_be_in_viewport()
    expect(more).to_have_text(re.compile(r"^↓ \d+ lines more · Events$"))
    more.press("Enter")
    expect(more).to_have_text(re.compile("above"))
    notebook.prompt.fill("why web")
    notebook.prompt.press("Enter")
    expect(log.locator(".command").last).to_be_in_viewport()  # an explanation is shown from its top
    notebook.prompt.fill("echo one")
    notebook.prompt.press("Enter")
    notebook.prompt.fill("why none")  # a short answer leaves the lines above it visible
    notebook.prompt.press("Enter")
    expect(log.locator(".command").last).to_have_text("$ why none\n")
    assert at_rest(lambda: log.evaluate(CUT)) >= -1


def test_words_have_readable_colors_below_cells_and_in_the_terminal(notebook: Any) -> None:
    for text in (printed(notebook, "events"), screen(notebook.page)):
        failed = text.locator(".sgr-31", has_text="ErrImagePull").last
        expect(failed).to_have_css("font-weight", "600")
        assert pale_texts(text) == []


def test_copied_text_is_the_printed_text(notebook: Any, shared_folder: Path) -> None:
    saved = as_saved(notebook.page)
    events = next(cell for cell in saved.cells if cell["id"] == "events")
    assert printed(notebook, "events").evaluate(COPY) == "".join(events["outputs"][0]["text"])
    table = "NAME   READY   MESSAGE\n" + f"web    0/1     {END * 9}\n" + f"  Message:  {END * 9}\n"
    (shared_folder / "workspace" / "table.txt").write_text(table, encoding="utf-8")
    notebook.prompt.press("Control+l")
    notebook.prompt.fill("cat table.txt")
    notebook.prompt.press("Enter")
    expect(screen(notebook.page).locator(".ks-row")).to_have_count(2)
    assert screen(notebook.page).evaluate(COPY) == f"cat table.txt\n{table}"


def test_long_prose_wraps(notebook: Any) -> None:
    notebook.prompt.press("Control+l")
    notebook.prompt.fill("why web; kubectl run 'a b' --image=x; kubectl get nodes --output=wide-and-more")
    notebook.prompt.press("Enter")
    expect(screen(notebook.page)).to_contain_text("allowed formats")
    assert overflowing(screen(notebook.page)) == []
