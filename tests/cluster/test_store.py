"""The store's indexes agree with a search through all objects, after any puts, removals, amendments and copies."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from kubesim.api.objects import Object
from kubesim.api.resources import EVENT, POD
from kubesim.cluster.apiserver.store import Store

UIDS = ("a", "b", "c")


class Step(NamedTuple):
    """A Pod and an event to put or to remove: their name, and the uids of the Pod's owners and the event's object."""

    is_put: bool
    name: str
    uids: list[str]


steps = st.lists(
    st.builds(Step, st.booleans(), st.sampled_from("xyz"), st.lists(st.sampled_from(UIDS), max_size=2)), max_size=20
)
# Names of steps for an event of that name.
amendments = st.lists(st.tuples(st.sampled_from(["put", "amend", "read", "remove", "copy"]), st.sampled_from("xyz")))


def pod(name: str, owners: list[str]) -> Object:
    """A Pod with owners of these uids."""
    references = [{"uid": uid} for uid in owners]
    meta: Object = {"namespace": "default", "name": name} | ({"ownerReferences": references} if references else {})
    return {"metadata": meta}


def event(name: str, uids: list[str]) -> Object:
    """An event about the object with the first of these uids, "" without any."""
    return {"metadata": {"namespace": "default", "name": name}, "involvedObject": {"uid": "".join(uids[:1])}}


def check(store: Store) -> None:
    """Assert that the store's indexes agree with its lists."""
    for uid in UIDS:
        subject = {"metadata": {"uid": uid}}
        owned = [obj for obj in store.list(POD) if {"uid": uid} in obj["metadata"].get("ownerReferences", [])]
        assert store.owned_by(subject, POD) == owned
        about = [obj for obj in store.list(EVENT) if obj["involvedObject"]["uid"] == uid]
        assert store.events_about(subject) == about


def play(store: Store, steps: list[Step]) -> None:
    """Put and remove the Pods and events of the steps."""
    for is_put, name, uids in steps:
        for resource, obj in ((POD, pod(name, uids)), (EVENT, event(name, uids))):
            if is_put:
                store.put(resource, obj)
            elif store.get(resource, "default", name):
                store.remove(resource, obj)


@given(steps, steps)
def test_the_indexes_of_a_store_and_its_copy_agree_with_their_own_lists(first: list[Step], second: list[Step]) -> None:
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


@given(amendments)
def test_an_amended_event_reads_like_an_event_that_was_put_again(steps: list[tuple[str, str]]) -> None:
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
