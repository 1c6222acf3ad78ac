"""Services, as far as a manifest beside a Deployment goes.

Mirrors ValidateService in kubernetes pkg/apis/core/validation/validation.go, v1.36.
"""

from __future__ import annotations

from kubesim.api.errors import duplicate, required
from kubesim.api.objects import Object
from kubesim.cluster.apiserver.validation.common import Errors, labels, needed, object_meta, one_of, optional, valid
from kubesim.cluster.apiserver.validation.containers import port_name_or_number, protocol
from kubesim.cluster.apiserver.validation.names import dns_1035_label, dns_label, port_number

_type = one_of("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")


def service(obj: Object) -> Errors:
    """A new Service."""
    spec = obj.get("spec", {})
    yield from object_meta(obj, True, dns_1035_label)
    ports = spec.get("ports", ())
    if not ports and spec.get("clusterIP") != "None" and spec.get("type") != "ExternalName":
        yield required("spec.ports")
    names: set[str] = set()
    for index, port in enumerate(ports):
        yield from _port(f"spec.ports[{index}]", port, len(ports) > 1, names)
    yield from labels("spec.selector", spec.get("selector"))
    yield from optional(_type)("spec.type", spec.get("type"))


def _port(where: str, port: Object, name_needed: bool, names: set[str]) -> Errors:
    name, number = port.get("name", ""), port.get("port", 0)
    if name_needed or name:
        yield from needed(dns_label)(f"{where}.name", name)
    if name and name in names:
        yield duplicate(f"{where}.name", name)
    names.add(name)
    yield from valid(port_number)(f"{where}.port", number)
    yield from optional(protocol)(f"{where}.protocol", port.get("protocol"))
    yield from port_name_or_number(f"{where}.targetPort", port.get("targetPort", number))
