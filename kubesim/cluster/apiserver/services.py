"""The addresses and ports of Services.

Mirrors kubernetes pkg/registry/core/service/strategy.go and storage/{alloc,storage}.go, v1.36.

Every function completes its argument, which decoding has checked, in place.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from itertools import count
from zlib import crc32

from kubesim.api import errors
from kubesim.api.content import ip, node_port
from kubesim.api.objects import Object, name_of
from kubesim.api.resources import SERVICE
from kubesim.cluster.apiserver.store import Store

FIRST_NODE_PORT, _NODE_PORTS = 30000, 2768  # --service-node-port-range
SERVICE_CIDR = "10.96.0.0/12"  # --service-cluster-ip-range


def admit_service(service: Object, store: Store, old: Object | None = None) -> None:
    """Give a new or changed Service its address and the ports on the nodes; it keeps those that it had.

    Raises StatusError (Invalid) where it can't have the address or port that it asks for.
    """
    spec = service["spec"]
    before = old["spec"] if old else {}
    _drop_of_type(spec, before)
    if spec["type"] == "ExternalName":
        if spec.get("clusterIP"):
            spec["clusterIPs"] = [spec["clusterIP"]]
        return
    others = [item["spec"] for item in store.list(SERVICE) if item["metadata"]["uid"] != service["metadata"]["uid"]]
    _give_address(service, before, others)
    if spec["type"] != "ClusterIP":
        _give_node_ports(service, before, others)


def _start_of(service: Object) -> int:
    """Where the search for something free begins: always at the same place for a Service of one name."""
    return crc32(f"{service['metadata']['namespace']}/{name_of(service)}".encode())


def _give_address(service: Object, before: Object, others: list[Object]) -> None:
    spec = service["spec"]
    taken = {address for other in others for address in other.get("clusterIPs", ())}
    asked_for = spec.get("clusterIP") or next(iter(spec.get("clusterIPs", ())), "")
    address = asked_for or before.get("clusterIP")
    if address and address != "None" and not before.get("clusterIP"):
        _check_address(service, address, taken)
    if not address:
        addresses = (f"10.96.{at % 65000 // 256 + 1}.{at % 256}" for at in count(_start_of(service)))
        address = next(free for free in addresses if free not in taken)
    spec["clusterIP"] = address
    spec["clusterIPs"] = [address]
    spec["ipFamilies"] = spec.get("ipFamilies") or ["IPv4"]
    spec["ipFamilyPolicy"] = spec.get("ipFamilyPolicy") or "SingleStack"


# What a Service has only as one of these types.
_OF_TYPES = {
    "ClusterIP NodePort LoadBalancer": ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"),
    "NodePort LoadBalancer": ("externalTrafficPolicy",),
    "LoadBalancer": ("allocateLoadBalancerNodePorts", "loadBalancerClass"),
}


def _drop_of_type(spec: Object, before: Object) -> None:
    """Drop what a Service's new type has no use for, unless it is changed, too, and validation must refuse it."""
    for types, fields in _OF_TYPES.items() if before else ():
        for field in fields if before["type"] in types and spec["type"] not in types else ():
            if spec.get(field) == before.get(field):
                spec.pop(field, None)
    if spec["type"] in ("ClusterIP", "ExternalName"):
        known = {port.get("nodePort") for port in before.get("ports", ())}
        for port in spec.get("ports", ()):
            if port.get("nodePort") in known:
                port.pop("nodePort", None)


def _check_address(service: Object, address: str, taken: set[str]) -> None:
    causes = [errors.invalid_value("spec.clusterIPs[0]", address, problem) for problem in ip(address)]
    outside = not causes and ip_address(address) not in ip_network(SERVICE_CIDR)
    if outside or address in taken:
        why = "the provided network does not match the current range" if outside else "provided IP is already allocated"
        why = f"failed to allocate IP {address}: {why}"
        causes = [errors.invalid_value("spec.clusterIPs", [address], why)]
    if causes:
        raise errors.invalid(SERVICE, name_of(service), causes)


def _give_node_ports(service: Object, before: Object, others: list[Object]) -> None:
    """Ports on the nodes: those that are asked for or were there before, or any; the same for equal numbers."""
    taken = {port.get("nodePort") for other in others for port in other.get("ports", ())}
    ports = service["spec"].get("ports", ())
    known = {port.get("port"): port.get("nodePort") for port in (*before.get("ports", ()), *reversed(ports))}
    allocated: dict[int, int] = {}  # node ports by the numbers of the Service's ports
    for index, port in enumerate(ports):
        port_number = port.get("port", 0)
        asked_for = port.get("nodePort") or known.get(port_number) or allocated.get(port_number)
        if asked_for:
            field = f"spec.ports[{index}].nodePort"
            causes = [errors.invalid_value(field, asked_for, problem) for problem in node_port(asked_for)]
            if asked_for in taken and asked_for != allocated.get(port_number):
                causes.append(errors.invalid_value(field, asked_for, "provided port is already allocated"))
            if causes:
                raise errors.invalid(SERVICE, name_of(service), causes)
        port["nodePort"] = allocated[port_number] = asked_for or _free_node_port(taken, _start_of(service))
        taken.add(port["nodePort"])


def _free_node_port(taken: set[int | None], start: int) -> int:
    """The next free one; `start` decides where to look first."""
    for offset in range(_NODE_PORTS):
        candidate = FIRST_NODE_PORT + (start + offset) % _NODE_PORTS
        if candidate not in taken:
            return candidate
    why = "Internal error occurred: failed to allocate a nodePort: range is full"
    raise errors.StatusError(500, "InternalError", why)
