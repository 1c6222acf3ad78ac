"""What the API says of itself: versions, groups and types, from the table of resources; health and OpenAPI.

Mirrors k8s.io/apiserver pkg/endpoints/discovery, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from kubesim.api import KUBERNETES
from kubesim.api.objects import Object
from kubesim.api.resources import API_VERSIONS, RESOURCES, Resource
from kubesim.server import openapi
from kubesim.server.request import Response, text

_HEALTH = ("/healthz", "/livez", "/readyz")
_OPENAPI = "/openapi/v3"
# kubectl asks for version 2 only where version 3 doesn't have a type, to see that this one doesn't either: field 1 of a
# document in protobuf, swagger, and no types.
_OPENAPI_V2 = Response("\x0a\x032.0", content_type="application/com.github.proto-openapi.spec.v2.v1.0+protobuf")
_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def answer(path: str, accept: str) -> Response | None:
    """The document at `path`, such as "/version", "/apis" or "/apis/apps/v1"; None for any other path."""
    if path in _HEALTH:
        return text("ok")
    if path == "/openapi/v2":
        return _OPENAPI_V2
    if path in ("/api", "/apis") and "g=apidiscovery.k8s.io" in accept:
        return Response(_aggregated(path == "/api"), content_type=_AGGREGATED)
    found = openapi.v3(path.removeprefix(_OPENAPI + "/")) if path.startswith(_OPENAPI + "/") else _document(path)
    return None if found is None else Response(found)


def _document(path: str) -> Object | None:
    if path in _FIXED:
        return _FIXED[path]()
    prefix, *place = path.strip("/").split("/")
    if prefix == "apis" and len(place) == 1:
        return _group(place[0]) if place[0] in _groups() else None
    if prefix not in ("api", "apis") or len(place) != (2 if prefix == "apis" else 1):
        return None
    group, version = ("", *place)[-2:]
    resources = _groups().get(group, {}).get(version)
    return None if resources is None else _resource_list("/".join(place), resources)


def _version() -> Object:
    """How it was built is left open; clients insist on the fields."""
    major, minor, _ = KUBERNETES.lstrip("v").split(".")
    build = dict.fromkeys(("gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler"), "")
    return {"major": major, "minor": minor, "gitVersion": KUBERNETES, **build, "platform": "linux/amd64"}


@cache
def _groups() -> dict[str, dict[str, list[Resource]]]:
    """The types of each version of each group; some versions have none."""
    found: dict[str, dict[str, list[Resource]]] = {}
    for resource in RESOURCES:
        found.setdefault(resource.group, {}).setdefault(resource.version, []).append(resource)
    for group, _, version in (name.rpartition("/") for name in API_VERSIONS):
        found.setdefault(group, {}).setdefault(version, [])
    return found


def _core_versions() -> Object:
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def _group_list() -> Object:
    groups = [_group(group) for group in _groups() if group]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def _group(group: str) -> Object:
    served = [{"groupVersion": f"{group}/{version}", "version": version} for version in _groups()[group]]
    return {"kind": "APIGroup", "apiVersion": "v1", "name": group, "versions": served, "preferredVersion": served[0]}


def _resource_list(group_version: str, resources: list[Resource]) -> Object:
    listed = [_listed(resource) for resource in resources]
    parts = [_subresource(resource, part) for resource in resources for part in resource.parts]
    head = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version}
    return {**head, "resources": [*listed, *parts]}


def _listed(resource: Resource) -> Object:
    named = {"name": resource.plural, "singularName": resource.singular, "namespaced": resource.namespaced}
    return {**named, "kind": resource.kind, "verbs": list(resource.verbs), **_names(resource)}


def _names(resource: Resource) -> Object:
    """Short names and categories. A type that can't be read is in no category, and `get all` doesn't ask for it."""
    found = {"shortNames": list(resource.short_names), "categories": list(resource.categories * resource.readable)}
    return {key: value for key, value in found.items() if value}


def _subresource(resource: Resource, part: str) -> Object:
    found = {"name": f"{resource.plural}/{part}", "singularName": "", "namespaced": resource.namespaced}
    if part != "scale":
        verbs = ["get", "patch", "update"] if part == "ephemeralcontainers" else ["get"]
        return {**found, "kind": resource.kind, "verbs": verbs}
    scale = {"kind": "Scale", "verbs": ["get", "patch", "update"], "group": "autoscaling", "version": "v1"}
    return {**found, **scale}


def _aggregated(is_core: bool) -> Object:
    groups = [
        {
            "metadata": {"name": group, "creationTimestamp": None},
            "versions": [
                {"version": version, "resources": list(map(_described, resources)), "freshness": "Current"}
                for version, resources in versions.items()
            ],
        }
        for group, versions in _groups().items()
        if (group == "") is is_core
    ]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": groups}


def _described(resource: Resource) -> Object:
    parts = [_described_part(resource, part) for part in resource.parts]
    return {
        "resource": resource.plural,
        "responseKind": {"group": resource.group, "version": resource.version, "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
        **_names(resource),
        **({"subresources": parts} if parts else {}),
    }


def _described_part(resource: Resource, part: str) -> Object:
    own = {"group": resource.group, "version": resource.version}
    found = own | _subresource(resource, part)
    kind = {key: found[key] for key in ("group", "version", "kind")}
    return {"subresource": part, "responseKind": kind, "verbs": found["verbs"]}


_FIXED: dict[str, Callable[[], Object]] = {
    "/version": _version,
    "/api": _core_versions,
    "/apis": _group_list,
    _OPENAPI: openapi.v3_index,
}
