"""Descriptions of Secrets, ConfigMaps, ServiceAccounts and Namespaces.

Mirrors their describers in k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from kubesim.describe.writer import Writer
from kubesim.humanize import NONE, long_time
from kubesim.objects import Object, name_of, pull_secret_names

_TOKEN_TYPE = "kubernetes.io/service-account-token"


def write_secret(writer: Writer, secret: Object) -> None:
    """A Secret: how long its values are, not what they are, but for a token of a ServiceAccount."""
    kind = secret.get("type", "")
    writer.name(secret)
    writer.line()
    writer.field("Type", kind)
    for line in ("", "Data", "===="):
        writer.line(line)
    for key, value in sorted((secret.get("data") or {}).items()):
        content = base64.b64decode(value)
        shown = key == "token" and kind == _TOKEN_TYPE
        writer.field(key, content.decode(errors="replace") if shown else f"{len(content)} bytes")


def write_config_map(writer: Writer, config_map: Object) -> None:
    """All of a ConfigMap but its events."""
    writer.name(config_map)
    for line in ("", "Data", "===="):
        writer.line(line)
    for key, value in sorted((config_map.get("data") or {}).items()):
        for line in (f"{key}:", "----", *value.split("\n"), ""):
            writer.line(line)
    for line in ("", "BinaryData", "===="):
        writer.line(line)
    for key, value in sorted((config_map.get("binaryData") or {}).items()):
        writer.line(f"{key}: {len(base64.b64decode(value))} bytes")
    writer.line()


def write_service_account(writer: Writer, account: Object, secrets: Sequence[Object] | None) -> None:
    """All of a ServiceAccount but its events; `secrets`: those of its namespace, None if they may not be listed."""
    writer.name(account)
    known = None if secrets is None else {name_of(secret) for secret in secrets}
    names = [name if known is None or name in known else f"{name} (not found)" for name in pull_secret_names(account)]
    writer.field("Image pull secrets", names[0] if names else NONE)
    for name in names[1:]:
        # Spaces and no empty cell, as in kubectl; on the screen it is the same.
        writer.line(f"{'':19}\t{name}")


def write_namespace(writer: Writer, namespace: Object) -> None:
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
