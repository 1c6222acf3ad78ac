"""Rows of Deployments and ReplicaSets."""

from __future__ import annotations

from kubesim.clock import Micros
from kubesim.humanize import age, format_selector
from kubesim.objects import Object


def deployment(obj: Object, now: Micros) -> list[str]:
    """NAME, READY, UP-TO-DATE, AVAILABLE, AGE, CONTAINERS, IMAGES, SELECTOR."""
    meta, status = obj["metadata"], obj.get("status") or {}
    return [
        meta["name"],
        f"{status.get('readyReplicas', 0)}/{obj['spec'].get('replicas', 0)}",
        str(status.get("updatedReplicas", 0)),
        str(status.get("availableReplicas", 0)),
        age(meta.get("creationTimestamp"), now),
        *_template(obj["spec"]),
    ]


def replica_set(obj: Object, now: Micros) -> list[str]:
    """NAME, DESIRED, CURRENT, READY, AGE, CONTAINERS, IMAGES, SELECTOR."""
    meta, status = obj["metadata"], obj.get("status") or {}
    return [
        meta["name"],
        str(obj["spec"].get("replicas", 0)),
        str(status.get("replicas", 0)),
        str(status.get("readyReplicas", 0)),
        age(meta.get("creationTimestamp"), now),
        *_template(obj["spec"]),
    ]


def _template(spec: Object) -> list[str]:
    containers = spec["template"]["spec"]["containers"]
    return [
        ",".join(item["name"] for item in containers),
        ",".join(item.get("image", "") for item in containers),
        format_selector(spec.get("selector")),
    ]
