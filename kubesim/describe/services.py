"""Description of a Service. Mirrors describeService in k8s.io/kubectl pkg/describe/describe.go, v1.36."""

from __future__ import annotations

from kubesim.describe.writer import Writer
from kubesim.humanize import NONE, format_labels
from kubesim.objects import Object


def write_service(writer: Writer, service: Object) -> None:
    """All of a Service but its events."""
    spec = service.get("spec") or {}
    writer.name(service)
    writer.field("Selector", format_labels(spec.get("selector")))
    writer.field("Type", spec.get("type", ""))
    if spec.get("ipFamilyPolicy"):
        writer.field("IP Family Policy", spec["ipFamilyPolicy"])
    writer.field("IP Families", ",".join(spec.get("ipFamilies") or ()) or NONE)
    writer.field("IP", spec.get("clusterIP", ""))
    writer.field("IPs", ",".join(spec.get("clusterIPs") or ()) or NONE)
    if spec.get("externalIPs"):
        writer.field("External IPs", ",".join(spec["externalIPs"]))
    if spec.get("externalName"):
        writer.field("External Name", spec["externalName"])
    for port in spec.get("ports") or ():
        _port(writer, port)
    writer.field("Session Affinity", spec.get("sessionAffinity", ""))
    for label in ("External Traffic Policy", "Internal Traffic Policy"):
        key = label[0].lower() + label[1:].replace(" ", "")
        if spec.get(key):
            writer.field(label, spec[key])


def _port(writer: Writer, port: Object) -> None:
    name, protocol = port.get("name") or "<unset>", port.get("protocol", "TCP")
    writer.field("Port", f"{name}\t{port['port']}/{protocol}")
    writer.field("TargetPort", f"{port.get('targetPort', port['port'])}/{protocol}")
    if port.get("nodePort"):
        writer.field("NodePort", f"{name}\t{port['nodePort']}/{protocol}")
    # EndpointSlices are not simulated.
    writer.field("Endpoints", NONE)
