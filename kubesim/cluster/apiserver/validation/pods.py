"""Rules for Pods and Pod templates, and for updates of Pods.

Mirrors ValidatePodSpec, ValidatePodTemplateSpec and ValidatePodUpdate in kubernetes
pkg/apis/core/validation/validation.go, v1.36.
"""

from __future__ import annotations

from kubesim.api.budget import Budget
from kubesim.api.content import dns_label, dns_subdomain, numeric_id
from kubesim.api.objects import Object, find_named
from kubesim.cluster.apiserver.validation.containers import validate_containers
from kubesim.cluster.apiserver.validation.fields import Field
from kubesim.cluster.apiserver.validation.internal import internal_json, json_diff, pod_spec_diff
from kubesim.cluster.apiserver.validation.metadata import validate_annotations
from kubesim.cluster.apiserver.validation.volumes import validate_volumes

_RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_LASTING_CONTAINERS = ("containers", "initContainers")
_CONTAINERS = (*_LASTING_CONTAINERS, "ephemeralContainers")
_UPDATABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` "
    "(only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
    "(allow it to be set to 1 if it was previously negative)"
)


def validate_pod(pod: Field) -> None:
    """Validate a new or changed Pod."""
    spec = pod.inner("spec")
    _validate_pod_spec(spec)
    for name in _CONTAINERS:
        for container in spec.items(name):
            image = container.get("image", "")
            if image != image.strip():
                container.invalid("image", "must not have leading or trailing whitespace")


def validate_pod_template(template: Field) -> None:
    """Validate the Pod template of a workload."""
    meta = Field(template.errors, template.path, template.get("metadata") or {})
    meta.labels("labels")
    validate_annotations(meta)
    spec = template.inner("spec")
    _validate_pod_spec(spec)
    if spec.get("ephemeralContainers"):
        spec.forbidden("ephemeralContainers", "ephemeral containers not allowed in pod template")


def _validate_pod_spec(spec: Field) -> None:
    validate_containers(spec, validate_volumes(spec))
    spec.enum("restartPolicy", _RESTART_POLICIES)
    spec.enum("dnsPolicy", _DNS_POLICIES)
    spec.labels("nodeSelector")
    _validate_security_context(spec.inner("securityContext"))
    for name in ("serviceAccountName", "nodeName"):
        spec.check_nonempty(name, dns_subdomain)
    for name in ("hostname", "subdomain"):
        spec.check_nonempty(name, dns_label)


def _validate_security_context(context: Field) -> None:
    for name in ("fsGroup", "runAsUser", "runAsGroup"):
        context.check_nonempty(name, numeric_id)
    context.check_each("supplementalGroups", numeric_id)


def validate_pod_update(new: Field, old: Field, budget: Budget) -> None:
    """Refuse changes of a Pod except of the fields in _UPDATABLE. `budget` pays for the diff in the refusal."""
    spec = new.inner("spec")
    old_spec = old.inner("spec")
    for name in _LASTING_CONTAINERS:
        if len(spec.get(name, ())) != len(old_spec.get(name, ())):
            spec.forbidden(name, "pod updates may not add or remove containers")
            return
    munged = _munged(spec.value, old_spec.value)
    if munged != old_spec.value:
        difference = pod_spec_diff(old_spec.value, munged, budget)
        spec.forbidden("", f"pod updates may not change fields other than {_UPDATABLE}\n{difference}")


def _munged(spec: Object, old_spec: Object) -> Object:
    """The new spec with the old values of updatable fields, so that any difference to the old spec is forbidden."""
    munged = {key: value for key, value in spec.items() if key != "tolerations"}
    if "tolerations" in old_spec:
        munged["tolerations"] = old_spec["tolerations"]
    for name in _LASTING_CONTAINERS:
        if name in spec:
            pairs = zip(spec[name], old_spec.get(name, ()), strict=True)
            munged[name] = [{**container, "image": old.get("image", "")} for container, old in pairs]
    return munged


def validate_ephemeral_containers_update(new: Field, old: Field, budget: Budget) -> None:
    """Refuse the removal and the change of existing ephemeral containers; new ones may be added."""
    spec = new.inner("spec")
    for old_container in old.inner("spec").get("ephemeralContainers", ()):
        container = find_named(spec.get("ephemeralContainers", ()), old_container["name"])
        subject = f'existing ephemeral containers "{old_container["name"]}" may not be'
        if container is None:
            spec.forbidden("ephemeralContainers", f"{subject} removed\n")
        elif container != old_container:
            old_text = internal_json("EphemeralContainer", old_container)
            difference = json_diff(old_text, internal_json("EphemeralContainer", container), budget)
            spec.forbidden("ephemeralContainers", f"{subject} changed\n{difference}")
