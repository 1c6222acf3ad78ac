"""Services, as far as a manifest beside a Deployment goes.

Mirrors ValidateService in kubernetes pkg/apis/core/validation/validation.go, v1.36.
"""

from __future__ import annotations

from kubesim.errors import duplicate, required
from kubesim.objects import Object
from kubesim.validation.common import Errors, invalid_each, labels, named, object_meta, one_of
from kubesim.validation.names import dns_1035_label, dns_label, port_name, port_number

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")


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
    yield from one_of("spec.type", spec.get("type", "ClusterIP"), _TYPES)


def _port(where: str, port: Object, name_needed: bool, names: set[str]) -> Errors:
    name, number = port.get("name", ""), port.get("port", 0)
    target = port.get("targetPort", number)
    if name_needed or name:
        yield from named(f"{where}.name", name, dns_label)
    if name and name in names:
        yield duplicate(f"{where}.name", name)
    names.add(name)
    yield from invalid_each(f"{where}.port", number, port_number(number))
    yield from one_of(f"{where}.protocol", port.get("protocol", "TCP"), ("SCTP", "TCP", "UDP"))
    problems = port_name(target) if isinstance(target, str) else port_number(target or 0)
    yield from invalid_each(f"{where}.targetPort", target, problems)
