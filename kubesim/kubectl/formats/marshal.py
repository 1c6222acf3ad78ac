"""Objects as kubectl writes them: JSON, the annotation last-applied-configuration, and YAML.

Mirrors encoding/json (Go 1.26) and k8s.io/kubectl pkg/util/apply.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from kubesim.api.objects import LAST_APPLIED
from kubesim.gotext import gojson


class Printer:
    """Prints objects as JSON, or as YAML with `---` before all but the first."""

    def __init__(self, name: str, template: str = "", no_headers: bool = False) -> None:
        self._is_json = name == "json"
        self._separator = ""

    def __call__(self, obj: Mapping[str, Any], typed: bool = False) -> str:
        if self._is_json:
            return to_json(obj, typed) + "\n"
        separator, self._separator = self._separator, "---\n"
        return separator + to_yaml(obj)


def to_json(value: Any, typed: bool = False) -> str:
    """`value` indented by four spaces, without a line end.

    Keys are sorted; a `typed` object, one that kubectl built itself, keeps the order of its fields after kind and
    apiVersion.
    """
    head = {key: value[key] for key in ("kind", "apiVersion") if key in value} if typed else {}
    return gojson.dumps(head | value if typed else value, sort=not typed, indent=4)


def last_applied(obj: Mapping[str, Any], typed: bool = False) -> str:
    """What kubectl apply keeps of `obj` in the annotation LAST_APPLIED: all but that annotation, with a line end.

    A `typed` object keeps the order of its fields, and has no empty annotations.
    """
    metadata = obj.get("metadata") or {}
    annotations = {key: text for key, text in (metadata.get("annotations") or {}).items() if key != LAST_APPLIED}
    kept = {} if typed and not annotations else {"annotations": annotations}
    return gojson.dumps({**obj, "metadata": {**metadata, **kept}}, sort=not typed) + "\n"


def to_yaml(value: Any) -> str:
    """`value` as a YAML document with its line end."""
    return str(import_module("kubesim.kubectl.documents").dump(value))  # late: it imports PyYAML
