"""The recordings of real clusters, which kubesim must repeat, and the tool that plays them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kubesim import Session
from kubesim.api.objects import Object
from kubesim.api.resources import CONFIG_MAP, Resource
from kubesim.cluster.apiserver.store import Store
from tests.learner import rows
from tools import golden

ROWS = rows(__file__)

# The files of all recordings.
RECORDINGS = [golden.find(name) for name in [*golden.recorded(), *golden.recorded(*golden.OWN)]]


def watch_stored(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Record each object that is stored from now on.

    Returns a function that returns the original JSON of those that were changed in place since.
    """
    kept: list[tuple[Object, str]] = []
    put = Store.put

    def put_and_keep(store: Store, resource: Resource, obj: Object) -> Object | None:
        replaced = put(store, resource, obj)
        kept.append((obj, json.dumps(obj)))
        return replaced

    monkeypatch.setattr(Store, "put", put_and_keep)
    return lambda: [before for obj, before in kept if json.dumps(obj) != before]


@pytest.fixture
def stored_stays(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail the test if a stored object is changed in place, because copies of a cluster share their objects."""
    changed = watch_stored(monkeypatch)
    yield
    assert changed() == []


def test_a_stored_object_that_is_changed_in_place_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    changed = watch_stored(monkeypatch)
    session.run("kubectl create configmap settings --from-literal=a=1")
    assert changed() == []
    session.cluster.api.get(CONFIG_MAP, "default", "settings")["data"]["a"] = "2"
    assert len(changed()) == 1


@pytest.mark.usefixtures("stored_stays")
@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_a_recording_is_repeated(path: Path) -> None:
    recording = golden.load(path)
    assert golden.mistakes(recording) == []
    assert recording["name"] == path.stem
    surprises = golden.surprises(recording["name"], golden.play(recording), golden.KNOWN)
    if surprises:
        pytest.fail("\n\n".join(surprises), pytrace=False)


def test_known_differences_are_of_commands_that_were_recorded() -> None:
    commands = {(path.stem, step["run"]) for path in RECORDINGS for step in golden.load(path)["steps"] if "run" in step}
    assert {(name, command) for name, known in golden.KNOWN.items() for command in known} <= commands


def test_the_readme_counts_every_recording() -> None:
    """tests/server/test_real_kubectl.py compares the page with the table, which is generated."""
    page, readme = (path.read_text(encoding="utf-8") for path in (golden.PAGE, golden.README))
    assert golden.README_FIGURE.findall(readme) == [golden.figure(page)]
    assert f" in {len(RECORDINGS)} recorded sessions" in readme


@pytest.mark.parametrize(("recorded", "got", "is_same"), ROWS["what_counts_as_a_difference"])
def test_what_counts_as_a_difference(recorded: str, got: str, is_same: bool) -> None:
    assert (golden.difference(recorded, got, "stdout") == "") is is_same


def test_a_known_difference_that_no_longer_exists_is_a_surprise() -> None:
    known = {"small": {"echo a": "", "echo b": ""}}
    steps = [{"run": f"echo {word}", "exit": 0, "stdout": f"{word}\n", "stderr": ""} for word in "abc"]
    steps[1]["stdout"], steps[2]["exit"] = "B\n", 3
    assert golden.surprises("small", golden.play({"name": "small", "steps": steps}), known) == [
        "$ echo a\nmatches now: take it out of tools/known.yaml",
        "$ echo c\nexit status 3 recorded, 0 by kubesim",
    ]


@pytest.mark.parametrize(("text", "mistakes"), ROWS["a_recording_of_the_wrong_form_is_not_taken"])
def test_a_recording_of_the_wrong_form_is_not_taken(
    text: str, mistakes: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, folder = tmp_path / "new.yaml", tmp_path / "golden"
    source.write_text(text)
    folder.mkdir()
    monkeypatch.setattr(golden, "FOLDER", folder)
    assert golden.add(source) == mistakes
    assert list(folder.iterdir()) == []


def test_a_recording_is_taken_under_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, folder = tmp_path / "new.yaml", tmp_path / "golden"
    source.write_text("{name: mine, title: t, recorded_on: r, steps: [{sleep: 1}]}")
    folder.mkdir()
    monkeypatch.setattr(golden, "FOLDER", folder)
    assert golden.main(["add", str(source)]) == 0
    assert (folder / "mine.yaml").read_text() == source.read_text()
