"""Formatters that the descriptions of several kinds share.

A formatter turns the values at a row's paths into text. Only screens.json refers to it, by its name without the leading
underscore. Mirrors the small helpers of k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from kubesim.api import quantity
from kubesim.api.clock import parse_time
from kubesim.api.formatters import formatter, register
from kubesim.api.humanize import NONE, human_duration, long_time
from kubesim.api.objects import LAST_APPLIED, pull_secret_names
from kubesim.kubectl.describers.screens import TABLE

_MAX_ANNOTATION = 140  # characters of an annotation that fit in one line


def _filled(text: str, *values: Any) -> str:
    """A text of screens.json with numbers filled in, 0 for those missing from a new object's status."""
    return text.format(*(value or 0 for value in values))


register({name: partial(_filled, text) for name, text in TABLE.texts.items()})
register(
    {
        "capital_switch": lambda value: "True" if value else "False",
        "ips": lambda addresses: ",".join(item.get("ip", "") for item in addresses or ()) or NONE,
        "list": lambda values: ",".join(values or ()) or NONE,
        "name_list": lambda items: ", ".join(item["name"] for item in items or ()) or NONE,
        # A Pod's node and that node's address, which the kubelet reports later.
        "node": lambda name, address: f"{name}/{address or ''}" if name else NONE,
        # Labels, one a line.
        "pairs": lambda labels: [f"{key}={value}" for key, value in sorted((labels or {}).items())],
        "pull_secrets": pull_secret_names,
        "quantity": lambda value: quantity.canonical(str(value)),
        "rolling": lambda strategy: f"{strategy['maxUnavailable']} max unavailable, {strategy['maxSurge']} max surge",
        "switch": lambda value: "true" if value else "false",
        "target": lambda reference: f"{reference.get('kind', '')}/{reference.get('name', '')}",
        "time": long_time,
        "time_with_space": lambda time: f"{long_time(time)} ",
        "with_space": lambda value: f"{value or ''} ",  # some of kubectl's tables have a space after each cell
    }
)


@formatter
def _annotations(annotations: Mapping[str, str] | None) -> list[str]:
    """Annotations, sorted, without LAST_APPLIED. Long values are cut, and begin on a line of their own."""
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
    return f"{len(base64.b64decode(encoded))} bytes"


@formatter
def _secret_data(data: Mapping[str, str] | None) -> Iterator[str]:
    """The keys of a Secret with the sizes of their values, which aren't shown."""
    yield from ("", "Data", "====")
    for key, value in sorted((data or {}).items()):
        yield f"{key}:\t{_size(value)}"
