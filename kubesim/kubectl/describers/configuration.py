"""The descriptions of Secrets, ConfigMaps, ServiceAccounts and Namespaces.

Mirrors their describers in k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

from kubesim.api.humanize import long_time
from kubesim.api.objects import Object, at, pull_secret_names
from kubesim.kubectl.describers.common import Items, Surroundings, label_rows, name_rows, row, table, text


def secret(obj: Object, _surroundings: Surroundings) -> Iterator[str]:
    """The keys of a Secret with the sizes of their values, which aren't shown."""
    yield from name_rows(obj)
    yield from label_rows(obj)
    yield ""
    yield row("Type", obj.get("type"))
    yield from ("", "Data", "====")
    for key, value in sorted((obj.get("data") or {}).items()):
        yield row(key, _size(value))


def config_map(obj: Object, _surroundings: Surroundings) -> Iterator[str]:
    yield from name_rows(obj)
    yield from label_rows(obj)
    yield from ("", "Data", "====")
    for key, value in sorted((obj.get("data") or {}).items()):
        yield from (f"{key}:", "----", text(value), "")
    yield from ("", "BinaryData", "====")
    for key, value in sorted((obj.get("binaryData") or {}).items()):
        yield f"{key}: {_size(value)}"
    yield ""


def _size(encoded: str) -> str:
    return f"{len(base64.b64decode(encoded))} bytes"


def service_account(obj: Object, _surroundings: Surroundings) -> Iterator[str]:
    yield from name_rows(obj)
    yield from label_rows(obj)
    yield row("Image pull secrets", pull_secret_names(obj))


def namespace(obj: Object, _surroundings: Surroundings) -> Iterator[str]:
    yield row("Name", at(obj, "metadata.name"))
    yield from label_rows(obj)
    yield row("Status", at(obj, "status.phase"))
    yield from _conditions(at(obj, "status.conditions"))
    yield from ("", "No resource quota.", "", "No LimitRange resource.")


def _conditions(conditions: Items) -> Iterator[str]:
    if conditions:
        yield "Conditions:"
        rows = [
            (
                text(one.get("type")),
                text(one.get("status")),
                long_time(one.get("lastTransitionTime")),
                text(one.get("reason")),
                text(one.get("message")),
            )
            for one in conditions
        ]
        yield from table(("Type", "Status", "LastTransitionTime", "Reason", "Message"), rows)
