"""What the API offers: versions, groups and types, from the table of resources.

Mirrors k8s.io/apiserver pkg/endpoints/discovery, v1.36.
"""

from __future__ import annotations

from kubesim.api import versions
from kubesim.api.objects import Object
from kubesim.api.resources import API_VERSIONS, RESOURCES, Resource

_AGGREGATED = "g=apidiscovery.k8s.io"


def version() -> Object:
    """GET /version. How it was built is left open; clients insist on the fields."""
    major, minor, _ = versions.KUBERNETES.lstrip("v").split(".")
    build = dict.fromkeys(("gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler"), "")
    return {"major": major, "minor": minor, "gitVersion": versions.KUBERNETES, **build, "platform": "linux/amd64"}


def _groups() -> dict[str, dict[str, list[Resource]]]:
    """The types of each version of each group; of some versions, there are none."""
    found: dict[str, dict[str, list[Resource]]] = {}
    for resource in RESOURCES:
        found.setdefault(resource.group, {}).setdefault(resource.version, []).append(resource)
    for group, _, version in (name.rpartition("/") for name in API_VERSIONS):
        found.setdefault(group, {}).setdefault(version, [])
    return found


def document(path: str, accept: str) -> Object | None:
    """The discovery document at `path` ("/api", "/apis", "/apis/apps", "/apis/apps/v1"), or None."""
    words = path.strip("/").split("/")
    if words in (["api"], ["apis"]):
        is_core = words == ["api"]
        if _AGGREGATED in accept:
            return _aggregated(is_core)
        return _core_versions() if is_core else _group_list()
    if words[0] == "apis" and len(words) == 2:
        return _group(words[1]) if words[1] in _groups() else None
    prefix, *place = words
    if prefix not in ("api", "apis") or len(place) != (2 if prefix == "apis" else 1):
        return None
    group, version = ("", *place)[-2:]
    resources = _groups().get(group, {}).get(version)
    return None if resources is None else _resource_list("/".join(place), resources)


def _core_versions() -> Object:
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def _group_list() -> Object:
    groups = [_group(group) for group in _groups() if group]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def _group(group: str) -> Object:
    served = [{"groupVersion": f"{group}/{version}", "version": version} for version in _groups()[group]]
    return {"kind": "APIGroup", "apiVersion": "v1", "name": group, "versions": served, "preferredVersion": served[0]}


def _resource_list(group_version: str, resources: list[Resource]) -> Object:
    listed = [
        {
            "name": resource.plural,
            "singularName": resource.singular,
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": list(resource.verbs),
            **_names(resource),
        }
        for resource in resources
    ]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": group_version,
        "resources": [*listed, *(_subresource(resource, part) for resource in resources for part in resource.parts)],
    }


def _names(resource: Resource) -> Object:
    """Short names and categories. A type that cannot be read is in no category, and `get all` does not ask for it."""
    found = {"shortNames": list(resource.short_names), "categories": list(resource.categories * resource.readable)}
    return {key: value for key, value in found.items() if value}


def _subresource(resource: Resource, part: str) -> Object:
    return {
        "name": f"{resource.plural}/{part}",
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": "Scale" if part == "scale" else resource.kind,
        "verbs": ["get", "patch", "update"] if part == "scale" else ["get"],
        **({"group": "autoscaling", "version": "v1"} if part == "scale" else {}),
    }


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
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    if part == "scale":
        kind = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    return {"subresource": part, "responseKind": kind, "verbs": _subresource(resource, part)["verbs"]}
