"""What is shown of the ports of a Service, called from screens.json. Mirrors describe.go of k8s.io/kubectl, v1.36."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kubesim.api.formatters import formatter
from kubesim.api.humanize import NONE
from kubesim.api.objects import Object, labels_of
from kubesim.cluster.apiserver.printers import first_three, with_port
from kubesim.kubectl.describers.screens import Items


@formatter
def _service_ports(ports: Items, service: str, slices: Items) -> Iterator[str]:
    own_slices = [item for item in slices or () if labels_of(item).get(_SERVICE_NAME) == service]
    for port in ports or ():
        name = port.get("name") or "<unset>"
        protocol = port.get("protocol", "TCP")
        yield f"Port:\t{name}\t{port['port']}/{protocol}"
        yield f"TargetPort:\t{port.get('targetPort', port['port'])}/{protocol}"
        if port.get("nodePort"):
            yield f"NodePort:\t{name}\t{port['nodePort']}/{protocol}"
        endpoints = _endpoints(own_slices, port.get("name", "")) if own_slices else NONE
        yield f"Endpoints:\t{endpoints}"


_SERVICE_NAME = "kubernetes.io/service-name"


def _endpoints(slices: Sequence[Object], port_name: str) -> str:
    """Where the ready Pods of a Service serve the port of this name."""
    places: list[str] = []
    for item in slices:
        ready = [endpoint["addresses"][0] for endpoint in item.get("endpoints") or () if _is_ready(endpoint)]
        for port in item.get("ports") or [{}]:
            if port.get("name", port_name) == port_name:
                places += [with_port(address, port) for address in ready]
    return first_three(places, "")


def _is_ready(endpoint: Object) -> bool:
    """Whether an endpoint takes traffic, as one does of which nothing is known."""
    return bool(endpoint.get("addresses") and endpoint.get("conditions", {}).get("ready", True))
