"""A lesson as a learner takes it: all cells, a wrong and a right answer, and a pull that is mended, in both themes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from browser.contrast import pale_texts

SECRET = (
    "kubectl create secret docker-registry regcred --docker-server=registry.example.com "
    "--docker-username=myuser --docker-password=mypassword"
)
POD = (
    "kubectl delete pod private --now; kubectl run private --image=registry.example.com/myapp:1.0 "
    """--overrides='{"spec":{"imagePullSecrets":[{"name":"regcred"}]}}'; sleep 5"""
)


@pytest.fixture
def notebook(open_notebook: Callable[[str], Any]) -> Any:
    """Notebook 00 with all its cells run."""
    notebook = open_notebook("00-start.ipynb")
    notebook.run_all()
    return notebook


def test_a_wrong_answer_is_explained_and_a_right_one_is_kept(notebook: Any) -> None:
    card: Locator = notebook.cell("quiz-who-pulls").locator(".ks-card")
    card.get_by_label("on your computer").check()
    card.get_by_role("button", name="Check").press("Enter")
    expect(card.get_by_role("status")).to_contain_text("Not yet")
    card.get_by_label("The kubelet on the node").check()
    card.get_by_role("button", name="Check").press("Enter")
    expect(card.get_by_role("status")).to_contain_text("Right")
    expect(card.get_by_role("button", name="Check")).to_have_count(0)
    assert pale_texts(card) == []
    assert "start-who-pulls" in (notebook.path.parent / "workspace" / ".progress.json").read_text()


def test_the_flow_turns_from_failed_to_passed_as_the_learner_mends(notebook: Any) -> None:
    flow: Locator = notebook.cell("flow-private").locator(".ks-flow")
    prompt: Locator = notebook.cell("two-pods").get_by_label("Command")
    expect(flow).to_contain_text("Pod spec failed")
    expect(flow).to_contain_text("What is wrong")
    assert pale_texts(flow) == []
    for line in (SECRET, POD):
        prompt.press_sequentially(line)
        prompt.press("Enter")
    expect(flow).to_contain_text("Registry passed")
    expect(flow).not_to_contain_text("failed")
    assert pale_texts(flow) == []
