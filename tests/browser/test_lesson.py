"""A pull that is fixed: the path on the workbench follows, in both themes, and the picture in the text stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.access import LISTEN
from tests.browser.contrast import pale_texts
from tests.browser.terminal import SECRET, enter, write_notebook

POD = (
    "kubectl delete pod early --now; kubectl run early --image=registry.example.com/myapp:1.0 "
    """--overrides='{"spec":{"imagePullSecrets":[{"name":"regcred"}]}}'; sleep 5"""
)
CELLS = {
    "load": "%load_ext kubesim.jupyter\n%workbench",
    "run": "%%kubectl\nkubectl run early --image=registry.example.com/myapp:1.0\nsleep 5",
    "flow": "%flow early",
}


@pytest.fixture
def notebook(folder: Path, open_notebook: Callable[[str], Any]) -> Any:
    """A notebook with a picture of a Pod that lists no Secret."""
    write_notebook(folder / "lesson.ipynb", CELLS)
    notebook = open_notebook("lesson.ipynb")
    notebook.run_all()
    return notebook


def test_the_path_turns_from_failed_to_passed_as_the_learner_fixes_it(notebook: Any) -> None:
    flow: Locator = notebook.cell("flow").locator(".ks-flow")
    bench: Locator = notebook.page.locator(".ks-bench")
    expect(flow).to_contain_text("Pod spec stuck here")
    expect(flow).to_contain_text("What's wrong")
    assert pale_texts(flow) == []
    bench.get_by_role("button", name="Pod early").click()
    expect(notebook.prompt).to_have_value("kubectl describe pod early")
    road = bench.locator(".ks-road")
    expect(road).to_contain_text("Pod spec stuck here")
    notebook.page.evaluate(LISTEN)
    enter(notebook.prompt, SECRET)
    expect(bench.get_by_role("log")).to_contain_text("secret/regcred created")
    expect(bench.get_by_role("button", name="Secret regcred")).to_be_visible()
    bench.get_by_text("What's wrong, and how to fix it").click()
    words = bench.locator(".ks-advice pre .ks-word:visible")
    expect(words.first).to_be_visible()
    assert max(words.evaluate_all("all => all.map((word) => word.clientHeight)")) < 30  # one line, hyphens or not
    heard = [who for who in notebook.page.evaluate("window.heard") if who != "notice"]  # of a kernel that is slow today
    assert heard == ["Terminal output"]
    enter(notebook.prompt, POD)
    expect(road).to_contain_text("Registry passed")
    expect(road).not_to_contain_text("stuck")
    expect(bench.locator("> [role=status]")).to_have_text("The image is on the node and the container may start.")
    expect(flow).to_contain_text("Pod spec stuck here")
    assert pale_texts(bench) == []
