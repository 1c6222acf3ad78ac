"""Pods and Pod templates, and what may change in a Pod.

Mirrors ValidatePodSpec, ValidatePodTemplateSpec and ValidatePodUpdate in kubernetes
pkg/apis/core/validation/validation.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from kubesim.api.content import dns_label
from kubesim.api.objects import Object, find_named
from kubesim.api.selectors import dns_subdomain
from kubesim.cluster.apiserver.validation import scheduling
from kubesim.cluster.apiserver.validation.containers import validate_containers
from kubesim.cluster.apiserver.validation.fields import Field
from kubesim.cluster.apiserver.validation.internal import internal, pod_spec_diff, unified_diff
from kubesim.cluster.apiserver.validation.metadata import validate_annotations
from kubesim.cluster.apiserver.validation.volumes import validate_volumes

_RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_CONTAINER_LISTS = ("containers", "initContainers")


def validate_pod(pod: Field) -> None:
    """A new or changed Pod."""
    spec = pod.inner("spec")
    _validate_pod_spec(spec)
    for name in ("containers", "initContainers", "ephemeralContainers"):
        for container in spec.items(name):
            image = container.get("image", "")
            if image != image.strip():
                container.invalid("image", "must not have leading or trailing whitespace")


def validate_pod_template(template: Field) -> None:
    """The template of a workload."""
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
    scheduling.validate_node_affinity(spec.inner("affinity").inner("nodeAffinity"))
    for name in ("serviceAccountName", "nodeName"):
        spec.check_nonempty(name, dns_subdomain)
    for name in ("hostname", "subdomain"):
        spec.check_nonempty(name, dns_label)
    for toleration in spec.items("tolerations"):
        scheduling.validate_toleration(toleration)


_UPDATABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` "
    "(only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
    "(allow it to be set to 1 if it was previously negative)"
)


def validate_pod_update(new: Field, old: Field) -> None:
    """Little of a Pod may change."""
    spec, before = new.inner("spec"), old.inner("spec")
    for name in _CONTAINER_LISTS:
        if len(spec.get(name, ())) != len(before.get(name, ())):
            spec.forbidden(name, "pod updates may not add or remove containers")
            return
    _validate_added_tolerations(spec, before.get("tolerations", ()))
    deadline, earlier = spec.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds")
    if earlier is not None:
        if deadline is None:
            why = "must not update from a positive integer to nil value"
            spec.invalid("activeDeadlineSeconds", why, value=None)
        elif deadline > earlier:
            spec.invalid("activeDeadlineSeconds", "must be less than or equal to previous value")
    munged = _munged(spec.value, before.value)
    if munged != before.value:
        difference = pod_spec_diff(before.value, munged)
        spec.forbidden("", f"pod updates may not change fields other than {_UPDATABLE}\n{difference}")


def _validate_added_tolerations(spec: Field, old: Sequence[Object]) -> None:
    without_seconds = [{**toleration, "tolerationSeconds": 0} for toleration in spec.get("tolerations", ())]
    if all({**toleration, "tolerationSeconds": 0} in without_seconds for toleration in old):
        for toleration in spec.items("tolerations"):
            scheduling.validate_toleration(toleration)
    else:
        spec.forbidden("tolerations", "existing toleration can not be modified except its tolerationSeconds")


def _munged(spec: Object, before: Object) -> Object:
    """The new spec with everything put back that may change."""
    updatable = ("activeDeadlineSeconds", "tolerations")
    munged = {key: value for key, value in spec.items() if key not in updatable}
    munged |= {key: before[key] for key in updatable if key in before}
    for name in _CONTAINER_LISTS:
        if name in spec:
            pairs = zip(spec[name], before.get(name, ()), strict=True)
            munged[name] = [{**container, "image": earlier.get("image", "")} for container, earlier in pairs]
    return munged


def validate_ephemeral_containers_update(new: Field, old: Field) -> None:
    """A change of a Pod's ephemeral containers: they may only become more."""
    spec = new.inner("spec")
    for before in old.inner("spec").get("ephemeralContainers", ()):
        after = find_named(spec.get("ephemeralContainers", ()), before["name"])
        subject = f'existing ephemeral containers "{before["name"]}" may not be'
        if after is None:
            spec.forbidden("ephemeralContainers", f"{subject} removed\n")
        elif after != before:
            difference = unified_diff(internal("EphemeralContainer", before), internal("EphemeralContainer", after))
            spec.forbidden("ephemeralContainers", f"{subject} changed\n{difference}")
