"""-o kyaml: YAML in JSON's clothes.

Mirrors sigs.k8s.io/yaml kyaml/kyaml.go, v1.6.
"""

from __future__ import annotations

import re
from typing import Any

from kubesim import gojson
from kubesim.kubectl.formats import yaml_

_BARE = re.compile(r"\w(?:[\w./-]*\w)?")


def dumps(value: Any, typed: bool = False) -> str:
    """`value` as a KYAML document with its header and line end; `typed` keeps the order of its fields."""
    return f"---\n{_node(value, '', typed)}\n"


def _node(value: Any, indent: str, typed: bool) -> str:
    if value and isinstance(value, dict):
        keys = value if typed else sorted(value)
        entries = [f"{indent}  {_key(key)}: {_node(value[key], indent + '  ', typed)},\n" for key in keys]
        return "{\n" + "".join(entries) + indent + "}"
    if value and isinstance(value, list):
        return _sequence(value, indent, typed)
    return _string(value, indent + "  ") if isinstance(value, str) else gojson.dumps(value)


def _sequence(items: list[Any], indent: str, typed: bool) -> str:
    if all(isinstance(item, dict | list) for item in items):
        return "[" + ", ".join([_node(item, indent, typed) for item in items]) + "]"
    return "[\n" + "".join([f"{indent}  {_node(item, indent + '  ', typed)},\n" for item in items]) + indent + "]"


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) and not yaml_.resolves(key) else gojson.quote(key)


def _string(text: str, indent: str) -> str:
    """Text of several lines is folded, one line each; a backslash keeps a line's leading space."""
    if "\n" not in text:
        return gojson.quote(text)
    *lines, last = [("\\" if line[:1] == " " else " ") + gojson.quote(line)[1:-1] for line in text.split("\n")]
    folded = [f"{indent}{line}\\n" for line in lines] + [indent + last] * (last != " ")
    return "\\\n".join(['"', *folded, f'{indent}"'])
