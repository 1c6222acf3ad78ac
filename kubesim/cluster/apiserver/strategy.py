"""The fields of an object that belong to the API server: set for a new object, and carried over at an update.

The functions change the objects, which are decoded and have their defaults, in place. Mirrors kubernetes
pkg/registry/*/*/strategy.go, v1.36.
"""

from __future__ import annotations

import base64

from kubesim.api import errors
from kubesim.api.objects import (
    Object,
    annotations_of,
    clone,
    labels_of,
    lasting_containers,
    metadata,
    name_of,
    template_of,
)
from kubesim.api.resources import DAEMON_SET, JOB, NAMESPACE, NODE, POD, SECRET, STATEFUL_SET, Resource
from kubesim.api.specs import PodSpec

GENERATION = "deprecated.daemonset.template.generation"
_SYSTEM_METADATA = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")
# Prefixes of the verbs of constrained impersonation.
_CONSTRAINED = ("impersonate:", "impersonate-on:")
_JOB_LABELS = ("controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name")


def prepare_for_create(resource: Resource, obj: Object) -> None:
    """Set the fields of a new object that clients can't set, such as status. Raises StatusError (501)."""
    _check_simulated(resource, obj)
    if resource is NODE:
        raise errors.not_simulated("a second node is not part of this simulator")
    if resource.has_generation:
        obj["metadata"]["generation"] = 1
    if resource.status is not None:
        obj["status"] = clone(resource.status)
    if resource is POD:
        obj["status"]["qosClass"] = _qos_class(obj["spec"])
    elif resource is JOB:
        _check_generated_selector(obj["spec"])
        _select_by_uid(obj)
    elif resource is DAEMON_SET:
        _set_template_generation(obj, 1)
    elif resource is SECRET:
        _merge_string_data(obj)


def prepare_for_update(resource: Resource, obj: Object, old: Object, subresource: str = "") -> None:
    """Carry over from `old` the fields that clients can't change; with a subresource, all fields outside it.

    Raises StatusError (501) for objects that aren't simulated.
    """
    _check_simulated(resource, obj)
    if subresource:
        _change_ephemeral_containers_alone(obj, old)
    for key in _SYSTEM_METADATA:
        _keep(obj["metadata"], old["metadata"], key)
    if resource.status is not None:
        _keep(obj, old, "status")
    if resource is NAMESPACE:  # the spec has only finalizers, which belong to the namespace controller
        obj["spec"] = old["spec"]
    if resource.has_generation and obj.get("spec") != old.get("spec"):
        obj["metadata"]["generation"] += 1
    if resource is DAEMON_SET:
        number = int(annotations_of(old)[GENERATION])
        if obj["spec"].get("template") != old["spec"].get("template"):
            number += 1
        _set_template_generation(obj, number)
    elif resource is SECRET:
        _merge_string_data(obj)


def _check_simulated(resource: Resource, obj: Object) -> None:
    """Raise StatusError (501) for objects that a real API server accepts and kubesim doesn't simulate."""
    what = ""
    if resource is STATEFUL_SET and obj.get("spec", {}).get("volumeClaimTemplates"):
        what = "volumeClaimTemplates of a StatefulSet are"
    elif resource is SECRET and obj.get("type") == "kubernetes.io/service-account-token":
        what = "a Secret that is filled with a ServiceAccount's token (kubectl create token makes one) is"
    elif any(verb.startswith(_CONSTRAINED) for rule in obj.get("rules", ()) for verb in rule.get("verbs", ())):
        what = "a role for constrained impersonation is"
    elif "activeDeadlineSeconds" in (template_of(resource, obj).get("spec") or {}):
        what = "activeDeadlineSeconds of a Pod is"
    if what:
        raise errors.not_simulated(f"{what} not part of this simulator")


def _keep(new: Object, old: Object, key: str) -> None:
    """Set a field of `new` to its value in `old`, missing if it is missing there."""
    new.pop(key, None)
    if key in old:
        new[key] = old[key]


def _change_ephemeral_containers_alone(pod: Object, old: Object) -> None:
    """Undo all changes of a Pod except those of its ephemeral containers."""
    changed = pod["spec"]
    pod |= {"metadata": {**old["metadata"]}, "spec": {**old["spec"]}}
    _keep(pod["spec"], changed, "ephemeralContainers")


def _set_template_generation(daemon_set: Object, number: int) -> None:
    """Annotate a DaemonSet with the generation of its template."""
    daemon_set["metadata"]["annotations"] = {**annotations_of(daemon_set), GENERATION: str(number)}


def _check_generated_selector(spec: Object) -> None:
    """Raise StatusError (501) for a new Job with a selector of its own, such as one exported from a cluster."""
    labels = labels_of(spec.get("template") or {})
    if spec.get("selector") or spec["manualSelector"] or not labels.keys().isdisjoint(_JOB_LABELS):
        what = "a new Job with a selector, or with the labels that a Job gives its Pods,"
        raise errors.not_simulated(f"{what} is not part of this simulator")


def _select_by_uid(job: Object) -> None:
    """Add labels with a Job's uid and name to its template, and select them. A Job without labels gets all of them."""
    spec = job["spec"]
    uid = job["metadata"]["uid"]
    generated = dict(zip(_JOB_LABELS, (uid, name_of(job), uid, name_of(job)), strict=True))
    template = spec["template"]
    labels = {**generated, **labels_of(template)}
    template["metadata"] = {**metadata(template), "labels": labels}
    if not labels_of(job):
        job["metadata"]["labels"] = dict(labels)
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}


def _merge_string_data(secret: Object) -> None:
    """Move stringData into data, encoded: the API never returns stringData."""
    if plain := secret.pop("stringData", None):
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in plain.items()}
        secret["data"] = {**secret.get("data", {}), **encoded}


def _qos_class(spec: PodSpec) -> str:
    """The quality of service class: Guaranteed if all limits are set and equal the requests.

    Mirrors pkg/apis/core/v1/helper/qos.
    """
    resources = [container.get("resources", {}) for container in lasting_containers(spec)]
    if not any(item.get("requests") or item.get("limits") for item in resources):
        return "BestEffort"
    for item in resources:
        limits = item.get("limits", {})
        if not {"cpu", "memory"} <= limits.keys() or item.get("requests") != limits:
            return "Burstable"
    return "Guaranteed"
