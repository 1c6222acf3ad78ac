"""The OpenAPI v3 documents of the API server: what `kubectl explain` prints, and what kubectl asks before it writes.

Mirrors k8s.io/kube-openapi pkg/handler3/handler.go (the index) and pkg/builder3/openapi.go (a document for each group
version), v1.36. The types are those of `kubesim.api.schema`, whose prose leaves out what an enumeration's values mean;
of the paths there is only what kubectl reads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from typing import Any

from kubesim.api import KUBERNETES, schema
from kubesim.api.resources import RESOURCES, Resource
from kubesim.api.schema import ENUMS, Field, Type

Json = dict[str, Any]

_META = "io.k8s.apimachinery.pkg.apis.meta.v1"
_EXTENSIONS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1"
# Where a module's types are upstream, if not in io.k8s.api.
_PACKAGES = {
    "meta_v1": _META,
    "apiextensions_v1": _EXTENSIONS,
    "apiregistration_v1": "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1",
}
# Types that are no structs and have a schema of their own all the same, by their Go names.
_SPECIAL: dict[str, tuple[str, Json]] = {
    "intstr.IntOrString": (
        "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
        {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
    ),
    "resource.Quantity": (
        "io.k8s.apimachinery.pkg.api.resource.Quantity",
        {"oneOf": [{"type": "string"}, {"type": "number"}]},
    ),
    "runtime.RawExtension": ("io.k8s.apimachinery.pkg.runtime.RawExtension", {"type": "object"}),
    "v1.CustomResourceSubresourceStatus": (f"{_EXTENSIONS}.CustomResourceSubresourceStatus", {"type": "object"}),
    "v1.FieldsV1": (f"{_META}.FieldsV1", {"type": "object"}),
    "v1.JSON": (f"{_EXTENSIONS}.JSON", {}),
    "v1.JSONSchemaPropsOrArray": (f"{_EXTENSIONS}.JSONSchemaPropsOrArray", {}),
    "v1.JSONSchemaPropsOrBool": (f"{_EXTENSIONS}.JSONSchemaPropsOrBool", {}),
    "v1.JSONSchemaPropsOrStringArray": (f"{_EXTENSIONS}.JSONSchemaPropsOrStringArray", {}),
    "v1.MicroTime": (f"{_META}.MicroTime", {"type": "string", "format": "date-time"}),
    "v1.Time": (f"{_META}.Time", {"type": "string", "format": "date-time"}),
}
_FORMATS = {"int32": "int32", "int64": "int64", "float64": "double", "[]uint8": "byte"}

_GVK = "x-kubernetes-group-version-kind"
_METHODS: tuple[str, ...] = ("get", "patch")
_WRITING = ("dryRun", "fieldManager", "fieldValidation")


@cache
def v3_index() -> Json:
    """The body of GET /openapi/v3: where each group version's document is, with a hash for the client's cache."""
    source = (metadata.version("lightkube-models"), RESOURCES, KUBERNETES)
    digest = hashlib.sha512(repr(source).encode()).hexdigest().upper()
    urls = {path: f"/openapi/v3/{path}?hash={digest}" for path in _group_versions()}
    return {"paths": {path: {"serverRelativeURL": url} for path, url in urls.items()}}


@cache
def v3(path: str) -> Json | None:
    """The document of a group version such as "api/v1" or "apis/apps/v1"; None for one that is not served.

    It is made once: don't change it.
    """
    if path not in _group_versions():
        return None
    resources = _group_versions()[path]
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "unversioned"},
        "paths": dict(_path(f"/{path}", resource) for resource in resources),
        "components": {"schemas": _schemas(resources)},
    }


@cache
def _group_versions() -> dict[str, list[Resource]]:
    found: dict[str, list[Resource]] = {}
    for resource in RESOURCES:
        found.setdefault(f"{'apis' if resource.group else 'api'}/{resource.api_version}", []).append(resource)
    return found


def _schemas(resources: Iterable[Resource]) -> Json:
    found: Json = {}
    for resource in resources:
        struct = schema.type_of(resource)
        _add(struct, found)
        found[_name(struct)][_GVK] = [_gvk(resource)]
    return found


def _gvk(resource: Resource) -> Json:
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def _add(kind: Type, found: Json) -> None:
    """Add the schema of a named type to `found`, and those of all types that it leads to."""
    while kind.element:
        kind = kind.element
    name = _name(kind)
    if name and name not in found:
        found[name] = _SPECIAL[kind.go][1] if kind.go in _SPECIAL else _object(kind)
        for field in schema.fields(kind).values():
            _add(field.type, found)


def _name(kind: Type) -> str:
    """The name of a type's schema: "io.k8s.api.core.v1.Pod"; "" for a plain value."""
    if kind.go in _SPECIAL:
        return _SPECIAL[kind.go][0]
    package = _PACKAGES.get(kind.module) or f"io.k8s.api.{kind.module.replace('_', '.')}"
    return f"{package}.{kind.name}" if kind.name else ""


def _object(struct: Type) -> Json:
    said, fields = schema.describe(struct), schema.fields(struct)
    properties = {name: _property(struct, field, said.fields[name]) for name, field in fields.items()}
    required = [name for name, field in fields.items() if field.required]
    return _given(description=said.text, type="object", properties=properties, required=required)


def _property(struct: Type, field: Field, said: str) -> Json:
    key = schema.merge_key(struct, field.name)
    strategy = ["merge"] * (key is not None) + ["retainKeys"] * schema.retains_keys(struct, field.name)
    patch = {"x-kubernetes-patch-strategy": ",".join(strategy), "x-kubernetes-patch-merge-key": key}
    return _given(description=said) | _value(field.type) | _given(**patch)


def _value(kind: Type) -> Json:
    if name := _name(kind):
        return {"allOf": [{"$ref": f"#/components/schemas/{name}"}]}  # beside a $ref, the rest would not count
    if kind.element:
        is_list, inner = kind.kind == "list", _value(kind.element)
        return {"type": "array", "items": inner} if is_list else {"type": "object", "additionalProperties": inner}
    type_name = "string" if kind.kind == "bytes" else kind.kind
    return _given(type=type_name, format=_FORMATS.get(kind.go), enum=list(ENUMS.get(kind.go, ())))


def _given(**keywords: Any) -> Json:
    return {name: value for name, value in keywords.items() if value}


def _path(root: str, resource: Resource) -> tuple[str, Json]:
    """The one path of a resource: how kubectl learns its kind, and which parameters a change may have."""
    place = "namespaces/{namespace}/" if resource.namespaced else ""
    methods = [method for method in _METHODS if method in resource.verbs] or ["post"]
    url = f"{root}/{place}{resource.plural}" + "/{name}" * (methods != ["post"])
    return url, {method: _operation(resource, method) for method in methods}


def _operation(resource: Resource, method: str) -> Json:
    parameters = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in _WRITING]
    described = {"responses": {"200": {"description": "OK"}}, _GVK: _gvk(resource)}
    return described | {"parameters": parameters * (method != "get")}
