"""Decoding as the API server does: whole sentences, taken from its own rules."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubesim.api import quantity, schema
from kubesim.api.errors import StatusError
from kubesim.api.resources import CONFIG_MAP, DEPLOYMENT, POD, RESOURCES, ROLE, SECRET, SERVICE_ACCOUNT, Resource


def refusal(resource: Resource, obj: Any, strict: bool = True) -> str:
    with pytest.raises(StatusError) as caught:
        schema.decode(resource, obj, strict)
    assert (caught.value.code, caught.value.reason) == (400, "BadRequest")
    head = f'{resource.kind} in version "{resource.api_version}" cannot be handled as a {resource.kind}: '
    assert caught.value.message.startswith(head)
    return caught.value.message.removeprefix(head)


def container(**fields: Any) -> dict[str, Any]:
    return {"spec": {"containers": [fields]}}


@pytest.mark.parametrize(
    ("obj", "where"),
    [
        ({"spec": {"imagePullSecrets": "a"}}, "string: PodSpec.spec.imagePullSecrets: []v1.LocalObjectReference"),
        ({"spec": {"imagePullSecrets": ["a"]}}, "string: PodSpec.spec.imagePullSecrets: v1.LocalObjectReference"),
        ({"spec": {"imagePullSecrets": {}}}, "object: PodSpec.spec.imagePullSecrets: []v1.LocalObjectReference"),
        ({"spec": {"hostNetwork": "yes"}}, "string: PodSpec.spec.hostNetwork: bool"),
        ({"spec": {"nodeSelector": {"a": True}}}, "bool: PodSpec.spec.nodeSelector: string"),
        ({"spec": {"terminationGracePeriodSeconds": "1"}}, "string: PodSpec.spec.terminationGracePeriodSeconds: int64"),
        (container(image=5), "number: Container.spec.containers.image: string"),
        (container(imagePullPolicy=[]), "array: Container.spec.containers.imagePullPolicy: v1.PullPolicy"),
        (container(command="sh"), "string: Container.spec.containers.command: []string"),
        (
            container(ports=[{"containerPort": 1.5}]),
            "number 1.5: ContainerPort.spec.containers.ports.containerPort: int32",
        ),
        (
            container(resources={"limits": []}),
            "array: ResourceRequirements.spec.containers.resources.limits: v1.ResourceList",
        ),
        (container(env=[{"name": "A", "value": 1}]), "number: EnvVar.spec.containers.env.value: string"),
        ({"metadata": {"labels": {"a": 1}}}, "number: ObjectMeta.metadata.labels: string"),
        ({"metadata": {"uid": 1}}, "number: ObjectMeta.metadata.uid: types.UID"),
        ({"metadata": {"creationTimestamp": 1}}, "number: ObjectMeta.metadata.creationTimestamp: string"),
    ],
)
def test_a_wrong_type_is_told_with_go_s_struct_path_and_type(obj: Any, where: str) -> None:
    given_, field, wanted = where.split(": ")
    assert refusal(POD, obj) == f"json: cannot unmarshal {given_} into Go struct field {field} of type {wanted}"


def test_what_is_no_object_at_all() -> None:
    assert refusal(POD, ["x"]) == "json: cannot unmarshal array into Go value of type v1.Pod"


def test_the_paths_of_templates_are_whole() -> None:
    obj = {"spec": {"template": {"spec": {"containers": [{"env": [{"value": 5}]}]}}}}
    field = "EnvVar.spec.template.spec.containers.env.value"
    assert refusal(DEPLOYMENT, obj) == f"json: cannot unmarshal number into Go struct field {field} of type string"


def test_unknown_fields_are_refused_together_or_dropped() -> None:
    obj = {"metadata": {"name": "a"}, "spec": {"imagePullSecret": [], "containers": [{"name": "b", "img": "x"}]}}
    unknown = 'unknown field "spec.containers[0].img", unknown field "spec.imagePullSecret"'
    assert refusal(POD, obj) == f"strict decoding error: {unknown}"
    assert schema.decode(POD, obj, False) == {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "b"}]}}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("abc", "illegal base64 data at input byte 0"),
        ("mypassword", "illegal base64 data at input byte 8"),
        ("pass word", "illegal base64 data at input byte 4"),
        ("YQ=", "illegal base64 data at input byte 3"),
        ("YQ==YQ==", "illegal base64 data at input byte 4"),
        (5, "json: cannot unmarshal number into Go struct field Secret.data of type []uint8"),
    ],
)
def test_secret_data_is_base64(value: Any, said: str) -> None:
    assert refusal(SECRET, {"data": {"k": value}}) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("monday", ' as "2006-01-02T15:04:05Z07:00": cannot parse "monday" as "2006"'),
        ("2026-13-01T00:00:00Z", ": month out of range"),
        ("2026-01-01T00:00:00Zx", ': extra text: "x"'),
    ],
)
def test_times(value: str, said: str) -> None:
    assert refusal(POD, {"metadata": {"creationTimestamp": value}}) == f'parsing time "{value}"{said}'


def test_zero_values_are_stored_only_where_go_has_a_pointer_or_no_omitempty() -> None:
    obj = {
        "metadata": {"name": "", "labels": {}, "creationTimestamp": None},
        "spec": {"hostNetwork": False, "automountServiceAccountToken": False, "imagePullSecrets": [], "containers": []},
    }
    assert schema.decode(POD, obj, True) == {
        "metadata": {},
        "spec": {"automountServiceAccountToken": False, "containers": []},
    }
    assert schema.decode(CONFIG_MAP, {"data": {"a": "", "b": None}}, True) == {"data": {"a": "", "b": ""}}


def test_scalars_come_back_in_canonical_form() -> None:
    obj = container(resources={"limits": {"cpu": 0.5, "memory": "1024Mi"}}, ports=[{"containerPort": 80.0}])
    assert schema.decode(POD, obj, True) == container(
        resources={"limits": {"cpu": "500m", "memory": "1Gi"}}, ports=[{"containerPort": 80}]
    )
    moment = {"metadata": {"creationTimestamp": "2026-01-02T03:04:05+01:00"}}
    assert schema.decode(POD, moment, True) == {"metadata": {"creationTimestamp": "2026-01-02T02:04:05Z"}}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def paths(kind: schema.Type, depth: int) -> st.SearchStrategy[Any]:
    """A value in which one field, anywhere in a type, holds arbitrary JSON."""
    if kind.element and depth:
        inner = paths(kind.element, depth - 1)
        return inner.map(lambda value: [value] if kind.kind == "list" else {"k": value})
    if kind.kind != "struct" or not depth:
        return JSON
    found = schema.fields(kind)
    return st.sampled_from(sorted(found) or [""]).flatmap(
        lambda name: (paths(found[name].type, depth - 1) if name else JSON).map(lambda value: {name: value})
    )


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from([POD, SECRET, SERVICE_ACCOUNT, DEPLOYMENT, ROLE]), st.booleans())
def test_arbitrary_json_in_any_field_is_decoded_or_refused(
    data: st.DataObject, resource: Resource, strict: bool
) -> None:
    obj = data.draw(paths(schema.type_of(resource), 7))
    before = copy.deepcopy(obj)
    try:
        once = schema.decode(resource, obj, strict)
        again = schema.decode(resource, once, True)
    except StatusError as error:
        once = again = {"code": error.code}
    assert once == again
    assert obj == before


def test_every_resource_has_a_schema() -> None:
    assert {resource.kind: {"apiVersion", "kind", "metadata"} - set(schema.fields(schema.type_of(resource)))
            for resource in RESOURCES} == {resource.kind: set() for resource in RESOURCES}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("0.5", "500m"),
        ("1000m", "1"),
        ("1500", "1500"),
        ("1e3", "1e3"),
        ("0", "0"),
    ],
)
def test_quantities(text: str, canonical: str) -> None:
    assert quantity.canonical(text) == canonical


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "quantities must"),
        ("12abc", "quantities must"),
        ("1kk", "unable to parse quantity's suffix"),
        ("1.2.3", "unable to parse numeric part of quantity"),
    ],
)
def test_bad_quantities(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        quantity.canonical(text)
