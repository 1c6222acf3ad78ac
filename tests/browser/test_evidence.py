"""What commands print is read to its end: lines wrap below their last column, in the terminal and below cells."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

from browser.conftest import as_saved
from tests.patience import once_drawn

EVENTS = "kubectl events --for pod/web --types=Warning"
CELLS = {
    "load": "%load_ext kubesim.jupyter\n%workbench",
    "events": f"%%kubectl\nkubectl run web --image=registry.example.com/myapp:1.0\nsleep 5\n{EVENTS}",
    "describe": "%%kubectl\nkubectl describe pod web",
    "mistake": '%%kubectl\nkubectl patch pod web -p \'{"spec":{"imagePullSecrets":[{"name":"regcred"}]}}\'',
    "last": "%%kubectl\nkubectl get pods -o wide",
}
END = "no basic auth credentials"

# The texts that are cut at the right, or must be scrolled to.
OVERFLOWING = """root => [root, ...root.querySelectorAll("*")]
    .filter((node) => node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).overflowX !== "visible")
    .map((node) => node.textContent.slice(0, 80))"""
# Where the second row of a line begins that has several, counted in letters from where its first row begins.
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
# Which cells of a table's line begin a row on the screen.
ROWS = """line => {
    const tops = [...line.children].map((cell) => Math.round(cell.getBoundingClientRect().top));
    return tops.flatMap((top, number) => top === tops[number - 1] ? [] : [number]);
}"""
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
    """A notebook whose cells print long lines."""
    cells = [nbformat.v4.new_code_cell(source, id=name) for name, source in CELLS.items()]
    kernel = {"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), shared_folder / "evidence.ipynb")
    notebook = open_shared("evidence.ipynb")
    notebook.run_all()
    for name in list(CELLS)[1:]:
        expect(printed(notebook, name).locator(".ks-line").first).to_be_visible()  # once the page has laid it out
    return notebook


def printed(notebook: Any, name: str) -> Locator:
    """What the cell of that name printed."""
    text: Locator = notebook.cell(name).locator(".jp-RenderedText pre")
    return text


@once_drawn
def overflowing(text: Locator) -> list[str]:
    """What is cut at the right of a text."""
    return list(text.evaluate(OVERFLOWING))


def screen(page: Page) -> Locator:
    return page.locator(".ks-bench").get_by_role("log")


def test_the_end_of_every_line_is_on_the_screen(notebook: Any) -> None:
    notebook.prompt.fill(f"{EVENTS}; kubectl describe pod web")
    notebook.prompt.press("Enter")
    expect(screen(notebook.page)).to_contain_text(END)
    for text in (*(printed(notebook, name) for name in list(CELLS)[1:]), screen(notebook.page)):
        assert overflowing(text) == []


def test_a_message_hangs_below_its_column(notebook: Any) -> None:
    message = screen(notebook.page).locator(".ks-line", has_text=END).first
    events = screen(notebook.page).locator(".ks-line", has_text="LAST SEEN").inner_text()
    column = events.index("MESSAGE")
    assert set(message.evaluate(HANGING)) <= {column, 4}  # below the other columns, if there isn't room beside them
    field = printed(notebook, "describe").locator(".ks-line", has_text="Image:").first
    assert field.evaluate(HANGING) == []
    assert field.evaluate("line => line.style.getPropertyValue('--hang')") == f"{len('    Image:          ')}ch"


def test_rows_of_short_cells_wrap_between_two_columns_all_at_the_same_one(notebook: Any) -> None:
    lines = printed(notebook, "last").locator(".ks-cells")
    expect(lines).to_have_count(2)
    heading, row = [line.evaluate(ROWS) for line in lines.all()]
    assert heading == row
    assert len(row) == 2


def test_what_is_copied_is_what_was_printed(notebook: Any, shared_folder: Path) -> None:
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


def test_lines_can_be_seen_unwrapped_but_prose_always_wraps(notebook: Any) -> None:
    button = notebook.page.get_by_role("button", name="Wrap lines")
    expect(button).to_have_attribute("aria-pressed", "true")
    button.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "false")
    try:
        assert screen(notebook.page).evaluate(OVERFLOWING) != []
        assert printed(notebook, "events").evaluate(OVERFLOWING) != []
        notebook.prompt.press("Control+l")
        notebook.prompt.fill("why web; kubectl run 'a b' --image=x; kubectl get nodes --output=wide-and-more")
        notebook.prompt.press("Enter")
        expect(screen(notebook.page)).to_contain_text("allowed formats")
        assert overflowing(screen(notebook.page)) == []
    finally:
        button.press("Enter")
