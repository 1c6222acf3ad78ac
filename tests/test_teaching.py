"""Every example in docs/class.md and docs/authoring.md does what the page says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from kubesim import __main__ as program
from kubesim.api import typed
from kubesim.lessons import build_variants
from kubesim.lessons.quiz import judge
from kubesim.lessons.task import Task, begin, check
from kubesim.session import Session

ROOT = Path(__file__).resolve().parent.parent
PAGES = [(ROOT / f"docs/{name}.md").read_text(encoding="utf-8") for name in ("class", "authoring")]
SECTIONS = {part.partition("\n")[0]: part for page in PAGES for part in page.split("\n## ")[1:]}

LESSON = "29-pull-by-digest"
FOLDERS_OF_A_LESSON = ("kubesim", "notebooks", "docs", "tests", "tools")
# What of the project a new lesson touches, or its tests read.
PAGES_BESIDE = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "pyproject.toml")


def block(section: str, language: str, number: int = 0) -> str:
    """A fenced block of a section."""
    return str(re.findall(rf"^```{language}\n(.*?)^```$", SECTIONS[section], re.MULTILINE | re.DOTALL)[number])


def transcript(text: str) -> Iterator[tuple[str, str]]:
    """The commands of a console block, each with its output."""
    return ((line, screen) for line, _, screen in (part.partition("\n") for part in text.split("$ ")[1:]))


def entries(section: str, kind: str) -> list[dict[str, Any]]:
    """The quizzes or tasks of a section. Asserts that they fit the schema."""
    found: list[dict[str, Any]] = yaml.safe_load(block(section, "yaml"))
    schema = json.loads(files("kubesim.lessons").joinpath("schema.json").read_text(encoding="utf-8"))
    form = {"$defs": schema["$defs"], "type": "array", "items": {"$ref": f"#/$defs/{kind}"}}
    assert [error.message for error in Draft202012Validator(form).iter_errors(found)] == []
    return found


def play(task: Task, lines: tuple[str, ...] = ()) -> list[str]:
    """Run lines in a fresh session with the task. Returns the messages of the missed goals."""
    session = Session()
    begin(task, session)
    for line in lines:
        result = session.run(line)
        assert result.exit_code == 0, result.screen
    session.advance(task.wait)
    return [reading.condition.otherwise for reading in check(task, session) if not reading.holds]


# Classes


def test_the_minutes_are_those_of_the_notebooks() -> None:
    stated = re.findall(r"^\| (\S+) \| (\d+) \|", SECTIONS["Run it for a class"], re.MULTILINE)
    own = []
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        title = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
        own.append((path.stem, re.search(r"Time: about (\d+) minutes", title)[1]))  # type: ignore[index]
    assert own == stated
    hour = sum(int(minutes) for name, minutes in stated if name.startswith("0"))
    debugging = sum(int(minutes) for name, minutes in stated if name.startswith("1"))
    section = SECTIONS["Run it for a class"]
    assert f"00 to 05 are the hour, {hour} minutes in all" in section
    assert f"10 to 13, about debugging pulls, take {debugging} more" in section


# Grading


def without_totals(text: str) -> list[list[str]]:
    """The words of each line, without the total numbers of questions and tasks, which change."""
    return [re.sub(r"/\d+", "", line).split() for line in text.splitlines()]


def test_the_progress_files_are_graded_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    example = block("Read what your learners did", "json")
    Path("ada.json").write_text(example, encoding="utf-8")
    Path("bob.json").write_text('{"kubesim-progress": 2}', encoding="utf-8")
    Path("carl.json").write_text(example[:40], encoding="utf-8")
    [(line, shown)] = transcript(block("Read what your learners did", "console"))
    assert program.main(line.removeprefix("python -m kubesim ").split()) == 1
    captured = capfd.readouterr()
    told = without_totals(captured.err + captured.out)
    for words, whole in zip(without_totals(shown), told, strict=True):
        assert words == whole or words == [*whole[: len(words) - 1], "…"]  # the page shows the first lessons alone


def test_the_csv_begins_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ada.json").write_text(block("Read what your learners did", "json"), encoding="utf-8")
    [(line, shown)] = transcript(block("Read what your learners did", "console", 1))
    assert program.main(line.removeprefix("python -m kubesim ").split()) == 0
    rows = [row.split(",")[:10] for row in capfd.readouterr().out.splitlines()]
    head, ada = (row.split(",") for row in shown.splitlines())
    totals = [head.index(column) for column in ("quizzes", "tasks", "00-start of")]
    assert rows[0] == head
    assert [cell for n, cell in enumerate(rows[1]) if n not in totals] == [
        cell for n, cell in enumerate(ada) if n not in totals
    ]


def test_the_questions_are_told_apart_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ada.json").write_text(block("Read what your learners did", "json"), encoding="utf-8")
    Path("bob.json").write_text('{"kubesim-progress": 2}', encoding="utf-8")
    [(line, shown)] = transcript(block("Read what your learners did", "console", 2))
    assert program.main(line.removeprefix("python -m kubesim ").split()) == 0
    assert capfd.readouterr().out == shown


# Additions


def change(path: Path, old: str, new: str) -> None:
    """Replace a text in a file, which must have it."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def add_the_lesson(project: Path) -> None:
    """Do the steps of "Add a lesson" in a copy of the project."""
    exec(block("Add a lesson", "python"), {})
    for folder, section in (("quizzes", "quiz"), ("predictions", "prediction"), ("tasks", "task")):
        entries_of_it = block(f"Add a {section}", "yaml")
        (project / f"kubesim/lessons/{folder}/{LESSON}.yaml").write_text(entries_of_it, encoding="utf-8")
    goals, follows = block("Add a lesson", "yaml"), "30-troubleshooting-challenge:\n"
    change(project / "kubesim/lessons/goals.yaml", follows, f"{goals}\n{follows}")
    in_hour, in_readme, on_this_page = block("Add a lesson", "text").splitlines()
    last = "[limits and damaged images](28-limits-and-damaged-images.ipynb)"
    change(project / "notebooks/05-solve-one-alone.ipynb", last, f"{in_hour}, {last}")
    change(project / "README.md", "| [30-", f"{in_readme}\n| [30-")
    change(project / "docs/class.md", "| 30-", f"{on_this_page}\n| 30-")
    leads_on = f"Next: [Pull by digest]({LESSON}.ipynb)"
    challenge = "[Troubleshooting challenge](30-troubleshooting-challenge.ipynb)"
    limits = "[Limits and damaged images](28-limits-and-damaged-images.ipynb)"
    change(project / "notebooks/28-limits-and-damaged-images.ipynb", f"Next: {challenge}", leads_on)
    leads_back = f"Previous: [Pull by digest]({LESSON}.ipynb)"
    change(project / "notebooks/30-troubleshooting-challenge.ipynb", f"Previous: {limits}", leads_back)


def test_a_lesson_that_is_added_as_the_page_says_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FOLDERS_OF_A_LESSON:
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in PAGES_BESIDE:
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    add_the_lesson(tmp_path)
    subprocess.run([sys.executable, "tools/notebooks.py", f"notebooks/{LESSON}.ipynb"], check=True)
    shape = "notebooks/test_shape.py", "notebooks/test_links.py", "notebooks/test_words.py", "notebooks/test_english.py"
    rest = "lessons/test_review.py", "lessons/test_content.py", "test_teaching.py"
    its_own = f"{LESSON} or tag-or-digest or digest-or-tag or make-a-namespace or name-the-secret"
    of_all = "00-start or goals or one_goal or goal_is_shown or readme or minutes or thrice or exercise or translated"
    words = ["-p", "no:cacheprovider", "-p", "no:nbval", "-k", f"{its_own} or {of_all} or fits"]
    pytest_line = [sys.executable, "-m", "pytest", *words, *(f"tests/{name}" for name in (*shape, *rest))]
    checked = subprocess.run(pytest_line, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout[-3000:]


def test_the_quizzes_are_judged() -> None:
    pick, second, blue, green = (quiz for entry in entries("Add a quiz", "quiz") for quiz in build_variants(entry))
    verdicts = [judge(pick, [number]) for number in range(3)]
    assert [verdict.right for verdict in verdicts] == [False, True, False]
    assert verdicts[0].notes[0].text == "B: Anyone who can push can move the `1.0` tag to another image."
    assert (pick.answer[:3] != second.answer[:3], judge(second, [0]).right) == (True, True)
    assert (judge(blue, blue.answer).right, judge(blue, "kubectl create ns blue").right) == (True, True)
    assert (judge(green, green.answer).right, judge(green, blue.answer).right) == (True, False)
    wrong = judge(blue, blue.wrong)
    assert (wrong.right, wrong.notes[-1].text) == (False, "There's no namespace `blue`.")


def test_the_prediction_is_shown() -> None:
    [entry] = entries("Add a prediction", "prediction")
    [prediction] = build_variants({**entry, "kind": "predict"})
    assert (prediction.answer, judge(prediction, [1]).right) == ("A.", True)
    session = Session()
    session.run("kubectl run web --image=nginx; sleep 5")
    screen = session.run("kubectl get pod web -o jsonpath={.status.containerStatuses[0].imageID}").stdout
    assert re.search(prediction.shows, screen)


def test_every_kind_of_quiz_is_in_the_table() -> None:
    schema = json.loads(files("kubesim.lessons").joinpath("schema.json").read_text(encoding="utf-8"))
    rows = re.findall(r"^\| (`.+?`) \|", SECTIONS["Add a quiz"], re.MULTILINE)
    kinds = {kind for row in rows[1:] for kind in re.findall(r"`(\w+)`", row)}
    assert kinds == set(schema["$defs"]["quiz"]["properties"]["kind"]["enum"])


def test_the_task_is_played() -> None:
    [task] = (typed.read(Task, entry) for entry in entries("Add a task", "task"))
    assert len(play(task)) == 2
    assert play(task, task.solution) == []
    assert len(task.wrong) == 2
    for mistake in task.wrong:
        assert mistake.says in play(task, mistake.lines)


def test_the_registry_is_pulled_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("registries.yaml").write_text(block("Add a registry", "yaml"), encoding="utf-8")
    names: dict[str, Any] = {}
    exec(block("Add a registry", "python"), names)
    for line, shown in transcript(block("Add a registry", "console")):
        assert (line, names["session"].run(line).screen) == (line, shown)


# The node


def test_the_node_is_set_up_and_repaired() -> None:
    names: dict[str, Any] = {}
    exec(block("Set something on the node", "python"), names)
    for line, shown in transcript(block("Set something on the node", "console")):
        assert (line, names["session"].run(line).screen) == (line, shown)
