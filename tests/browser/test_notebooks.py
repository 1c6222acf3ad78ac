"""Every notebook, run from top to bottom: everybody can use it, and a learner finds again what was done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Locator, expect

from browser.access import cut, violations
from kubesim.lessons import load_quizzes, load_tasks
from kubesim.lessons.quiz import Quiz
from kubesim.lessons.task import Task

ZOOMED, PHONE = 640, 390
"""CSS pixels: half of 1280, which is what zooming to 200 % leaves, and a phone."""
PAUSE = "sleep 400"
"""Longer than any back-off."""


def magics(notebook: Any, magic: str) -> Iterator[tuple[str, str]]:
    """The cells with that magic: their ids, and what they name."""
    for cell in json.loads(notebook.path.read_text(encoding="utf-8"))["cells"]:
        line = "".join(cell["source"])
        if cell["cell_type"] == "code" and line.split() and line.split()[0] == f"%{magic}":
            yield cell["id"], line.removeprefix(f"%{magic}").strip()


def test_everybody_can_use_it(each_notebook: Any) -> None:
    assert violations(each_notebook.page) == []


def test_it_fits_when_zoomed_and_on_a_phone(each_notebook: Any) -> None:
    assert {width: cut(each_notebook.page, width) for width in (ZOOMED, PHONE)} == {ZOOMED: [], PHONE: []}


def test_a_learner_walks_through_and_finds_everything_again(each_notebook: Any) -> None:
    quiz, task = first_quiz(each_notebook), last_task(each_notebook)
    if quiz:
        answer(each_notebook.cell(quiz[0]).locator(".ks-card"), quiz[1])
    if task:
        solve(each_notebook.prompt, each_notebook.cell(task[0]).locator(".ks-card"), task[1])
    each_notebook.reload()
    find_again(each_notebook, quiz, task, "Well done")
    each_notebook.restart_kernel()
    each_notebook.run_all()
    find_again(each_notebook, quiz, task, "you have done this task before")


def first_quiz(notebook: Any) -> tuple[str, Quiz] | None:
    quizzes = ((cell, load_quizzes()[name]) for cell, name in magics(notebook, "quiz"))
    return next(((cell, quiz) for cell, quiz in quizzes if quiz.kind == "choice"), None)


def last_task(notebook: Any) -> tuple[str, Task] | None:
    tasks = [(cell, load_tasks()[name]) for cell, name in magics(notebook, "task")]
    return tasks[-1] if tasks else None


def answer(card: Locator, quiz: Quiz) -> None:
    """Wrongly first, and hear why; then rightly."""
    rights = [choice.right for choice in quiz.choices]
    for right, said in ((False, "Not yet"), (True, "Right")):
        card.get_by_role("radio").nth(rights.index(right)).press("Space")
        card.get_by_role("button", name="Check").press("Enter")
        expect(card.get_by_role("status").first).to_contain_text(said)


def solve(prompt: Locator, card: Locator, task: Task) -> None:
    """Type the solution and let time pass, see the ticks, take the last commands back, and give them again."""
    for line in (*task.solution, PAUSE):
        enter(prompt, line)
    expect(card).to_contain_text("Well done")
    expect(card.locator(".ks-count")).to_contain_text(f"{len(task.goal)} of {len(task.goal)}")
    undo = card.get_by_role("button", name="Undo")
    undo.press("Enter")
    expect(card).to_contain_text(f"Reverted: {PAUSE}")
    undo.press("Enter")
    expect(card).not_to_contain_text("Well done")
    for line in (task.solution[-1], PAUSE):
        enter(prompt, line)
    expect(card).to_contain_text("Well done")


def enter(prompt: Locator, line: str) -> None:
    prompt.fill(line)
    prompt.press("Enter")


def find_again(notebook: Any, quiz: tuple[str, Quiz] | None, task: tuple[str, Task] | None, done: str) -> None:
    if quiz:
        card: Locator = notebook.cell(quiz[0]).locator(".ks-card")
        expect(card.get_by_role("status").first).to_contain_text("Right")
        expect(card.locator("input:checked")).to_have_count(1)
    if task:
        expect(notebook.cell(task[0]).locator(".ks-card")).to_contain_text(done)
    expect(notebook.page.locator(".ks-bench")).to_have_count(1)
