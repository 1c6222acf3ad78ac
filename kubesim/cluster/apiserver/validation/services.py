"""Services: their type, ports and addresses.

Mirrors ValidateService and ValidateServiceUpdate in kubernetes pkg/apis/core/validation/validation.go, v1.36.
"""

from __future__ import annotations

from kubesim.api.content import cidr, dns_label, ip, port_number
from kubesim.api.errors import duplicate
from kubesim.api.selectors import dns_subdomain, qualified_name
from kubesim.cluster.apiserver.validation.containers import PROTOCOLS, validate_port
from kubesim.cluster.apiserver.validation.fields import Field
from kubesim.cluster.apiserver.validation.internal import internal

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_AFFINITIES = ("ClientIP", "None")
_FAMILIES = ("IPv4", "IPv6")
_FAMILY_POLICIES = ("PreferDualStack", "RequireDualStack", "SingleStack")
_TRAFFIC_POLICIES = ("Cluster", "Local")
_TRAFFIC_DISTRIBUTIONS = ("PreferClose", "PreferSameZone", "PreferSameNode")
_LONGEST_AFFINITY = 86400  # seconds
_OF_LOAD_BALANCERS = "may only be used when `type` is 'LoadBalancer'"


def validate_service(service: Field) -> None:
    """A new or changed Service."""
    spec = service.inner("spec")
    kind = spec.get("type")
    _validate_ports(spec)
    if kind == "ExternalName":
        _validate_external_name(spec)
    spec.labels("selector")
    _validate_affinity(spec)
    _validate_families(spec)
    spec.check_each("externalIPs", ip)
    spec.enum_optional("type", _TYPES)
    if kind == "ClusterIP":
        for port in spec.items("ports"):
            if port.get("nodePort"):
                port.forbidden("nodePort", "may not be used when `type` is 'ClusterIP'")
    if kind != "LoadBalancer":
        if spec.get("loadBalancerSourceRanges"):
            spec.forbidden("LoadBalancerSourceRanges", _OF_LOAD_BALANCERS)
        for name in ("allocateLoadBalancerNodePorts", "loadBalancerClass"):
            if spec.has(name):
                spec.forbidden(name, _OF_LOAD_BALANCERS)
    _validate_traffic(spec)


def _validate_ports(spec: Field) -> None:
    ports, kind = spec.items("ports"), spec.get("type")
    is_headless = spec.get("clusterIP") == "None"
    if not ports and not is_headless and kind != "ExternalName":
        spec.required("ports")
    if is_headless and kind in ("LoadBalancer", "NodePort"):
        spec.invalid("clusterIPs[0]", f"may not be set to 'None' for {kind} services", value="None")
    names: set[str] = set()
    for port in ports:
        if len(ports) > 1:
            port.needs("name")
        port.check_nonempty(dns_label, "name")
        port.check("port", port_number, missing=0)
        port.enum_optional("protocol", PROTOCOLS)
        if port.has("targetPort"):
            validate_port(port, "targetPort")
        port.check_optional(qualified_name, "appProtocol")
        port.unique("name", names)
    for index, block in enumerate(spec.get("loadBalancerSourceRanges") or ()):
        for problem in cidr(block):
            spec.invalid(f"LoadBalancerSourceRanges[{index}]", problem, value=block)
    _validate_distinct(ports)


def _validate_distinct(ports: list[Field]) -> None:
    """No two ports have the same number and protocol."""
    seen: set[tuple[str, int]] = set()
    for port in ports:
        protocol, number = port.value["protocol"], port.get("port", 0)
        if (protocol, number) in seen:
            internal_port = internal("ServicePort", {"protocol": protocol, "port": number})
            port.errors.append(duplicate(port.path, internal_port))
        seen.add((protocol, number))


def _validate_external_name(spec: Field) -> None:
    if spec.get("clusterIPs"):
        spec.forbidden("clusterIPs", "may not be set for ExternalName services")
    spec.needs("externalName")
    if not spec.get("externalName", "").endswith("."):
        spec.check_nonempty(dns_subdomain, "externalName")


def _validate_affinity(spec: Field) -> None:
    affinity = spec.get("sessionAffinity")
    spec.enum_optional("sessionAffinity", _AFFINITIES)
    if affinity == "ClientIP":
        client = spec.inner("sessionAffinityConfig").inner("clientIP")
        seconds = client.get("timeoutSeconds", 0)
        if not 1 <= seconds <= _LONGEST_AFFINITY:
            why = f"must be greater than 0 and less than {_LONGEST_AFFINITY}"
            client.invalid("timeoutSeconds", why, value=seconds)
    elif affinity == "None" and spec.has("sessionAffinityConfig"):
        spec.forbidden("sessionAffinityConfig", "must not be set when session affinity is None")


def _validate_families(spec: Field) -> None:
    families = spec.get("ipFamilies") or ()
    for index, family in enumerate(families):
        if not family:
            spec.required(f"ipFamilies[{index}]")
        elif family not in _FAMILIES:
            spec.unsupported(f"ipFamilies[{index}]", _FAMILIES, value=family)
    for index, family in enumerate(families):
        if family == "IPv6":
            spec.invalid(f"ipFamilies[{index}]", "not configured on this cluster", value=family)
    spec.enum_optional("ipFamilyPolicy", _FAMILY_POLICIES)
    if spec.get("ipFamilyPolicy") == "RequireDualStack":
        spec.invalid("ipFamilyPolicy", "this cluster is not configured for dual-stack services")


def _validate_traffic(spec: Field) -> None:
    kind = spec.get("type")
    if kind in ("NodePort", "LoadBalancer"):
        spec.enum("externalTrafficPolicy", _TRAFFIC_POLICIES)
    elif kind in ("ClusterIP", "ExternalName") and spec.get("externalTrafficPolicy") and not spec.get("externalIPs"):
        spec.invalid("externalTrafficPolicy", "may only be set for externally-accessible services")
    spec.enum_optional("internalTrafficPolicy", _TRAFFIC_POLICIES)
    spec.enum_optional("trafficDistribution", _TRAFFIC_DISTRIBUTIONS)


def validate_service_update(new: Field, old: Field) -> None:
    """The address of a Service stays, unless it becomes or was a name of another's."""
    spec, before = new.inner("spec"), old.inner("spec")
    old_addresses, new_addresses = before.get("clusterIPs") or [], spec.get("clusterIPs") or []
    if "ExternalName" in (spec.get("type"), before.get("type")) or not old_addresses:
        return
    if not new_addresses:
        spec.invalid("clusterIPs[0]", "primary clusterIP can not be unset", value=new_addresses)
    elif old_addresses[0] != new_addresses[0]:
        spec.invalid("clusterIPs[0]", "may not change once set", value=new_addresses)
