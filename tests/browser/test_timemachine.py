"""The time machine by keyboard alone: back through a pull that was refused, and forth to what was typed meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Locator, expect

CELLS = {
    "load": "%load_ext kubesim.jupyter",
    "terminal": "%%kubectl\nkubectl run web --image=registry.example.com/myapp:1.0\nsleep 30",
    "machine": "%timemachine web",
}


@pytest.fixture
def notebook(folder: Path, open_notebook: Callable[[str], Any]) -> Any:
    """A terminal with a Pod whose image is refused, and its time machine."""
    cells = [nbformat.v4.new_code_cell(source, id=name) for name, source in CELLS.items()]
    kernel = {"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / "past.ipynb")
    notebook = open_notebook("past.ipynb")
    notebook.run_all()
    return notebook


def test_the_past_is_read_with_the_arrow_keys(notebook: Any) -> None:
    machine: Locator = notebook.cell("machine").locator(".ks-time")
    slider, words = machine.get_by_role("slider", name="Moment"), machine.locator(".ks-words")
    pods, spoken = machine.locator("pre").first, machine.get_by_role("status")
    expect(words).to_contain_text("30 s after the beginning: sleep 30")
    slider.press("ArrowLeft")
    expect(words).to_contain_text("web: ErrImagePull")
    slider.press("ArrowLeft")
    expect(pods).to_contain_text("ImagePullBackOff")
    expect(slider).to_have_attribute("aria-valuetext", "13:59:14, 14 s after the beginning: web: ImagePullBackOff")
    expect(spoken).to_have_text("")
    slider.press("Home")
    expect(pods).to_have_text("No resources found in default namespace.\n")
    expect(machine).to_contain_text("There is no Pod web in the namespace default.")

    machine.get_by_role("button", name="Later").press("Enter")
    expect(spoken).to_have_text(
        "13:59:00, 0 s after the beginning: kubectl run web --image=registry.example.com/myapp:1.0"
    )
    prompt: Locator = notebook.cell("terminal").get_by_label("Command")
    prompt.fill("kubectl delete pod web --now")
    prompt.press("Enter")
    expect(slider).to_have_attribute("max", "6")
    expect(words).to_contain_text("kubectl run web")
    machine.locator("summary").press("Enter")
    for _ in range(2):  # the second time it is there already
        machine.get_by_role("button", name="kubectl delete pod web --now").press("Enter")
    expect(pods).to_have_text("No resources found in default namespace.\n")
    expect(machine.locator("[aria-current]")).to_contain_text("kubectl delete pod web --now")
    machine.get_by_role("button", name="Earlier").press("Enter")
    expect(words).not_to_contain_text("kubectl delete pod web --now")
