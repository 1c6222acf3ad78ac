"""The store's indexes say what a look through all objects says, whatever comes and goes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kubesim.api.objects import Object
from kubesim.api.resources import EVENT, POD
from kubesim.cluster.apiserver.store import Store

UIDS = ("a", "b", "c")
steps = st.lists(
    st.tuples(st.booleans(), st.sampled_from("xyz"), st.lists(st.sampled_from(UIDS), max_size=2)), max_size=20
)


def pod(name: str, owners: list[str]) -> Object:
    references = [{"uid": uid} for uid in owners]
    meta: Object = {"namespace": "default", "name": name} | ({"ownerReferences": references} if references else {})
    return {"metadata": meta}


def event(name: str, uids: list[str]) -> Object:
    return {"metadata": {"namespace": "default", "name": name}, "involvedObject": {"uid": "".join(uids[:1])}}


def check(store: Store) -> None:
    for uid in UIDS:
        subject = {"metadata": {"uid": uid}}
        owned = [obj for obj in store.list(POD) if {"uid": uid} in obj["metadata"].get("ownerReferences", [])]
        assert store.owned_by(subject, POD) == owned
        about = [obj for obj in store.list(EVENT) if obj["involvedObject"]["uid"] == uid]
        assert store.events_about(subject) == about


@given(steps, steps)
def test_indexes(first: list[tuple[bool, str, list[str]]], second: list[tuple[bool, str, list[str]]]) -> None:
    store = Store()
    play(store, first)
    check(store)
    copy = Store()
    copy.resume(store)
    before = [store.list(POD), store.list(EVENT)]
    play(copy, second)
    check(store)
    check(copy)
    assert [store.list(POD), store.list(EVENT)] == before
    after = [copy.list(POD), copy.list(EVENT)]
    play(store, first)
    check(store)
    assert [copy.list(POD), copy.list(EVENT)] == after


def play(store: Store, steps: list[tuple[bool, str, list[str]]]) -> None:
    for is_put, name, uids in steps:
        for resource, obj in ((POD, pod(name, uids)), (EVENT, event(name, uids))):
            if is_put:
                store.put(resource, obj)
            elif store.get(resource, "default", name):
                store.remove(resource, obj)


amendments = st.lists(st.tuples(st.sampled_from(["put", "amend", "read", "remove", "copy"]), st.sampled_from("xyz")))


@given(amendments)
def test_an_amended_event_reads_as_one_that_was_put(steps: list[tuple[str, str]]) -> None:
    put, amended = Store(), Store()
    for count, (step, name) in enumerate(steps):
        old = put.get(EVENT, "default", name)
        if step == "put":
            put.put(EVENT, event(name, ["a"]))
            amended.put(EVENT, event(name, ["a"]))
        if step == "amend":
            assert amended.amend(("default", name), {"count": count}) == (old is not None)
            if old:
                put.put(EVENT, {**old, "count": count})
        if step == "remove" and old:
            put.remove(EVENT, old)
            amended.remove(EVENT, old)
        if step == "copy":
            copy = Store()
            copy.resume(amended)
            amended = copy
        assert amended.revision == put.revision
        if step == "read":
            assert amended.get(EVENT, "default", name) == old
            check(amended)
    assert amended.list(EVENT) == put.list(EVENT)
    check(amended)
