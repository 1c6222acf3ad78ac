"""The scale subresource: how many replicas an object wants and has.

Mirrors kubernetes pkg/registry/apps/{deployment,replicaset}/storage/storage.go (ScaleREST), v1.36.
"""

from __future__ import annotations

from typing import Any

from kubesim import errors
from kubesim.apiserver import APIServer
from kubesim.objects import Object
from kubesim.server.request import Request, Response
from kubesim.server.routes import Route


class Scales:
    """Answers requests for deployments/scale and replicasets/scale."""

    def __init__(self, api: APIServer) -> None:
        self._api = api

    def answer(self, request: Request, route: Route) -> Response:
        """Show the Scale, or change the number of replicas. Raises StatusError."""
        obj = self._api.get(route.resource, route.namespace, route.name)
        if route.verb == "get":
            self._api.authorize(request.user, "get", route.resource, route.namespace, route.name, "scale")
            return Response(_scale_of(obj))
        if route.verb not in ("patch", "update"):
            raise errors.method_not_allowed()
        replicas = _wanted(request, obj)
        place = (route.resource, route.namespace, route.name)
        return Response(_scale_of(self._api.scale(*place, replicas, user=request.user, dry_run=request.dry_run)))


def _wanted(request: Request, obj: Object) -> Any:
    change = request.decoded()
    spec = change.get("spec") if isinstance(change, dict) else None
    replicas = spec.get("replicas", obj["spec"]["replicas"]) if isinstance(spec, dict) else None
    if not isinstance(replicas, int):
        raise errors.bad_request("a Scale has a whole number in spec.replicas")
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
