"""The OpenAPI documents: schemas of types and fields, the paths that kubectl reads, and references."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from kubesim.api import schema
from kubesim.api.resources import RESOURCES, Resource
from kubesim.api.schemadocs import describe
from kubesim.server import openapi

# Prefixes of schema names, names of keywords, kinds with a schema, and paths of documents.
CORE = "io.k8s.api.core.v1."
META = "io.k8s.apimachinery.pkg.apis.meta.v1."
QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
KEPT = [resource for resource in RESOURCES if resource.simulated]
PATHS = sorted(openapi.index()["paths"])
GVK = "x-kubernetes-group-version-kind"
STRATEGY, KEY = "x-kubernetes-patch-strategy", "x-kubernetes-patch-merge-key"

STRING = {"type": "string"}


def document(path: str) -> dict[str, Any]:
    """The document of a group version, which must exist."""
    found = openapi.document(path)
    assert found is not None
    return found


def schemas(path: str = "api/v1") -> dict[str, Any]:
    """The schemas of a document, by name."""
    return dict(document(path)["components"]["schemas"])


def ref(name: str) -> dict[str, Any]:
    """A reference to a schema."""
    return {"allOf": [{"$ref": f"#/components/schemas/{name}"}]}


def test_the_index_names_every_group_version() -> None:
    urls = {path: entry["serverRelativeURL"].split("?hash=") for path, entry in openapi.index()["paths"].items()}
    assert set(urls) == {f"api{'s' if item.group else ''}/{item.api_version}" for item in KEPT}
    assert {(url, len(digest)) for url, digest in urls.values()} == {(f"/openapi/v3/{path}", 128) for path in urls}


@pytest.mark.parametrize("path", ["", "v1", "api/v2", "apis/v1", "apis/apps", "apis/nosuch.example/v1"])
def test_an_unknown_group_version_has_no_document(path: str) -> None:
    assert openapi.document(path) is None


def test_a_struct_has_description_and_properties() -> None:
    assert schemas()[CORE + "LocalObjectReference"] == {
        "description": describe(schema.Type("struct", "", None, "LocalObjectReference", "core_v1")).text,
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


# The schemas of fields.
FIELDS: dict[str, dict[str, Any]] = {
    "Pod.apiVersion": STRING,
    "Pod.metadata": ref(META + "ObjectMeta"),
    "Container.command": {"type": "array", "items": STRING},
    "Container.imagePullPolicy": {"type": "string", "enum": ["Always", "IfNotPresent", "Never"]},
    "ServiceSpec.ipFamilies": {"type": "array", "items": {"type": "string", "enum": ["", "IPv4", "IPv6"]}},
    "ContainerPort.containerPort": {"type": "integer", "format": "int32"},
    "PodSpec.hostNetwork": {"type": "boolean"},
    "PodSpec.nodeSelector": {"type": "object", "additionalProperties": STRING},
    "Secret.data": {"type": "object", "additionalProperties": {"type": "string", "format": "byte"}},
    "ResourceRequirements.limits": {"type": "object", "additionalProperties": ref(QUANTITY)},
    "HTTPGetAction.port": ref("io.k8s.apimachinery.pkg.util.intstr.IntOrString"),
    "PodStatus.startTime": ref(META + "Time"),
    "PodSpec.imagePullSecrets": {
        "type": "array",
        "items": ref(CORE + "LocalObjectReference"),
        STRATEGY: "merge",
        KEY: "name",
    },
    "PodSpec.volumes": {"type": "array", "items": ref(CORE + "Volume"), STRATEGY: "merge,retainKeys", KEY: "name"},
    "NodeSpec.podCIDRs": {"type": "array", "items": STRING, STRATEGY: "merge"},
}


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_has_the_schema_of_its_type(field: str) -> None:
    struct, _, name = field.partition(".")
    found = dict(schemas()[CORE + struct]["properties"][name])
    assert found.pop("description", "x")
    assert found == FIELDS[field]


def test_times_and_quantities_have_schemas_of_their_own() -> None:
    assert schemas()[META + "Time"] == {"type": "string", "format": "date-time"}
    assert schemas()[QUANTITY] == {"oneOf": [{"type": "string"}, {"type": "number"}]}


@pytest.mark.parametrize("resource", KEPT, ids=lambda resource: str(resource.qualified))
def test_each_kind_is_found_by_its_group_version_and_kind(resource: Resource) -> None:
    path = f"api{'s' if resource.group else ''}/{resource.api_version}"
    gvk = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    named = [name for name, item in schemas(path).items() if gvk in item.get(GVK, ())]
    assert [name.rpartition(".")[2] for name in named] == [resource.kind]
    (url,) = [url for url, item in document(path)["paths"].items() for verb in item.values() if verb[GVK] == gvk][:1]
    place = f"/{path}/namespaces/{{namespace}}" if resource.namespaced else f"/{path}"
    assert url.removesuffix("/{name}") == f"{place}/{resource.plural}"


def test_a_patch_has_parameters_for_dry_run_and_validation() -> None:
    item = document("apis/apps/v1")["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]
    assert set(item) == {"get", "patch"}
    assert [entry["name"] for entry in item["patch"]["parameters"]] == ["dryRun", "fieldManager", "fieldValidation"]


def every_ref(value: Any) -> Iterator[str]:
    """All references within a value."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        yield from every_ref(item)


@pytest.mark.parametrize("path", PATHS)
def test_every_reference_has_a_schema_and_every_schema_is_used(path: str) -> None:
    there = {f"#/components/schemas/{name}": item for name, item in schemas(path).items()}
    used = set(every_ref(list(there.values())))
    assert used <= set(there)
    assert {name for name in set(there) - used if GVK not in there[name]} == set()


def test_the_merge_keys_are_those_of_the_strategic_merge() -> None:
    found = {}
    for struct, item in ((struct, item) for path in PATHS for struct, item in schemas(path).items()):
        for name, field in item.get("properties", {}).items():
            if "merge" in field.get(STRATEGY, ""):
                found[f"{struct.rpartition('.')[2]}.{name}"] = field.get(KEY, "")
    assert found == schema.MERGE_KEYS
