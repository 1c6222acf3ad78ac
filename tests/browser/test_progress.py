"""The map of what is done: it follows, is downloaded, and taken in where nothing is left, in both themes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from browser.contrast import pale_texts
from kubesim.lessons import VARIANT, load_quizzes

DONE = {"kubesim-progress": 2, "given": {"start-who-pulls": [[0], [2]]}, "tasks": {"store-credentials": True}}
START = sum(quiz.startswith("start-") and VARIANT not in quiz for quiz in load_quizzes())
ALONE = "01-storing-credentials.ipynb"


@pytest.fixture(scope="module")
def notebook(open_shared: Callable[[str], Any]) -> Any:
    """Notebook 00 with all its cells run."""
    notebook = open_shared("00-start.ipynb")
    notebook.run_all()
    return notebook


def test_the_map_follows_is_downloaded_and_taken_in(notebook: Any, tmp_path: Path) -> None:
    shown: Locator = notebook.cell("progress-map").locator(".ks-progress")
    start: Locator = shown.get_by_role("row", name="00 Start")
    expect(start).to_contain_text(f"0 of {START}")
    assert pale_texts(shown) == []
    kept = notebook.path.parent / "workspace" / ".progress.json"
    kept.write_text(json.dumps(DONE))
    shown.get_by_role("button", name="Refresh").press("Enter")
    expect(start).to_contain_text(f"1 of {START}")
    expect(shown.get_by_role("status")).to_contain_text("1 of ")
    expect(shown.get_by_role("row", name="01 Storing credentials")).to_contain_text("1 of 1")

    with notebook.page.expect_download() as downloading:
        shown.get_by_role("button", name="Download").press("Enter")
    assert downloading.value.suggested_filename == "kubesim-progress.json"
    downloading.value.save_as(tmp_path / "mine.json")
    assert json.loads((tmp_path / "mine.json").read_text())["given"] == DONE["given"]

    kept.unlink()
    shown.get_by_role("button", name="Refresh").press("Enter")
    expect(start).to_contain_text(f"0 of {START}")
    (tmp_path / "bad.json").write_text('{"cells": "<b>"}')
    shown.get_by_label("Upload earlier progress").set_input_files(tmp_path / "bad.json")
    expect(shown.get_by_role("status")).to_contain_text(
        "kubesim: the file is not a progress file of kubesim's. Nothing"
    )
    assert pale_texts(shown) == []
    shown.get_by_label("Upload earlier progress").set_input_files(tmp_path / "mine.json")
    expect(start).to_contain_text(f"1 of {START}")
    expect(shown.get_by_role("status")).to_contain_text("The file was added to your progress")
    assert "store-credentials" in kept.read_text()
    assert pale_texts(shown) == []


def test_an_answer_shows_when_the_map_comes_into_view_again(notebook: Any) -> None:
    shown: Locator = notebook.cell("progress-map").locator(".ks-progress")
    card: Locator = notebook.cell("quiz-who-pulls").locator(".ks-card")
    card.get_by_label("The kubelet on the node").check()
    card.get_by_role("button", name="Check").press("Enter")
    expect(card.get_by_role("status")).to_contain_text("Right")
    link = shown.get_by_role("link", name="00 Start")
    link.focus()
    expect(shown.get_by_role("row", name="00 Start")).to_contain_text(f"1 of {START}")
    expect(link).to_be_focused()


def test_escape_leads_back_to_the_cell(notebook: Any) -> None:
    button: Locator = notebook.cell("progress-map").get_by_role("button", name="Refresh")
    button.focus()
    button.press("Escape")
    expect(notebook.cell("progress-map")).to_be_focused()


def test_a_name_on_the_map_opens_its_notebook(notebook: Any) -> None:
    notebook.cell("progress-map").get_by_role("link", name="01 Storing credentials").press("Enter")
    page = notebook.page
    expect(page.locator(".lm-TabBar-tab.jp-mod-current", has_text=ALONE)).to_be_visible()
    expect(page.locator(".lm-TabBar-tab", has_text="00-start.ipynb").first).to_be_visible()
