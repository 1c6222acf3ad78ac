"""Watches: their events from a revision on, selections, bookmarks, the limits of the history, and listeners."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kubesim.api.errors import StatusError
from kubesim.api.resources import CONFIG_MAP
from kubesim.server.watch import HISTORY, event
from tests.server.caller import CORE, PATCHES, TABLE, Caller, events, request, status

MAPS = f"{CORE}/configmaps"
# Lines that leave the ConfigMaps a and b.
WORLD = ("kubectl delete configmap --all", "sleep 5", "kubectl create configmap a", "kubectl create configmap b")

# The type of a bookmark's object.
BOOKMARK = {"kind": "ConfigMap", "apiVersion": "v1"}


def _new(name: str, **labels: str) -> Any:
    """An object of that name."""
    return {"metadata": {"name": name, "labels": labels}}


@pytest.fixture
def call() -> Caller:
    """A cluster whose default namespace has the ConfigMaps a and b alone."""
    call = Caller(*WORLD)
    for name in [item["metadata"]["name"] for item in call("GET", MAPS)[1]["items"]]:
        if name not in ("a", "b"):
            call("DELETE", f"{MAPS}/{name}")
    return call


def _version(call: Caller, name: str = "a") -> str:
    """The resourceVersion of a ConfigMap."""
    return str(call("GET", f"{MAPS}/{name}")[1]["metadata"]["resourceVersion"])


@pytest.mark.parametrize("query", ["", "&resourceVersion=", "&resourceVersion=0"])
def test_a_watch_without_a_revision_begins_with_the_present_objects(query: str, call: Caller) -> None:
    watch = call.watch(f"{MAPS}?watch=1{query}")
    assert events(watch) == [("ADDED", "a", _version(call, "a")), ("ADDED", "b", _version(call, "b"))]
    assert events(watch) == []


def test_a_watch_from_a_revision_has_every_later_change(call: Caller) -> None:
    now = call.cluster.api.revision
    watch = call.watch(f"{MAPS}?watch=1&resourceVersion={now}")
    call("POST", MAPS, _new("c"))
    call("PATCH", f"{MAPS}/a", {"data": {"x": "y"}}, **PATCHES["merge"])
    call("POST", f"{CORE}/secrets", _new("c"))
    call("POST", "/api/v1/namespaces/kube-system/configmaps", _new("c"))
    call("DELETE", f"{MAPS}/b")
    told = [("ADDED", "c", str(now + 1)), ("MODIFIED", "a", str(now + 2)), ("DELETED", "b", str(now + 5))]
    assert events(watch) == told
    assert events(call.watch(f"{MAPS}?watch=true&resourceVersion={now + 1}")) == told[1:]
    assert events(call.watch(f"{MAPS}?watch=true&resourceVersion={now}&fieldSelector=metadata.name=b")) == told[2:]
    assert events(call.watch(f"{MAPS}/a?watch=true&resourceVersion={now}")) == told[1:2]
    everywhere = call.watch(f"/api/v1/configmaps?watch=1&resourceVersion={now + 2}")
    assert events(everywhere) == [("ADDED", "c", str(now + 4)), told[2]]


def test_a_watch_from_a_reverted_revision_is_expired(call: Caller) -> None:
    later = call.api.history.undone = call.cluster.api.revision + 1
    message = f"kubesim: the cluster was taken back to before the resource version {later}"
    assert call("GET", f"{MAPS}?watch=1&resourceVersion={later}") == (410, status(410, "Expired", message))


def test_an_event_has_the_whole_object(call: Caller) -> None:
    gone = call("GET", f"{MAPS}/a")[1]
    watch = call.watch(f"{MAPS}?watch=1&resourceVersion={call.cluster.api.revision}")
    call("DELETE", f"{MAPS}/a")
    gone["metadata"]["resourceVersion"] = str(call.cluster.api.revision)
    assert [json.loads(line) for line in watch.lines().splitlines()] == [{"type": "DELETED", "object": gone}]


def test_an_object_that_enters_or_leaves_a_selection_is_added_or_deleted(call: Caller) -> None:
    now = call.cluster.api.revision
    watch = call.watch(f"{MAPS}?watch=1&resourceVersion={now}&labelSelector=tier=x")
    for tier in ("x", "x", None, "y", "x"):
        call(
            "PATCH", f"{MAPS}/a", {"metadata": {"labels": {"tier": tier}}, "data": {"n": str(tier)}}, **PATCHES["merge"]
        )
        call("PATCH", f"{MAPS}/a", {"data": {"more": str(tier)}}, **PATCHES["merge"])
    found = [json.loads(line) for line in watch.lines().splitlines()]
    assert [(event["type"], event["object"]["data"]) for event in found] == [
        ("ADDED", {"n": "x"}),
        ("MODIFIED", {"n": "x", "more": "x"}),
        ("DELETED", {"n": "x", "more": "x"}),
        ("ADDED", {"n": "x", "more": "y"}),
        ("MODIFIED", {"n": "x", "more": "x"}),
    ]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in found]
    assert versions == sorted(set(versions))


@pytest.mark.parametrize("version", ["", "0", "now"])
def test_a_bookmark_can_mark_the_end_of_the_present_objects(version: str, call: Caller) -> None:
    now = str(call.cluster.api.revision)
    begin = version.replace("now", now)
    query = f"watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion={begin}"
    *added, last = [
        json.loads(line) for line in call.watch(f"{MAPS}?{query}&allowWatchBookmarks=true").lines().splitlines()
    ]
    assert [told["type"] for told in added] == ["ADDED", "ADDED"]
    meta = {"resourceVersion": now, "creationTimestamp": None, "annotations": {"k8s.io/initial-events-end": "true"}}
    assert last == {"type": "BOOKMARK", "object": {**BOOKMARK, "metadata": meta}}
    assert len(call.watch(f"{MAPS}?{query}").lines().splitlines()) == 2


def test_present_objects_can_be_left_out(call: Caller) -> None:
    assert events(call.watch(f"{MAPS}?watch=1&sendInitialEvents=false")) == []
    begin = call.cluster.api.revision
    call("POST", MAPS, _new("c"))
    later = call.watch(f"{MAPS}?watch=1&sendInitialEvents=false&resourceVersion={begin}")
    assert events(later) == [("ADDED", "c", str(begin + 1))]


def test_a_watch_behind_the_history_is_expired(call: Caller) -> None:
    begin = call.cluster.api.revision
    watch = call.watch(f"{MAPS}?watch=1&resourceVersion={begin}")
    for count in range(HISTORY + 10):
        call.cluster.api.put(*_heartbeat(call, count))
    with pytest.raises(StatusError) as refused:
        watch.lines()
    told = f"too old resource version: {begin} ({begin + 10})"
    assert json.loads(event("ERROR", refused.value)) == {"type": "ERROR", "object": status(410, "Expired", told)}
    later = call.watch(f"{MAPS}?watch=1&resourceVersion={begin + 10}")
    assert len(events(later)) == HISTORY


def test_large_objects_shorten_the_history() -> None:
    call = Caller()
    for count in range(40):
        assert call("POST", MAPS, _new(f"m{count}") | {"data": {"a": "x" * 1_000_000}})[0] == 201
    history = call.api.history
    assert 30 <= len(history.since(history._oldest)) <= 33


def _heartbeat(call: Caller, count: int) -> tuple[Any, Any]:
    """The arguments of a write that changes the ConfigMap a."""
    obj = call.cluster.api.get(CONFIG_MAP, "default", "a")
    return CONFIG_MAP, {**obj, "data": {"count": str(count)}}


def test_a_watch_from_before_the_server_began_is_expired() -> None:
    call = Caller("kubectl create configmap a")
    with pytest.raises(StatusError, match="too old resource version: 1 "):
        call.watch(f"{MAPS}?watch=1&resourceVersion=1").lines()


def test_a_watch_from_a_future_revision_waits_for_it(call: Caller) -> None:
    now = call.cluster.api.revision
    watch = call.watch(f"{MAPS}?watch=1&resourceVersion={now + 2}")
    for name in ("c", "d", "e"):
        call("POST", MAPS, _new(name))
        assert events(watch) == ([("ADDED", "e", str(now + 3))] if name == "e" else [])


def test_a_watch_of_tables_has_the_columns_once(call: Caller) -> None:
    watch = call.watch(f"{MAPS}?watch=1&includeObject=None", **TABLE)
    found = [json.loads(line)["object"] for line in watch.lines().splitlines()]
    assert [[row["cells"] for row in table["rows"]] for table in found] == [[["a", "0", "0s"]], [["b", "0", "0s"]]]
    assert [len(table["columnDefinitions"]) for table in found] == [3, 0]
    assert {table["kind"] for table in found} == {"Table"}


def test_a_type_without_objects_can_be_watched(call: Caller) -> None:
    assert events(call.watch("/apis/batch/v1/jobs?watch=1")) == []


def test_every_change_is_sent_once_and_in_order() -> None:
    call = Caller()
    watch = call.watch(f"{CORE}/pods?watch=1")
    seen = call.watch("/api/v1/events?watch=1&resourceVersion=" + str(call.cluster.api.revision))
    call.session.run(
        "kubectl create deployment shop --image=nginx --replicas=3; sleep 20; kubectl delete deployment shop"
    )
    call.session.advance(60)
    revisions = [change.revision for _, change, _ in call.api.history.since(call.api.history._oldest)]
    assert revisions == sorted(set(revisions))
    for told in (events(watch), events(seen)):
        assert len(told) > 10
        versions = [int(version) for _, _, version in told]
        assert versions == sorted(set(versions))


def test_a_closed_history_has_no_more_changes(call: Caller) -> None:
    watch = call.watch(f"{MAPS}?watch=1")
    woken: list[int] = []
    stop = watch.history.on_change(lambda: woken.append(1))
    call("POST", MAPS, _new("c"))
    assert (woken, watch.history.is_closed, call.api.history.is_watched) == ([1], False, True)
    call.api.history.close()
    call.api.history.close()
    call("POST", MAPS, _new("d"))
    assert (woken, watch.history.is_closed, call.api.history.is_watched) == ([1, 1], True, False)
    stop()


def test_stopping_a_listener_twice_leaves_the_others(call: Caller) -> None:
    woken: list[int] = []

    def listen() -> None:
        woken.append(1)

    stop = call.api.history.on_change(listen)
    call.api.history.on_change(listen)
    stop()
    stop()
    call("POST", MAPS, _new("c"))
    assert woken == [1]


def test_a_copy_of_the_cluster_calls_no_listener(call: Caller) -> None:
    woken: list[int] = []
    call.api.history.on_change(lambda: woken.append(1))
    revision = call.cluster.api.revision
    other = call.cluster.copy()
    other.api.create(
        CONFIG_MAP, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "default"}}
    )
    assert (woken, call.api.history.since(revision)) == ([], [])
    call.api.history.close()
    assert woken == [1]


def test_a_head_request_for_a_watch_is_answered_as_a_list(call: Caller) -> None:
    assert call.api.answer(request("HEAD", f"{MAPS}?watch=1")).code == 200
