"""The API's types in OpenAPI, version 3: what `kubectl explain` shows, and what kubectl asks before it writes.

Mirrors k8s.io/kube-openapi pkg/{handler3/handler,builder3/openapi}.go, v1.36. The schemas are those of
`kubesim.api.schema`, whose prose leaves out what an enumeration's values mean; of the paths there is only what kubectl
reads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from typing import Any, NamedTuple

from kubesim.api import KUBERNETES, load_record, schema
from kubesim.api.objects import Object
from kubesim.api.resources import RESOURCES, Resource
from kubesim.api.schema import ENUMS, Field, Type
from kubesim.api.schemadocs import describe
from kubesim.server.routes import by_version


class _Table(NamedTuple):
    """What OpenAPI says of types besides their fields."""

    packages: Mapping[str, str]  # where a module's types are upstream, if not in io.k8s.api
    special: Mapping[str, tuple[str, Object]]  # by its Go name, the package of a type that is no struct, and its schema
    formats: Mapping[str, str]  # of scalars, by their Go types


_TABLE = load_record(__file__, "openapi.json", _Table)
_GVK = "x-kubernetes-group-version-kind"
_WRITING = ("dryRun", "fieldManager", "fieldValidation")


@cache
def index() -> Object:
    """The body of GET /openapi/v3: where each group version's document is, with a hash for the client's cache."""
    source = (metadata.version("lightkube-models"), RESOURCES, KUBERNETES)
    digest = hashlib.sha512(repr(source).encode()).hexdigest().upper()
    return {"paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"} for path in _described()}}


@cache
def _described() -> dict[str, list[Resource]]:
    """The types at each path whose objects this cluster keeps: the others have no schema."""
    return by_version(resource for resource in RESOURCES if resource.simulated)


@cache
def document(path: str) -> Object | None:
    """The document of a group version such as "api/v1" or "apis/apps/v1"; None for one without types.

    It is made once: don't change it.
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
    """Add the schema of a named type to `schemas`, and those of all types that it leads to."""
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
    """The name of a type's schema: "io.k8s.api.core.v1.Pod"; "" for a plain value."""
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
    if field.merge_key is not None:
        strategies.append("merge")
    if field.retains_keys:
        strategies.append("retainKeys")
    patch = {"x-kubernetes-patch-strategy": ",".join(strategies), "x-kubernetes-patch-merge-key": field.merge_key}
    return _without_empty(description=description) | _value(field.type) | _without_empty(**patch)


def _value(kind: Type) -> Object:
    if name := _schema_name(kind):
        return {"allOf": [{"$ref": f"#/components/schemas/{name}"}]}  # beside a $ref, the rest would not count
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
    """The one path of a resource: how kubectl learns its kind, and which parameters a change may have."""
    place = "namespaces/{namespace}/" if resource.namespaced else ""
    url = f"{root}/{place}{resource.plural}"
    reading = {"responses": {"200": {"description": "OK"}}, _GVK: _gvk(resource), "parameters": []}
    parameters = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in _WRITING]
    writing = {**reading, "parameters": parameters}
    forms = {"get": reading, "patch": writing}
    methods = {verb: forms[verb] for verb in resource.verbs if verb in forms}
    if not methods:  # a review can only be created
        return url, {"post": writing}
    return f"{url}/{{name}}", methods
