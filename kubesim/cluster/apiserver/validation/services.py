"""Services: their type, ports and addresses.

Mirrors ValidateService and ValidateServiceUpdate in kubernetes pkg/apis/core/validation/validation.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from kubesim.api.content import cidr, dns_label, ip, port_number
from kubesim.api.objects import Object
from kubesim.api.selectors import dns_subdomain, qualified_name
from kubesim.cluster.apiserver.validation.containers import PROTOCOLS, validate_port
from kubesim.cluster.apiserver.validation.errors import Errors
from kubesim.cluster.apiserver.validation.internal import internal
from kubesim.cluster.apiserver.validation.metadata import validate_labels

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_AFFINITIES = ("ClientIP", "None")
_FAMILIES = ("IPv4", "IPv6")
_FAMILY_POLICIES = ("PreferDualStack", "RequireDualStack", "SingleStack")
_TRAFFIC_POLICIES = ("Cluster", "Local")
_TRAFFIC_DISTRIBUTIONS = ("PreferClose", "PreferSameZone", "PreferSameNode")
_LONGEST_AFFINITY = 86400  # seconds
_OF_LOAD_BALANCERS = "may only be used when `type` is 'LoadBalancer'"


def validate_service(errors: Errors, service: Object) -> None:
    spec = service.get("spec") or {}
    kind = spec.get("type")
    _validate_ports(errors, "spec.ports", spec)
    if kind == "ExternalName":
        _validate_external_name(errors, spec)
    validate_labels(errors, "spec.selector", spec.get("selector"))
    _validate_affinity(errors, spec)
    _validate_families(errors, spec)
    for index, address in enumerate(spec.get("externalIPs") or ()):
        errors.check(f"spec.externalIPs[{index}]", address, ip)
    errors.enum_optional("spec.type", kind, _TYPES)
    if kind == "ClusterIP":
        for index, port in enumerate(spec.get("ports") or ()):
            if port.get("nodePort"):
                errors.forbidden(f"spec.ports[{index}].nodePort", "may not be used when `type` is 'ClusterIP'")
    if kind != "LoadBalancer":
        if spec.get("loadBalancerSourceRanges"):
            errors.forbidden("spec.LoadBalancerSourceRanges", _OF_LOAD_BALANCERS)
        for name in ("allocateLoadBalancerNodePorts", "loadBalancerClass"):
            if spec.get(name) is not None:
                errors.forbidden(f"spec.{name}", _OF_LOAD_BALANCERS)
    _validate_traffic(errors, spec)


def _validate_ports(errors: Errors, field: str, spec: Object) -> None:
    ports, kind, is_headless = spec.get("ports") or (), spec.get("type"), spec.get("clusterIP") == "None"
    if not ports and not is_headless and kind != "ExternalName":
        errors.required(field)
    if is_headless and kind in ("LoadBalancer", "NodePort"):
        errors.invalid("spec.clusterIPs[0]", "None", f"may not be set to 'None' for {kind} services")
    names: set[str] = set()
    for index, port in enumerate(ports):
        _validate_port(errors, f"{field}[{index}]", port, needs_name=len(ports) > 1)
        if port.get("name") in names:
            errors.duplicate(f"{field}[{index}].name", port["name"])
        if port.get("name"):
            names.add(port["name"])
    for index, block in enumerate(spec.get("loadBalancerSourceRanges") or ()):
        errors.check(f"spec.LoadBalancerSourceRanges[{index}]", block, cidr)
    _validate_distinct_ports(errors, field, ports)


def _validate_port(errors: Errors, field: str, port: Object, needs_name: bool) -> None:
    if port.get("name"):
        errors.check(f"{field}.name", port["name"], dns_label)
    elif needs_name:
        errors.required(f"{field}.name")
    errors.check(f"{field}.port", port.get("port", 0), port_number)
    errors.enum_optional(f"{field}.protocol", port.get("protocol"), PROTOCOLS)
    if "targetPort" in port:
        validate_port(errors, f"{field}.targetPort", port["targetPort"])
    errors.check_optional(f"{field}.appProtocol", port.get("appProtocol"), qualified_name)


def _validate_distinct_ports(errors: Errors, field: str, ports: Sequence[Object]) -> None:
    """No two ports have the same number and protocol."""
    seen: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        protocol, number = port["protocol"], port.get("port", 0)
        if (protocol, number) in seen:
            shown = internal("ServicePort", {"protocol": protocol, "port": number})
            errors.duplicate(f"{field}[{index}]", shown)
        seen.add((protocol, number))


def _validate_external_name(errors: Errors, spec: Object) -> None:
    if spec.get("clusterIPs"):
        errors.forbidden("spec.clusterIPs", "may not be set for ExternalName services")
    name = spec.get("externalName")
    if not name:
        errors.required("spec.externalName")
    elif not name.endswith("."):
        errors.check("spec.externalName", name, dns_subdomain)


def _validate_affinity(errors: Errors, spec: Object) -> None:
    affinity = spec.get("sessionAffinity")
    errors.enum_optional("spec.sessionAffinity", affinity, _AFFINITIES)
    config = spec.get("sessionAffinityConfig")
    if affinity == "ClientIP":
        seconds = ((config or {}).get("clientIP") or {}).get("timeoutSeconds", 0)
        if not 1 <= seconds <= _LONGEST_AFFINITY:
            why = f"must be greater than 0 and less than {_LONGEST_AFFINITY}"
            errors.invalid("spec.sessionAffinityConfig.clientIP.timeoutSeconds", seconds, why)
    elif affinity == "None" and config is not None:
        errors.forbidden("spec.sessionAffinityConfig", "must not be set when session affinity is None")


def _validate_families(errors: Errors, spec: Object) -> None:
    families, policy = spec.get("ipFamilies") or (), spec.get("ipFamilyPolicy")
    for index, family in enumerate(families):
        errors.enum(f"spec.ipFamilies[{index}]", family, _FAMILIES)
    for index, family in enumerate(families):
        if family == "IPv6":
            errors.invalid(f"spec.ipFamilies[{index}]", family, "not configured on this cluster")
    errors.enum_optional("spec.ipFamilyPolicy", policy, _FAMILY_POLICIES)
    if policy == "RequireDualStack":
        errors.invalid("spec.ipFamilyPolicy", policy, "this cluster is not configured for dual-stack services")


def _validate_traffic(errors: Errors, spec: Object) -> None:
    kind, policy = spec.get("type"), spec.get("externalTrafficPolicy")
    if kind in ("NodePort", "LoadBalancer"):
        errors.enum("spec.externalTrafficPolicy", policy, _TRAFFIC_POLICIES)
    elif kind in ("ClusterIP", "ExternalName") and policy and not spec.get("externalIPs"):
        errors.invalid("spec.externalTrafficPolicy", policy, "may only be set for externally-accessible services")
    errors.enum_optional("spec.internalTrafficPolicy", spec.get("internalTrafficPolicy"), _TRAFFIC_POLICIES)
    errors.enum_optional("spec.trafficDistribution", spec.get("trafficDistribution"), _TRAFFIC_DISTRIBUTIONS)


def validate_service_update(errors: Errors, new: Object, old: Object) -> None:
    """The address of a Service stays, unless it becomes or was a name of another's."""
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    old_addresses, new_addresses = before.get("clusterIPs") or [], spec.get("clusterIPs") or []
    if "ExternalName" in (spec.get("type"), before.get("type")) or not old_addresses:
        return
    if not new_addresses:
        errors.invalid("spec.clusterIPs[0]", new_addresses, "primary clusterIP can not be unset")
    elif old_addresses[0] != new_addresses[0]:
        errors.invalid("spec.clusterIPs[0]", new_addresses, "may not change once set")
