"""Decoding as the API server does, whole sentences; Go's order of fields; quantities."""

from __future__ import annotations

import copy
import json
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubesim.api import quantity, schema
from kubesim.api.errors import StatusError
from kubesim.api.resources import CONFIG_MAP, DEPLOYMENT, POD, RESOURCES, ROLE, SECRET, SERVICE_ACCOUNT, Resource
from tests.learner import Learner


def refusal(resource: Resource, obj: Any, strict: bool = True) -> str:
    with pytest.raises(StatusError) as caught:
        schema.decode(resource, obj, strict)
    assert (caught.value.code, caught.value.reason) == (400, "BadRequest")
    head = f'{resource.kind} in version "{resource.api_version}" cannot be handled as a {resource.kind}: '
    assert caught.value.message.startswith(head)
    return caught.value.message.removeprefix(head)


def container(**fields: Any) -> dict[str, Any]:
    return {"spec": {"containers": [fields]}}


def _pod(**fields: Any) -> dict[str, Any]:
    return {"template": {"spec": {"containers": [fields]}}}


# The field whose value is wrong: the value's type, where Go says it stands, and the type that it wants.
@pytest.mark.parametrize(
    ("resource", "obj", "where"),
    [
        (POD, {"spec": {"imagePullSecrets": "a"}}, "string: PodSpec.spec.imagePullSecrets: []v1.LocalObjectReference"),
        (POD, {"spec": {"imagePullSecrets": ["a"]}}, "string: PodSpec.spec.imagePullSecrets: v1.LocalObjectReference"),
        (POD, {"spec": {"imagePullSecrets": {}}}, "object: PodSpec.spec.imagePullSecrets: []v1.LocalObjectReference"),
        (POD, {"spec": {"hostNetwork": "yes"}}, "string: PodSpec.spec.hostNetwork: bool"),
        (POD, {"spec": {"nodeSelector": {"a": True}}}, "bool: PodSpec.spec.nodeSelector: string"),
        (
            POD,
            {"spec": {"terminationGracePeriodSeconds": "1"}},
            "string: PodSpec.spec.terminationGracePeriodSeconds: int64",
        ),
        (POD, container(image=5), "number: Container.spec.containers.image: string"),
        (POD, container(imagePullPolicy=[]), "array: Container.spec.containers.imagePullPolicy: v1.PullPolicy"),
        (POD, container(command="sh"), "string: Container.spec.containers.command: []string"),
        (
            POD,
            container(ports=[{"containerPort": 1.5}]),
            "number 1.5: ContainerPort.spec.containers.ports.containerPort: int32",
        ),
        (
            POD,
            container(resources={"limits": []}),
            "array: ResourceRequirements.spec.containers.resources.limits: v1.ResourceList",
        ),
        (POD, container(env=[{"value": 1}]), "number: EnvVar.spec.containers.env.value: string"),
        (POD, {"metadata": {"labels": {"a": 1}}}, "number: ObjectMeta.metadata.labels: string"),
        (POD, {"metadata": {"uid": 1}}, "number: ObjectMeta.metadata.uid: types.UID"),
        (POD, {"metadata": {"creationTimestamp": 1}}, "number: ObjectMeta.metadata.creationTimestamp: string"),
        (
            DEPLOYMENT,
            {"spec": _pod(env=[{"value": 5}])},
            "number: EnvVar.spec.template.spec.containers.env.value: string",
        ),
        (SECRET, {"data": {"k": 5}}, "number: Secret.data: []uint8"),
    ],
)
def test_a_value_of_the_wrong_type(resource: Resource, obj: Any, where: str) -> None:
    given_, field, wanted = where.split(": ")
    assert refusal(resource, obj) == f"json: cannot unmarshal {given_} into Go struct field {field} of type {wanted}"


_TIME = "2006-01-02T15:04:05Z07:00"


@pytest.mark.parametrize(
    ("resource", "obj", "sentence"),
    [
        (POD, ["x"], "json: cannot unmarshal array into Go value of type v1.Pod"),
        (SECRET, {"data": {"k": "pass word"}}, "illegal base64 data at input byte 4"),
        (
            POD,
            {"spec": {"imagePullSecret": [], "containers": [{"name": "b", "img": "x"}]}},
            'strict decoding error: unknown field "spec.containers[0].img", unknown field "spec.imagePullSecret"',
        ),
        *(
            (
                POD,
                {"metadata": {"creationTimestamp": time}},
                f'parsing time "{time}" as "{_TIME}": cannot parse "{time}" as "2006"',
            )
            for time in ("monday", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00Zx", "2026-01-01")
        ),
    ],
)
def test_other_refusals(resource: Resource, obj: Any, sentence: str) -> None:
    assert refusal(resource, obj) == sentence


def test_without_strictness_unknown_fields_are_dropped() -> None:
    obj = {"metadata": {"name": "a"}, "spec": {"imagePullSecret": [], "containers": [{"name": "b", "img": "x"}]}}
    assert schema.decode(POD, obj, False) == {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "b"}]}}


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


def keys(value: object) -> object:
    """The names of all fields, in their order."""
    if isinstance(value, dict):
        return [(key, inner) if (inner := keys(item)) else key for key, item in value.items()]
    return [inner for item in value if (inner := keys(item))] if isinstance(value, list) else None


@pytest.mark.parametrize(
    ("line", "ordered"),
    [
        (
            "kubectl create role r --verb=get --resource=pods --resource-name=b -o json",
            [
                *("kind", "apiVersion"),
                ("metadata", ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"]),
                ("rules", [["verbs", "apiGroups", "resources", "resourceNames"]]),
            ],
        ),
        (
            "kubectl create cm c --from-literal=b=1 --from-literal=a=2 -o json --dry-run=server",
            [
                *("kind", "apiVersion"),
                ("metadata", ["name", "namespace", "uid", "creationTimestamp"]),
                ("data", ["a", "b"]),
            ],
        ),
    ],
)
def test_what_kubectl_holds_as_a_go_struct(learner: Learner, line: str, ordered: object) -> None:
    assert keys(json.loads(learner.session.run(line).stdout)) == ordered


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
    listed = {f"{name}.{field}" for name, names in table["order"].items() for field in names.split()}
    others = [
        *table["namedStrings"],
        *table["structMaps"],
        *chain(*(names.split() for names in table["mergedBy"].values())),
    ]
    listed |= {key for key in others if key.partition(".")[0] in structs}
    assert listed <= {f"{name}.{field}" for name, fields in structs.items() for field in fields}
    assert set(table["enums"]) <= set(table["namedStrings"].values())


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
        ("", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"),
        ("12abc", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"),
        ("1kk", "unable to parse quantity's suffix"),
        ("1.2.3", "unable to parse numeric part of quantity"),
    ],
)
def test_quantities(text: str, canonical: str) -> None:
    """As the API server writes them back, or why it doesn't."""
    try:
        found = quantity.canonical(text)
    except ValueError as error:
        found = str(error)
    assert found == canonical


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ({"resource": "limits.cpu"}, "1"),
        ({"resource": "limits.cpu", "divisor": "1m"}, "200"),
        ({"resource": "limits.memory", "divisor": "0"}, "67108864"),
        ({"resource": "limits.memory", "divisor": "1Mi"}, "64"),
        ({"resource": "requests.cpu", "divisor": "1"}, "2"),
        ({"resource": "requests.memory"}, "0"),
    ],
)
def test_a_resource_field_reference(reference: dict[str, str], value: str) -> None:
    resources = {"limits": {"cpu": "200m", "memory": "64Mi"}, "requests": {"cpu": "1500m"}}
    assert quantity.of_field(resources, reference) == value
