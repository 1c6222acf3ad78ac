"""What a new cluster has before anyone uses it: its node, the API server's Service, the roles for users.

The roles mirror kubernetes plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go, v1.36, for the types that are
simulated.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kubesim.api import CONTAINERD, KUBERNETES
from kubesim.api.objects import Object, clone
from kubesim.api.resources import CLUSTER_ROLE, NODE, RESOURCES, SERVICE, Resource

_OBJECTS = json.loads(Path(__file__).with_name("bootstrap.json").read_text(encoding="utf-8"))
NODE_NAME = "sim-worker"
NODE_ADDRESS = "192.0.2.10"


def objects(now: str) -> Iterator[tuple[Resource, Object]]:
    """The objects, each with its type. `now` is the moment of the boot, as the API writes it."""
    yield NODE, _node(now)
    yield SERVICE, kubernetes_service()
    for name, rules in _ROLES.items():
        meta = {"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}, "name": name}
        kind = {"apiVersion": CLUSTER_ROLE.api_version, "kind": CLUSTER_ROLE.kind}
        yield CLUSTER_ROLE, {**kind, "metadata": meta, "rules": rules}


def _node(now: str) -> Object:
    node: Object = clone(_OBJECTS["node"])
    status = node["status"]
    times = {"lastHeartbeatTime": now, "lastTransitionTime": now}
    status["conditions"] = [times | condition for condition in status["conditions"]]
    status["nodeInfo"] |= {"containerRuntimeVersion": f"containerd://{CONTAINERD}", "kubeletVersion": KUBERNETES}
    return node


def kubernetes_service() -> Object:
    """The Service through which Pods reach the API server."""
    service: Object = clone(_OBJECTS["service"])
    return service


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
