"""The recorder folds repeats, and lets one source say only so much about an object."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kubesim.api.clock import Clock, Identity
from kubesim.api.objects import Object
from kubesim.api.resources import EVENT
from kubesim.cluster.apiserver import APIServer
from kubesim.cluster.apiserver.backend import Backend
from kubesim.cluster.events import BURST, REFILL, EventContent, Recorder

POD: Object = {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "default", "name": "web", "uid": "1"}}


class Scene:
    """An API server with a recorder that writes its events as the kubelet."""

    def __init__(self) -> None:
        self.clock = Clock(datetime(2026, 11, 24, 14, tzinfo=UTC))
        self.api = APIServer(self.clock, Identity(0)).as_component()
        self.recorder = Recorder(self.api, self.clock, "kubelet", "sim-worker")

    def say(self, reason: str, kind: str = "Normal", message: str = "m", pod: Object = POD) -> None:
        """Record one event about the container app of the Pod."""
        self.recorder.emit(pod, EventContent(kind, reason, message, "spec.containers{app}"))

    def counts(self) -> dict[str, int]:
        """The count of each stored event, by its reason and message."""
        return {f"{event['reason']}/{event['message']}": event["count"] for event in self.api.list(EVENT)}


@pytest.fixture
def scene() -> Scene:
    """A scene without events."""
    return Scene()


def test_a_repeated_event_has_every_field(scene: Scene) -> None:
    scene.say("Pulling")
    scene.clock.advance(5)
    scene.say("Pulling")
    (event,) = scene.api.list(EVENT)
    name, uid = event["metadata"]["name"], event["metadata"]["uid"]
    assert name.startswith("web.")
    assert event == {
        "apiVersion": "v1",
        "count": 2,
        "eventTime": None,
        "firstTimestamp": "2026-11-24T14:00:00Z",
        "involvedObject": {
            "apiVersion": "v1",
            "fieldPath": "spec.containers{app}",
            "kind": "Pod",
            "name": "web",
            "namespace": "default",
            "uid": "1",
        },
        "kind": "Event",
        "lastTimestamp": "2026-11-24T14:00:05Z",
        "message": "m",
        "metadata": {
            "creationTimestamp": "2026-11-24T14:00:00Z",
            "name": name,
            "namespace": "default",
            "resourceVersion": "2",
            "uid": uid,
        },
        "reason": "Pulling",
        "reportingComponent": "kubelet",
        "reportingInstance": "sim-worker",
        "source": {"component": "kubelet", "host": "sim-worker"},
        "type": "Normal",
    }


def test_another_message_is_another_event(scene: Scene) -> None:
    for message in ("a", "b", "a"):
        scene.say("Failed", message=message)
    assert scene.counts() == {"Failed/a": 2, "Failed/b": 1}


def test_after_a_burst_one_event_passes_every_five_minutes_with_the_whole_count(scene: Scene) -> None:
    for _ in range(BURST + 5):
        scene.say("BackOff")
    assert scene.counts() == {"BackOff/m": BURST}
    scene.clock.advance(REFILL / 1e6 - 1)
    scene.say("BackOff")
    assert scene.counts() == {"BackOff/m": BURST}
    scene.clock.advance(1)
    scene.say("BackOff")
    assert scene.counts() == {"BackOff/m": BURST + 7}


def test_repeated_events_count_each_time_even_if_only_the_last_is_written(scene: Scene) -> None:
    events = [
        EventContent("Normal", "BackOff", "m"),
        *(EventContent("Warning", "Failed", str(number)) for number in range(11)),
    ]
    for content in events:
        scene.recorder.emit(POD, content)
    revision = scene.api.revision
    scene.recorder.count("1", events, 2)
    assert scene.api.revision == revision
    scene.recorder.repeat(POD, events, 3)
    single = {"BackOff/m": 6} | {f"Failed/{number}": 6 for number in range(9)}
    assert scene.counts() == {**single, "Failed/(combined from similar events): 10": 12}


def test_each_type_and_each_object_has_a_burst_of_its_own(scene: Scene) -> None:
    for _ in range(BURST + 1):
        scene.say("BackOff")
    scene.say("Failed", kind="Warning")
    scene.say("BackOff", message="other", pod={**POD, "metadata": {**POD["metadata"], "uid": "2"}})
    assert scene.counts() == {"BackOff/m": BURST, "Failed/m": 1, "BackOff/other": 1}


def test_an_event_that_was_deleted_comes_back(scene: Scene) -> None:
    scene.say("Pulling")
    scene.api.remove(EVENT, scene.api.list(EVENT)[0])
    scene.say("Pulling")
    assert scene.counts() == {"Pulling/m": 2}


def test_a_watch_gets_each_repeat_and_a_list_gets_the_last(scene: Scene) -> None:
    seen: list[tuple[str, int, str]] = []
    scene.say("Pulling")
    stop = scene.api.subscribe(
        lambda change: seen.append((change.type, change.obj["count"], change.obj["metadata"]["resourceVersion"])), EVENT
    )
    for _ in range(2):
        scene.say("Pulling")
    stop()
    scene.say("Pulling")
    assert seen == [("MODIFIED", 2, "2"), ("MODIFIED", 3, "3")]
    (event,) = scene.api.list(EVENT)
    assert (event["count"], event["metadata"]["resourceVersion"]) == (4, "4")


def test_an_event_lives_an_hour_after_it_was_written_last(scene: Scene) -> None:
    scene.say("Pulling")
    scene.clock.advance(3000)
    scene.say("Pulling")
    scene.say("Failed", pod={**POD, "metadata": {**POD["metadata"], "uid": "2"}})
    scene.clock.advance(3590)
    assert scene.counts() == {"Pulling/m": 2, "Failed/m": 1}
    assert [event["reason"] for event in scene.api.events_about(POD)] == ["Pulling"]
    scene.clock.advance(70)
    assert scene.counts() == {}
    assert scene.api.events_about(POD) == []


def test_an_event_is_found_by_the_object_that_it_is_about_now(scene: Scene) -> None:
    scene.say("Pulling")
    (event,) = scene.api.list(EVENT)
    moved = scene.api.put(EVENT, {**event, "involvedObject": {**event["involvedObject"], "uid": "2"}})
    assert scene.api.events_about(POD) == []
    assert scene.api.events_about({"metadata": {"uid": "2"}}) == [moved]


def test_the_scheduler_announces_in_the_newer_form(scene: Scene) -> None:
    scene.recorder.announce(POD, "Scheduled", "Binding", "m")
    (event,) = scene.api.list(EVENT)
    assert (event["action"], event["eventTime"], event["source"], event["firstTimestamp"]) == (
        "Binding",
        "2026-11-24T14:00:00.000000Z",
        {},
        None,
    )


def test_deleted_events_leave_no_second_chain_of_timers(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[int] = []
    expire = Backend._expire_events
    monkeypatch.setattr(Backend, "_expire_events", lambda backend: (runs.append(scene.clock.now), expire(backend)))
    for _ in range(5):
        scene.say("Pulling")
        for event in scene.api.list(EVENT):
            scene.api.remove(EVENT, event)
    scene.say("Pulled")
    scene.clock.advance(2 * 3600)
    assert scene.counts() == {}
    assert len(runs) == len(set(runs)) > 0
