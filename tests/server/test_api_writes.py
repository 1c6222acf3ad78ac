"""Writes by the served API, as whole responses: create, update, patch, delete, scale, dry runs, validation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.learner import rows
from tests.server.caller import CORE, PATCHES, TABLE, Caller, status

ROWS = rows(__file__)

MAPS = f"{CORE}/configmaps"
# A ConfigMap, and one with unknown fields.
MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"a": "b"}}
UNKNOWN = {**MAP, "foo": 1, "metadata": {"name": "m", "bar": 2}}
SHOP = "/apis/apps/v1/namespaces/default/deployments/shop"
# Lines that fill a cluster.
WORLD = ROWS["world"]

PATCHED = ROWS["patched"]
# Requests that write: method, path, body, headers.
WRITES: list[tuple[str, str, Any, dict[str, str]]] = [
    ("POST", MAPS, {**MAP, "metadata": {"name": "n"}}, {}),
    ("PUT", f"{MAPS}/m", {**MAP, "data": {"x": "y"}}, {}),
    ("PATCH", f"{MAPS}/m", {"data": {"x": "y"}}, PATCHES["merge"]),
    ("DELETE", f"{MAPS}/m", b"", {}),
    ("PATCH", f"{SHOP}/scale", {"spec": {"replicas": 5}}, PATCHES["merge"]),
]
# Warnings about the unknown fields, and the refusal of strict validation.
TOLD = ['unknown field "foo"', 'unknown field "metadata.bar"']
STRICT = (
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: '
    'unknown field "foo", unknown field "metadata.bar"'
)
# A grace period; True if the Pod still exists after its deletion; and the grace period in its metadata.
GRACE = [(0, False, None), (5, True, 5), (-7, True, 1), (None, True, 30)]


@pytest.fixture
def call() -> Caller:
    """A fresh cluster."""
    return Caller()


def _new(obj: Any, call: Caller, **changes: Any) -> Any:
    """`obj` as it's stored, with namespace, uid, version and time, and with `changes`."""
    found = call("GET", f"{MAPS}/{obj['metadata']['name']}")[1]
    kept = {key: found["metadata"][key] for key in ("uid", "resourceVersion", "creationTimestamp")}
    return {**obj, "metadata": {**obj["metadata"], "namespace": "default", **kept}, **changes}


def test_an_object_is_created_read_updated_and_deleted(call: Caller) -> None:
    code, made = call("POST", MAPS, MAP)
    assert (code, made) == (201, _new(MAP, call))
    assert call("GET", f"{MAPS}/m") == (200, made)
    again = {**made, "data": {"c": "d"}}
    code, changed = call("PUT", f"{MAPS}/m", again)
    assert (code, changed) == (200, _new(MAP, call, data={"c": "d"}))
    assert int(changed["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])
    why = "the object has been modified; please apply your changes to the latest version and try again"
    stale = f'Operation cannot be fulfilled on configmaps "m": {why}'
    assert call("PUT", f"{MAPS}/m", again) == (409, status(409, "Conflict", stale, name="m", kind="configmaps"))
    details = {"name": "m", "kind": "configmaps", "uid": made["metadata"]["uid"]}
    done = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
    assert call("DELETE", f"{MAPS}/m") == (200, done)
    assert call("GET", f"{MAPS}/m")[0] == 404


@pytest.mark.parametrize(("kind", "change", "data"), PATCHED)
def test_a_patch_of_each_type_leads_to_the_data_of_its_row(kind: str, change: Any, data: Any, call: Caller) -> None:
    call("POST", MAPS, MAP)
    found = call("PATCH", f"{MAPS}/m", change, **PATCHES[kind])
    assert found == (200, _new(MAP, call, data=data))


@pytest.mark.parametrize(("method", "path", "body", "headers"), WRITES)
def test_a_dry_run_has_the_response_of_the_write_and_changes_nothing(
    method: str, path: str, body: Any, headers: dict[str, str]
) -> None:
    call, real = Caller(*WORLD), Caller(*WORLD)
    before = call.cluster.api.revision
    changes: list[Any] = []
    call.cluster.api.subscribe(changes.append)
    code, found = call(method, f"{path}?dryRun=All", body, **headers)
    assert (call.cluster.api.revision, changes) == (before, [])
    real_code, done = real(method, path, body, **headers)
    for answer in (found, done):
        for item in (answer, *answer.get("items", ())):
            item["metadata"].pop("resourceVersion", None)
    assert (code, found) == (real_code, done)


def test_the_body_of_a_deletion_can_ask_for_a_dry_run(call: Caller) -> None:
    call("POST", MAPS, MAP)
    assert call("DELETE", f"{MAPS}/m", {"kind": "DeleteOptions", "apiVersion": "v1", "dryRun": ["All"]})[0] == 200
    assert call("GET", f"{MAPS}/m")[0] == 200


@pytest.mark.parametrize(("directive", "warnings"), [("", TOLD), ("Warn", TOLD), ("Ignore", [])])
def test_unknown_fields_are_dropped_with_warnings(directive: str, warnings: list[str], call: Caller) -> None:
    found = call.answer("POST", f"{MAPS}?fieldValidation={directive}", UNKNOWN)
    assert (found.code, found.warnings, found.content) == (201, warnings, _new(MAP, call))
    for method, headers in (("PUT", {}), ("PATCH", PATCHES["merge"])):
        found = call.answer(method, f"{MAPS}/m?fieldValidation={directive}", UNKNOWN, **headers)
        assert (found.code, found.warnings) == (200, warnings)


def test_strict_validation_refuses_unknown_fields(call: Caller) -> None:
    assert call("POST", f"{MAPS}?fieldValidation=Strict", UNKNOWN) == (400, status(400, "BadRequest", STRICT))


def test_a_created_object_can_be_returned_as_a_table(call: Caller) -> None:
    code, table = call("POST", MAPS, MAP, **TABLE)
    assert (code, [row["cells"] for row in table["rows"]]) == (201, [["m", "1", "0s"]])


def test_a_created_object_gets_type_and_namespace_from_the_path(call: Caller) -> None:
    assert call("POST", MAPS, {"metadata": {"name": "m"}, "data": {"a": "b"}}) == (201, _new(MAP, call))
    named = call("POST", MAPS, {"metadata": {"generateName": "m-"}})[1]["metadata"]["name"]
    assert named.startswith("m-")
    assert len(named) == 7


@pytest.mark.parametrize(("seconds", "stays", "kept"), GRACE)
@pytest.mark.parametrize("where", ["body", "query"])
def test_a_pod_stays_for_its_grace_period(seconds: int | None, stays: bool, kept: int | None, where: str) -> None:
    call = Caller("kubectl run web --image=nginx", "sleep 20")
    given = {} if seconds is None else {"gracePeriodSeconds": seconds}
    query = "?" + "&".join(f"{key}={value}" for key, value in given.items()) if where == "query" else ""
    code, pod = call("DELETE", f"{CORE}/pods/web{query}", given if where == "body" else b"")
    assert (code, pod["kind"], pod["metadata"].get("deletionGracePeriodSeconds")) == (200, "Pod", kept)
    assert (call("GET", f"{CORE}/pods/web")[0] == 200) is stays


@pytest.mark.parametrize(("options", "policy"), ROWS["propagation"])
def test_other_propagation_policies_are_refused(options: Any, policy: str) -> None:
    code, refusal = Caller(*WORLD)("DELETE", SHOP, options)
    why = f"kubesim: the propagation policy {policy} is not part of this simulator"
    assert (code, refusal["message"]) == (501, why)


@pytest.mark.parametrize("options", [{}, {"propagationPolicy": "Background"}])
def test_dependents_are_deleted_after_their_owner(options: Any) -> None:
    call = Caller(*WORLD)
    assert call("DELETE", SHOP, options)[0] == 200
    assert call("GET", SHOP)[0] == 404
    call.session.advance(60)
    assert call("GET", "/apis/apps/v1/namespaces/default/replicasets")[1]["items"] == []


def test_a_deletion_with_a_wrong_precondition_is_refused(call: Caller) -> None:
    uid = call("POST", MAPS, MAP)[1]["metadata"]["uid"]
    for key, word in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
        present = call("GET", f"{MAPS}/m")[1]["metadata"][key]
        why = f"Precondition failed: {word} in precondition: x, {word} in object meta: {present}"
        told = f'Operation cannot be fulfilled on configmaps "m": {why}'
        refused = call("DELETE", f"{MAPS}/m", {"preconditions": {key: "x"}})
        assert refused == (409, status(409, "Conflict", told, name="m", kind="configmaps"))
    assert call("DELETE", f"{MAPS}/m", {"preconditions": {"uid": uid}})[0] == 200


def test_the_deletion_of_a_collection_is_refused(call: Caller) -> None:
    code, refusal = call("DELETE", f"{MAPS}?labelSelector=tier=x")
    why = "kubesim: deleting all objects of a selection at once is not part of this simulator"
    assert (code, refusal["message"]) == (501, why)


def test_scale_is_read_updated_and_patched() -> None:
    call = Caller(*WORLD)
    obj = call("GET", SHOP)[1]["metadata"]
    kept = {key: obj[key] for key in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")}
    scale = {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": kept,
        "spec": {"replicas": 2},
        "status": {"replicas": 2, "selector": "app=shop"},
    }
    assert call("GET", f"{SHOP}/scale") == (200, scale)
    changes: list[tuple[str, Any, dict[str, str]]] = [
        ("PUT", {**scale, "spec": {"replicas": 3}}, {}),
        ("PATCH", {"spec": {"replicas": 4}}, PATCHES["merge"]),
        ("PATCH", {"spec": {"replicas": 5}}, PATCHES["strategic-merge"]),
        ("PATCH", [{"op": "replace", "path": "/spec/replicas", "value": 6}], PATCHES["json"]),
    ]
    for count, (method, body, headers) in enumerate(changes, 3):
        code, found = call(method, f"{SHOP}/scale", body, **headers)
        version = call("GET", SHOP)[1]["metadata"]["resourceVersion"]
        meta = {**kept, "resourceVersion": version}
        assert (code, found) == (200, {**scale, "metadata": meta, "spec": {"replicas": count}})
    assert call("PUT", f"{SHOP}/scale", {**scale, "spec": {"replicas": 1}})[0] == 409
