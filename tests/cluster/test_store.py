"""The store: one revision that grows, versions that replace each other, lists in order."""

from __future__ import annotations

from kubesim.api.objects import Object
from kubesim.api.resources import NODE, POD
from kubesim.cluster.apiserver.store import Store


def pod(namespace: str, name: str) -> Object:
    return {"metadata": {"namespace": namespace, "name": name}}


def test_every_change_has_its_own_revision() -> None:
    store = Store()
    first = store.put(POD, pod("a", "x"))
    second = store.put(POD, pod("a", "x"))
    store.remove(POD, second)
    assert [obj["metadata"]["resourceVersion"] for obj in (first, second)] == ["1", "2"]
    assert store.revision == 3
    assert store.get(POD, "a", "x") is None


def test_a_new_version_leaves_the_old_one_as_it_was() -> None:
    store = Store()
    old = store.put(POD, pod("a", "x"))
    store.put(POD, {**old, "spec": {"nodeName": "n"}})
    assert old == {"metadata": {"namespace": "a", "name": "x", "resourceVersion": "1"}}


def test_lists_are_ordered_by_namespace_and_name() -> None:
    store = Store()
    for namespace, name in (("b", "x"), ("a", "z"), ("a", "y")):
        store.put(POD, pod(namespace, name))
    store.put(NODE, {"metadata": {"name": "n"}})
    names = [f"{obj['metadata']['namespace']}/{obj['metadata']['name']}" for obj in store.list(POD)]
    assert names == ["a/y", "a/z", "b/x"]
    assert [obj["metadata"]["name"] for obj in store.list(POD, "a")] == ["y", "z"]
    assert [obj["metadata"]["name"] for obj in store.list(NODE)] == ["n"]
    assert store.list(POD, "c") == []
