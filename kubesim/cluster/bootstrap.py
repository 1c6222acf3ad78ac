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
from kubesim.api.resources import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, NODE, SERVICE, Resource

_OBJECTS = load_table(__file__, "bootstrap.json")
# Roles that gather what others grant, whose names follow, and the label that marks those; the prefix of controllers'.
_AGGREGATED = {
    "view": ("system:aggregate-to-view",),
    "edit": ("system:aggregate-to-edit", "view"),
    "admin": ("edit", "system:aggregate-to-admin"),
}
_FOR_USERS = ("admin", "cluster-admin", "edit", "view")
_AGGREGATE, _OWN = "rbac.authorization.k8s.io/aggregate-to-", "system:controller:"
# What rbac.json abbreviates: verbs, and a whole rule.
_SHORT = {"read": "get,list,watch", "write": "create,delete,deletecollection,patch,update"}
_SHORT["events"] = "create,patch,update events@,events.k8s.io"
_FURNITURE = Path(__file__).with_name("furniture.json")
NODE_NAME = "sim-worker"
NODE_ADDRESS = "192.0.2.10"


def objects(now: str) -> Iterator[tuple[Resource, Object]]:
    """The objects, each with its type. `now` is the moment of the boot, as the API writes it."""
    yield NODE, _node(now)
    for obj in _OBJECTS["apiserver"][:1]:
        yield SERVICE, clone(obj)
    yield from _roles(_FOR_USERS)


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


def _roles(names: Iterable[str]) -> Iterator[tuple[Resource, Object]]:
    for name in names:
        aggregated = {"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {_AGGREGATE + name: "true"}}]}}
        labels = {_AGGREGATE + above: "true" for above, parts in _AGGREGATED.items() if name in parts}
        kept = aggregated if name in _AGGREGATED else {}
        yield CLUSTER_ROLE, {**kept, **_head(CLUSTER_ROLE, name, labels), "rules": _rules()[name]}


@cache
def _rules() -> dict[str, list[Object]]:
    """The rules of every ClusterRole, which nobody changes."""
    rules = {name: list(map(_rule, texts)) for name, texts in _rbac()["roles"].items()}
    for name, parts in _AGGREGATED.items():  # each grants what the one before does, and more
        rules[name] = [rule for part in parts for rule in rules[part]]
    return rules


def policy() -> Iterator[tuple[Resource, Object]]:
    """The other ClusterRoles, and the ClusterRoleBindings: each controller has a ServiceAccount."""
    yield from _roles([name for name in _rbac()["roles"] if name not in _FOR_USERS])
    bound: dict[str, str] = _rbac()["bindings"]
    own = {name: f"ServiceAccount {name[len(_OWN) :]}" for name in _rbac()["roles"] if name.startswith(_OWN)}
    for name, subjects in (bound | own).items():
        reference = {"apiGroup": CLUSTER_ROLE.group, "kind": CLUSTER_ROLE.kind, "name": name}
        listed = {"subjects": list(map(_subject, subjects.split(",")))} if subjects else {}
        yield CLUSTER_ROLE_BINDING, {**_head(CLUSTER_ROLE_BINDING, name, {}), "roleRef": reference, **listed}


def _head(resource: Resource, name: str, labels: dict[str, str]) -> Object:
    marks = {"annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"}, "name": name}
    marks["labels"] = {"kubernetes.io/bootstrapping": "rbac-defaults", **labels}
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": marks}


@cache
def _rbac() -> dict[str, Any]:
    """The rules of `roles`, as `_rule` reads them, and the subjects of `bindings`, by the name of either."""
    found: dict[str, Any] = load_table(__file__, "rbac.json")
    return found


def _rule(text: str) -> Object:
    """A rule from VERBS RESOURCES[@GROUPS][:NAMES], or VERBS URLS."""
    verbs, what = _SHORT.get(text, text).split(" ")
    granted: Object = {"verbs": sorted(",".join(_SHORT.get(verb, verb) for verb in verbs.split(",")).split(","))}
    if what[0] in "/=":
        return {"nonResourceURLs": what.lstrip("=").split(","), **granted}
    what, _, names = what.partition(":")
    plurals, _, groups = what.partition("@")
    named = {"resourceNames": names.split(",")} if names else {}
    return {"apiGroups": groups.split(","), "resources": plurals.split(","), **named, **granted}


def _subject(text: str) -> Object:
    kind, name = text.split(" ")
    place = {"namespace": "kube-system"} if kind == "ServiceAccount" else {"apiGroup": CLUSTER_ROLE.group}
    return {"kind": kind, "name": name, **place}
