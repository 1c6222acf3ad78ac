"""Discovery: the API's versions, groups and types from the table of resources; and its health.

Mirrors k8s.io/apiserver pkg/endpoints/discovery, v1.36, in the older of its two forms (not aggregated), which every
client reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from kubesim.api import errors, server_version
from kubesim.api.objects import Object
from kubesim.api.resources import API_VERSIONS, RESOURCES, Resource
from kubesim.gotext import gojson
from kubesim.server import openapi
from kubesim.server.objects import PARTS
from kubesim.server.request import Response, text
from kubesim.server.routes import by_version

# kubectl asks for OpenAPI v2 only about a type that v3 lacks, so this document, in protobuf, has no types: it holds
# field 1, the version of Swagger, alone.
_OPENAPI_V2 = Response("\x0a\x032.0", content_type="application/com.github.proto-openapi.spec.v2.v1.0+protobuf")


def answer(path: str, query: Mapping[str, str]) -> Response | None:
    """The document at `path`, such as "/version", "/apis" or "/apis/apps/v1"; None for any other path.

    Raises StatusError for a single check of the server's health, or a list of them, and for the list of all paths.
    """
    document: Object | None
    match path.strip("/").split("/"):
        case [""]:
            raise errors.not_simulated("the list of all paths is not part of this simulator")
        case ["healthz" | "livez" | "readyz", *checks]:
            if checks or "verbose" in query:
                why = "the single checks of the API server's health are not part of this simulator"
                raise errors.not_simulated(why)
            return text("ok")
        case ["version"]:  # a real API server indents this document alone, and ends it without a newline
            return Response(gojson.dumps(server_version(), sort=False, indent=2), content_type="application/json")
        case ["openapi", "v2"]:
            return _OPENAPI_V2
        case ["openapi", "v3"]:
            document = openapi.index()
        case ["openapi", "v3", *version]:
            document = openapi.document("/".join(version))
        case ["api"]:
            document = {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
        case ["apis"]:
            names = dict.fromkeys(resource.group for resource in RESOURCES if resource.group)
            document = {"kind": "APIGroupList", "apiVersion": "v1", "groups": list(map(_group, names))}
        case ["apis", group]:
            document = _group(group)
        case version:
            document = _resource_list("/".join(version))
    return None if document is None else Response(document)


@cache
def _served() -> dict[str, list[Resource]]:
    """The types by path, such as "api/v1" or "apis/apps/v1". Some versions have no types of their own."""
    versions = [f"apis/{name}" for name in API_VERSIONS if "/" in name]
    types = by_version(RESOURCES)
    # a group's preferred version is its first one, so the others follow
    return types | {path: [] for path in versions if path not in types}


def _group(group: str) -> Object | None:
    names = [path.removeprefix("apis/") for path in _served() if path.startswith(f"apis/{group}/")]
    if not names:
        return None
    served = [{"groupVersion": name, "version": name.partition("/")[2]} for name in names]
    return {"kind": "APIGroup", "apiVersion": "v1", "name": group, "versions": served, "preferredVersion": served[0]}


def _resource_list(path: str) -> Object | None:
    if path not in _served():
        return None
    group_version = path.partition("/")[2]
    group = [resource for resource in RESOURCES if resource.group == group_version.partition("/")[0]]
    resources = _served()[path] or group  # an older version lists the types of the group's newest
    parts = [_part(resource, part) for resource in resources for part in resource.parts]
    head = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version}
    return {**head, "resources": [*map(_listed, resources), *parts]}


def _listed(resource: Resource) -> Object:
    """An entry of a resource list. An unreadable type gets no category, so that `get all` leaves it out."""
    listed = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        listed["shortNames"] = list(resource.short_names)
    if resource.categories and resource.readable:
        listed["categories"] = list(resource.categories)
    return listed


def _part(resource: Resource, part: str) -> Object:
    listed = {
        "name": f"{resource.plural}/{part}",
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(PARTS[part]),
    }
    if part == "scale":
        listed |= {"kind": "Scale", "group": "autoscaling", "version": "v1"}
    return listed
