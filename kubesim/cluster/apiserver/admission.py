"""Admission: refusals of requests that are authorized but not yet validated, and fields that Pods get.

The functions change the objects, which are decoded and have their defaults, in place. Mirrors kubernetes
plugin/pkg/admission/{serviceaccount,defaulttolerationseconds,priority,runtimeclass} and k8s.io/apiserver
pkg/admission/plugin/namespace/lifecycle, v1.36.
"""

from __future__ import annotations

from kubesim.api import errors
from kubesim.api.clock import Identity
from kubesim.api.objects import Object, clone, is_static, lasting_containers, name_of
from kubesim.api.resources import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    NAMESPACE,
    NODE,
    POD,
    ROLE,
    ROLE_BINDING,
    SERVICE_ACCOUNT,
    Resource,
)
from kubesim.api.specs import PodSpec
from kubesim.cluster.apiserver.authorization import MASTERS, User
from kubesim.cluster.apiserver.store import Store

TOKEN_MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
_TOKEN_VOLUME = "kube-api-access-"
IMMORTAL = frozenset({"default", "kube-public", "kube-system"})
# A limit of kubesim's own: no lesson needs more, and a typo must not fill the memory.
MAX_CONTAINERS = 200
MAX_PODS = 4000
# The PriorityClasses of a new cluster with their values. Others can't be created here. "" is for a Pod without one.
PRIORITIES = {"": 0, "system-cluster-critical": 2000000000, "system-node-critical": 2000001000}
# Tolerations that every Pod gets, so that it isn't evicted at once from a lost node.
_TOLERATIONS = [
    {"effect": "NoExecute", "key": key, "operator": "Exists", "tolerationSeconds": 300}
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
]
# The sources of the volume with the token for the API server.
_TOKEN_SOURCES = [
    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
    {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
    {
        "downwardAPI": {
            "items": [{"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"}]
        }
    },
]


def check_may_grant(user: User, resource: Resource) -> None:
    """Raise StatusError (501) if a user other than an administrator writes RBAC objects.

    Kubernetes compares the user's own rights with the granted ones; kubesim doesn't.
    """
    is_about_rights = resource in (ROLE, CLUSTER_ROLE, ROLE_BINDING, CLUSTER_ROLE_BINDING)
    if is_about_rights and MASTERS not in user.groups:
        what = f"whether {user.name} has all rights that are given away"
        raise errors.not_simulated(f"{what} is not worked out here: write {resource.plural} as kubernetes-admin")


def admit_pod(pod: Object, store: Store, identity: Identity) -> None:
    """Complete a new Pod in place: ServiceAccount, pull secrets, token volume, tolerations and priority.

    Raises StatusError (Forbidden) for a missing ServiceAccount, PriorityClass or RuntimeClass, and for too many Pods
    or containers. Mirrors plugin/pkg/admission/{serviceaccount,priority,runtimeclass}.
    """
    if store.count(POD) >= MAX_PODS:
        raise errors.forbidden(POD, name_of(pod), f"kubesim keeps at most {MAX_PODS} Pods")
    if len(lasting_containers(pod["spec"])) > MAX_CONTAINERS:
        raise errors.forbidden(POD, name_of(pod), f"kubesim runs at most {MAX_CONTAINERS} containers in a Pod")
    if not is_static(pod):
        _set_service_account(pod, store, identity)
    _add_tolerations(pod["spec"])
    _set_priority(pod)
    if runtime := pod["spec"].get("runtimeClassName"):
        raise errors.forbidden(POD, name_of(pod), f'pod rejected: RuntimeClass "{runtime}" not found')


def admit_pod_update(pod: Object, old: Object) -> None:
    """Complete a changed Pod in place: restore its priority and the default tolerations, if the change dropped them."""
    _add_tolerations(pod["spec"])
    for key in ("priority", "preemptionPolicy"):
        if pod["spec"].get(key) is None and key in old["spec"]:
            pod["spec"][key] = old["spec"][key]


def admit_deletion(resource: Resource, obj: Object) -> None:
    """Raise StatusError for the deletion of a namespace in IMMORTAL, of the node, or of a static Pod."""
    if resource is NAMESPACE and name_of(obj) in IMMORTAL:
        raise errors.forbidden(resource, name_of(obj), "this namespace may not be deleted")
    if resource is NODE:
        raise errors.not_simulated("deleting the node is not part of this simulator")
    if resource is POD and is_static(obj):
        what = f"deleting {name_of(obj)}, which the kubelet runs from a file of its own,"
        raise errors.not_simulated(f"{what} is not part of this simulator")


def _set_priority(pod: Object) -> None:
    """Set a Pod's priority from its priorityClassName. Raises StatusError (Forbidden)."""
    spec = pod["spec"]
    name = spec.get("priorityClassName", "")
    priority = PRIORITIES.get(name)
    if priority is None:
        raise errors.forbidden(POD, name_of(pod), f"no PriorityClass with name {name} was found")
    if spec.get("priority", priority) != priority:
        how = f"priority admission controller computed {priority} from the given PriorityClass name"
        why = f"the integer value of priority ({spec['priority']}) must not be provided in pod spec; {how}"
        raise errors.forbidden(POD, name_of(pod), why)
    spec["priority"] = priority
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")


def _set_service_account(pod: Object, store: Store, identity: Identity) -> None:
    """Set a Pod's ServiceAccount, and take over its pull secrets, if the Pod has none, and its token."""
    spec = pod["spec"]
    name = spec.get("serviceAccountName") or "default"
    spec["serviceAccountName"] = spec["serviceAccount"] = name
    namespace = pod["metadata"]["namespace"]
    account = store.get(SERVICE_ACCOUNT, namespace, name)
    if account is None:
        why = f'error looking up service account {namespace}/{name}: serviceaccount "{name}" not found'
        raise errors.forbidden(POD, name_of(pod), why)
    if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
        spec["imagePullSecrets"] = clone(account["imagePullSecrets"])
    mounts_token = spec.get("automountServiceAccountToken")
    if mounts_token is None:
        mounts_token = account.get("automountServiceAccountToken", True)
    if mounts_token:
        _mount_token(spec, identity)


def _mount_token(spec: PodSpec, identity: Identity) -> None:
    """Mount the volume of the token in all containers that have no mount there.

    A volume with the prefix kube-api-access-, which a copied Pod still has, is used again; otherwise one is added.
    """
    names = [volume.get("name", "") for volume in spec.get("volumes", ())]
    copied = [name for name in names if name.startswith(_TOKEN_VOLUME)]
    volume = copied[0] if copied else f"{_TOKEN_VOLUME}{identity.suffix()}"
    is_mounted = False
    for container in lasting_containers(spec):
        mounts = container.setdefault("volumeMounts", [])
        if all(mount.get("mountPath") != TOKEN_MOUNT_PATH for mount in mounts):
            mounts.append({"mountPath": TOKEN_MOUNT_PATH, "name": volume, "readOnly": True})
            is_mounted = True
    if is_mounted and not copied:
        projected = {"defaultMode": 0o644, "sources": clone(_TOKEN_SOURCES)}
        spec.setdefault("volumes", []).append({"name": volume, "projected": projected})


def _add_tolerations(spec: PodSpec) -> None:
    tolerations = spec.setdefault("tolerations", [])
    for toleration in _TOLERATIONS:
        if not any(_tolerates(item, toleration) for item in tolerations):
            tolerations.append({**toleration})


def _tolerates(own: Object, toleration: Object) -> bool:
    """True if a Pod's `own` toleration covers the taint of `toleration`. Without an effect or a key, it covers any."""
    return own.get("effect", "") in ("", toleration["effect"]) and own.get("key", "") in ("", toleration["key"])
