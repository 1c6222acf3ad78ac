"""Pods and Pod templates.

Mirrors ValidatePodSpec, ValidatePodCreate and ValidatePodTemplateSpec in kubernetes
pkg/apis/core/validation/validation.go, v1.36, in their order.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from kubesim.errors import FieldError, duplicate, field_forbidden, invalid_value, required
from kubesim.objects import Object
from kubesim.validation.common import Errors, annotation_keys, invalid_each, labels, object_meta, one_of
from kubesim.validation.containers import containers, ids, init_containers
from kubesim.validation.names import dns_label, dns_subdomain, in_range, label_value, qualified_name
from kubesim.validation.volumes import volumes

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
        for index, container in enumerate(spec.get(field, ())):
            yield from image_padding(f"spec.{field}[{index}].image", container.get("image", ""))


def image_padding(field: str, image: str) -> Errors:
    """Blanks around an image's name, which only a template may have."""
    if image != image.strip():
        yield invalid_value(field, image, "must not have leading or trailing whitespace")


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
    if "terminationGracePeriodSeconds" not in spec:
        yield required(f"{field}.terminationGracePeriodSeconds")
    errors: list[FieldError] = []
    names, grace = (
        volumes(f"{field}.volumes", spec.get("volumes", ()), errors),
        spec.get("terminationGracePeriodSeconds", 0),
    )
    yield from errors
    ordinary = spec.get("containers", [])
    yield from containers(f"{field}.containers", ordinary, names, grace)
    yield from init_containers(f"{field}.initContainers", spec.get("initContainers", ()), ordinary, names, grace)
    if spec.get("hostNetwork"):
        yield from _host_network(field, ordinary, is_pod)
    yield from one_of(f"{field}.restartPolicy", spec.get("restartPolicy"), ("Always", "OnFailure", "Never"))
    yield from one_of(f"{field}.dnsPolicy", spec.get("dnsPolicy"), _DNS_POLICIES)
    yield from labels(f"{field}.nodeSelector", spec.get("nodeSelector"))
    yield from _security_context(f"{field}.securityContext", spec)
    yield from _dns_config(f"{field}.dnsConfig", spec)
    for index, gate in enumerate(spec.get("readinessGates", ())):
        kind = gate.get("conditionType", "")
        yield from invalid_each(f"{field}.readinessGates[{index}].conditionType", kind, qualified_name(kind))
    yield from _scheduling_gates(f"{field}.schedulingGates", spec.get("schedulingGates", ()))
    yield from _scalars(field, spec)


_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")


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
    for index, group in enumerate(context.get("supplementalGroups", ())):
        yield from invalid_each(f"{field}.supplementalGroups[{index}]", group, in_range(group, 0, 2**32 - 1))
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
    for index, server in enumerate(spec.get("dnsConfig", {}).get("nameservers", ())):
        yield from _address(f"{field}.nameservers[{index}]", server)


def _address(field: str, value: str) -> Errors:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        yield invalid_value(field, value, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")


def _scheduling_gates(field: str, gates: Iterable[Object]) -> Errors:
    seen: set[str] = set()
    for index, gate in enumerate(gates):
        name = gate.get("name", "")
        yield from invalid_each(f"{field}[{index}]", name, qualified_name(name))
        if name in seen:
            yield duplicate(f"{field}[{index}]", name)
        seen.add(name)


def _scalars(field: str, spec: Object) -> Errors:
    """The single-valued fields that upstream looks at last."""
    for name in ("serviceAccountName", "nodeName"):
        yield from invalid_each(f"{field}.{name}", spec.get(name), dns_subdomain(spec[name]) if spec.get(name) else ())
    seconds = spec.get("activeDeadlineSeconds")
    if seconds is not None:
        yield from invalid_each(f"{field}.activeDeadlineSeconds", seconds, in_range(seconds, 1, MAX_INT32))
    for name in ("hostname", "subdomain"):
        yield from invalid_each(f"{field}.{name}", spec.get(name), dns_label(spec[name]) if spec.get(name) else ())
    yield from tolerations(f"{field}.tolerations", spec.get("tolerations", ()))
    for index, alias in enumerate(spec.get("hostAliases", ())):
        yield from _host_alias(f"{field}.hostAliases[{index}]", alias)
    for name in ("priorityClassName", "runtimeClassName"):
        yield from invalid_each(f"{field}.{name}", spec.get(name), dns_subdomain(spec[name]) if spec.get(name) else ())
    if "preemptionPolicy" in spec:
        yield from one_of(f"{field}.preemptionPolicy", spec["preemptionPolicy"], ("PreemptLowerPriority", "Never"))


def _host_alias(where: str, alias: Object) -> Errors:
    yield from _address(f"{where}.ip", alias.get("ip", ""))
    for index, name in enumerate(alias.get("hostnames", ())):
        yield from invalid_each(f"{where}.hostnames[{index}]", name, dns_subdomain(name))


def tolerations(field: str, found: Iterable[Object]) -> Errors:
    """The tolerations of a Pod."""
    for index, toleration in enumerate(found):
        where = f"{field}[{index}]"
        key, operator = toleration.get("key", ""), toleration.get("operator", "")
        if key:
            yield from invalid_each(f"{where}.key", key, qualified_name(key))
        elif operator != "Exists":
            why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            yield invalid_value(f"{where}.operator", operator, why)
        if "tolerationSeconds" in toleration and toleration.get("effect") != "NoExecute":
            why = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            yield invalid_value(f"{where}.effect", toleration.get("effect", ""), why)
        yield from _toleration_value(where, operator, toleration.get("value", ""))
        if effect := toleration.get("effect"):
            yield from one_of(f"{where}.effect", effect, ("NoSchedule", "PreferNoSchedule", "NoExecute"))


def _toleration_value(where: str, operator: str, value: str) -> Errors:
    if operator == "Exists":
        if value:
            yield invalid_value(f"{where}.operator", value, "value must be empty when `operator` is 'Exists'")
    elif operator in ("", "Equal"):
        if problems := label_value(value):
            yield invalid_value(f"{where}.operator", value, ";".join(problems))
    else:
        yield from one_of(f"{where}.operator", operator, ("Equal", "Exists"))
