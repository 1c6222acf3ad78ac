"""What a new cluster has before anyone uses it: its node, the API server's Service, the roles for users.

The roles mirror kubernetes plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go, v1.36, for the types that are
simulated.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from kubesim.api import CONTAINERD, KUBERNETES
from kubesim.api.objects import MIRROR, Object, clone
from kubesim.api.resources import CLUSTER_ROLE, NODE, RESOURCES, SERVICE, Resource

_OBJECTS = json.loads(Path(__file__).with_name("bootstrap.json").read_text(encoding="utf-8"))
# The rules that a new cluster binds to groups of users. These roles and bindings are not kept as objects.
GROUPS: dict[str, list[Any]] = _OBJECTS["groups"]
_FURNITURE = Path(__file__).with_name("furniture.json")
NODE_NAME = "sim-worker"
NODE_ADDRESS = "192.0.2.10"


def objects(now: str) -> Iterator[tuple[Resource, Object]]:
    """The objects, each with its type. `now` is the moment of the boot, as the API writes it."""
    yield NODE, _node(now)
    for obj in _OBJECTS["apiserver"][:1]:
        yield SERVICE, clone(obj)
    for name, rules in _roles().items():
        meta = {"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}, "name": name}
        kind = {"apiVersion": CLUSTER_ROLE.api_version, "kind": CLUSTER_ROLE.kind}
        yield CLUSTER_ROLE, {**kind, "metadata": meta, "rules": rules}


@cache
def furniture() -> dict[str, Any]:
    """What a cluster of kubeadm's runs in kube-system: its node's `images` for that, and the `objects`."""
    found: dict[str, Any] = json.loads(_FURNITURE.read_text("utf-8").replace("$KUBERNETES", KUBERNETES))
    return found


def static(pod: Object, node: Object, now: str) -> Object:
    """A Pod of a file on the node, as the kubelet shows it at the API server."""
    digest = hashlib.sha256(json.dumps(pod).encode()).hexdigest()[:32]
    marks = {MIRROR: digest, "kubernetes.io/config.hash": digest}
    marks |= {"kubernetes.io/config.seen": now.replace("Z", ".000000000Z"), "kubernetes.io/config.source": "file"}
    owner = {
        "apiVersion": "v1",
        "controller": True,
        "kind": NODE.kind,
        "name": NODE_NAME,
        "uid": node["metadata"]["uid"],
    }
    meta = {**pod["metadata"], "ownerReferences": [owner]}
    return {**pod, "metadata": {**meta, "annotations": {**meta["annotations"], **marks}}}


def _node(now: str) -> Object:
    node: Object = clone(_OBJECTS["node"])
    status = node["status"]
    times = {"lastHeartbeatTime": now, "lastTransitionTime": now}
    status["conditions"] = [times | condition for condition in status["conditions"]]
    status["nodeInfo"] |= {"containerRuntimeVersion": f"containerd://{CONTAINERD}", "kubeletVersion": KUBERNETES}
    return node


def published(namespace: str) -> Iterator[Object]:
    """What every namespace has, and in `default` the Service through which Pods reach the API server."""
    for obj in [*_OBJECTS["published"], *(_OBJECTS["apiserver"] if namespace == "default" else [])]:
        yield {**clone(obj), "metadata": {**obj["metadata"], "namespace": namespace}}


def _roles() -> dict[str, list[Any]]:
    """The rules of the roles for users, of which each grants what the one before does, and more."""
    granted: list[Any] = []
    roles: dict[str, list[Any]] = {"cluster-admin": GROUPS["system:masters"]}
    for name, rules in _OBJECTS["roles"].items():
        granted = roles[name] = [*granted, *map(_with_workloads, rules)]
    return dict(sorted(roles.items()))


def _with_workloads(rule: Object) -> Object:
    """The rule with the plurals of all kinds with a Pod template for "*workloads"."""
    kinds = [item for item in RESOURCES if item.template and item.group == rule["apiGroups"][0]]
    names = [name for item in kinds for name in (item.plural, *(f"{item.plural}/{part}" for part in item.parts))]
    plurals = [name for plural in rule["resources"] for name in (names if plural == "*workloads" else [plural])]
    return {**rule, "resources": plurals}
