"""What a type's strategy does to an object before it is stored: which parts a client may set, and when.

Mirrors kubernetes pkg/registry/{core,apps}/*/strategy.go, v1.36.
"""

from __future__ import annotations

import base64

from kubesim.api.objects import Object, clone
from kubesim.api.resources import Resource

# Types whose metadata.generation counts the changes of the spec.
_COUNTED = frozenset({"Pod", "Deployment", "ReplicaSet"})
# Types whose status only the status subresource writes, with the status of a new object.
_INITIAL_STATUS: dict[str, Object] = {
    "Pod": {"phase": "Pending"},
    "Namespace": {"phase": "Active"},
    "Deployment": {},
    "ReplicaSet": {"replicas": 0},
    "Node": {},
    "Service": {"loadBalancer": {}},
}


def prepare_for_create(resource: Resource, obj: Object) -> None:
    """Complete a new object in place."""
    if resource.kind in _COUNTED:
        obj["metadata"]["generation"] = 1
    if resource.kind in _INITIAL_STATUS and resource.kind != "Node":
        obj["status"] = clone(_INITIAL_STATUS[resource.kind])
    if resource.kind == "Pod":
        obj["status"]["qosClass"] = _qos_class(obj["spec"])
    _merge_string_data(obj)


def prepare_for_update(resource: Resource, obj: Object, old: Object) -> None:
    """Carry over, in place, what a client cannot change."""
    meta, old_meta = obj["metadata"], old["metadata"]
    for key in ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"):
        meta.pop(key, None)
        if key in old_meta:
            meta[key] = old_meta[key]
    if resource.kind in _INITIAL_STATUS:
        obj.pop("status", None)
        if "status" in old:
            obj["status"] = old["status"]
    if resource.kind in _COUNTED and obj.get("spec") != old.get("spec"):
        meta["generation"] = old_meta["generation"] + 1
    _merge_string_data(obj)


def _merge_string_data(obj: Object) -> None:
    """Secret.stringData is written into data and never read back."""
    plain = obj.pop("stringData", None) if obj["kind"] == "Secret" else None
    if plain:
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in plain.items()}
        obj["data"] = {**obj.get("data", {}), **encoded}


def _qos_class(spec: Object) -> str:
    """As pkg/apis/core/v1/helper/qos: Guaranteed where all limits are set and equal the requests."""
    containers = [*spec.get("initContainers", ()), *spec.get("containers", ())]
    resources = [container.get("resources", {}) for container in containers]
    if not any(item.get("requests") or item.get("limits") for item in resources):
        return "BestEffort"
    guaranteed = all(
        {"cpu", "memory"} <= set(item.get("limits", {})) and item.get("requests") == item.get("limits")
        for item in resources
    )
    return "Guaranteed" if guaranteed else "Burstable"
