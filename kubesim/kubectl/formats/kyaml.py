"""-o kyaml: YAML in the style of JSON, with braces, quotes and commas.

Mirrors sigs.k8s.io/yaml kyaml/kyaml.go, v1.6.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kubesim.gotext import gojson
from kubesim.kubectl.formats.yaml_ import resolves

_BARE_KEY = re.compile(r"[A-Za-z0-9_][-\w./]*", re.ASCII)


def to_kyaml(obj: Mapping[str, Any], typed: bool = False) -> str:
    """`obj` as a document with its line end. Keys are sorted; a `typed` object keeps the order of its fields."""
    return f"---\n{_value(obj, '', typed)}\n"


def _value(value: Any, indent: str, typed: bool) -> str:
    if isinstance(value, Mapping) and value:
        keys = value if typed else sorted(value)
        lines = [f"{indent}  {_key(key)}: {_value(value[key], indent + '  ', typed)},\n" for key in keys]
        return "{\n" + "".join(lines) + indent + "}"
    if isinstance(value, list) and value:
        return _list(value, indent, typed)
    if isinstance(value, str):
        return _text(value, indent)
    return "{}" if isinstance(value, Mapping) else "[]" if isinstance(value, list) else gojson.dumps(value)


def _list(items: list[Any], indent: str, typed: bool) -> str:
    """Objects and lists cuddle the brackets; anything else stands in lines of its own."""
    if all(isinstance(item, dict | list) for item in items):
        return "[" + ", ".join([_value(item, indent, typed) for item in items]) + "]"
    inner = indent + "  "
    return "[\n" + "".join([f"{inner}{_value(item, inner, typed)},\n" for item in items]) + indent + "]"


_LETTERS = frozenset("fFtT")  # some readers take them for false and true


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) and not resolves(key) and key not in _LETTERS else gojson.quote(key)


def _text(text: str, indent: str) -> str:
    """A text in quotes; one of several lines has them in lines of their own, and an escape before leading space."""
    if "\n" not in text:
        return gojson.quote(text).replace("\\t", "\t")
    *lines, last = text.split("\n")
    shown = [f"{_line(line, indent)}\\n\\\n" for line in lines] + ([f"{_line(last, indent)}\\\n"] if last else [])
    return f'"\\\n{"".join(shown)}{indent}  "'


def _line(line: str, indent: str) -> str:
    mark = "\\" if line[:1] in (" ", "\t") and line else " "
    return f"{indent}  {mark}" + gojson.quote(line)[1:-1].replace("\\t", "\t")
