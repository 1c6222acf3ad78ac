"""What the API server makes of an object before it validates and stores it: its own fields, admission.

Mirrors kubernetes pkg/registry/*/*/strategy.go, plugin/pkg/admission/{serviceaccount,defaulttolerationseconds,priority}
and k8s.io/apiserver pkg/admission/plugin/namespace/lifecycle, v1.36. Every function completes its argument, which
decoding has checked, in place.
"""

from __future__ import annotations

import base64

from kubesim.api import errors
from kubesim.api.clock import Identity
from kubesim.api.objects import Object, clone, is_static, metadata, name_of
from kubesim.api.resources import NAMESPACE, POD, SECRET, SERVICE_ACCOUNT, Resource
from kubesim.cluster.apiserver.impersonation import CONSTRAINED
from kubesim.cluster.apiserver.store import Store

GENERATION = "deprecated.daemonset.template.generation"
TOKEN_MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
_TOKEN_VOLUME = "kube-api-access-"
IMMORTAL = frozenset({"default", "kube-public", "kube-system"})
# A limit of kubesim's own: no lesson needs more, and a typo must not fill the memory.
MAX_CONTAINERS = 200
MAX_PODS = 4000
# Which every Pod gets, so that it isn't evicted at once where its node is lost.
_TOLERATIONS = [
    {"effect": "NoExecute", "key": "node.kubernetes.io/not-ready", "operator": "Exists", "tolerationSeconds": 300},
    {"effect": "NoExecute", "key": "node.kubernetes.io/unreachable", "operator": "Exists", "tolerationSeconds": 300},
]
# The volume of the token with which a container's processes speak to the API server.
_TOKEN_SOURCES = [
    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
    {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
    {
        "downwardAPI": {
            "items": [{"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"}]
        }
    },
]


def _check_simulated(resource: Resource, obj: Object) -> None:
    """Raise StatusError for what a real API server takes and kubesim refuses."""
    spec = obj.get("spec", {})
    what = ""
    if resource.kind == "StatefulSet" and spec.get("volumeClaimTemplates"):
        what = "volumeClaimTemplates of a StatefulSet are"
    elif resource.kind == "CronJob" and spec.get("schedule", "").startswith("@every "):
        what = "schedules with @every are"
    elif resource is SECRET and obj.get("type") == "kubernetes.io/service-account-token":
        what = "a Secret that is filled with a ServiceAccount's token (kubectl create token makes one) is"
    elif any(verb.startswith(CONSTRAINED) for rule in obj.get("rules", ()) for verb in rule.get("verbs", ())):
        what = "a role for constrained impersonation is"
    if what:
        raise errors.not_simulated(f"{what} not part of this simulator")


def prepare_for_create(resource: Resource, obj: Object) -> None:
    """Set what clients cannot set in a new object. Raises StatusError for what is not simulated."""
    _check_simulated(resource, obj)
    if resource.counted or resource.template:
        obj["metadata"]["generation"] = 1
    if resource.status is not None and resource.kind != "Node":
        obj["status"] = clone(resource.status)
    if resource.kind == "Pod":
        obj["status"]["qosClass"] = _qos_class(obj["spec"])
    if resource.kind == "Job":
        _select_by_uid(obj)
    _set_template_generation(obj, None)
    _merge_string_data(obj)


def prepare_for_update(resource: Resource, obj: Object, old: Object, subresource: str = "") -> None:
    """Carry over what clients cannot change, and what does not belong to the subresource that they change.

    Raises StatusError for what is not simulated.
    """
    _check_simulated(resource, obj)
    if subresource:
        spec = {**old["spec"], "ephemeralContainers": obj["spec"].get("ephemeralContainers")}
        if not spec["ephemeralContainers"]:
            del spec["ephemeralContainers"]
        obj |= {"metadata": {**old["metadata"]}, "spec": spec}
    meta, old_meta = obj["metadata"], old["metadata"]
    for key in ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"):
        meta.pop(key, None)
        if key in old_meta:
            meta[key] = old_meta[key]
    if resource.status is not None:
        obj.pop("status", None)
        if "status" in old:
            obj["status"] = old["status"]
    if (resource.counted or resource.template) and obj.get("spec") != old.get("spec"):
        meta["generation"] = old_meta["generation"] + 1
    _set_template_generation(obj, old)
    _merge_string_data(obj)


def _set_template_generation(obj: Object, old: Object | None) -> None:
    """A DaemonSet has the number of its template in an annotation."""
    if obj["kind"] != "DaemonSet":
        return
    before = int(metadata(old)["annotations"][GENERATION]) if old else 0
    is_new = old is None or obj["spec"].get("template") != old["spec"].get("template")
    meta = obj["metadata"]
    meta["annotations"] = {**(meta.get("annotations") or {}), GENERATION: str(before + is_new)}


def _select_by_uid(job: Object) -> None:
    """A Job selects its Pods by its uid, which its template gets as a label; its own labels are the template's."""
    spec, uid = job["spec"], job["metadata"]["uid"]
    if spec["manualSelector"] or "template" not in spec:
        return
    names = {"controller-uid": uid, "job-name": name_of(job)}
    meta = spec["template"]["metadata"] = {**metadata(spec["template"])}
    prefixed = {f"batch.kubernetes.io/{key}": value for key, value in names.items()}
    meta["labels"] = {**names, **prefixed, **(meta.get("labels") or {})}
    if not job["metadata"].get("labels"):
        job["metadata"]["labels"] = dict(meta["labels"])
    selector = spec.get("selector") or {}
    selected = {"batch.kubernetes.io/controller-uid": uid, **(selector.get("matchLabels") or {})}
    spec["selector"] = {**selector, "matchLabels": dict(sorted(selected.items()))}


def _merge_string_data(obj: Object) -> None:
    """Secret.stringData is written into data and never read back."""
    plain = obj.pop("stringData", None) if obj["kind"] == "Secret" else None
    if plain:
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in plain.items()}
        obj["data"] = {**obj.get("data", {}), **encoded}


def _qos_class(spec: Object) -> str:
    """As pkg/apis/core/v1/helper/qos: Guaranteed where all limits are set and equal the requests."""
    containers = [*spec.get("initContainers", ()), *spec.get("containers", ())]
    resources = [container.get("resources", {}) for container in containers]
    if not any(item.get("requests") or item.get("limits") for item in resources):
        return "BestEffort"
    guaranteed = all(
        {"cpu", "memory"} <= set(item.get("limits", {})) and item.get("requests") == item.get("limits")
        for item in resources
    )
    return "Guaranteed" if guaranteed else "Burstable"


def admit_pod(pod: Object, store: Store, identity: Identity) -> None:
    """Complete a new, defaulted Pod in place.

    Raises StatusError (Forbidden) where its ServiceAccount or one of its classes is missing, or the cluster is full.
    Mirrors plugin/pkg/admission/{serviceaccount,priority,runtimeclass}.
    """
    if store.count(POD) >= MAX_PODS:
        raise errors.forbidden(POD, name_of(pod), f"kubesim keeps at most {MAX_PODS} Pods")
    if len(pod["spec"].get("containers", ())) > MAX_CONTAINERS:
        raise errors.forbidden(POD, name_of(pod), f"kubesim runs at most {MAX_CONTAINERS} containers in a Pod")
    if not is_static(pod):
        _service_account(pod, store, identity)
    _tolerations(pod["spec"])
    _priority_class(pod)
    if runtime := pod["spec"].get("runtimeClassName"):
        raise errors.forbidden(POD, name_of(pod), f'pod rejected: RuntimeClass "{runtime}" not found')


def admit_pod_update(pod: Object, old: Object) -> None:
    """Complete a changed Pod in place: its priority stays, its tolerations come back; its ServiceAccount does not."""
    _tolerations(pod["spec"])
    for key in ("priority", "preemptionPolicy"):
        if pod["spec"].get(key) is None and key in old["spec"]:
            pod["spec"][key] = old["spec"][key]


def admit_deletion(resource: Resource, obj: Object) -> None:
    """Raises StatusError for what the cluster cannot do without, and for a Pod that its kubelet shows again."""
    if resource is NAMESPACE and name_of(obj) in IMMORTAL:
        raise errors.forbidden(resource, name_of(obj), "this namespace may not be deleted")
    if resource is POD and is_static(obj):
        what = f"deleting {name_of(obj)}, which the kubelet runs from a file of its own,"
        raise errors.not_simulated(f"{what} is not part of this simulator")


# The PriorityClasses of a new cluster; no others can be made here. "" is for a Pod that names none.
PRIORITIES = {"": 0, "system-cluster-critical": 2000000000, "system-node-critical": 2000001000}


def _priority_class(pod: Object) -> None:
    """The priority of the class that a Pod names. Raises StatusError (Forbidden)."""
    spec = pod["spec"]
    name = spec.get("priorityClassName", "")
    if name not in PRIORITIES:
        raise errors.forbidden(POD, name_of(pod), f"no PriorityClass with name {name} was found")
    if spec.get("priority", PRIORITIES[name]) != PRIORITIES[name]:
        how = f"priority admission controller computed {PRIORITIES[name]} from the given PriorityClass name"
        why = f"the integer value of priority ({spec['priority']}) must not be provided in pod spec; {how}"
        raise errors.forbidden(POD, name_of(pod), why)
    spec["priority"] = PRIORITIES[name]
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")


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
    wants_token = spec.get("automountServiceAccountToken")
    if wants_token is None:
        wants_token = account.get("automountServiceAccountToken", True)
    if wants_token:
        _mount_token(spec, identity)


def _mount_token(spec: Object, identity: Identity) -> None:
    """Mount the token's volume, the one that the Pod brings (as a copy of another does) or a new one."""
    names = [volume["name"] for volume in spec.get("volumes", ()) if volume.get("name", "").startswith(_TOKEN_VOLUME)]
    volume = names[0] if names else f"{_TOKEN_VOLUME}{identity.suffix()}"
    is_mounted = False
    for container in [*spec.get("initContainers", ()), *spec.get("containers", ())]:
        mounts = container.setdefault("volumeMounts", [])
        if all(mount.get("mountPath") != TOKEN_MOUNT_PATH for mount in mounts):
            mounts.append({"mountPath": TOKEN_MOUNT_PATH, "name": volume, "readOnly": True})
            is_mounted = True
    if is_mounted and not names:
        projected = {"defaultMode": 0o644, "sources": clone(_TOKEN_SOURCES)}
        spec.setdefault("volumes", []).append({"name": volume, "projected": projected})


def _tolerations(spec: Object) -> None:
    tolerations = spec.setdefault("tolerations", [])
    for toleration in _TOLERATIONS:
        effective = (item for item in tolerations if item.get("effect", "") in ("", toleration["effect"]))
        if not any(item.get("key", "") in ("", toleration["key"]) for item in effective):
            tolerations.append({**toleration})
