"""The map of progress: its rows, scores and reviews, downloads and uploads, and files that can't be read."""

import json
from typing import Any

import pytest

from kubesim.jupyter import progress as jupyter_progress
from kubesim.jupyter.progress import ProgressMap
from kubesim.jupyter.seat import Seat
from kubesim.lessons import load_quizzes, load_tasks, question_ids
from kubesim.lessons.grade import ROUNDS, grade
from kubesim.lessons.progress import Progress
from kubesim.lessons.record import blank, read, write
from kubesim.session import Session
from tests.jupyter.conftest import press

# The numbers of all questions and tasks, and of notebook 00's questions.
QUESTIONS, TASKS = len(question_ids()), len(load_tasks()) + len(ROUNDS)
START = grade(blank())["00-start"].quizzes


@pytest.fixture
def progress(seat):
    """The progress of the seat's workspace, as another kernel writes it."""
    return Progress(seat.session.workspace)


@pytest.fixture
def shown(seat):
    """The map."""
    return ProgressMap(seat)


def row(shown, number):
    """The row of the notebook with that number."""
    return next(row for row in shown.content["rows"] if row["title"].startswith(number))


def test_a_fresh_map_has_a_row_for_each_notebook_and_nothing_done(shown):
    bundle = shown._repr_mimebundle_()[0]
    about = (
        "The map of your progress: a line for each notebook, with a link, and what you've answered and solved in it."
    )
    assert (bundle["text/plain"], bundle["text/html"]) == (about, f"<p>{about}</p>")
    assert shown.content["total"] == f"Your progress: 0 of {QUESTIONS} questions, 0 of {TASKS} tasks"
    assert len(shown.content["rows"]) == len(grade(blank()))
    assert {row["sign"] for row in shown.content["rows"]} == {"○"}
    assert shown.feedback == {}


def test_a_row_counts_answered_questions_and_solved_tasks(seat, progress):
    for quiz in load_quizzes().values():
        if quiz.id.startswith("start-"):
            right = [number for number, choice in enumerate(quiz.choices) if choice.right]
            if quiz.kind == "order":
                right = [quiz.shown.index(choice) for choice in quiz.choices]
            progress.keep(quiz.id, right or (quiz.accept[0] if quiz.accept else quiz.answer))
    progress.keep_task("first-fix-alone")
    progress.keep_task("store-credentials")
    shown = ProgressMap(seat)
    assert row(shown, "00") == {
        "title": "00 Start",
        "part": "The hour",
        "href": "00-start.ipynb",
        "sign": "✓",
        "state": "done",
        "questions": f"{START} of {START}",
        "tasks": "1 of 1",
        "score": "",
        "share": 1,
        "due": START,  # all of them, because `keep` records no day
    }
    assert (row(shown, "01")["state"], row(shown, "01")["tasks"]) == ("started", "1 of 1")
    assert row(shown, "02")["state"] == "to do"
    assert (
        f"✓ 00 Start: questions {START} of {START}, tasks 1 of 1\n◐ 01 Storing credentials: questions 0 of "
        in shown.plain()
    )
    assert '<tr><td>✓ done</td><td>The hour</td><td><a href="00-start.ipynb">00 Start</a></td>' in shown.static_html()


def test_the_challenge_shows_its_best_score(seat, progress, monkeypatch):
    monkeypatch.setattr(jupyter_progress, "CHALLENGE", "00-start")
    progress.add({"scores": {"a": [0, 12]}})
    assert (row(ProgressMap(seat), "00")["score"], row(ProgressMap(seat), "00")["state"]) == ("0 of 12", "to do")
    progress.add({"scores": {"a": [7, 12]}})
    assert (row(ProgressMap(seat), "00")["score"], row(ProgressMap(seat), "00")["state"]) == ("7 of 12", "started")
    assert "○ 01 Storing" in ProgressMap(seat).plain()


def test_the_map_follows_another_kernel(shown, progress):
    progress.keep_task("store-credentials")
    assert row(shown, "01")["tasks"] == "0 of 1"
    press(shown, "look")
    assert (row(shown, "01")["tasks"], shown.feedback) == ("1 of 1", {})
    words = f"Your progress: 0 of {QUESTIONS} questions, 1 of {TASKS} tasks."
    assert press(shown, "refresh") == {"ok": True, "html": words, "number": 1}
    assert press(shown, "refresh") == {"ok": True, "html": words, "number": 2}


def test_the_download_is_up_to_date_and_can_be_taken_in_elsewhere(shown, progress, monkeypatch, tmp_path):
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(shown, "send", sent.append)
    progress.keep("start-no-secret", [2])
    press(shown, "download")
    saved = {"do": "save", "name": "kubesim-progress.json", "type": "application/json"}
    assert sent == [{**saved, "text": shown.content["file"]}]
    assert read(shown.content["file"]).record == progress.record()
    other = Seat(Session(tmp_path / "other"))
    (tmp_path / "other").mkdir()
    there = ProgressMap(other)
    assert press(there, "upload", text=shown.content["file"]) == {
        "ok": True,
        "html": "The file was added to your progress. Run the cells with quizzes again to see your answers on them.",
        "number": 1,
    }
    assert row(there, "00")["questions"] == f"1 of {START}"
    assert Progress(other.session.workspace).record() == progress.record()


def test_the_map_counts_due_questions_and_right_predictions(tmp_path):
    today = [1]
    seat = Seat(Session(tmp_path), lambda: today[0])
    seat.progress.keep("touch-the-pod", [2])
    seat.progress.keep("lists-merged", [0])
    seat.progress.keep_asked("start-no-secret", False, 0, {})
    shown = ProgressMap(seat)
    assert shown.content["total"].endswith(" tasks, 1 of 2 predictions right")
    assert shown.content["due"] == "Nothing is due for review. Next: in 1 day."
    today[0] = 2
    press(shown, "look")
    assert shown.content["due"] == "1 question is due for review. Run <code>%review</code> in a cell."
    assert [one["due"] for one in shown.content["rows"][:2]] == [1, 0]


def test_my_skills_are_saved_as_a_page_and_as_markdown(shown, progress, monkeypatch, capsys):
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(shown, "send", sent.append)
    for form in ("html", "markdown"):
        press(shown, "skills", form=form)
    page, text = sent
    assert (page["do"], page["name"], page["type"]) == ("save", "my-skills.html", "text/html")
    assert "<h1>My skills</h1>" in page["text"]
    assert "<h2>Not begun yet</h2><ul><li>00 Start</li>" in page["text"]
    assert (text["name"], text["type"]) == ("my-skills.md", "text/markdown")
    assert text["text"].startswith("# My skills\n\n- 0 of ")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "is damaged: it does not hold JSON"),
        ('{"cells": []}', "is not a progress file of kubesim's"),
        ('{"kubesim-progress": 1}', "is not a progress file of kubesim's"),
        ('{"kubesim-progress": 2, "tasks": {"a": "<b>"}}', "is damaged: 1 of its entries cannot be read"),
        (None, "is too large"),
    ],
)
def test_a_damaged_or_foreign_upload_is_refused_and_changes_nothing(shown, progress, text, why, tmp_path):
    progress.keep_task("store-credentials")
    before = (tmp_path / ".progress.json").read_bytes()
    said = press(shown, "upload", text=text)
    assert (said["ok"], said["html"]) == (False, f"kubesim: the file {why}. Nothing was changed.")
    assert (tmp_path / ".progress.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [".progress.json"]


def test_a_damaged_file_is_reported_and_set_aside_by_an_upload(seat, tmp_path):
    (tmp_path / ".progress.json").write_text("<i>")
    shown = ProgressMap(seat)
    assert shown.content["notice"].startswith("<code>.progress.json</code> is damaged")
    said = press(shown, "upload", text=write(blank()))
    assert said["ok"]
    assert "It is now <code>progress-damaged.json</code>" in said["html"]
    assert shown.content["notice"].startswith("Set aside in your files")


def test_an_upload_that_cannot_be_kept_is_reported(shown, tmp_path):
    (tmp_path / ".progress.json").mkdir()
    said = press(shown, "upload", text=write(blank()))
    assert (said["ok"], said["html"].partition(":")[0]) == (False, "Your progress cannot be kept")


@pytest.mark.parametrize("message", [{}, {"do": "unknown"}, {"do": "upload"}, {"do": 5}])
def test_an_unexpected_message_gives_no_traceback(shown, message):
    shown._on_message(shown, message, [])
    assert shown.feedback.get("ok", False) is False


def test_only_ascii_goes_into_the_file_that_the_page_stores(seat, progress):
    progress.keep("policy-that-stays", "Größe <b> \u2028")
    file = ProgressMap(seat).content["file"]
    assert file.isascii()
    assert json.loads(file)["answers"] == {"policy-that-stays": "Größe <b> \u2028"}


def test_the_magic_shows_the_map(seat, monkeypatch):
    shown: list[Any] = []
    monkeypatch.setattr(jupyter_progress, "display", shown.append)
    jupyter_progress.show(seat)
    assert shown[0].plain().startswith("The map of your progress: ")


def test_the_map_counts_corrected_first_mistakes(seat, progress):
    progress.keep("start-no-secret", [0])
    assert ProgressMap(seat).content["total"].endswith(" tasks, 0 of 1 first mistakes put right since")
    progress.keep("start-no-secret", [2])
    assert ProgressMap(seat).content["total"].endswith(" tasks, 1 of 1 first mistakes put right since")
