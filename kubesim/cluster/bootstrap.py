"""What a new cluster has before anyone uses it: its node, the API server's Service, the roles for users.

The roles mirror kubernetes plugin/pkg/auth/authorizer/rbac/bootstrappolicy/{policy,controller_policy}.go, v1.36, but
for those that wait for a feature gate.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from kubesim.api import CONTAINERD, KUBERNETES, load_table
from kubesim.api.objects import MIRROR, Object, clone
from kubesim.api.resources import POD, Resource, find_kind

_OBJECTS = load_table(__file__, "bootstrap.json")
_FURNITURE = Path(__file__).with_name("furniture.json")
NODE_NAME = "sim-worker"
NODE_ADDRESS = "192.0.2.10"

Typed = Iterator[tuple[Resource, Object]]
"""Objects, each with its type and with metadata of its own."""


def objects(now: str) -> Typed:
    """What there is first. `now` is the moment of the boot, as the API writes it."""
    return _typed([_node(now), _OBJECTS["apiserver"][0], *load_table(__file__, "rbac.json")["people"]])


def parts() -> Typed:
    """The roles of Kubernetes' own parts with their bindings. Nobody changes them."""
    return _typed(load_table(__file__, "rbac.json")["parts"])


def published(namespace: str) -> Typed:
    """What every namespace has, and in `default` the Service through which Pods reach the API server."""
    own = _OBJECTS["apiserver"] if namespace == "default" else ()
    return _typed([*_OBJECTS["published"], *own], namespace=namespace)


@cache
def furniture() -> dict[str, Any]:
    """What a cluster of kubeadm's runs in kube-system: its node's `images` for that, and the `objects`."""
    found: dict[str, Any] = json.loads(_FURNITURE.read_text("utf-8").replace("$KUBERNETES", KUBERNETES))
    return found


def furnished(node: Object, now: str) -> Typed:
    """The objects of the furniture; a Pod is one of a file on the node, as the kubelet shows it at the API server."""
    owner = {"apiVersion": "v1", "controller": True, "kind": "Node", "name": NODE_NAME, "uid": node["metadata"]["uid"]}
    for resource, obj in _typed(furniture()["objects"]):
        if resource is POD:
            digest = hashlib.sha256(json.dumps(obj).encode()).hexdigest()[:32]
            marks = {MIRROR: digest, "kubernetes.io/config.hash": digest, "kubernetes.io/config.source": "file"}
            marks["kubernetes.io/config.seen"] = now.replace("Z", ".000000000Z")
            annotations = {**obj["metadata"]["annotations"], **marks}
            obj["metadata"] |= {"ownerReferences": [owner], "annotations": annotations}
        yield resource, obj


def _typed(found: Iterable[Object], **place: str) -> Typed:
    for obj in found:
        resource = find_kind(obj["apiVersion"], obj["kind"])
        assert resource
        yield resource, {**obj, "metadata": {**obj["metadata"], **place}}


def _node(now: str) -> Object:
    node: Object = clone(_OBJECTS["node"])
    status = node["status"]
    times = {"lastHeartbeatTime": now, "lastTransitionTime": now}
    status["conditions"] = [times | condition for condition in status["conditions"]]
    status["nodeInfo"] |= {"containerRuntimeVersion": f"containerd://{CONTAINERD}", "kubeletVersion": KUBERNETES}
    return node
