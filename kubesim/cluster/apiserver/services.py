"""The addresses and ports of Services, which decoding has checked; they are completed in place.

Mirrors kubernetes pkg/registry/core/service/strategy.go and storage/{alloc,storage}.go, v1.36, and of pkg/apis/core
validation ValidateServiceClusterIPsRelatedFields.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from ipaddress import ip_address, ip_network
from itertools import chain
from typing import Any
from zlib import crc32

from kubesim.api import errors
from kubesim.api.content import ip
from kubesim.api.objects import Object, name_of
from kubesim.api.resources import SERVICE
from kubesim.cluster.apiserver.store import Store

_NETWORK = ip_network("10.96.0.0/12")  # --service-cluster-ip-range
_FREE_ADDRESSES = range(256, 65256)  # by their numbers in the network; those of the cluster's own Services are before
_NODE_PORTS = range(30000, 32768)  # --service-node-port-range
_ON_NODES = ("NodePort", "LoadBalancer")
# What a Service has only as one of some types.
_OF_TYPES: Sequence[tuple[Sequence[str], Sequence[str]]] = (
    (("ClusterIP", *_ON_NODES), ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")),
    (_ON_NODES, ("externalTrafficPolicy",)),
    (("LoadBalancer",), ("allocateLoadBalancerNodePorts", "loadBalancerClass")),
)


def admit_service(service: Object, store: Store, old: Object | None = None) -> None:
    """Give a new or changed Service its address and the ports on the nodes; it keeps those that it had.

    Raises StatusError (Invalid) where it can't have the address or port that it asks for.
    """
    spec = service["spec"]
    before = old["spec"] if old else {}
    if before:
        _drop_fields_of_old_type(spec, before)
    if spec["type"] == "ExternalName":
        if spec.get("clusterIP"):
            spec["clusterIPs"] = [spec["clusterIP"]]
        return
    uid = service["metadata"]["uid"]
    others = [item["spec"] for item in store.list(SERVICE) if item["metadata"]["uid"] != uid]
    _give_address(service, before, others)
    if spec["type"] in _ON_NODES:
        _keep_node_ports(spec.get("ports", ()), before.get("ports", ()))
        _give_node_ports(service, others)


def _drop_fields_of_old_type(spec: Object, before: Object) -> None:
    """Drop what the new type of a Service has no use for, where the change left it as it was.

    What was changed stays, and validation refuses it. Mirrors dropTypeDependentFields.
    """
    for types, fields in _OF_TYPES:
        is_lost = before["type"] in types and spec["type"] not in types
        for field in fields:
            if is_lost and spec.get(field) == before.get(field):
                spec.pop(field, None)
    if spec["type"] not in _ON_NODES:
        known = {port.get("nodePort") for port in before.get("ports", ())}
        for port in spec.get("ports", ()):
            if port.get("nodePort") in known:
                port.pop("nodePort", None)


def _from_its_place(numbers: range, service: Object) -> Iterator[int]:
    """All of the numbers, from a place on that is always the same for a Service of one name."""
    name = f"{service['metadata']['namespace']}/{name_of(service)}"
    first = crc32(name.encode()) % len(numbers)
    return chain(numbers[first:], numbers[:first])


def _give_address(service: Object, before: Object, others: list[Object]) -> None:
    """The address that is asked for, the one that it had, or any."""
    spec = service["spec"]
    address = spec.get("clusterIP") or before.get("clusterIP", "")
    addresses = spec.get("clusterIPs", [])
    if addresses and addresses != before.get("clusterIPs"):  # else only the one is meant
        _check_same(service, address, addresses)
    taken = {address for other in others for address in other.get("clusterIPs", ())}
    if not address:
        addresses_in_order = (str(_NETWORK[number]) for number in _from_its_place(_FREE_ADDRESSES, service))
        address = next(free for free in addresses_in_order if free not in taken)
    elif address != "None" and not before.get("clusterIP"):
        _check_address(service, address, taken)
    spec["clusterIP"] = address
    spec["clusterIPs"] = [address]
    spec["ipFamilies"] = spec.get("ipFamilies") or ["IPv4"]
    spec["ipFamilyPolicy"] = spec.get("ipFamilyPolicy") or "SingleStack"


def _check_same(service: Object, address: str, addresses: list[str]) -> None:
    """Raise StatusError where the list of addresses says something else than the address alone."""
    if not address:
        raise _invalid(service, "spec.clusterIPs", addresses, "must be empty when `clusterIP` is not specified")
    if addresses[0] != address:
        raise _invalid(service, "spec.clusterIPs", addresses, "first value must match `clusterIP`")
    if len(addresses) > 1:
        raise errors.not_simulated("a Service with several addresses is not part of this simulator")


def _invalid(service: Object, field: str, value: Any, *problems: str) -> errors.StatusError:
    """The refusal of one field, for each of its problems."""
    causes = [errors.invalid_value(field, value, problem) for problem in problems]
    return errors.invalid(SERVICE, name_of(service), causes)


def _check_address(service: Object, address: str, taken: Collection[str]) -> None:
    """Raise StatusError (Invalid) for an address that a new Service can't have."""
    if problems := ip(address):
        raise _invalid(service, "spec.clusterIPs[0]", address, *problems)
    if ip_address(address) not in _NETWORK:
        why = "the provided network does not match the current range"
    elif address in taken:
        why = "provided IP is already allocated"
    else:
        return
    raise _invalid(service, "spec.clusterIPs", [address], f"failed to allocate IP {address}: {why}")


def _keep_node_ports(ports: Sequence[Object], before: Sequence[Object]) -> None:
    """Ports that ask for no node port keep that of the port of their name. Mirrors patchAllocatedValues."""
    by_name = {port.get("name", ""): port.get("nodePort") for port in before}
    asked_for = [port["nodePort"] for port in ports if port.get("nodePort")]
    for port in ports:
        kept = by_name.get(port.get("name", ""))
        if kept and kept not in asked_for and not port.get("nodePort"):
            port["nodePort"] = kept


def _give_node_ports(service: Object, others: list[Object]) -> None:
    """The node ports that are asked for, or any; ports of one number share theirs, such as TCP's and UDP's."""
    taken = {port["nodePort"] for other in others for port in other.get("ports", ()) if port.get("nodePort")}
    ports = service["spec"].get("ports", ())
    asked_for = {port.get("port"): port.get("nodePort") for port in reversed(ports) if port.get("nodePort")}
    by_number: dict[int, int] = {}
    for index, port in enumerate(ports):
        number = port.get("port", 0)
        on_nodes = port.get("nodePort") or by_number.get(number) or asked_for.get(number)
        if not on_nodes:
            on_nodes = _free_node_port(service, taken)
        elif on_nodes != by_number.get(number):
            _check_node_port(service, f"spec.ports[{index}].nodePort", on_nodes, taken)
        port["nodePort"] = on_nodes
        by_number.setdefault(number, on_nodes)
        taken.add(on_nodes)


def _check_node_port(service: Object, field: str, number: int, taken: Collection[int]) -> None:
    """Raise StatusError (Invalid) for a node port that a Service can't have."""
    problems = []
    if number not in _NODE_PORTS:
        valid = f"The range of valid ports is {_NODE_PORTS[0]}-{_NODE_PORTS[-1]}"
        problems.append(f"provided port is not in the valid range. {valid}")
    if number in taken:
        problems.append("provided port is already allocated")
    if problems:
        raise _invalid(service, field, number, *problems)


def _free_node_port(service: Object, taken: Collection[int]) -> int:
    """Raises StatusError where there is none left."""
    for number in _from_its_place(_NODE_PORTS, service):
        if number not in taken:
            return number
    why = "Internal error occurred: failed to allocate a nodePort: range is full"
    raise errors.StatusError(500, "InternalError", why)
