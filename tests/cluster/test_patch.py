"""Patches: results, directives, the server's sentences, and the law that apply's patch leads where it should."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubesim.api.errors import StatusError
from kubesim.api.resources import DEPLOYMENT, POD, SECRET, SERVICE_ACCOUNT
from kubesim.cluster.apiserver import patch

SA = {"kind": "ServiceAccount", "metadata": {"name": "builder"}, "imagePullSecrets": [{"name": "a"}]}


def pod(*containers: Any, **spec: Any) -> Any:
    return {"spec": {"containers": list(containers), **spec}}


def test_a_service_account_s_pull_secrets_are_replaced_and_a_pod_s_are_merged() -> None:
    change = {"imagePullSecrets": [{"name": "b"}]}
    assert patch.strategic_merge(SA, change, SERVICE_ACCOUNT)["imagePullSecrets"] == [{"name": "b"}]
    merged = patch.strategic_merge(pod(imagePullSecrets=[{"name": "a"}]), {"spec": change}, POD)
    assert merged["spec"]["imagePullSecrets"] == [{"name": "b"}, {"name": "a"}]


def test_containers_and_their_environment_are_merged_by_name() -> None:
    old = pod({"name": "a", "image": "x", "env": [{"name": "A", "value": "1"}]}, {"name": "b", "image": "y"})
    change = pod({"name": "a", "env": [{"name": "B", "value": "2"}]}, {"name": "c", "image": "z"})
    assert patch.strategic_merge(old, change, POD) == pod(
        {"name": "a", "image": "x", "env": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]},
        {"name": "c", "image": "z"},
        {"name": "b", "image": "y"},
    )


def test_directives() -> None:
    old = pod({"name": "a"}, {"name": "b"}, {"name": "c"}, nodeSelector={"x": "1", "y": "2"})
    gone = patch.strategic_merge(old, pod({"name": "b", "$patch": "delete"}), POD)
    assert gone["spec"]["containers"] == [{"name": "a"}, {"name": "c"}]
    replaced = patch.strategic_merge(old, pod({"name": "z"}, {"$patch": "replace"}), POD)
    assert replaced["spec"]["containers"] == [{"name": "z"}]
    order = {"spec": {"$setElementOrder/containers": [{"name": "c"}, {"name": "a"}, {"name": "b"}]}}
    assert [c["name"] for c in patch.strategic_merge(old, order, POD)["spec"]["containers"]] == ["c", "a", "b"]
    selector = patch.strategic_merge(old, {"spec": {"nodeSelector": {"$patch": "replace", "z": "3"}}}, POD)
    assert selector["spec"]["nodeSelector"] == {"z": "3"}
    meta = {"metadata": {"finalizers": ["a/b", "c/d"]}}
    deleted = patch.strategic_merge(meta, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a/b"]}}, POD)
    assert deleted == {"metadata": {"finalizers": ["c/d"]}}


def test_retain_keys_clears_the_other_strategy() -> None:
    old = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    change = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert patch.strategic_merge(old, change, DEPLOYMENT) == {"spec": {"strategy": {"type": "Recreate"}}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"imagePullSecrets": "b"}, '"map[imagePullSecrets:b]": cannot restore slice from string'),
        ({"imagePullSecrets": ["b"]}, '"map[imagePullSecrets:[b]]": cannot restore struct from: string'),
        ({"metadata": 5}, '"map[metadata:5]": cannot restore struct from: int64'),
        ({"metadata": {"labels": []}}, '"map[metadata:map[labels:[]]]": cannot restore map from slice'),
        ({"metadata": {"labels": {"a": 1}}}, '"map[metadata:map[labels:map[a:1]]]": cannot convert int64 to string'),
        ({"automountServiceAccountToken": "x"}, '"map[automountServiceAccountToken:x]": unrecognized type: bool'),
    ],
)
def test_a_strategic_patch_of_the_wrong_type_is_told_as_the_converter_does(change: Any, said: str) -> None:
    with pytest.raises(StatusError) as caught:
        patch.strategic_merge(SA, change, SERVICE_ACCOUNT)
    assert (caught.value.code, caught.value.reason, caught.value.kind) == (422, "Invalid", "")
    assert [str(cause) for cause in caught.value.causes] == [f"patch: Invalid value: {said}"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (pod({"image": "x"}), "map: map[image:x] does not contain declared merge key: name"),
        (pod({"name": "a", "$patch": "move"}), "unknown patch type: move in map: map[$patch:move name:a]"),
    ],
)
def test_a_strategic_patch_that_cannot_be_merged(change: Any, said: str) -> None:
    with pytest.raises(StatusError) as caught:
        patch.strategic_merge(pod({"name": "a"}), change, POD)
    assert (caught.value.code, caught.value.message) == (500, said)


def test_merge_patch() -> None:
    assert patch.merge_patch(SA, {"imagePullSecrets": [{"name": "b"}], "metadata": {"name": None}, "kind": "X"}) == {
        "kind": "X",
        "metadata": {},
        "imagePullSecrets": [{"name": "b"}],
    }
    with pytest.raises(StatusError, match="cannot unmarshal array into Go value of type map"):
        patch.merge_patch(SA, [])


def test_json_patch() -> None:
    assert "imagePullSecrets" not in patch.json_patch(SA, [{"op": "remove", "path": "/imagePullSecrets"}])
    for operations in ([{"op": "remove", "path": "/nope"}], [{"op": "test", "path": "/kind", "value": "x"}], [{}], [5]):
        with pytest.raises(StatusError) as caught:
            patch.json_patch(SA, operations)
        assert caught.value.message == "the server rejected our request due to an error in our request"
    with pytest.raises(StatusError) as caught:
        patch.json_patch(SA, {})
    said = "error decoding patch: json: cannot unmarshal object into Go value of type []interface {}"
    assert caught.value.message == said


def test_apply_deletes_what_it_applied_before_and_leaves_the_rest_alone() -> None:
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


NAMES = st.sampled_from("abcd")
CONTAINERS = st.lists(
    st.fixed_dictionaries(
        {"name": NAMES},
        optional={
            "image": st.sampled_from(["x", "y"]),
            "command": st.lists(NAMES, max_size=2),
            "env": st.lists(
                st.fixed_dictionaries({"name": NAMES, "value": NAMES}), max_size=3, unique_by=lambda item: item["name"]
            ),
        },
    ),
    max_size=3,
    unique_by=lambda item: item["name"],
)
PODS = st.fixed_dictionaries(
    {"metadata": st.fixed_dictionaries({"name": st.just("p")}, optional={"labels": st.dictionaries(NAMES, NAMES)})},
    optional={
        "spec": st.fixed_dictionaries(
            {"containers": CONTAINERS}, optional={"nodeSelector": st.dictionaries(NAMES, NAMES), "hostname": NAMES}
        )
    },
)


def without_empty(value: Any) -> Any:
    """What the server stores: it leaves empty lists and maps out."""
    if isinstance(value, list):
        return [without_empty(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: without_empty(item) for key, item in value.items()}
    return {key: item for key, item in kept.items() if item not in ([], {})}


@settings(max_examples=300, deadline=None)
@given(PODS, PODS)
def test_a_two_way_patch_leads_from_one_to_the_other(old: Any, new: Any) -> None:
    before = copy.deepcopy((old, new))
    change = patch.two_way(old, new, POD)
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


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
DIRECTIVES = st.sampled_from(
    [
        "$patch",
        "$retainKeys",
        "$setElementOrder/containers",
        "$deleteFromPrimitiveList/finalizers",
        "containers",
        "spec",
        "metadata",
        "finalizers",
        "name",
        "imagePullSecrets",
        "labels",
        "data",
    ]
)
CHANGES = st.recursive(
    JSON,
    lambda inner: st.dictionaries(DIRECTIVES, inner, max_size=4) | st.lists(inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None)
@given(CHANGES, st.sampled_from([POD, SECRET, SERVICE_ACCOUNT]), st.sampled_from(["strategic", "merge", "json"]))
def test_any_json_is_a_patch_or_is_refused(change: Any, resource: Any, kind: str) -> None:
    obj: Any = {
        **SA,
        **pod({"name": "a", "env": [{"name": "A"}]}),
        "metadata": {"name": "x", "finalizers": ["a/b"]},
        "data": {"a": ""},
    }
    before = copy.deepcopy((obj, change))
    try:
        result = {
            "strategic": lambda: patch.strategic_merge(obj, change, resource),
            "merge": lambda: patch.merge_patch(obj, change),
            "json": lambda: patch.json_patch(obj, change),
        }[kind]()
    except StatusError as error:
        result = {"message": error.message}
    assert isinstance(result, dict)
    assert (obj, change) == before


OPERATIONS = st.lists(
    st.dictionaries(
        st.sampled_from(["op", "path", "from", "value"]),
        JSON
        | st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "/spec/containers/-", "/spec/0", "/~"]),
        max_size=4,
    ),
    max_size=3,
)


@settings(max_examples=400, deadline=None)
@given(OPERATIONS)
def test_any_list_of_operations_is_a_patch_or_is_refused(operations: Any) -> None:
    obj = pod({"name": "a"})
    before = copy.deepcopy((obj, operations))
    try:
        result = patch.json_patch(obj, operations)
    except StatusError as error:
        result = {"message": error.message}
    assert isinstance(result, dict)
    assert (obj, operations) == before
