"""The objects of a new cluster: its node, the API server's Service, the roles for users, and kube-system.

The objects are in bootstrap.json, rbac.json and kube_system.json. The functions return copies with new metadata, which
the caller may complete. The roles mirror kubernetes plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go, v1.36,
without those that only Kubernetes' own components use.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from kubesim.api import CONTAINERD, KUBERNETES, typed
from kubesim.api.digest import sha256
from kubesim.api.objects import MIRROR, Object, clone, labels_of
from kubesim.api.resources import CLUSTER_ROLE, POD, Resource, find_kind
from kubesim.api.selectors import matches

_KUBE_SYSTEM = Path(__file__).with_name("kube_system.json")
NODE_NAME = "sim-worker"
NODE_ADDRESS = "192.0.2.10"

# Pairs of a type and an object. The metadata of each object is its own; the rest is shared with the table.
Typed = Iterator[tuple[Resource, Object]]


class _Objects(NamedTuple):
    """The contents of bootstrap.json: the last two objects are in every namespace."""

    node: Object
    service: Object
    service_account: Object
    root_certificates: Object


class _Policy(NamedTuple):
    """The contents of rbac.json."""

    user_roles: tuple[Object, ...]
    other_objects: tuple[Object, ...]  # see `policy_objects`


class ControlPlaneImage(NamedTuple):
    """An image of the control plane."""

    size: int  # bytes
    program: str  # the image's own program
    log: tuple[str, ...]  # lines


class KubeSystem(NamedTuple):
    """The namespace kube-system as kubeadm sets it up: images by name, and objects."""

    images: Mapping[str, ControlPlaneImage]
    objects: tuple[Object, ...]


_OBJECTS: _Objects = typed.read_table(__file__, "bootstrap.json", _Objects)


@cache
def _policy() -> _Policy:
    """rbac.json, with the rules of aggregated roles filled in."""
    table: _Policy = typed.read_table(__file__, "rbac.json", _Policy)
    every = (*table.user_roles, *table.other_objects)
    roles = {obj["metadata"]["name"]: obj for obj in every if obj["kind"] == CLUSTER_ROLE.kind}
    whole = (_with_aggregated_rules(role, roles) if "aggregationRule" in role else role for role in table.user_roles)
    return table._replace(user_roles=tuple(whole))


def _with_aggregated_rules(role: Object, roles: Mapping[str, Object]) -> Object:
    """A role with the rules of the `roles` that its aggregationRule selects, in the order of their names.

    A selected role may itself be aggregated. Mirrors kubernetes pkg/controller/clusterroleaggregation, v1.36, which
    does this whenever a role changes; here it is done once.
    """
    (selector,) = role["aggregationRule"]["clusterRoleSelectors"]
    rules: list[Object] = []
    for name in sorted(roles):
        other = roles[name]
        if matches(selector, labels_of(other)):
            whole = _with_aggregated_rules(other, roles) if "aggregationRule" in other else other
            rules += whole["rules"]
    return {**role, "rules": rules}


def first_objects(now: str) -> Typed:
    """The first objects: the node, the API server's Service and the roles for users. `now` is the boot's timestamp."""
    return _with_types([_node(now), _OBJECTS.service, *_policy().user_roles])


def policy_objects() -> Typed:
    """Bindings of the roles for users to groups, roles that are aggregated into them, and the roles of nodes."""
    return _with_types(_policy().other_objects)


def namespace_objects(namespace: str) -> Typed:
    """The objects that controllers create in a namespace, in `default` with the API server's Service."""
    common = [_OBJECTS.service_account, _OBJECTS.root_certificates]
    if namespace == "default":
        common.append(_OBJECTS.service)
    return _with_types(common, namespace=namespace)


@cache
def kube_system() -> KubeSystem:
    """The contents of kube_system.json. Raises ValueError for an unknown field."""
    document = json.loads(_KUBE_SYSTEM.read_text("utf-8").replace("$KUBERNETES", KUBERNETES))
    table: KubeSystem = typed.read(KubeSystem, document, _KUBE_SYSTEM.name)
    return table


def kube_system_objects(node: Object, now: str) -> Typed:
    """The objects of kube-system. Its Pods are static: mirror Pods of files on the node, owned by `node`.

    `now` is the boot's timestamp.
    """
    owner = {"apiVersion": "v1", "controller": True, "kind": "Node", "name": NODE_NAME, "uid": node["metadata"]["uid"]}
    for resource, obj in _with_types(kube_system().objects):
        if resource is POD:
            digest = sha256(json.dumps(obj).encode()).hexdigest()[:32]
            marks = {MIRROR: digest, "kubernetes.io/config.hash": digest, "kubernetes.io/config.source": "file"}
            marks["kubernetes.io/config.seen"] = now.replace("Z", ".000000000Z")
            annotations = {**obj["metadata"]["annotations"], **marks}
            obj["metadata"] |= {"ownerReferences": [owner], "annotations": annotations}
        yield resource, obj


def _with_types(rows: Iterable[Object], **place: str) -> Typed:
    """Each object with its type, and with the fields `place` in a copy of its metadata. Raises LookupError."""
    for obj in rows:
        resource = find_kind(obj["apiVersion"], obj["kind"])
        if resource is None:
            raise LookupError(f"{obj['metadata']['name']}: there is no {obj['kind']} in {obj['apiVersion']}")
        yield resource, {**obj, "metadata": {**obj["metadata"], **place}}


def _node(now: str) -> Object:
    node: Object = clone(_OBJECTS.node)
    status = node["status"]
    times = {"lastHeartbeatTime": now, "lastTransitionTime": now}
    status["conditions"] = [times | condition for condition in status["conditions"]]
    status["nodeInfo"] |= {"containerRuntimeVersion": f"containerd://{CONTAINERD}", "kubeletVersion": KUBERNETES}
    return node
