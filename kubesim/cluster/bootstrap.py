"""What a new cluster has before anyone uses it: its node, the API server's Service, the roles for users.

The roles mirror kubernetes plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go, v1.36, for the types that are
simulated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kubesim.api import CONTAINERD, KUBERNETES
from kubesim.api.objects import Object
from kubesim.api.resources import CLUSTER_ROLE, NODE, RESOURCES, SERVICE, Resource

NODE_NAME = "sim-worker"
NODE_ADDRESS = "192.0.2.10"
_CONDITIONS = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)


def objects(now: str) -> Iterator[tuple[Resource, Object]]:
    """The objects, each with its type. `now` is the moment of the boot, as the API writes it."""
    yield NODE, _node(now)
    yield SERVICE, kubernetes_service()
    for name, rules in _ROLES.items():
        meta = {"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}, "name": name}
        kind = {"apiVersion": CLUSTER_ROLE.api_version, "kind": CLUSTER_ROLE.kind}
        yield CLUSTER_ROLE, {**kind, "metadata": meta, "rules": rules}


def _node(now: str) -> Object:
    resources = {"cpu": "2", "ephemeral-storage": "100Gi", "memory": "4Gi", "pods": "110"}
    times = {"lastHeartbeatTime": now, "lastTransitionTime": now}
    platform = {"arch": "amd64", "os": "linux"}
    labels = {f"{prefix}kubernetes.io/{key}": value for key, value in platform.items() for prefix in ("", "beta.")}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"labels": {**labels, "kubernetes.io/hostname": NODE_NAME}, "name": NODE_NAME},
        "spec": {"podCIDR": "10.244.1.0/24", "podCIDRs": ["10.244.1.0/24"]},
        "status": {
            "addresses": [
                {"address": NODE_ADDRESS, "type": "InternalIP"},
                {"address": NODE_NAME, "type": "Hostname"},
            ],
            "allocatable": resources,
            "capacity": resources,
            "conditions": [
                {**times, "message": message, "reason": reason, "status": status, "type": kind}
                for kind, status, reason, message in _CONDITIONS
            ],
            "nodeInfo": {
                **dict.fromkeys(("bootID", "kubeProxyVersion", "machineID", "systemUUID"), ""),  # clients insist
                "architecture": "amd64",
                "containerRuntimeVersion": f"containerd://{CONTAINERD}",
                "kernelVersion": "6.12.0-simulated",
                "kubeletVersion": KUBERNETES,
                "operatingSystem": "linux",
                "osImage": "Debian GNU/Linux 13 (trixie)",
            },
        },
    }


def kubernetes_service() -> Object:
    """The Service through which Pods reach the API server."""
    labels = {"component": "apiserver", "provider": "kubernetes"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"labels": labels, "name": "kubernetes", "namespace": "default"},
        "spec": {
            "clusterIP": "10.96.0.1",
            "clusterIPs": ["10.96.0.1"],
            "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
            "sessionAffinity": "None",
            "type": "ClusterIP",
        },
        "status": {"loadBalancer": {}},
    }


_READ = ["get", "list", "watch"]
_WRITE = ["create", "delete", "deletecollection", "patch", "update"]
_CORE = ["configmaps", "pods", "serviceaccounts", "services"]
_WORKLOADS = {
    group: [
        plural
        for item in RESOURCES
        if item.template and item.group == group
        for plural in (item.plural, *(f"{item.plural}/{part}" for part in item.parts))
    ]
    for group in ("apps", "batch")
}


def _rule(groups: list[str], resources: list[str], verbs: list[str]) -> Object:
    return {"apiGroups": groups, "resources": resources, "verbs": verbs}


_VIEW = [
    _rule([""], [*_CORE, "events", "namespaces", "pods/log"], _READ),
    _rule(["apps"], ["controllerrevisions", *_WORKLOADS["apps"]], _READ),
    _rule(["batch"], _WORKLOADS["batch"], _READ),
]
# Users who may edit may read Secrets, because they could create a Pod that does; users who may only view may not.
_EDIT = [
    *_VIEW,
    _rule([""], ["secrets"], [*_READ, *_WRITE]),
    _rule([""], [*_CORE, "pods/exec"], _WRITE),
    *(_rule([group], plurals, _WRITE) for group, plurals in _WORKLOADS.items()),
]
_ROLES: dict[str, list[Any]] = {
    "admin": [*_EDIT, _rule([CLUSTER_ROLE.group], ["rolebindings", "roles"], [*_READ, *_WRITE])],
    "cluster-admin": [_rule(["*"], ["*"], ["*"]), {"nonResourceURLs": ["*"], "verbs": ["*"]}],
    "edit": _EDIT,
    "view": _VIEW,
}
