"""JSON as Go's encoding/json writes it.

Mirrors encoding/json (Go 1.26) and k8s.io/kubectl pkg/util/apply.go, v1.36.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kubesim.gotext import gojson

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

_indented = json.JSONEncoder(ensure_ascii=False, sort_keys=True, indent=4).encode
_indented_as_is = json.JSONEncoder(ensure_ascii=False, indent=4).encode


def _escape(text: str) -> str:
    """Go's encoder makes JSON safe for HTML and JavaScript. The characters can only stand inside strings."""
    for char in "&<>\u2028\u2029":
        if char in text:
            text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def to_json(value: Any, typed: bool = False) -> str:
    """`value` indented by four spaces, without a line end.

    Keys are sorted; a `typed` object, one that kubectl built itself, keeps the order of its fields after kind and
    apiVersion.
    """
    if typed:
        head = {key: value[key] for key in ("kind", "apiVersion") if key in value}
        return _escape(_indented_as_is(head | value))
    return _escape(_indented(value))


def last_applied(obj: Mapping[str, Any], typed: bool = False) -> str:
    """What kubectl apply keeps of `obj` in the annotation LAST_APPLIED: all but that annotation, with a line end.

    A `typed` object keeps the order of its fields, and has no empty annotations.
    """
    metadata = obj.get("metadata") or {}
    annotations = {key: text for key, text in (metadata.get("annotations") or {}).items() if key != LAST_APPLIED}
    kept = {} if typed and not annotations else {"annotations": annotations}
    return gojson.dumps({**obj, "metadata": {**metadata, **kept}}, sort=not typed) + "\n"
