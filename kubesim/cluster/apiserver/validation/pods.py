"""Pods and Pod templates.

Mirrors ValidatePodSpec, ValidatePodCreate and ValidatePodTemplateSpec in kubernetes
pkg/apis/core/validation/validation.go, v1.36, in their order.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from functools import partial

from kubesim.api.errors import FieldError, duplicate, field_forbidden, invalid_value, required
from kubesim.api.objects import Object
from kubesim.cluster.apiserver.validation.common import (
    Errors,
    annotation_keys,
    checked,
    each,
    labels,
    object_meta,
    one_of,
    optional,
    struct,
    unless_empty,
    valid,
)
from kubesim.cluster.apiserver.validation.containers import containers, ids, init_containers, restart_policy, user_id
from kubesim.cluster.apiserver.validation.names import dns_label, dns_subdomain, in_range, label_value, qualified_name
from kubesim.cluster.apiserver.validation.volumes import volumes

MAX_INT32 = 2**31 - 1


def pod(obj: Object) -> Errors:
    """A new Pod."""
    yield from pod_metadata_and_spec(obj)
    if obj.get("spec", {}).get("ephemeralContainers"):
        yield field_forbidden("spec.ephemeralContainers", "cannot be set on create")


def pod_metadata_and_spec(obj: Object) -> Errors:
    """What holds for new and for changed Pods."""
    spec = obj.get("spec", {})
    yield from object_meta(obj, True, dns_subdomain)
    yield from pod_spec("spec", spec, is_pod=True)
    for field in ("containers", "initContainers"):
        yield from each(struct(image=valid(unpadded)))(f"spec.{field}", spec.get(field))


def unpadded(image: str) -> list[str]:
    """What is wrong with blanks around an image's name, which only a template may have."""
    return [] if image == image.strip() else ["must not have leading or trailing whitespace"]


def pod_template(field: str, template: Object) -> Errors:
    """The template of a workload."""
    meta = template.get("metadata", {})
    yield from labels(f"{field}.labels", meta.get("labels"))
    yield from annotation_keys(f"{field}.annotations", meta.get("annotations"))
    yield from pod_spec(f"{field}.spec", template.get("spec", {}), is_pod=False)
    if template.get("spec", {}).get("ephemeralContainers"):
        yield field_forbidden(f"{field}.spec.ephemeralContainers", "ephemeral containers not allowed in pod template")


def pod_spec(field: str, spec: Object, is_pod: bool) -> Errors:
    """A PodSpec with its defaults, in a Pod or in a template."""
    grace, ordinary, errors = spec.get("terminationGracePeriodSeconds"), spec.get("containers", []), list[FieldError]()
    if grace is None:
        yield required(f"{field}.terminationGracePeriodSeconds")
    names = volumes(f"{field}.volumes", spec.get("volumes", ()), errors)
    yield from errors
    yield from containers(f"{field}.containers", ordinary, names, grace or 0)
    yield from init_containers(f"{field}.initContainers", spec.get("initContainers", ()), ordinary, names, grace or 0)
    if spec.get("hostNetwork"):
        yield from _host_network(field, ordinary, is_pod)
    yield from _policies(field, spec)
    yield from _security_context(f"{field}.securityContext", spec)
    yield from _dns_config(f"{field}.dnsConfig", spec)
    yield from _scalars(field, spec)


_policies = struct(
    restartPolicy=restart_policy,
    dnsPolicy=one_of("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"),
    nodeSelector=labels,
)


def _host_network(field: str, found: Iterable[Object], is_pod: bool) -> Errors:
    for index, container in enumerate(found):
        for number, port in enumerate(container.get("ports", ())):
            host = port.get("hostPort", 0)
            if (is_pod or host) and host != port.get("containerPort", 0):
                where = f"{field}.containers[{index}].ports[{number}].hostPort"
                yield invalid_value(where, host, "must match `containerPort` when `hostNetwork` is true")


def _security_context(field: str, spec: Object) -> Errors:
    context = spec.get("securityContext", {})
    yield from ids(field, context)
    yield from each(user_id)(f"{field}.supplementalGroups", context.get("supplementalGroups"))
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        why = "ShareProcessNamespace and HostPID cannot both be enabled"
        yield invalid_value(f"{field}.shareProcessNamespace", True, why)


def _dns_config(field: str, spec: Object) -> Errors:
    if spec.get("dnsPolicy") == "None":
        if "dnsConfig" not in spec:
            yield required(field, "must provide `dnsConfig` when `dnsPolicy` is None")
        elif not spec["dnsConfig"].get("nameservers"):
            why = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            yield required(f"{field}.nameservers", why)
    yield from each(valid(_address))(f"{field}.nameservers", spec.get("dnsConfig", {}).get("nameservers"))


def _address(value: str) -> list[str]:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]
    return []


def _scheduling_gates(field: str, gates: Sequence[Object] | None) -> Errors:
    seen: set[str] = set()
    for index, gate in enumerate(gates or ()):
        name = gate.get("name", "")
        yield from valid(qualified_name)(f"{field}[{index}]", name)
        if name in seen:
            yield duplicate(f"{field}[{index}]", name)
        seen.add(name)


def toleration(where: str, item: Object) -> Errors:
    """One of the tolerations of a Pod."""
    key, operator = item.get("key", ""), item.get("operator", "")
    if key:
        yield from valid(qualified_name)(f"{where}.key", key)
    elif operator != "Exists":
        why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        yield invalid_value(f"{where}.operator", operator, why)
    if "tolerationSeconds" in item and item.get("effect") != "NoExecute":
        why = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        yield invalid_value(f"{where}.effect", item.get("effect", ""), why)
    yield from _toleration_value(where, operator, item.get("value", ""))
    effect = unless_empty(one_of("NoSchedule", "PreferNoSchedule", "NoExecute"))
    yield from effect(f"{where}.effect", item.get("effect"))


def _toleration_value(where: str, operator: str, value: str) -> Errors:
    if operator == "Exists":
        if value:
            yield invalid_value(f"{where}.operator", value, "value must be empty when `operator` is 'Exists'")
    elif operator in ("", "Equal"):
        if problems := label_value(value):
            yield invalid_value(f"{where}.operator", value, ";".join(problems))
    else:
        yield from one_of("Equal", "Exists")(f"{where}.operator", operator)


# The single-valued fields and lists that upstream looks at last.
_scalars = struct(
    readinessGates=each(struct(conditionType=valid(qualified_name))),
    schedulingGates=_scheduling_gates,
    serviceAccountName=checked(dns_subdomain),
    nodeName=checked(dns_subdomain),
    activeDeadlineSeconds=optional(valid(partial(in_range, low=1, high=MAX_INT32))),
    hostname=checked(dns_label),
    subdomain=checked(dns_label),
    tolerations=each(toleration),
    hostAliases=each(struct(ip=valid(_address), hostnames=each(valid(dns_subdomain)))),
    priorityClassName=checked(dns_subdomain),
    runtimeClassName=checked(dns_subdomain),
    preemptionPolicy=optional(one_of("PreemptLowerPriority", "Never")),
)
