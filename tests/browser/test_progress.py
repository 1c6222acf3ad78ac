"""The map of what is done: it follows, is downloaded, and taken in where nothing is left, in both themes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from kubesim.lessons import load_quizzes
from kubesim.lessons.grade import contents
from tests.browser.contrast import pale_texts

DONE = {"kubesim-progress": 2, "given": {"start-no-secret": [[0], [2]]}, "tasks": {"store-credentials": True}}
START = len(contents()["00-start"].quizzes)
TIME = "start-simulated-time"
RIGHT = next(choice.text for choice in load_quizzes()["start-no-secret"].choices if choice.right)
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
    stop = shown.locator(".ks-halt", has_text="01")
    expect(stop).to_have_attribute("data-state", "started")
    expect(start).to_contain_text("1 to review")

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
    card: Locator = notebook.cell("quiz-no-secret").locator(".ks-card").first
    card.get_by_label(RIGHT).check()
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


def test_what_was_shown_is_stored_as_a_page_and_as_markdown(notebook: Any, tmp_path: Path) -> None:
    right = [number for number, choice in enumerate(load_quizzes()[TIME].choices) if choice.right]
    shown_then = {TIME: [1, date(2026, 5, 4).toordinal()]}
    kept = notebook.path.parent / "workspace" / ".progress.json"
    kept.write_text(json.dumps({"kubesim-progress": 3, "given": {TIME: [right]}, "shown": shown_then}))
    shown: Locator = notebook.cell("progress-map").locator(".ks-progress")
    files = {}
    for button, name in (("My skills, to print", "my-skills.html"), ("My skills, as Markdown", "my-skills.md")):
        with notebook.page.expect_download() as downloading:
            shown.get_by_role("button", name=button).press("Enter")
        assert downloading.value.suggested_filename == name
        downloading.value.save_as(tmp_path / name)
        files[name] = (tmp_path / name).read_text(encoding="utf-8")
    assert files["my-skills.md"].startswith("# My skills\n\n- 1 of ")
    assert "\n- ✓ let simulated time pass: 4 May 2026, with 1 hint\n" in files["my-skills.md"]
    assert "\n## Not begun yet\n\n- 01 Storing credentials\n" in files["my-skills.md"]
    printed = notebook.page.context.new_page()
    printed.set_content(files["my-skills.html"])
    told = re.sub(r"[`*#]|^- ", "", files["my-skills.md"], flags=re.MULTILINE).split()
    assert printed.locator("body").inner_text().split() == told
    printed.close()


def test_a_name_on_the_map_opens_its_notebook(notebook: Any) -> None:
    notebook.cell("progress-map").get_by_role("link", name="01 Storing credentials").press("Enter")
    page = notebook.page
    expect(page.locator(".lm-TabBar-tab.jp-mod-current", has_text=ALONE)).to_be_visible()
    expect(page.locator(".lm-TabBar-tab", has_text="00-start.ipynb").first).to_be_visible()
