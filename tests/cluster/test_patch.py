"""Patches: results, directives, refusals, and the property that apply's patch leads to the applied object."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubesim.api import load_yaml
from kubesim.api.budget import Budget, TooMuchError
from kubesim.api.errors import StatusError
from kubesim.api.resources import POD, SECRET, SERVICE_ACCOUNT, Resource, find_resource
from kubesim.cluster.apiserver import patch

PATCHES = load_yaml(Path(__file__).with_name("patches.yaml"))
# A ServiceAccount to be patched.
SA = {"kind": "ServiceAccount", "metadata": {"name": "builder"}, "imagePullSecrets": [{"name": "a"}]}

# Environment variables with the same name, which is the key of their list.
ONE, TWO, THREE = ({"name": "D", "value": value} for value in ("one", "two", "three"))
# Random Pods and their parts.
NAMES = st.sampled_from("abcd")
VARIABLES: st.SearchStrategy[dict[str, str]] = st.fixed_dictionaries({"name": NAMES, "value": NAMES})
CONTAINER: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"name": NAMES},
    optional={
        "image": st.sampled_from(["x", "y"]),
        "command": st.lists(NAMES, max_size=2),
        "env": st.lists(VARIABLES, max_size=3, unique_by=lambda variable: variable["name"]),
    },
)
CONTAINERS = st.lists(CONTAINER, max_size=3, unique_by=lambda container: container["name"])
PODS = st.fixed_dictionaries(
    {"metadata": st.fixed_dictionaries({"name": st.just("p")}, optional={"labels": st.dictionaries(NAMES, NAMES)})},
    optional={
        "spec": st.fixed_dictionaries(
            {"containers": CONTAINERS}, optional={"nodeSelector": st.dictionaries(NAMES, NAMES), "hostname": NAMES}
        )
    },
)
# Any JSON, keys that patches treat specially, patches with such keys, and operations of JSON Patch.
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
DIRECTIVES = st.sampled_from(
    [
        *("$patch", "$retainKeys", "$setElementOrder/containers", "$deleteFromPrimitiveList/finalizers"),
        *("containers", "spec", "metadata", "finalizers", "name", "imagePullSecrets", "labels", "data"),
    ]
)
CHANGES = st.recursive(
    JSON,
    lambda inner: st.dictionaries(DIRECTIVES, inner, max_size=4) | st.lists(inner, max_size=3),
    max_leaves=8,
)
OPERATIONS = st.lists(
    st.dictionaries(
        st.sampled_from(["op", "path", "from", "value"]),
        JSON
        | st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "/spec/containers/-", "/spec/0", "/~"]),
        max_size=4,
    ),
    max_size=3,
)


def pod(*containers: Any, **spec: Any) -> Any:
    """A Pod with these containers and fields of its spec."""
    return {"spec": {"containers": list(containers), **spec}}


@pytest.mark.parametrize(("plural", "old", "change", "new"), PATCHES["merged"])
def test_a_strategic_merge_patch_leads_to_the_result_of_its_row(plural: str, old: Any, change: Any, new: Any) -> None:
    resource = find_resource(plural)
    assert resource
    assert patch.strategic_merge(old, change, resource) == new


@pytest.mark.parametrize(("kind", "change", "code", "sentence"), PATCHES["refused"])
def test_a_patch_that_cannot_be_applied_is_refused(
    kind: patch.PatchType, change: Any, code: int, sentence: str
) -> None:
    with pytest.raises(StatusError) as caught:
        patch.patched(SERVICE_ACCOUNT, {**SA, "secrets": [{"name": "a"}]}, change, kind, Budget())
    assert (caught.value.code, caught.value.message) == (code, sentence)


@pytest.mark.parametrize(("operations", "outcome"), PATCHES["json"])
def test_a_json_patch_leads_to_the_result_of_its_row_or_is_refused(operations: Any, outcome: Any) -> None:
    try:
        changed: Any = patch.json_patch({"a": 1, "list": ["x", "y"]}, operations, Budget())
    except StatusError:
        changed = None
    assert changed == outcome


def test_a_json_patch_with_40000_operations_is_too_much_work() -> None:
    additions = [{"op": "add", "path": "/data/a", "value": "b"}]
    with pytest.raises(TooMuchError):
        patch.json_patch({"kind": "ConfigMap", "data": {}}, additions * 40_000, Budget())


def test_a_json_patch_that_nests_500_levels_is_refused() -> None:
    additions = [{"op": "add", "path": "/data" + "/a" * number, "value": {}} for number in range(1, 500)]
    with pytest.raises(StatusError) as caught:
        patch.json_patch({"kind": "ConfigMap", "data": {}}, additions, Budget())
    assert caught.value.message.startswith("kubesim: a patched object of more than")


def test_a_merge_patch_replaces_lists_and_removes_null_keys() -> None:
    assert patch.merge_patch(SA, {"imagePullSecrets": [{"name": "b"}], "metadata": {"name": None}, "kind": "X"}) == {
        "kind": "X",
        "metadata": {},
        "imagePullSecrets": [{"name": "b"}],
    }


def test_apply_removes_formerly_applied_fields_and_keeps_those_of_others() -> None:
    original = pod({"name": "a", "image": "x"}, {"name": "b", "image": "y"}, hostname="h")
    current = pod(
        {"name": "a", "image": "x", "imagePullPolicy": "Always"},
        {"name": "b", "image": "y", "imagePullPolicy": "Always"},
        hostname="h",
        nodeName="n",
    )
    modified = pod({"name": "a", "image": "x2"})
    change = patch.three_way(original, modified, current, POD)
    assert change == {
        "spec": {
            "hostname": None,
            "$setElementOrder/containers": [{"name": "a"}],
            "containers": [{"image": "x2", "name": "a"}, {"$patch": "delete", "name": "b"}],
        }
    }
    assert patch.strategic_merge(current, change, POD) == pod(
        {"name": "a", "image": "x2", "imagePullPolicy": "Always"}, nodeName="n"
    )


@pytest.mark.parametrize(
    ("original", "modified", "env"),
    [
        ([ONE, TWO], [ONE, TWO], [ONE, TWO]),
        ([ONE, TWO], [ONE, THREE], [THREE, TWO]),  # the patch can't tell which one it means
        ([ONE, TWO], [ONE], []),
        ([ONE, TWO], [THREE], []),
    ],
)
def test_apply_compares_items_with_the_same_key_in_order(original: Any, modified: Any, env: Any) -> None:
    """The real kubectl's patches led to the same results."""
    old, new, live = (pod({"name": "a", "env": list(items)}) for items in (original, modified, [ONE, TWO]))
    change = patch.three_way(old, new, live, POD)
    assert patch.strategic_merge(live, change, POD)["spec"]["containers"] == [{"name": "a", "env": env}]


def test_a_two_way_patch_of_items_with_the_same_key_deletes_both_and_adds_one() -> None:
    before = pod({"name": "a", "env": [ONE, TWO]})
    after = pod({"name": "a", "env": [THREE]})
    change = patch.between_two(before, after, POD)
    assert patch.strategic_merge(before, change, POD)["spec"]["containers"] == [{"name": "a", "env": [THREE]}]
    change = patch.three_way(before, after, before, POD)
    assert patch.strategic_merge(before, change, POD)["spec"]["containers"] == [{"name": "a", "env": []}]


def without_empty(value: Any) -> Any:
    """A value without empty lists and maps, which the server doesn't store."""
    if isinstance(value, list):
        return [without_empty(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: without_empty(item) for key, item in value.items()}
    return {key: item for key, item in kept.items() if item not in ([], {})}


@settings(max_examples=300, deadline=None)
@given(PODS, PODS)
def test_a_two_way_patch_leads_from_any_pod_to_any_other(old: Any, new: Any) -> None:
    before = copy.deepcopy((old, new))
    change = patch.between_two(old, new, POD)
    assert without_empty(patch.strategic_merge(old, change, POD)) == without_empty(new)
    assert (old, new) == before


@settings(max_examples=300, deadline=None)
@given(PODS, PODS, PODS)
def test_applying_twice_changes_nothing_the_second_time(original: Any, modified: Any, current: Any) -> None:
    before = copy.deepcopy((original, modified, current))
    live = patch.strategic_merge(current, patch.three_way(original, modified, current, POD), POD)
    again = patch.strategic_merge(live, patch.three_way(modified, modified, live, POD), POD)
    assert without_empty(again) == without_empty(live)
    assert (original, modified, current) == before


@settings(max_examples=200, deadline=None)
@given(
    CHANGES | OPERATIONS,
    st.sampled_from([POD, SECRET, SERVICE_ACCOUNT]),
    st.sampled_from(["strategic", "merge", "json"]),
)
def test_any_json_is_applied_as_a_patch_or_refused(change: Any, resource: Resource, kind: patch.PatchType) -> None:
    obj: Any = {
        **SA,
        **pod({"name": "a", "env": [{"name": "A"}]}),
        "metadata": {"name": "x", "finalizers": ["a/b"]},
        "data": {"a": ""},
    }
    before = copy.deepcopy((obj, change))
    try:
        result = patch.patched(resource, obj, change, kind, Budget())
    except StatusError as error:
        result = {"message": error.message}
    assert isinstance(result, dict)
    assert (obj, change) == before
