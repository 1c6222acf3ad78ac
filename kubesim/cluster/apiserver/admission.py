"""Admission: what the API server adds to a Pod, or why it refuses a request.

Mirrors kubernetes plugin/pkg/admission/{serviceaccount,defaulttolerationseconds,priority} and k8s.io/apiserver
pkg/admission/plugin/namespace/lifecycle, v1.36.
"""

from __future__ import annotations

from kubesim.api import errors
from kubesim.api.clock import Identity
from kubesim.api.objects import Object, clone, name_of
from kubesim.api.resources import NAMESPACE, POD, SERVICE_ACCOUNT, Resource
from kubesim.cluster.apiserver.store import Store

TOKEN_MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
TOKEN_SECONDS = 3607
_TOKEN_VOLUME = "kube-api-access-"
IMMORTAL = frozenset({"default", "kube-public", "kube-system"})
_NODE_TROUBLES = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_TOLERATED_SECONDS = 300
# A limit of kubesim's own: no lesson needs more, and a typo must not fill the memory.
MAX_PODS = 4000
_NAMESPACE = {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"}
_TOKEN_SOURCES = {
    "defaultMode": 420,
    "sources": [
        {"serviceAccountToken": {"expirationSeconds": TOKEN_SECONDS, "path": "token"}},
        {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
        {"downwardAPI": {"items": [_NAMESPACE]}},
    ],
}


def admit_pod(pod: Object, store: Store, identity: Identity) -> None:
    """Complete a new, defaulted Pod in place.

    Raises StatusError (Forbidden) where its ServiceAccount is missing, or the cluster is full.
    """
    if store.count(POD) >= MAX_PODS:
        raise errors.forbidden(POD, name_of(pod), f"kubesim keeps at most {MAX_PODS} Pods")
    _service_account(pod, store, identity)
    _tolerations(pod["spec"])
    _priority(pod["spec"], {"priority": 0, "preemptionPolicy": "PreemptLowerPriority"})


def admit_pod_update(pod: Object, old: Object) -> None:
    """Complete a changed Pod in place: its priority stays, its tolerations come back; its ServiceAccount does not."""
    _tolerations(pod["spec"])
    _priority(pod["spec"], old["spec"])


def admit_deletion(resource: Resource, name: str) -> None:
    """Raises StatusError (Forbidden) for a namespace that the cluster cannot do without."""
    if resource is NAMESPACE and name in IMMORTAL:
        raise errors.forbidden(resource, name, "this namespace may not be deleted")


def _priority(spec: Object, given: Object) -> None:
    for key in ("priority", "preemptionPolicy"):
        if spec.get(key) is None and key in given:
            spec[key] = given[key]


def _service_account(pod: Object, store: Store, identity: Identity) -> None:
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
    own = spec.get("automountServiceAccountToken")
    if account.get("automountServiceAccountToken", True) if own is None else own:
        _mount_token(spec, identity)


def _mount_token(spec: Object, identity: Identity) -> None:
    """Mount the token's volume, the one that the Pod brings (as a copy of another does) or a new one."""
    names = [volume["name"] for volume in spec.get("volumes", ()) if volume.get("name", "").startswith(_TOKEN_VOLUME)]
    volume, mounted = names[0] if names else f"{_TOKEN_VOLUME}{identity.suffix()}", False
    for container in [*spec.get("initContainers", ()), *spec.get("containers", ())]:
        mounts = container.setdefault("volumeMounts", [])
        if all(mount.get("mountPath") != TOKEN_MOUNT_PATH for mount in mounts):
            mounts.append({"mountPath": TOKEN_MOUNT_PATH, "name": volume, "readOnly": True})
            mounted = True
    if mounted and not names:
        spec.setdefault("volumes", []).append({"name": volume, "projected": clone(_TOKEN_SOURCES)})


def _tolerations(spec: Object) -> None:
    tolerations = spec.setdefault("tolerations", [])
    for key in _NODE_TROUBLES:
        if not any(_tolerates(toleration, key) for toleration in tolerations):
            tolerations.append(
                {"effect": "NoExecute", "key": key, "operator": "Exists", "tolerationSeconds": _TOLERATED_SECONDS}
            )


def _tolerates(toleration: Object, key: str) -> bool:
    return toleration.get("key", "") in ("", key) and toleration.get("effect", "") in ("", "NoExecute")
