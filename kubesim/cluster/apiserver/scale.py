"""The subresource scale of workloads: the desired and the current number of replicas, as a Scale object.

Mirrors kubernetes pkg/registry/apps/deployment/storage/storage.go (ScaleREST), v1.36.
"""

from __future__ import annotations

from typing import Any

from kubesim.api import decoding, errors
from kubesim.api.humanize import format_selector
from kubesim.api.objects import Object
from kubesim.api.resources import Resource

SCALE = Resource("Scale", "autoscaling")
_COPIED_META = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def scale_of(obj: Object) -> Object:
    """The Scale of a workload."""
    meta = obj["metadata"]
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: meta[key] for key in _COPIED_META if key in meta},
        "spec": {"replicas": obj["spec"]["replicas"]},
        "status": {
            "replicas": obj.get("status", {}).get("replicas", 0),
            "selector": format_selector(obj["spec"]["selector"]),
        },
    }


def requested_replicas(scale: Any, resource: Resource, old: Object) -> int:
    """The replicas in a Scale from a request; `resource` is the workload's type, and `old` its current Scale.

    Raises StatusError for a Scale that can't be decoded, a negative number, or an outdated resourceVersion.
    """
    decoded = decoding.decode(SCALE, scale, strict=False)
    version = decoded.get("metadata", {}).get("resourceVersion")
    if version not in (None, "", old["metadata"]["resourceVersion"]):
        raise errors.conflict(resource, old["metadata"]["name"])
    replicas: int = decoded.get("spec", {}).get("replicas", 0)
    if replicas < 0:
        cause = errors.invalid_value("spec.replicas", replicas, "must be greater than or equal to 0")
        raise errors.invalid_kind("Scale", "autoscaling", old["metadata"]["name"], [cause])
    return replicas
