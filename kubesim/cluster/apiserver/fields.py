"""The fields that each type can be selected by (`--field-selector`).

Mirrors the AddFieldLabelConversionFunc calls in kubernetes pkg/apis/*/v1/conversion.go, v1.36.
"""

from __future__ import annotations

from kubesim.api.resources import Resource

_EVERY_TYPE = frozenset({"metadata.name", "metadata.namespace"})
_BY_KIND = {
    "Pod": {
        "spec.hostNetwork",
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "status.nominatedNodeName",
        "status.phase",
        "status.podIP",
        "status.podIPs",
    },
    "Event": {
        "involvedObject.apiVersion",
        "involvedObject.fieldPath",
        "involvedObject.kind",
        "involvedObject.name",
        "involvedObject.namespace",
        "involvedObject.resourceVersion",
        "involvedObject.uid",
        "reason",
        "reportingComponent",
        "source",
        "type",
    },
    "Secret": {"type"},
    "Namespace": {"status.phase"},
    "Node": {"spec.unschedulable"},
    "ReplicaSet": {"status.replicas"},
}


def is_selectable(resource: Resource, field: str) -> bool:
    """Whether the API server can select objects of this type by `field`."""
    return field in _EVERY_TYPE or field in _BY_KIND.get(resource.kind, ())
