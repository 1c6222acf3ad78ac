"""Pods and Pod templates, and what may change in a Pod.

Mirrors ValidatePodSpec, ValidatePodTemplateSpec and ValidatePodUpdate in kubernetes
pkg/apis/core/validation/validation.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from kubesim.api.content import dns_label, ip, number_between, user_id
from kubesim.api.objects import Object, find_named, metadata
from kubesim.api.selectors import dns_subdomain, qualified_name
from kubesim.cluster.apiserver.validation.containers import validate_containers, validate_seccomp_profile
from kubesim.cluster.apiserver.validation.errors import Errors
from kubesim.cluster.apiserver.validation.internal import internal, pod_spec_diff, unified_diff
from kubesim.cluster.apiserver.validation.metadata import validate_annotations, validate_labels
from kubesim.cluster.apiserver.validation.scheduling import (
    validate_affinity,
    validate_node_selector,
    validate_tolerations,
    validate_topology_spread,
)
from kubesim.cluster.apiserver.validation.volumes import validate_volumes

_RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_FS_GROUP_CHANGE_POLICIES = ("Always", "OnRootMismatch")
_PREEMPTION_POLICIES = ("PreemptLowerPriority", "Never")
_OS_NAMES = ("linux", "windows")
_CONTAINER_LISTS = ("containers", "initContainers")
_deadline = number_between(1, 2**31 - 1)


def validate_pod(errors: Errors, pod: Object) -> None:
    spec = pod.get("spec") or {}
    validate_pod_spec(errors, "spec", spec)
    for field in ("containers", "initContainers", "ephemeralContainers"):
        for index, container in enumerate(spec.get(field) or ()):
            image = container.get("image")
            if image and image != image.strip():
                why = "must not have leading or trailing whitespace"
                errors.invalid(f"spec.{field}[{index}].image", image, why)


def validate_pod_template(errors: Errors, field: str, template: Object | None) -> None:
    validate_template_metadata(errors, field, template)
    spec = (template or {}).get("spec") or {}
    validate_pod_spec(errors, f"{field}.spec", spec)
    if spec.get("ephemeralContainers"):
        why = "ephemeral containers not allowed in pod template"
        errors.forbidden(f"{field}.spec.ephemeralContainers", why)


def validate_template_metadata(errors: Errors, field: str, template: Object | None) -> None:
    """All that upstream checks of a StatefulSet's template; that its Pods can't be made then is an event."""
    meta = metadata(template or {})
    validate_labels(errors, f"{field}.labels", meta.get("labels"))
    validate_annotations(errors, f"{field}.annotations", meta.get("annotations"))


def validate_pod_spec(errors: Errors, field: str, spec: Object) -> None:
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        errors.check(f"{field}.readinessGates[{index}].conditionType", gate.get("conditionType", ""), qualified_name)
    mountable = validate_volumes(errors, f"{field}.volumes", spec.get("volumes") or ())
    validate_containers(errors, spec, field, mountable)
    _validate_dns_config(errors, field, spec)
    errors.enum(f"{field}.restartPolicy", spec.get("restartPolicy"), _RESTART_POLICIES)
    errors.enum(f"{field}.dnsPolicy", spec.get("dnsPolicy"), _DNS_POLICIES)
    validate_labels(errors, f"{field}.nodeSelector", spec.get("nodeSelector"))
    if "securityContext" in spec:
        _validate_pod_security_context(errors, f"{field}.securityContext", spec["securityContext"])
    affinity = spec.get("affinity") or {}
    validate_affinity(errors, f"{field}.affinity", affinity)
    for index, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        validate_topology_spread(errors, f"{field}.topologySpreadConstraints[{index}]", constraint)
    errors.enum_optional(f"{field}.preemptionPolicy", spec.get("preemptionPolicy"), _PREEMPTION_POLICIES)
    errors.enum_optional(f"{field}.os.name", (spec.get("os") or {}).get("name"), _OS_NAMES)
    for name in ("serviceAccountName", "nodeName"):
        if spec.get(name):
            errors.check(f"{field}.{name}", spec[name], dns_subdomain)
    errors.check_optional(f"{field}.activeDeadlineSeconds", spec.get("activeDeadlineSeconds"), _deadline)
    for name in ("hostname", "subdomain"):
        if spec.get(name):
            errors.check(f"{field}.{name}", spec[name], dns_label)
    for index, server in enumerate((spec.get("dnsConfig") or {}).get("nameservers") or ()):
        errors.check(f"{field}.dnsConfig.nameservers[{index}]", server, ip)
    validate_tolerations(errors, f"{field}.tolerations", spec.get("tolerations") or ())
    _validate_host_aliases(errors, f"{field}.hostAliases", spec.get("hostAliases") or ())
    validate_node_selector(errors, f"{field}.affinity", affinity)
    if spec.get("priorityClassName"):
        errors.check(f"{field}.priorityClassName", spec["priorityClassName"], dns_subdomain)


def _validate_dns_config(errors: Errors, field: str, spec: Object) -> None:
    if spec.get("dnsPolicy") != "None":
        return
    if spec.get("dnsConfig") is None:
        errors.required(f"{field}.dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None")
    elif not spec["dnsConfig"].get("nameservers"):
        why = "must provide at least one DNS nameserver when `dnsPolicy` is None"
        errors.required(f"{field}.dnsConfig.nameservers", why)


def _validate_pod_security_context(errors: Errors, field: str, context: Object) -> None:
    for name in ("fsGroup", "runAsUser", "runAsGroup"):
        errors.check_optional(f"{field}.{name}", context.get(name), user_id)
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        errors.check(f"{field}.supplementalGroups[{index}]", group, user_id)
    policy = context.get("fsGroupChangePolicy")
    errors.enum_optional(f"{field}.fsGroupChangePolicy", policy, _FS_GROUP_CHANGE_POLICIES)
    validate_seccomp_profile(errors, f"{field}.seccompProfile", context.get("seccompProfile"))


def _validate_host_aliases(errors: Errors, field: str, aliases: Sequence[Object]) -> None:
    for index, alias in enumerate(aliases):
        errors.check(f"{field}[{index}].ip", alias.get("ip", ""), ip)
        for at, hostname in enumerate(alias.get("hostnames") or ()):
            errors.check(f"{field}[{index}].hostnames[{at}]", hostname, dns_subdomain)


_UPDATABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` "
    "(only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
    "(allow it to be set to 1 if it was previously negative)"
)


def validate_pod_update(errors: Errors, new: Object, old: Object) -> None:
    spec, before = new.get("spec", {}), old.get("spec", {})
    for name in _CONTAINER_LISTS:
        if len(spec.get(name, ())) != len(before.get(name, ())):
            errors.forbidden(f"spec.{name}", "pod updates may not add or remove containers")
            return
    _validate_added_tolerations(errors, spec.get("tolerations", ()), before.get("tolerations", ()))
    deadline, earlier = spec.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds")
    if earlier is not None:
        if deadline is None:
            why = "must not update from a positive integer to nil value"
            errors.invalid("spec.activeDeadlineSeconds", deadline, why)
        elif deadline > earlier:
            errors.invalid("spec.activeDeadlineSeconds", deadline, "must be less than or equal to previous value")
    munged = _munged(spec, before)
    if munged != before:
        difference = pod_spec_diff(before, munged)
        errors.forbidden("spec", f"pod updates may not change fields other than {_UPDATABLE}\n{difference}")


def _validate_added_tolerations(errors: Errors, new: Sequence[Object], old: Sequence[Object]) -> None:
    without_seconds = [{**toleration, "tolerationSeconds": 0} for toleration in new]
    if all({**toleration, "tolerationSeconds": 0} in without_seconds for toleration in old):
        validate_tolerations(errors, "spec.tolerations", new)
    else:
        why = "existing toleration can not be modified except its tolerationSeconds"
        errors.forbidden("spec.tolerations", why)


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


def validate_ephemeral_containers_update(errors: Errors, new: Object, old: Object) -> None:
    """A change of a Pod's ephemeral containers: they may only become more."""
    containers, field = new["spec"].get("ephemeralContainers", ()), "spec.ephemeralContainers"
    for before in old["spec"].get("ephemeralContainers", ()):
        after = find_named(containers, before["name"])
        subject = f'existing ephemeral containers "{before["name"]}" may not be'
        if after is None:
            errors.forbidden(field, f"{subject} removed\n")
        elif after != before:
            difference = unified_diff(internal("EphemeralContainer", before), internal("EphemeralContainer", after))
            errors.forbidden(field, f"{subject} changed\n{difference}")
