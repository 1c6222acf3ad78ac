"""The scale subresource: how many replicas an object wants and has.

Mirrors kubernetes pkg/registry/apps/{deployment,replicaset}/storage/storage.go (ScaleREST), v1.36.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kubesim.api import errors
from kubesim.api.objects import Object
from kubesim.cluster.apiserver import APIServer, patch
from kubesim.server.request import Request, Response, Route

_PATCHES: dict[str, Callable[[Object, Any], Object]] = {
    "json": patch.json_patch,
    "merge": patch.merge_patch,
    "strategic": patch.merge_patch,  # nothing in a Scale is merged in another way
}


def answer(api: APIServer, request: Request, route: Route) -> Response:
    """Show the Scale of a Deployment or ReplicaSet, or change the number of replicas. Raises StatusError."""
    place = (route.resource, route.namespace, route.name)
    verb = "get" if route.verb == "watch" else route.verb
    api.authorize(request.user, verb, *place, route.subresource)
    scale = _scale_of(api.get(*place))
    if verb not in ("get", "patch", "update"):
        raise errors.method_not_allowed()
    if verb != "get":
        replicas = _wanted(request, route, scale)
        scale = _scale_of(api.scale(*place, replicas, dry_run=request.dry_run))
    return Response(scale)


def _wanted(request: Request, route: Route, scale: Object) -> int:
    """The number of replicas of the Scale that the request makes. Raises StatusError."""
    new = _PATCHES[request.patch_type](scale, request.patch()) if route.verb == "patch" else request.object()
    meta, spec = new.get("metadata"), new.get("spec")
    version = meta.get("resourceVersion") if isinstance(meta, dict) else None
    if version not in (None, "", scale["metadata"]["resourceVersion"]):
        raise errors.conflict(route.resource, route.name)
    replicas = spec.get("replicas", 0) if isinstance(spec, dict) else None
    if not isinstance(replicas, int) or isinstance(replicas, bool) or not abs(replicas) < 1 << 31:
        raise errors.bad_request("a Scale has a whole number in spec.replicas")
    if replicas < 0:
        cause = errors.invalid_value("spec.replicas", replicas, "must be greater than or equal to 0")
        raise errors.invalid_options("Scale", "autoscaling", route.name, [cause])
    return replicas


def _scale_of(obj: Object) -> Object:
    meta = obj["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    labels = obj["spec"]["selector"].get("matchLabels", {})
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: meta[key] for key in kept if key in meta},
        "spec": {"replicas": obj["spec"]["replicas"]},
        "status": {
            "replicas": obj.get("status", {}).get("replicas", 0),
            "selector": ",".join(f"{key}={labels[key]}" for key in sorted(labels)),
        },
    }
