"""What a new cluster has before anyone uses it: its node, the API server's Service, the roles for users.

The roles mirror kubernetes plugin/pkg/auth/authorizer/rbac/bootstrappolicy/{policy,controller_policy}.go, v1.36, but
for those that wait for a feature gate.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from kubesim.api import CONTAINERD, KUBERNETES, load_table
from kubesim.api.objects import MIRROR, Object, clone
from kubesim.api.resources import NODE, SERVICE, Resource, find_kind

_OBJECTS = load_table(__file__, "bootstrap.json")
_FURNITURE = Path(__file__).with_name("furniture.json")
NODE_NAME = "sim-worker"
NODE_ADDRESS = "192.0.2.10"


def objects(now: str) -> Iterator[tuple[Resource, Object]]:
    """The objects, each with its type. `now` is the moment of the boot, as the API writes it."""
    yield NODE, _node(now)
    for obj in _OBJECTS["apiserver"][:1]:
        yield SERVICE, clone(obj)
    yield from grants("people")


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


def grants(to: str) -> Iterator[tuple[Resource, Object]]:
    """The roles and bindings of "people", or of Kubernetes' own "parts" with what ranks these. Nobody changes them."""
    for obj in [*_rbac()[to], *(_OBJECTS["ranks"] if to == "parts" else [])]:
        resource = find_kind(obj["apiVersion"], obj["kind"])
        assert resource
        yield resource, {**obj, "metadata": {**obj["metadata"]}}


@cache
def _rbac() -> dict[str, list[Object]]:
    found: dict[str, list[Object]] = load_table(__file__, "rbac.json")
    return found
