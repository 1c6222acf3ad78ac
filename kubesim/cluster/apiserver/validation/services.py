"""Services: their type, their ports and the name that one stands for.

Mirrors ValidateService and ValidateServiceUpdate in kubernetes pkg/apis/core/validation/validation.go, v1.36, for what
something here acts upon. inert.json has the rest.
"""

from __future__ import annotations

from kubesim.api.content import dns_label, dns_subdomain, ip, port_number
from kubesim.cluster.apiserver.validation.containers import PROTOCOLS, validate_port
from kubesim.cluster.apiserver.validation.fields import Field
from kubesim.cluster.apiserver.validation.internal import internal

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_AFFINITIES = ("ClientIP", "None")


def validate_service(service: Field) -> None:
    """A new or changed Service."""
    spec = service.inner("spec")
    kind = spec.get("type")
    ports = spec.items("ports")
    is_headless = spec.get("clusterIP") == "None"
    if not ports and not is_headless and kind != "ExternalName":
        spec.required("ports")
    if is_headless and kind in ("LoadBalancer", "NodePort"):
        spec.invalid("clusterIPs[0]", f"may not be set to 'None' for {kind} services", value="None")
    _validate_ports(ports)
    if kind == "ExternalName":
        name = spec.get("externalName", "").removesuffix(".")  # which a name that is fully qualified may have
        if not name:
            spec.required("externalName")
        for problem in dns_subdomain(name) if name else ():
            spec.invalid("externalName", problem, value=name)
    spec.labels("selector")
    spec.enum_optional("sessionAffinity", _AFFINITIES)
    spec.check_each("externalIPs", ip)
    spec.enum_optional("type", _TYPES)
    if kind == "ClusterIP":  # after the types, as upstream reports it
        for port in ports:
            if port.get("nodePort"):
                port.forbidden("nodePort", "may not be used when `type` is 'ClusterIP'")


def _validate_ports(ports: list[Field]) -> None:
    names: set[str] = set()
    for port in ports:
        if len(ports) > 1:
            port.needs("name")
        port.check_nonempty("name", dns_label)
        port.check("port", port_number, missing=0)
        port.enum_optional("protocol", PROTOCOLS)
        if port.has("targetPort"):
            validate_port(port, "targetPort")
        port.unique_name(names)
    _validate_distinct(ports)


def _validate_distinct(ports: list[Field]) -> None:
    """No two ports have the same number and protocol."""
    seen: set[tuple[str, int]] = set()
    for port in ports:
        protocol = port.get("protocol", "")
        number = port.get("port", 0)
        if (protocol, number) in seen:
            port.duplicate("", internal("ServicePort", {"protocol": protocol, "port": number}))
        seen.add((protocol, number))


def validate_service_update(new: Field, old: Field) -> None:
    """The address of a Service stays, unless it becomes or was a name of another's."""
    spec = new.inner("spec")
    before = old.inner("spec")
    old_addresses = before.get("clusterIPs") or []
    new_addresses = spec.get("clusterIPs") or []
    if "ExternalName" in (spec.get("type"), before.get("type")) or not old_addresses:
        return
    if not new_addresses:
        spec.invalid("clusterIPs[0]", "primary clusterIP can not be unset", value=new_addresses)
    elif old_addresses[0] != new_addresses[0]:
        spec.invalid("clusterIPs[0]", "may not change once set", value=new_addresses)
