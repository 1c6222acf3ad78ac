"""Fields in the order in which Go's structs have them."""

from __future__ import annotations

import json

import pytest

from kubesim.api import schema
from kubesim.api.objects import Object
from kubesim.api.resources import RESOURCES, Resource
from kubesim.api.schema.order import in_go_order
from tests.learner import Learner


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


@pytest.mark.parametrize("resource", [resource for resource in RESOURCES if resource.simulated], ids=lambda it: it.kind)
def test_nothing_is_lost_and_kind_comes_first(learner: Learner, resource: Resource) -> None:
    learner.session.run(
        "kubectl create deployment web --image=nginx; sleep 5; kubectl delete pod -l app=web --wait=false"
    )
    for obj in learner.session.cluster.api.list(resource):
        ordered: Object = in_go_order(resource, obj)
        assert ordered == obj
        assert list(ordered)[:2] == ["kind", "apiVersion"]


def test_every_listed_field_is_one_of_the_struct() -> None:
    structs = {}
    pending = [schema.type_of(resource) for resource in RESOURCES if resource.simulated]
    while pending:
        kind = pending.pop()
        if kind.element:
            pending.append(kind.element)
        if kind.kind == "struct" and kind.name not in structs:
            structs[kind.name] = set(schema.fields(kind))
            pending += [field.type for field in schema.fields(kind).values()]
    listed = {f"{name}.{field}" for name, names in schema.order._ORDER.items() for field in names.split()}
    assert listed <= {f"{name}.{field}" for name, fields in structs.items() for field in fields}
