"""A pull that is mended: the flow picture follows, in both themes, and tells of each change once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from browser.access import LISTEN
from browser.contrast import pale_texts

SECRET = (
    "kubectl create secret docker-registry regcred --docker-server=registry.example.com "
    "--docker-username=myuser --docker-password=mypassword"
)
POD = (
    "kubectl delete pod early --now; kubectl run early --image=registry.example.com/myapp:1.0 "
    """--overrides='{"spec":{"imagePullSecrets":[{"name":"regcred"}]}}'; sleep 5"""
)


@pytest.fixture
def notebook(open_notebook: Callable[[str], Any]) -> Any:
    """Notebook 01 with all its cells run."""
    notebook = open_notebook("01-storing-credentials.ipynb")
    notebook.run_all()
    return notebook


def test_the_flow_turns_from_failed_to_passed_as_the_learner_mends(notebook: Any) -> None:
    flow: Locator = notebook.cell("flow").locator(".ks-flow")
    prompt: Locator = notebook.cell("early-pod").get_by_label("Command")
    expect(flow).to_contain_text("Pod spec failed")
    expect(flow).to_contain_text("What's wrong")
    assert pale_texts(flow) == []
    notebook.page.evaluate(LISTEN)
    prompt.fill(SECRET)
    prompt.press("Enter")
    expect(flow.get_by_role("status")).to_contain_text("Pod spec: failed.")
    expect(notebook.cell("early-pod").get_by_role("log")).to_contain_text("secret/regcred created")
    assert sorted(notebook.page.evaluate("window.heard")) == ["Terminal output", "ks-unseen"]
    prompt.fill(POD)
    prompt.press("Enter")
    expect(flow).to_contain_text("Registry passed")
    expect(flow).not_to_contain_text("failed")
    assert pale_texts(flow) == []
