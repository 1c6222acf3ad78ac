"""What a new cluster has before anyone uses it: its node, the API server's Service, the roles for users.

The roles mirror kubernetes plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go, v1.36, without those that only
Kubernetes' own parts use.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from kubesim.api import CONTAINERD, KUBERNETES, load_record, load_records
from kubesim.api.digest import sha256
from kubesim.api.objects import MIRROR, Object, clone, labels_of
from kubesim.api.resources import CLUSTER_ROLE, POD, Resource, find_kind
from kubesim.api.selectors import matches

_KUBE_SYSTEM = Path(__file__).with_name("kube_system.json")
NODE_NAME = "sim-worker"
NODE_ADDRESS = "192.0.2.10"

Typed = Iterator[tuple[Resource, Object]]
"""Objects, each with its type and with metadata of its own."""


class _Objects(NamedTuple):
    """The node; the API server's Service; and what every namespace has."""

    node: Object
    service: Object
    serviceAccount: Object  # noqa: N815 (as in the table)
    rootCertificates: Object  # noqa: N815


class _Policy(NamedTuple):
    """The roles for users, and those that bind or build them."""

    people: Sequence[Object]
    parts: Sequence[Object]


class ControlPlaneImage(NamedTuple):
    """An image of kube-system: its size in bytes, what it runs, and the lines of its log."""

    size: int
    program: str
    log: Sequence[str]


class KubeSystem(NamedTuple):
    """What a cluster of kubeadm's runs in kube-system: its node's images for that, and the objects."""

    images: Mapping[str, ControlPlaneImage]
    objects: Sequence[Object]


_OBJECTS = load_record(__file__, "bootstrap.json", _Objects)


@cache
def _policy() -> _Policy:
    table = load_record(__file__, "rbac.json", _Policy)
    roles = {obj["metadata"]["name"]: obj for obj in (*table.people, *table.parts) if obj["kind"] == CLUSTER_ROLE.kind}
    people = [_aggregated(obj, roles) if "aggregationRule" in obj else obj for obj in table.people]
    return table._replace(people=people)


def _aggregated(role: Object, roles: Mapping[str, Object]) -> Object:
    """A role with the rules of all that its aggregationRule selects, by their names; some of these are such roles, too.

    Mirrors kubernetes pkg/controller/clusterroleaggregation, v1.36.
    """
    (selector,) = role["aggregationRule"]["clusterRoleSelectors"]
    rules: list[Object] = []
    for name in sorted(roles):
        other = roles[name]
        if matches(selector, labels_of(other)):
            whole = _aggregated(other, roles) if "aggregationRule" in other else other
            rules += whole["rules"]
    return {**role, "rules": rules}


def objects(now: str) -> Typed:
    """What there is first. `now` is the moment of the boot, as the API writes it."""
    return _typed([_node(now), _OBJECTS.service, *_policy().people])


def parts() -> Typed:
    """What binds the roles for users to groups, or is aggregated to them; and the roles of nodes."""
    return _typed(_policy().parts)


def published(namespace: str) -> Typed:
    """What every namespace has, and in `default` the Service through which Pods reach the API server."""
    common = [_OBJECTS.serviceAccount, _OBJECTS.rootCertificates]
    if namespace == "default":
        common.append(_OBJECTS.service)
    return _typed(common, namespace=namespace)


@cache
def kube_system() -> KubeSystem:
    """What a new cluster runs for itself. Raises ValueError for a word that the table doesn't have."""
    document = json.loads(_KUBE_SYSTEM.read_text("utf-8").replace("$KUBERNETES", KUBERNETES))
    (table,) = load_records(__file__, _KUBE_SYSTEM.name, KubeSystem, [document])
    images = load_records(__file__, _KUBE_SYSTEM.name, ControlPlaneImage, table.images.values())
    return table._replace(images=dict(zip(table.images, images, strict=True)))


def kube_system_objects(node: Object, now: str) -> Typed:
    """The objects of kube-system; a Pod is one of a file on the node, as the kubelet shows it at the API server."""
    owner = {"apiVersion": "v1", "controller": True, "kind": "Node", "name": NODE_NAME, "uid": node["metadata"]["uid"]}
    for resource, obj in _typed(kube_system().objects):
        if resource is POD:
            digest = sha256(json.dumps(obj).encode()).hexdigest()[:32]
            marks = {MIRROR: digest, "kubernetes.io/config.hash": digest, "kubernetes.io/config.source": "file"}
            marks["kubernetes.io/config.seen"] = now.replace("Z", ".000000000Z")
            annotations = {**obj["metadata"]["annotations"], **marks}
            obj["metadata"] |= {"ownerReferences": [owner], "annotations": annotations}
        yield resource, obj


def _typed(rows: Iterable[Object], **place: str) -> Typed:
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
