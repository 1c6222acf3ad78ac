"""Description of any object, field by field.

Mirrors genericDescriber in k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

import re
from typing import Any

from kubesim.api.clock import Micros
from kubesim.api.objects import Object
from kubesim.kubectl.describers.writer import Related, Writer

_SHOWN_ABOVE = {f"metadata.{name}" for name in ("name", "namespace", "labels", "annotations", "managedFields")}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_ACRONYMS = {"API", "URL", "UID", "OSB", "GUID"}


def write_generic(writer: Writer, obj: Object, related: Related, now: Micros) -> None:
    """Every field of the object, sorted, with its name taken apart into words."""
    writer.name(obj)
    _fields(writer, obj, 0, "")


def _fields(writer: Writer, content: Object, level: int, path: str) -> None:
    for name, value in sorted(content.items()):
        if f"{path}{name}" in _SHOWN_ABOVE:
            continue
        label = _label(name)
        if isinstance(value, dict):
            writer.line(f"{label}:", level)
            _fields(writer, value, level + 1, f"{path}{name}.")
        elif isinstance(value, list):
            writer.line(f"{label}:", level)
            _items(writer, value, level + 1, f"{path}{name}.")
        else:
            writer.field(label, _plain(value), level)


def _items(writer: Writer, items: list[Any], level: int, path: str) -> None:
    for item in items:
        if isinstance(item, dict):
            _fields(writer, item, level, path)
        else:
            writer.line(_plain(item), level)


def _plain(value: object) -> str:
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _label(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        return name
    words = _WORD.findall(name)
    return " ".join(word.upper() if word.upper() in _ACRONYMS else word[:1].upper() + word[1:] for word in words)
