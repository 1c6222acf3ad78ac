"""What the API says of itself: versions, groups, types and their OpenAPI schemas, from the table of resources; health.

Mirrors k8s.io/apiserver pkg/endpoints/discovery and k8s.io/kube-openapi pkg/{handler3/handler,builder3/openapi}.go,
v1.36. Of the two forms of discovery there is the older one, which every client reads. The schemas are those of
`kubesim.api.schema`, whose prose leaves out what an enumeration's values mean; of the paths there is only what kubectl
reads: `kubectl explain`, and what it asks before it writes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from typing import Any, NamedTuple

from kubesim.api import KUBERNETES, errors, load_record, schema, server_version
from kubesim.api.objects import Object
from kubesim.api.resources import API_VERSIONS, RESOURCES, Resource
from kubesim.api.schema import ENUMS, Field, Type
from kubesim.api.schemadocs import describe
from kubesim.gotext import gojson
from kubesim.server.objects import PARTS
from kubesim.server.request import Response, text

_HEALTH = ("healthz", "livez", "readyz")
# kubectl asks for version 2 only where version 3 doesn't have a type, to see that this one doesn't either: field 1 of a
# document in protobuf, swagger, and no types.
_OPENAPI_V2 = Response("\x0a\x032.0", content_type="application/com.github.proto-openapi.spec.v2.v1.0+protobuf")


def answer(path: str, query: Mapping[str, str]) -> Response | None:
    """The document at `path`, such as "/version", "/apis" or "/apis/apps/v1"; None for any other path.

    Raises StatusError for a single check of the server's health, or a list of them, and for the list of all paths.
    """
    name, _, check = path.strip("/").partition("/")
    if name in _HEALTH and (check or "verbose" in query):
        raise errors.not_simulated("the single checks of the API server's health are not part of this simulator")
    if name in _HEALTH:
        return text("ok")
    if path == "/version":  # the one document that a real API server indents, and that ends in no newline
        return Response(gojson.dumps(server_version(), sort=False, indent=2), content_type="application/json")
    if path == "/openapi/v2":
        return _OPENAPI_V2
    if not path:
        raise errors.not_simulated("the list of all paths is not part of this simulator")
    document = _document(path.strip("/"))
    return None if document is None else Response(document)


def _document(path: str) -> Object | None:
    match path.split("/"):
        case ["api"]:
            return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
        case ["apis"]:
            names = dict.fromkeys(resource.group for resource in RESOURCES if resource.group)
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": list(map(_group, names))}
        case ["apis", group]:
            return _group(group)
        case ["openapi", "v3", *place]:
            return v3("/".join(place)) if place else v3_index()
    return _resource_list(path) if path in _served() else None


@cache
def _served() -> dict[str, list[Resource]]:
    """The types at each path, such as "api/v1" or "apis/apps/v1"; some versions have none."""
    types: dict[str, list[Resource]] = {}
    for resource in RESOURCES:
        root = "apis" if resource.group else "api"
        types.setdefault(f"{root}/{resource.api_version}", []).append(resource)
    return types | {f"apis/{name}": [] for name in API_VERSIONS if "/" in name and f"apis/{name}" not in types}


def _group(group: str) -> Object | None:
    names = [path.removeprefix("apis/") for path in _served() if path.startswith(f"apis/{group}/")]
    if not names:
        return None
    served = [{"groupVersion": name, "version": name.partition("/")[2]} for name in names]
    return {"kind": "APIGroup", "apiVersion": "v1", "name": group, "versions": served, "preferredVersion": served[0]}


def _resource_list(path: str) -> Object:
    group_version = path.partition("/")[2]
    group = [resource for resource in RESOURCES if resource.group == group_version.partition("/")[0]]
    resources = _served()[path] or group  # an older version has the same types
    parts = [_part(resource, part) for resource in resources for part in resource.parts]
    head = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version}
    return {**head, "resources": [*map(_listed, resources), *parts]}


def _listed(resource: Resource) -> Object:
    """A type that can't be read is in no category, so that `get all` doesn't ask for it."""
    named = {"name": resource.plural, "singularName": resource.singular, "namespaced": resource.namespaced}
    categories = list(resource.categories) if resource.readable else []
    lists = _without_empty(shortNames=list(resource.short_names), categories=categories)
    return {**named, "kind": resource.kind, "verbs": list(resource.verbs), **lists}


def _part(resource: Resource, part: str) -> Object:
    names = {"name": f"{resource.plural}/{part}", "singularName": "", "namespaced": resource.namespaced}
    kind = {"kind": "Scale", "group": "autoscaling", "version": "v1"} if part == "scale" else {"kind": resource.kind}
    return {**names, "verbs": list(PARTS[part]), **kind}


# OpenAPI, version 3


class _Table(NamedTuple):
    """What OpenAPI says of types besides their fields."""

    packages: Mapping[str, str]  # where a module's types are upstream, if not in io.k8s.api
    special: Mapping[str, tuple[str, Object]]  # by its Go name, where a type is that is no struct, and its schema
    formats: Mapping[str, str]  # of scalars, by their Go types


_TABLE = load_record(__file__, "openapi.json", _Table)
_GVK = "x-kubernetes-group-version-kind"
_WRITING = ("dryRun", "fieldManager", "fieldValidation")


@cache
def v3_index() -> Object:
    """The body of GET /openapi/v3: where each group version's document is, with a hash for the client's cache."""
    source = (metadata.version("lightkube-models"), RESOURCES, KUBERNETES)
    digest = hashlib.sha512(repr(source).encode()).hexdigest().upper()
    return {"paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"} for path in _described()}}


@cache
def _described() -> dict[str, list[Resource]]:
    """The types at each path whose objects this cluster keeps: the others have no schema."""
    kept: dict[str, list[Resource]] = {}
    for path, resources in _served().items():
        simulated = [resource for resource in resources if resource.simulated]
        if simulated:
            kept[path] = simulated
    return kept


@cache
def v3(path: str) -> Object | None:
    """The document of a group version such as "api/v1" or "apis/apps/v1"; None for one without types.

    It is made once: don't change it.
    """
    resources = _described().get(path)
    if resources is None:
        return None
    schemas: Object = {}
    for resource in resources:
        struct = schema.type_of(resource)
        _add(struct, schemas)
        schemas[_name(struct)][_GVK] = [_gvk(resource)]
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "unversioned"},
        "paths": dict(_path(f"/{path}", resource) for resource in resources),
        "components": {"schemas": schemas},
    }


def _gvk(resource: Resource) -> Object:
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def _add(kind: Type, schemas: Object) -> None:
    """Add the schema of a named type to `schemas`, and those of all types that it leads to."""
    while kind.element:
        kind = kind.element
    name = _name(kind)
    if name and name not in schemas:
        schemas[name] = _TABLE.special[kind.go][1] if kind.go in _TABLE.special else _object(kind)
        for field in schema.fields(kind).values():
            _add(field.type, schemas)


def _name(kind: Type) -> str:
    """The name of a type's schema: "io.k8s.api.core.v1.Pod"; "" for a plain value."""
    if kind.go in _TABLE.special:
        return f"{_TABLE.special[kind.go][0]}.{kind.go.partition('.')[2]}"
    package = _TABLE.packages.get(kind.module) or f"io.k8s.api.{kind.module.replace('_', '.')}"
    return f"{package}.{kind.name}" if kind.name else ""


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
    if name := _name(kind):
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
    return (f"{url}/{{name}}", methods) if methods else (url, {"post": writing})
