"""What a line of a description shows of the values at its paths, as far as several kinds of objects need it.

No function calls a `@formatter` here: screens.json does.

Mirrors the small helpers of k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from kubesim.api import quantity
from kubesim.api.clock import parse_time
from kubesim.api.formatters import formatter, register
from kubesim.api.humanize import NONE, human_duration, long_time
from kubesim.api.objects import LAST_APPLIED, Object, pull_secret_names
from kubesim.kubectl.describers.screens import TABLE, Items

_MAX_ANNOTATION = 140
"""Characters of an annotation that are shown."""

register({"pull_secrets": pull_secret_names, "time": long_time})


def _filled(text: str, *values: Any) -> str:
    """A text of screens.json with counts in it; a status that hasn't been written yet lacks them."""
    return text.format(*(value or 0 for value in values))


register({name: partial(_filled, text) for name, text in TABLE.texts.items()})


@formatter
def _quantity(value: object) -> str:
    return quantity.canonical(str(value))


@formatter
def _switch(value: object) -> str:
    return "true" if value else "false"


@formatter
def _capital_switch(value: object) -> str:
    return "True" if value else "False"


@formatter
def _with_space(value: object) -> str:
    """A cell of a table in which kubectl writes a space after each."""
    return f"{value or ''} "


@formatter
def _time_with_space(time: str | None) -> str:
    return f"{long_time(time)} "


@formatter
def _none_if_empty(items: Sequence[object] | None) -> str | None:
    return None if items else NONE


@formatter
def _unset_if_empty(items: Sequence[object] | None) -> str | None:
    return None if items else "<unset>"


@formatter
def _list(values: Sequence[str] | None) -> str:
    return ",".join(values or ()) or NONE


@formatter
def _name_list(items: Items) -> str:
    return ", ".join(item["name"] for item in items or ()) or NONE


@formatter
def _pairs(labels: Mapping[str, str] | None) -> list[str]:
    """Labels, one a line, sorted."""
    return [f"{key}={value}" for key, value in sorted((labels or {}).items())]


@formatter
def _annotations(annotations: Mapping[str, str] | None) -> list[str]:
    """Annotations, sorted; long values or ones of several lines on lines of their own, cut off where too long."""
    lines: list[str] = []
    for key, value in sorted((annotations or {}).items()):
        if key != LAST_APPLIED:
            lines += _annotation(key, value.removesuffix("\n"))
    return lines


def _annotation(key: str, value: str) -> list[str]:
    if len(key) + len(value) + 2 <= _MAX_ANNOTATION and "\n" not in value:
        return [f"{key}: {value}"]
    limit = _MAX_ANNOTATION - 2
    lines = [f"{key}:"]
    for line in value.split("\n"):
        is_long = len(line) > limit
        lines.append(f"  {line[:limit]}..." if is_long else f"  {line}")
    return lines


@formatter
def _time_taken(start: str | None, end: str | None) -> str | None:
    if not start or not end:
        return None
    return human_duration(parse_time(end) - parse_time(start))


@formatter
def _size(encoded: str) -> str:
    """The size of a value of binaryData."""
    return f"{len(base64.b64decode(encoded))} bytes"


@formatter
def _ips(addresses: Items) -> str:
    return ",".join(item.get("ip", "") for item in addresses or ()) or NONE


@formatter
def _node(name: str | None, address: str | None) -> str:
    """A Pod's node and that node's address, which the kubelet reports later."""
    return f"{name}/{address or ''}" if name else NONE


@formatter
def _rolling(strategy: Object) -> str:
    return f"{strategy.get('maxUnavailable')} max unavailable, {strategy.get('maxSurge')} max surge"


@formatter
def _target(reference: Object) -> str:
    return f"{reference.get('kind', '')}/{reference.get('name', '')}"
