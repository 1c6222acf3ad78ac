"""The OpenAPI documents: whole schemas and operations, and every document sound in itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from kubesim.api import schema
from kubesim.api.resources import RESOURCES, Resource
from kubesim.api.schema import gotypes
from kubesim.server import openapi

CORE = "io.k8s.api.core.v1."
META = "io.k8s.apimachinery.pkg.apis.meta.v1."
PATHS = sorted(openapi.v3_index()["paths"])


def document(path: str) -> dict[str, Any]:
    found = openapi.v3(path)
    assert found is not None
    return found


def core(name: str) -> dict[str, Any]:
    return dict(document("api/v1")["components"]["schemas"][CORE + name])


def field(struct: str, name: str) -> dict[str, Any]:
    """A field's schema without its prose."""
    found = dict(core(struct)["properties"][name])
    assert found.pop("description", "x")
    return found


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def test_the_index_names_every_group_version_with_a_hash_of_its_own() -> None:
    paths = openapi.v3_index()["paths"]
    assert set(paths) == {f"api{'s' if item.group else ''}/{item.api_version}" for item in RESOURCES}
    urls = {
        path: entry.pop("serverRelativeURL").split("?hash=") for path, entry in json.loads(json.dumps(paths)).items()
    }
    assert {path: url for path, (url, _) in urls.items()} == {path: f"/openapi/v3/{path}" for path in paths}
    assert {len(digest) for _, digest in urls.values()} == {128}
    assert len({digest for _, digest in urls.values()}) == len(paths)


@pytest.mark.parametrize("path", ["", "v1", "api/v2", "apis/v1", "apis/apps", "apis/nosuch.example/v1"])
def test_there_is_no_document_of_what_is_not_served(path: str) -> None:
    assert openapi.v3(path) is None


def test_a_whole_schema() -> None:
    assert core("LocalObjectReference") == {
        "description": schema.describe(schema.Type("struct", "", None, "LocalObjectReference", "core_v1")).text,
        "type": "object",
        "properties": {
            "name": {
                "description": "Name of the referent. This field is effectively required, but due to backwards "
                "compatibility is allowed to be empty. Instances of this type with an empty value here are almost "
                "certainly wrong. More info: "
                "https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#names",
                "type": "string",
            }
        },
    }


@pytest.mark.parametrize(
    ("struct", "name", "expected"),
    [
        ("Pod", "apiVersion", {"type": "string"}),
        ("Pod", "metadata", {"allOf": [ref(META + "ObjectMeta")]}),
        ("PodList", "items", {"type": "array", "items": {"allOf": [ref(CORE + "Pod")], "default": {}}}),
        ("Container", "name", {"type": "string", "default": ""}),
        ("Container", "command", {"type": "array", "items": {"type": "string", "default": ""}}),
        ("Container", "imagePullPolicy", {"type": "string", "enum": ["Always", "IfNotPresent", "Never"]}),
        ("Toleration", "operator", {"type": "string", "enum": ["Equal", "Exists", "Gt", "Lt"]}),
        (
            "ServiceSpec",
            "ipFamilies",
            {"type": "array", "items": {"type": "string", "default": "", "enum": ["", "IPv4", "IPv6"]}},
        ),
        ("ContainerPort", "containerPort", {"type": "integer", "format": "int32", "default": 0}),
        ("PodSpec", "activeDeadlineSeconds", {"type": "integer", "format": "int64"}),
        ("PodSpec", "hostNetwork", {"type": "boolean"}),
        ("PodSpec", "nodeSelector", {"type": "object", "additionalProperties": {"type": "string", "default": ""}}),
        ("Secret", "data", {"type": "object", "additionalProperties": {"type": "string", "format": "byte"}}),
        (
            "ResourceRequirements",
            "limits",
            {
                "type": "object",
                "additionalProperties": {"allOf": [ref("io.k8s.apimachinery.pkg.api.resource.Quantity")]},
            },
        ),
        ("HTTPGetAction", "port", {"allOf": [ref("io.k8s.apimachinery.pkg.util.intstr.IntOrString")]}),
        ("PodStatus", "startTime", {"allOf": [ref(META + "Time")]}),
        (
            "PodSpec",
            "imagePullSecrets",
            {
                "type": "array",
                "items": {"allOf": [ref(CORE + "LocalObjectReference")], "default": {}},
                "x-kubernetes-patch-strategy": "merge",
                "x-kubernetes-patch-merge-key": "name",
            },
        ),
        (
            "PodSpec",
            "volumes",
            {
                "type": "array",
                "items": {"allOf": [ref(CORE + "Volume")], "default": {}},
                "x-kubernetes-patch-strategy": "merge,retainKeys",
                "x-kubernetes-patch-merge-key": "name",
            },
        ),
        (
            "NodeSpec",
            "podCIDRs",
            {
                "type": "array",
                "items": {"type": "string", "default": ""},
                "x-kubernetes-patch-strategy": "merge",
            },
        ),
    ],
)
def test_fields_by_type(struct: str, name: str, expected: dict[str, Any]) -> None:
    assert field(struct, name) == expected


def test_types_that_are_no_structs() -> None:
    schemas = document("api/v1")["components"]["schemas"]
    assert schemas[META + "Time"] == {"type": "string", "format": "date-time"}
    assert schemas["io.k8s.apimachinery.pkg.api.resource.Quantity"] == {
        "oneOf": [{"type": "string"}, {"type": "number"}]
    }


def test_a_field_that_python_calls_otherwise() -> None:
    policy = document("apis/networking.k8s.io/v1")["components"]["schemas"][
        "io.k8s.api.networking.v1.NetworkPolicyIngressRule"
    ]
    assert set(policy["properties"]) == {"from", "ports"}
    props = schema.fields(schema.Type("struct", "", None, "JSONSchemaProps", "apiextensions_v1"))
    assert {"$ref", "not", "x-kubernetes-validations"} <= set(props)
    assert props["properties"].type.go == "map[string]v1.JSONSchemaProps"


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: str(resource.qualified))
def test_each_kind_is_found_by_its_group_version_and_kind(resource: Resource) -> None:
    found = document(f"api{'s' if resource.group else ''}/{resource.api_version}")
    gvk = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    named = [name for name, item in found["components"]["schemas"].items() if gvk in item.get(openapi._GVK, ())]
    assert [name.rpartition(".")[2] for name in named] == [resource.kind]
    urls = [url for url, item in found["paths"].items() for verb in item.values() if gvk in [_gvk(verb)]]
    assert {url.split("/")[-1] for url in urls} <= {resource.plural, "{name}"}
    assert urls


def _gvk(verb: Any) -> Any:
    return verb.get(openapi._GVK) if isinstance(verb, dict) else None


def test_the_operations_on_secrets() -> None:
    paths = document("api/v1")["paths"]
    many, one = "/api/v1/namespaces/{namespace}/secrets", "/api/v1/namespaces/{namespace}/secrets/{name}"
    actions = {
        url: {verb: item["x-kubernetes-action"] for verb, item in paths[url].items() if verb != "parameters"}
        for url in ("/api/v1/secrets", many, one)
    }
    assert actions == {
        "/api/v1/secrets": {"get": "list"},
        many: {"get": "list", "post": "post", "delete": "deletecollection"},
        one: {"get": "get", "put": "put", "patch": "patch", "delete": "delete"},
    }
    assert "/api/v1/nodes/{name}" in paths
    bindings = {url: set(item) for url, item in paths.items() if "bindings" in url}
    assert bindings == {"/api/v1/namespaces/{namespace}/bindings": {"post", "parameters"}}


@pytest.mark.parametrize(("url", "verb"), [("", "post"), ("/{name}", "put"), ("/{name}", "patch")])
def test_what_writes_can_be_tried_and_validated(url: str, verb: str) -> None:
    operation = document("apis/apps/v1")["paths"][f"/apis/apps/v1/namespaces/{{namespace}}/deployments{url}"][verb]
    assert [item["name"] for item in operation["parameters"]] == ["dryRun", "fieldManager", "fieldValidation"]
    assert operation[openapi._GVK] == {"group": "apps", "version": "v1", "kind": "Deployment"}
    sent = {
        media: content["schema"].get("$ref", "").rpartition(".")[2]
        for media, content in operation["requestBody"]["content"].items()
    }
    assert sent == (
        {
            "application/json-patch+json": "",
            "application/merge-patch+json": "",
            "application/strategic-merge-patch+json": "",
        }
        if verb == "patch"
        else {"application/json": "Deployment", "application/yaml": "Deployment"}
    )


def every_ref(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from every_ref(item)
    elif isinstance(value, list):
        for item in value:
            yield from every_ref(item)


@pytest.mark.parametrize("path", PATHS)
def test_every_reference_leads_somewhere_and_every_struct_is_needed(path: str) -> None:
    found = document(path)
    schemas = {f"#/components/schemas/{name}" for name in found["components"]["schemas"]}
    unused = {name for name in schemas if name.endswith(("List", "DeleteOptions", "Status"))}
    assert set(every_ref(found)) <= schemas
    assert schemas - set(every_ref(found)) <= unused


def test_the_merge_keys_are_those_of_the_strategic_merge() -> None:
    found = {}
    for path in PATHS:
        for struct, item in document(path)["components"]["schemas"].items():
            for name, field in item.get("properties", {}).items():
                if "merge" in field.get("x-kubernetes-patch-strategy", ""):
                    found[f"{struct.rpartition('.')[2]}.{name}"] = field.get("x-kubernetes-patch-merge-key", "")
    assert found == gotypes.MERGE_KEYS
