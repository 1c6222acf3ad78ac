"""The OpenAPI v3 documents of the API server: what `kubectl explain` prints, and what kubectl asks before it writes.

Mirrors k8s.io/kube-openapi pkg/handler3/handler.go (the index) and pkg/builder3/openapi.go (a document for each group
version), v1.36. The types are those of `kubesim.api.schema`, whose prose leaves out what an enumeration's values mean.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import metadata
from typing import Any

from kubesim.api import schema, versions
from kubesim.api.resources import RESOURCES, Resource
from kubesim.api.schema import Field, Type, gotypes

Json = dict[str, Any]
# HTTP method, action and query parameters.
Operation = tuple[str, str, tuple[str, ...]]

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
_ZERO: dict[str, Any] = {"boolean": False, "integer": 0, "string": "", "struct": {}}
_FORMATS = {"int32": "int32", "int64": "int64", "float64": "double", "[]uint8": "byte"}

_GVK = "x-kubernetes-group-version-kind"
_JSON = ("application/json", "application/yaml")
_PATCHES = ("application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json")

_READING = ("continue", "fieldSelector", "labelSelector", "limit", "resourceVersion", "timeoutSeconds", "watch")
_WRITING = ("dryRun", "fieldManager", "fieldValidation")
_DELETING = ("dryRun", "gracePeriodSeconds", "propagationPolicy")
_PARAMETER_TYPES = {
    "gracePeriodSeconds": "integer",
    "limit": "integer",
    "timeoutSeconds": "integer",
    "watch": "boolean",
}
_VERBS = {"post": "create", "put": "update"}  # of discovery, where an action is called otherwise there
_ON_MANY: tuple[Operation, ...] = (
    ("get", "list", _READING),
    ("post", "post", _WRITING),
    ("delete", "deletecollection", (*_READING, *_DELETING)),
)
_ON_ONE: tuple[Operation, ...] = (
    ("get", "get", ()),
    ("put", "put", _WRITING),
    ("patch", "patch", _WRITING),
    ("delete", "delete", _DELETING),
)


@cache
def v3_index() -> Json:
    """The body of GET /openapi/v3: where each group version's document is, with a hash to cache it by.

    The hash is one of what the document is made of, lest all of them be made for the index.
    """
    release = metadata.version("lightkube-models")
    return {
        "paths": {
            path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={_hash(release, path, resources)}"}
            for path, resources in _group_versions().items()
        }
    }


def v3(path: str) -> Json | None:
    """The document of a group version such as "api/v1" or "apis/apps/v1"; None for one that is not served.

    It is made once, so whoever gets it must leave it as it is.
    """
    return _document(path) if path in _group_versions() else None


def _hash(*made_of: object) -> str:
    return hashlib.sha512(repr((*made_of, versions.KUBERNETES)).encode()).hexdigest().upper()


@cache
def _document(path: str) -> Json:
    resources = _group_versions()[path]
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "unversioned"},
        "paths": {url: item for resource in resources for url, item in _paths(f"/{path}", resource)},
        "components": {"schemas": _schemas(resources)},
    }


@cache
def _group_versions() -> dict[str, list[Resource]]:
    found: dict[str, list[Resource]] = {}
    for resource in RESOURCES:
        found.setdefault(f"{'apis' if resource.group else 'api'}/{resource.api_version}", []).append(resource)
    return found


def _schemas(resources: Iterable[Resource]) -> Json:
    """The schemas of the resources' objects and lists, and of every type within, by name."""
    found: Json = {}
    kinds = [(schema.meta_type(name), _gvk("", "v1", name)) for name in ("DeleteOptions", "Status")]
    for resource in resources:
        structs = filter(None, (schema.type_of(resource), schema.list_type_of(resource)))
        kinds += [(struct, _gvk(resource.group, resource.version, struct.name)) for struct in structs]
    for struct, gvk in kinds:
        _add(struct, found)
        found[_name(struct)][_GVK] = [gvk]
    return found


def _gvk(group: str, version: str, kind: str) -> Json:
    return {"group": group, "version": version, "kind": kind}


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
    required = [name for name, field in fields.items() if field.required]
    return {
        **({"description": said.text} if said.text else {}),
        "type": "object",
        "properties": {name: _property(struct, field, said.fields[name]) for name, field in fields.items()},
        **({"required": required} if required else {}),
    }


def _property(struct: Type, field: Field, said: str) -> Json:
    key = schema.merge_key(struct, field.name)
    strategy = ["merge"] * (key is not None) + ["retainKeys"] * schema.retains_keys(struct, field.name)
    return {
        **({"description": said} if said else {}),
        **_value(field.type, field.required),
        **({"x-kubernetes-patch-strategy": ",".join(strategy)} if strategy else {}),
        **({"x-kubernetes-patch-merge-key": key} if key else {}),
    }


def _value(kind: Type, always: bool) -> Json:
    """The schema of a value; where there is always one, an empty one is its default."""
    default = {"default": _ZERO[kind.kind]} if always and kind.kind in _ZERO else {}
    if name := _name(kind):
        return {"allOf": [_ref(name)], **default}  # beside a $ref, the rest would not count
    if kind.element:
        inner = _value(kind.element, True)
        return (
            {"type": "array", "items": inner}
            if kind.kind == "list"
            else {"type": "object", "additionalProperties": inner}
        )
    values = gotypes.ENUMS.get(kind.go)
    return {
        "type": "string" if kind.kind == "bytes" else kind.kind,
        **({"format": _FORMATS[kind.go]} if kind.go in _FORMATS else {}),
        **({"enum": list(values)} if values else {}),
        **default,
    }


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _paths(root: str, resource: Resource) -> Iterator[tuple[str, Json]]:
    """The paths of a resource with their operations; what is in no namespace has one path less."""
    everywhere = f"{root}/{resource.plural}"
    many = f"{root}/namespaces/{{namespace}}/{resource.plural}" if resource.namespaced else everywhere
    names = ("namespace",) if resource.namespaced else ()
    for url, operations, variables in (
        (everywhere, _ON_MANY[:1], ()),
        (many, _ON_MANY, names),
        (f"{many}/{{name}}", _ON_ONE, ("name", *names)),
    ):
        if item := _path(resource, operations):
            yield url, item | {"parameters": [_parameter(name, "path") | {"required": True} for name in variables]}


def _path(resource: Resource, operations: Iterable[Operation]) -> Json:
    return {
        method: _operation(resource, action, query)
        for method, action, query in operations
        if _VERBS.get(action, action) in resource.verbs
    }


def _parameter(name: str, place: str) -> Json:
    return {"name": name, "in": place, "schema": {"type": _PARAMETER_TYPES.get(name, "string"), "uniqueItems": True}}


def _operation(resource: Resource, action: str, query: tuple[str, ...]) -> Json:
    own, status = schema.type_of(resource), schema.meta_type("Status")
    answers = {"list": schema.list_type_of(resource) or own, "delete": status, "deletecollection": status}
    body = _body(own, action)
    return {
        "parameters": [_parameter(name, "query") for name in query],
        **({"requestBody": {"content": body}} if body else {}),
        "responses": {"200": {"description": "OK", "content": _content(_JSON, answers.get(action, own))}},
        "x-kubernetes-action": action,
        _GVK: _gvk(resource.group, resource.version, resource.kind),
    }


def _body(own: Type, action: str) -> Json:
    if action == "patch":
        return {media: {"schema": {"type": "object"}} for media in _PATCHES}
    sent = {"post": own, "put": own, "delete": schema.meta_type("DeleteOptions")}.get(action)
    return _content(_JSON, sent) if sent else {}


def _content(media_types: Iterable[str], kind: Type) -> Json:
    return {media: {"schema": _ref(_name(kind))} for media in media_types}
