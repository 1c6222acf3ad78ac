"""kubesim answers as a real cluster did: the recordings, and the rhythm of a Pod that may not pull its image."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from kubesim import Session
from kubesim.api.objects import Object
from kubesim.api.resources import CONFIG_MAP, EVENT, POD, Resource
from kubesim.cluster.apiserver import printers
from kubesim.cluster.apiserver.store import Store
from tests.learner import rows
from tools import golden

ROWS = rows(__file__)

RECORDINGS = [golden.find(name) for name in [*golden.recorded(), *golden.recorded(*golden.OWN)]]


def watch_stored(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """A function that returns the objects stored from now on, as they were, if they have been changed since."""
    versions: list[tuple[Object, str]] = []
    put = Store.put

    def keep(store: Store, resource: Resource, obj: Object) -> Object | None:
        replaced = put(store, resource, obj)
        versions.append((obj, json.dumps(obj)))
        return replaced

    monkeypatch.setattr(Store, "put", keep)
    return lambda: [before for version, before in versions if json.dumps(version) != before]


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails where an object is changed after it was stored: copies of a cluster share it."""
    changed = watch_stored(monkeypatch)
    yield
    assert changed() == []


def test_an_object_that_is_changed_in_its_place_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    changed = watch_stored(monkeypatch)
    session.run("kubectl create configmap settings --from-literal=a=1")
    assert changed() == []
    session.cluster.api.get(CONFIG_MAP, "default", "settings")["data"]["a"] = "2"
    assert len(changed()) == 1


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_recording(path: Path) -> None:
    recording = golden.load(path)
    assert golden.mistakes(recording) == []
    assert recording["name"] == path.stem
    surprises = golden.surprises(recording["name"], golden.play(recording), golden.KNOWN)
    if surprises:
        pytest.fail("\n\n".join(surprises), pytrace=False)


def test_known_differences_are_of_commands_that_were_recorded() -> None:
    commands = {
        (path.stem, step.get("run")) for path in RECORDINGS for step in golden.load(path)["steps"] if "run" in step
    }
    assert {(name, command) for name, known in golden.KNOWN.items() for command in known} <= commands


def test_the_readme_counts_every_recording() -> None:
    """The page with the table is generated, and compared in tests/server/test_real_kubectl.py."""
    page, readme = (path.read_text(encoding="utf-8") for path in (golden.PAGE, golden.README))
    assert golden.README_FIGURE.findall(readme) == [golden.figure(page)]
    assert f" in {len(RECORDINGS)} recorded sessions" in readme


@pytest.mark.parametrize(("recorded", "got", "same"), ROWS["what_counts_as_a_difference"])
def test_what_counts_as_a_difference(recorded: str, got: str, same: bool) -> None:
    assert (golden.difference(recorded, got, "stdout") == "") is same


def test_a_known_difference_that_is_none_is_told() -> None:
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


# --- the rhythm: one Pod without credentials, 620 seconds

Moment = tuple[float, str, int, int]  # seconds, STATUS, Pulling events, BackOff events

# A failed sync is tried again after 10 to 15 s on a real kubelet, by chance, and after 13 s here.
ONE_SYNC = 15.0
MANIFEST = """{apiVersion: v1, kind: Pod, metadata: {name: p},
spec: {containers: [{name: app, image: "registry.example.com/myapp:1.0"}]}}"""


@pytest.fixture(scope="module")
def recorded() -> list[Moment]:
    with (golden.FOLDER / "timeline-no-secret.csv").open(encoding="utf-8") as file:
        names = ("seconds", "status", "pulling_events", "backoff_events")
        rows = [[row[name] for name in names] for row in csv.DictReader(file)]
    return [(float(seconds), status, int(pulling), int(waiting)) for seconds, status, pulling, waiting in rows]


@pytest.fixture(scope="module")
def played(recorded: list[Moment]) -> list[Moment]:
    session = Session()
    session.write_file("pod.yaml", MANIFEST)
    session.run("kubectl apply -f pod.yaml")
    moments: list[Moment] = []
    for seconds, *_ in recorded:
        session.advance(seconds - (moments[-1][0] if moments else 0.0))
        moments.append((seconds, *_look(session)))
    return moments


def _look(session: Session) -> tuple[str, int, int]:
    api, clock = session.cluster.api, session.cluster.clock
    count: Counter[str] = Counter()
    for event in api.list(EVENT, "default"):
        count[event["reason"]] += event.get("count", 1)
    return printers.row(api.get(POD, "default", "p"), clock.now)[2], count["Pulling"], count["BackOff"]


def changes(moments: list[Moment], column: int) -> list[Moment]:
    return [after for before, after in pairwise(moments) if before[column] != after[column]]


def test_status_changes_in_the_recorded_order(recorded: list[Moment], played: list[Moment]) -> None:
    assert [moment[1] for moment in changes(played, 1)] == [moment[1] for moment in changes(recorded, 1)]


def test_the_time_between_two_pulls_is_the_recorded_one_within_one_sync(
    recorded: list[Moment], played: list[Moment]
) -> None:
    ours, theirs = ([moment[0] for moment in changes(moments, 2)] for moments in (played, recorded))
    assert len(ours) == len(theirs) == 5  # the sixth pull is not told of: the spam filter has closed
    for (before, after), (then, later) in zip(pairwise(ours), pairwise(theirs), strict=True):
        assert after - before == pytest.approx(later - then, abs=ONE_SYNC)


def test_a_pull_that_is_not_told_of_shows_in_the_status_within_one_sync(
    recorded: list[Moment], played: list[Moment]
) -> None:
    ours, theirs = ([m[0] for m in changes(moments, 1) if m[1] == "ErrImagePull"] for moments in (played, recorded))
    gap = theirs[-1] - theirs[-2]
    assert ours[-1] - ours[-2] == pytest.approx(gap, abs=ONE_SYNC)


def test_the_spam_filter_lets_26_events_pass_and_then_one_with_what_it_held_back(
    recorded: list[Moment], played: list[Moment]
) -> None:
    """25 at once and one more every 300 s; Pulling and BackOff, both of type Normal, share that."""
    for moments in (recorded, played):
        *_, last, late = changes(moments, 3)
        assert last[2] + last[3] == 25 + 1
        assert late[0] >= 600
    ours, theirs = changes(played, 3)[-1], changes(recorded, 3)[-1]
    # Thirteen seconds a sync instead of 10 to 15: a sync more or less in ten minutes.
    assert ours[3] == pytest.approx(theirs[3], abs=1)
    assert ours[0] == pytest.approx(theirs[0], abs=ONE_SYNC)
