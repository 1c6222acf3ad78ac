"""Objects are decoded and refused as the API server does, and their fields are put in Go's order."""

from __future__ import annotations

import copy
import json
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubesim.api import decoding, load_yaml, schema
from kubesim.api.errors import StatusError
from kubesim.api.resources import (
    CONFIG_MAP,
    DEPLOYMENT,
    POD,
    RESOURCES,
    ROLE,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    Resource,
    find_kind,
    find_resource,
)
from tests.learner import Learner

REFUSALS = load_yaml(Path(__file__).with_name("refusals.yaml"))

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def refusal(resource: Resource | None, obj: Any, strict: bool = True) -> str:
    """The sentence that refuses the object, without its beginning."""
    assert resource
    with pytest.raises(StatusError) as caught:
        decoding.decode(resource, obj, strict)
    assert (caught.value.code, caught.value.reason) == (400, "BadRequest")
    head = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: '
    assert caught.value.message.startswith(head)
    return caught.value.message.removeprefix(head)


def container(**fields: Any) -> dict[str, Any]:
    """A Pod of one container with these fields."""
    return {"spec": {"containers": [fields]}}


@pytest.mark.parametrize(("plural", "obj", "value", "field", "wanted"), REFUSALS["wrong types"])
def test_a_value_of_the_wrong_type_is_refused(plural: str, obj: Any, value: str, field: str, wanted: str) -> None:
    sentence = f"json: cannot unmarshal {value} into Go struct field {field} of type {wanted}"
    assert refusal(find_resource(plural), obj) == sentence


@pytest.mark.parametrize(("plural", "obj", "sentence"), REFUSALS["other sentences"])
def test_another_mistake_is_refused(plural: str, obj: Any, sentence: str) -> None:
    assert refusal(find_resource(plural), obj) == sentence


def test_without_strictness_unknown_fields_are_dropped() -> None:
    obj = {"metadata": {"name": "a"}, "spec": {"imagePullSecret": [], "containers": [{"name": "b", "img": "x"}]}}
    assert decoding.decode(POD, obj, False) == {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "b"}]}}


def test_zero_values_are_stored_only_where_go_has_a_pointer_or_no_omitempty() -> None:
    obj = {
        "metadata": {"name": "", "labels": {}, "creationTimestamp": None},
        "spec": {"hostNetwork": False, "automountServiceAccountToken": False, "imagePullSecrets": [], "containers": []},
    }
    assert decoding.decode(POD, obj, True) == {
        "metadata": {},
        "spec": {"automountServiceAccountToken": False, "containers": []},
    }
    assert decoding.decode(CONFIG_MAP, {"data": {"a": "", "b": None}}, True) == {"data": {"a": "", "b": ""}}


def test_scalars_come_back_in_canonical_form() -> None:
    obj = container(resources={"limits": {"cpu": 0.5, "memory": "1024Mi"}}, ports=[{"containerPort": 80.0}])
    assert decoding.decode(POD, obj, True) == container(
        resources={"limits": {"cpu": "500m", "memory": "1Gi"}}, ports=[{"containerPort": 80}]
    )
    moment = {"metadata": {"creationTimestamp": "2026-01-02T03:04:05+01:00"}}
    assert decoding.decode(POD, moment, True) == {"metadata": {"creationTimestamp": "2026-01-02T02:04:05Z"}}


def paths(kind: schema.Type, depth: int) -> st.SearchStrategy[Any]:
    """A value in which one field, anywhere in a type, holds arbitrary JSON."""
    if kind.element and depth:
        inner = paths(kind.element, depth - 1)
        return inner.map(lambda value: [value] if kind.kind == "list" else {"k": value})
    if kind.kind != "struct" or not depth:
        return ANY_JSON
    found = schema.fields(kind)
    return st.sampled_from(sorted(found) or [""]).flatmap(
        lambda name: (paths(found[name].type, depth - 1) if name else ANY_JSON).map(lambda value: {name: value})
    )


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from([POD, SECRET, SERVICE_ACCOUNT, DEPLOYMENT, ROLE]), st.booleans())
def test_arbitrary_json_in_any_field_is_decoded_or_refused(
    data: st.DataObject, resource: Resource, strict: bool
) -> None:
    obj = data.draw(paths(schema.type_of(resource), 7))
    before = copy.deepcopy(obj)
    try:
        once = decoding.decode(resource, obj, strict)
        again = decoding.decode(resource, once, True)
    except StatusError as error:
        once = again = {"code": error.code}
    assert once == again
    assert obj == before


def test_every_resource_has_a_schema() -> None:
    assert {resource.kind: {"apiVersion", "kind", "metadata"} - set(schema.fields(schema.type_of(resource)))
            for resource in RESOURCES} == {resource.kind: set() for resource in RESOURCES}  # fmt: skip


def test_nothing_is_lost_in_go_s_order(learner: Learner) -> None:
    learner.session.run(
        "kubectl create deployment web --image=nginx; sleep 5; kubectl delete pod -l app=web --wait=false"
    )
    for resource in filter(lambda resource: resource.simulated, RESOURCES):
        for obj in learner.session.cluster.api.list(resource):
            ordered = schema.in_go_order(resource, obj)
            assert ordered == obj
            assert list(ordered)[:2] == ["kind", "apiVersion"]


def test_what_is_known_of_go_s_types_is_about_fields_that_exist() -> None:
    structs: dict[str, set[str]] = {}
    pending = [schema.type_of(resource) for resource in RESOURCES if resource.simulated]
    while pending:
        kind = pending.pop()
        if kind.element:
            pending.append(kind.element)
        if kind.kind == "struct" and kind.name not in structs:
            structs[kind.name] = set(schema.fields(kind))
            pending += [field.type for field in schema.fields(kind).values()]
    table = json.loads((Path(schema.__file__).parent / "gotypes.json").read_text("utf-8"))
    listed = {
        f"{name}.{field}"
        for name, names in table["order"].items()
        for field in names.split()
        if name in structs and field[0].islower()
    }
    others = [
        *table["named_strings"],
        *table["maps"],
        *chain(*(names.split() for names in table["merged_by"].values())),
    ]
    listed |= {key for key in others if key.partition(".")[0] in structs}
    assert listed <= {f"{name}.{field}" for name, fields in structs.items() for field in fields}
    assert set(table["enums"]) <= set(table["named_strings"].values())


@pytest.mark.parametrize(
    ("port", "what"), [(1.5, "number 1.5"), (True, "bool"), ([], "array"), (2**31, "number 2147483648")]
)
def test_the_converter_says_of_a_type_that_decodes_itself_what_that_type_says(port: Any, what: str) -> None:
    with pytest.raises(decoding.DecodeError) as caught:
        decoding.convert(schema.type_of(SERVICE), {"spec": {"ports": [{"port": 80, "targetPort": port}]}})
    assert caught.value.in_converter() == f"json: cannot unmarshal {what} into Go value of type int32"
    field = "ServicePort.spec.ports.targetPort"
    assert str(caught.value) == f"json: cannot unmarshal {what} into Go struct field {field} of type int32"


def test_a_null_in_a_map_of_lists_is_an_empty_list() -> None:
    review = find_kind("authorization.k8s.io/v1", "SubjectAccessReview")
    assert review
    assert decoding.decode(review, {"spec": {"extra": {"a": None}}}, True)["spec"] == {"extra": {"a": []}}
