"""Descriptions of Secrets, ConfigMaps, ServiceAccounts, Namespaces and Services.

Mirrors their describers in k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

import base64

from kubesim.api.clock import Micros
from kubesim.api.humanize import NONE, format_labels, long_time
from kubesim.api.objects import Object, name_of, pull_secret_names
from kubesim.kubectl.describers.writer import Related, Writer

_TOKEN_TYPE = "kubernetes.io/service-account-token"


def write_secret(writer: Writer, secret: Object, related: Related, now: Micros) -> None:
    """A Secret: how long its values are, not what they are, but for a token of a ServiceAccount."""
    kind = secret.get("type", "")
    writer.name(secret)
    writer.line()
    writer.field("Type", kind)
    _heading(writer, "Data")
    for key, value in sorted((secret.get("data") or {}).items()):
        content = base64.b64decode(value)
        shown = key == "token" and kind == _TOKEN_TYPE
        writer.field(key, content.decode(errors="replace") if shown else f"{len(content)} bytes")


def write_config_map(writer: Writer, config_map: Object, related: Related, now: Micros) -> None:
    """All of a ConfigMap but its events."""
    writer.name(config_map)
    _heading(writer, "Data")
    for key, value in sorted((config_map.get("data") or {}).items()):
        for line in (f"{key}:", "----", *value.split("\n"), ""):
            writer.line(line)
    _heading(writer, "BinaryData")
    for key, value in sorted((config_map.get("binaryData") or {}).items()):
        writer.line(f"{key}: {len(base64.b64decode(value))} bytes")
    writer.line()


def _heading(writer: Writer, text: str) -> None:
    for line in ("", text, "===="):
        writer.line(line)


def write_service_account(writer: Writer, account: Object, related: Related, now: Micros) -> None:
    """All of a ServiceAccount but its events."""
    writer.name(account)
    secrets = related.get("secrets")
    known = None if secrets is None else {name_of(secret) for secret in secrets}
    names = [name if known is None or name in known else f"{name} (not found)" for name in pull_secret_names(account)]
    writer.field("Image pull secrets", names[0] if names else NONE)
    for name in names[1:]:
        # Spaces and no empty cell, as in kubectl; on the screen it is the same.
        writer.line(f"{'':19}\t{name}")


def write_namespace(writer: Writer, namespace: Object, related: Related, now: Micros) -> None:
    """A Namespace; quotas and limit ranges are not simulated, so there are none."""
    status = namespace.get("status") or {}
    writer.name(namespace, namespaced=False)
    writer.field("Status", status.get("phase", ""))
    conditions = status.get("conditions")
    if conditions:
        writer.line("Conditions:")
        writer.table(("Type", "Status", "LastTransitionTime", "Reason", "Message"), map(_condition, conditions))
    for line in ("", "No resource quota.", "", "No LimitRange resource."):
        writer.line(line)


def _condition(item: Object) -> tuple[str, ...]:
    changed = long_time(item.get("lastTransitionTime"))
    return item["type"], item["status"], changed, item.get("reason", ""), item.get("message", "")


def write_service(writer: Writer, service: Object, related: Related, now: Micros) -> None:
    """All of a Service but its events."""
    spec = service.get("spec") or {}
    writer.name(service)
    writer.field("Selector", format_labels(spec.get("selector")))
    writer.field("Type", spec.get("type", ""))
    writer.given(spec, (("IP Family Policy", "ipFamilyPolicy"),))
    writer.field("IP Families", ",".join(spec.get("ipFamilies") or ()) or NONE)
    writer.field("IP", spec.get("clusterIP", ""))
    writer.field("IPs", ",".join(spec.get("clusterIPs") or ()) or NONE)
    if spec.get("externalIPs"):
        writer.field("External IPs", ",".join(spec["externalIPs"]))
    writer.given(spec, (("External Name", "externalName"),))
    for port in spec.get("ports") or ():
        _port(writer, port)
    writer.field("Session Affinity", spec.get("sessionAffinity", ""))
    writer.given(
        spec,
        (
            ("External Traffic Policy", "externalTrafficPolicy"),
            ("Internal Traffic Policy", "internalTrafficPolicy"),
        ),
    )


def _port(writer: Writer, port: Object) -> None:
    name, protocol = port.get("name") or "<unset>", port.get("protocol", "TCP")
    writer.field("Port", f"{name}\t{port['port']}/{protocol}")
    writer.field("TargetPort", f"{port.get('targetPort', port['port'])}/{protocol}")
    if port.get("nodePort"):
        writer.field("NodePort", f"{name}\t{port['nodePort']}/{protocol}")
    # EndpointSlices are not simulated.
    writer.field("Endpoints", NONE)
