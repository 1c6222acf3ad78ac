"""The API server's defaults, validation and rows of each kind, from the YAML files beside this one."""

from __future__ import annotations

import re
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubesim.api import decoding, load_yaml, schema
from kubesim.api.budget import UNPAID
from kubesim.api.clock import parse_time
from kubesim.api.errors import StatusError
from kubesim.api.objects import clone
from kubesim.api.resources import JOB, POD, RESOURCES, SECRET, Resource
from kubesim.cluster.apiserver import printers, validation
from kubesim.cluster.apiserver.checks import selector
from kubesim.cluster.apiserver.defaults import apply_defaults, default_pull_policy
from tests.learner import Learner, rows

ROWS = rows(__file__)

# The kinds by name, and the specs of plain objects, which the entries complete.
KINDS = {resource.kind: resource for resource in RESOURCES if resource.simulated and resource.group != "events.k8s.io"}
CONTAINER = {"name": "app", "image": "nginx"}
TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [CONTAINER]}}
SPECS: dict[str, Any] = {
    "Pod": {"containers": [CONTAINER]},
    "Job": {"template": {"spec": {"containers": [CONTAINER], "restartPolicy": "Never"}}},
    **{
        kind: {"selector": {"matchLabels": {"app": "web"}}, "template": TEMPLATE}
        for kind in ("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet")
    },
}

# Any small JSON.
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-2, 2) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)


def entries(name: str) -> list[Any]:
    """The entries of a file as parameters, each with its name."""
    found = load_yaml(Path(__file__).with_name(name))
    return [pytest.param(entry, id=f"{index} {entry['name']}") for index, entry in enumerate(found)]


def grown(value: Any) -> Any:
    """A value in which "{3*x}" is replaced by "xxx", and "{3*x|base64}" by that in base64."""
    if isinstance(value, dict):
        return {key: grown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [grown(item) for item in value]
    match = re.fullmatch(r"\{(\d+)\*(.)(\|base64)?\}", value) if isinstance(value, str) else None
    if match is None:
        return value
    text = int(match[1]) * match[2]
    return b64encode(text.encode()).decode() if match[3] else text


def whole(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """A plain object of a kind, with the given fields and with defaults."""
    given = grown(given)
    obj: dict[str, Any] = clone({"kind": kind, **given})
    obj["metadata"] = {"name": "x", "namespace": "default", "uid": "u", **given.get("metadata", {})}
    if kind in SPECS or "spec" in given:
        obj["spec"] = clone({**SPECS.get(kind, {}), **given.get("spec", {})})
    for field in ("containers", "initContainers"):
        if kind == "Pod" and field in obj["spec"]:
            obj["spec"][field] = [CONTAINER | item for item in obj["spec"][field]]
    apply_defaults(KINDS[kind], obj)
    return obj


@pytest.mark.parametrize("entry", entries("defaults.yaml"))
def test_an_object_is_completed_with_defaults(entry: dict[str, Any]) -> None:
    apply_defaults(KINDS[entry["kind"]], entry["object"])
    assert entry["object"] == entry["completed"]


@pytest.mark.parametrize("entry", entries("validation.yaml"))
def test_an_object_or_a_change_has_these_problems(entry: dict[str, Any]) -> None:
    resource, new = KINDS[entry["kind"]], whole(entry["kind"], entry["object"])
    if "before" in entry:
        errors = validation.validate_update(resource, new, whole(entry["kind"], entry["before"]), UNPAID)
    else:
        errors = validation.validate(resource, new)
    assert [str(error) for error in errors] == entry["problems"]


@pytest.mark.parametrize("entry", entries("rows.yaml"))
def test_an_object_has_these_cells(entry: dict[str, Any]) -> None:
    cells = printers.row(entry["object"], parse_time(entry["now"]))
    assert cells == entry["cells"]
    assert len(cells) == len(printers.columns(entry["object"]["kind"]))


def test_some_columns_are_only_for_wide() -> None:
    wide = {kind: [item.name for item in printers.columns(kind) if item.wide] for kind in ("Pod", "Secret")}
    assert wide == {"Pod": ["IP", "NODE", "NOMINATED NODE", "READINESS GATES"], "Secret": []}
    shown = [item.name for item in printers.columns("Event") if not item.wide]
    assert shown == ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.27", "IfNotPresent"),
        ("registry.example.com:5000/app", "Always"),
        ("nginx@sha256:" + 64 * "0", "IfNotPresent"),
        ("nginx:latest@sha256:" + 64 * "0", "Always"),
        ("", "IfNotPresent"),
        ("No Image", "IfNotPresent"),
    ],
)
def test_pull_policy_follows_the_tag(image: str, policy: str) -> None:
    assert default_pull_policy(image) == policy


@pytest.mark.parametrize(("resources", "quality"), ROWS["quality_of_service"])
def test_quality_of_service(learner: Learner, resources: dict[str, Any], quality: str) -> None:
    learner.apply("web", {"name": "app", "image": "nginx", "resources": resources})
    assert learner.get(POD, "web")["status"]["qosClass"] == quality


def test_a_field_selector_is_evaluated_or_refused() -> None:
    for resource, field in ((SECRET, "type"), (POD, "metadata.name"), (JOB, "status.successful")):
        assert not selector(resource, "", f"{field}=x")({"metadata": {}})
    with pytest.raises(StatusError, match=r"field label not supported: spec\.containers"):
        selector(POD, "", "spec.containers=x")


def values(kind: schema.Type, depth: int) -> st.SearchStrategy[Any]:
    """Random values that mostly fit a type, so that they decode and validation examines them."""
    simple: dict[str, st.SearchStrategy[Any]] = {
        "string": st.text("aB-./ \x00é", max_size=4),
        "integer": st.integers(-2, 70000),
        "boolean": st.booleans(),
        "intorstring": st.integers(-1, 70000) | st.sampled_from(["http", "25%", "x%"]),
        "quantity": st.sampled_from(["1", "500m", "-1", "1Gi"]),
        "bytes": st.sampled_from(["", "YQ==", "e30=", "eyJ9"]),
    }
    if kind.kind in simple or not depth:
        return simple.get(kind.kind, JSON)
    if kind.element:
        inner = values(kind.element, depth - 1)
        return (
            st.lists(inner, max_size=2)
            if kind.kind == "list"
            else st.dictionaries(st.text(max_size=3), inner, max_size=2)
        )
    fields = schema.fields(kind)
    if not fields:
        return JSON
    return st.lists(st.sampled_from(sorted(fields)), max_size=4, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: values(fields[name].type, depth - 1) for name in names})
    )


@settings(max_examples=100, deadline=None)
@given(st.data(), st.sampled_from([resource for resource in RESOURCES if resource.simulated]))
def test_anything_that_decodes_can_be_validated(data: st.DataObject, resource: Resource) -> None:
    obj, other = (data.draw(values(schema.type_of(resource), 6)) for _ in range(2))
    try:
        new, old = (decoding.decode(resource, item, False) for item in (obj, other))
    except StatusError:
        new = old = {}
    try:
        errors = validation.validate(resource, new) + validation.validate_update(resource, new, old, UNPAID)
    except StatusError as error:
        errors = []
        problem = error.message
    else:
        problem = "kubesim: "
    assert problem.startswith("kubesim: ")
    assert all(error.field and error.message and error.reason for error in errors)
