"""The API's types in OpenAPI v3, which kubectl reads for `explain` and for validation before a write.

Mirrors k8s.io/kube-openapi pkg/{handler3/handler,builder3/openapi}.go, v1.36. The schemas are those of
`kubesim.api.schema`, whose descriptions leave out the meanings of enum values. The paths are those that kubectl reads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from typing import Any, NamedTuple

from kubesim.api import KUBERNETES, schema, typed
from kubesim.api.objects import Object
from kubesim.api.resources import RESOURCES, Resource
from kubesim.api.schema import ENUMS, Field, Type
from kubesim.api.schemadocs import describe
from kubesim.server.routes import by_version

_GVK = "x-kubernetes-group-version-kind"
_WRITING = ("dryRun", "fieldManager", "fieldValidation")


class _Table(NamedTuple):
    """Facts about types that only OpenAPI needs."""

    packages: Mapping[str, str]  # upstream package by module, if not in io.k8s.api
    special: Mapping[str, tuple[str, Object]]  # package and schema of a type that is no struct, by its Go name
    formats: Mapping[str, str]  # of scalars, by Go type


_TABLE: _Table = typed.read_table(__file__, "openapi.json", _Table)


@cache
def index() -> Object:
    """The body of GET /openapi/v3: the URL of each group version's document, with a hash for the client's cache."""
    source = (metadata.version("lightkube-models"), RESOURCES, KUBERNETES)
    digest = hashlib.sha512(repr(source).encode()).hexdigest().upper()
    return {"paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"} for path in _described()}}


@cache
def _described() -> dict[str, list[Resource]]:
    """The simulated types by path. Other types have no schema."""
    return by_version(resource for resource in RESOURCES if resource.simulated)


@cache
def document(path: str) -> Object | None:
    """The document of a group version such as "api/v1" or "apis/apps/v1"; None for one without types.

    The document is cached: callers must not change it.
    """
    resources = _described().get(path)
    if resources is None:
        return None
    schemas: Object = {}
    for resource in resources:
        struct = schema.type_of(resource)
        _add_schemas(struct, schemas)
        schemas[_schema_name(struct)][_GVK] = [_gvk(resource)]
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "unversioned"},
        "paths": dict(_path(f"/{path}", resource) for resource in resources),
        "components": {"schemas": schemas},
    }


def _gvk(resource: Resource) -> Object:
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def _add_schemas(kind: Type, schemas: Object) -> None:
    """Add the schemas of a type, and of all types that its fields refer to, to `schemas`."""
    while kind.element:
        kind = kind.element
    name = _schema_name(kind)
    if not name or name in schemas:
        return
    if kind.go in _TABLE.special:
        _, schemas[name] = _TABLE.special[kind.go]
    else:
        schemas[name] = _object(kind)
    for field in schema.fields(kind).values():
        _add_schemas(field.type, schemas)


def _schema_name(kind: Type) -> str:
    """The name of a type's schema, such as "io.k8s.api.core.v1.Pod"; "" for a scalar."""
    if kind.go in _TABLE.special:
        package, _ = _TABLE.special[kind.go]
        return f"{package}.{kind.go.partition('.')[2]}"
    if not kind.name:
        return ""
    package = _TABLE.packages.get(kind.module) or f"io.k8s.api.{kind.module.replace('_', '.')}"
    return f"{package}.{kind.name}"


def _object(struct: Type) -> Object:
    described = describe(struct)
    fields = schema.fields(struct)
    properties = {name: _property(field, described.fields[name]) for name, field in fields.items()}
    required = [name for name, field in fields.items() if field.required]
    return _without_empty(description=described.text, type="object", properties=properties, required=required)


def _property(field: Field, description: str) -> Object:
    strategies: list[str] = []
    if field.is_merged:
        strategies.append("merge")
    if field.retains_keys:
        strategies.append("retainKeys")
    patch = {"x-kubernetes-patch-strategy": ",".join(strategies), "x-kubernetes-patch-merge-key": field.merge_key}
    return _without_empty(description=description) | _value(field.type) | _without_empty(**patch)


def _value(kind: Type) -> Object:
    """The schema of a value: a reference for a struct, an array, an object of equal values, or a scalar."""
    if name := _schema_name(kind):
        # siblings of a $ref are ignored, so it stands in allOf
        return {"allOf": [{"$ref": f"#/components/schemas/{name}"}]}
    if kind.element:
        inner = _value(kind.element)
        if kind.kind == "list":
            return {"type": "array", "items": inner}
        return {"type": "object", "additionalProperties": inner}
    type_name = "string" if kind.kind == "bytes" else kind.kind
    enum = list(ENUMS.get(kind.go, ()))
    return _without_empty(type=type_name, format=_TABLE.formats.get(kind.go), enum=enum)


def _without_empty(**keywords: Any) -> Object:
    return {name: value for name, value in keywords.items() if value}


def _path(root: str, resource: Resource) -> tuple[str, Object]:
    """The one path of a resource with its methods. From it, kubectl learns the kind and the parameters of a write."""
    place = "namespaces/{namespace}/" if resource.namespaced else ""
    url = f"{root}/{place}{resource.plural}"
    reading = {"responses": {"200": {"description": "OK"}}, _GVK: _gvk(resource), "parameters": []}
    parameters = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in _WRITING]
    writing = {**reading, "parameters": parameters}
    forms = {"get": reading, "patch": writing}
    methods = {verb: forms[verb] for verb in resource.verbs if verb in forms}
    if not methods:  # a review
        return url, {"post": writing}
    return f"{url}/{{name}}", methods
