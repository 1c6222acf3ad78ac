"""YAML as sigs.k8s.io/yaml reads it. Mirrors goyaml.v2's resolve.go and decode.go (sigs.k8s.io/yaml v1.6)."""

from __future__ import annotations

import math
import re
from typing import Any

import yaml

from kubesim.gotext import gojson
from kubesim.kubectl.errors import ManifestError

BASE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_PLAIN = _TAG + "plain"  # a scalar without quotes and tag


def _spellings(words: str, value: Any) -> dict[str, Any]:
    return {form: value for word in words.split() for form in (word, word.capitalize(), word.upper())}


_WORDS: dict[str, Any] = {
    "": None,
    "~": None,
    **_spellings("null", None),
    **_spellings("y yes on true", True),
    **_spellings("n no off false", False),
    **_spellings(".inf +.inf", math.inf),
    **_spellings("-.inf", -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".Inf", "+.Inf"), math.inf),
    "-.Inf": -math.inf,
}
_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[1-9][0-9]*|0)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")


def plain(text: str) -> Any:
    """What a scalar without quotes means. Dates and times stay texts."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    bare = text if text[0] == "." else text.replace("_", "")
    if _INTEGER.fullmatch(bare) and -(2**63) <= (whole := _integer(bare)) < 2**63:
        return whole
    number = float(bare) if _FLOAT.fullmatch(bare) else math.inf
    return text if math.isinf(number) else number


def _integer(text: str) -> int:
    """Go's base 0: a leading 0 means octal. What 64 bits cannot hold is cut off, and still too much for them."""
    return int(re.sub(r"^([-+]?)0(?=[0-7])", r"\g<1>0o", text)[:100], 0)


class Loader(BASE):  # type: ignore[misc, valid-type]
    """Keys are strings; of keys that stand there twice, the last one counts; unknown tags mean nothing."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        """The tag of a node that has none."""
        if kind is not yaml.ScalarNode or not implicit[0]:
            return super().resolve(kind, value, (False, True))
        return f"{_TAG}merge" if value == "<<" else _PLAIN

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[str, Any]:
        """A map with string keys."""
        self.flatten_mapping(node)
        pairs = [
            (self.construct_object(key, deep=True), self.construct_object(value, deep=True))
            for key, value in node.value
        ]
        return {_key(key, value): value for key, value in pairs}


def _key(key: Any, value: Any) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, dict | list):
        raise ManifestError(f"yaml: invalid map key: {gojson.syntax(key)}")
    if key is None:
        raise ManifestError(f"unsupported map key of type: %!s(<nil>), key: <nil>, value: {gojson.syntax(value)}")
    return gojson.sprint(key)


def _untagged(loader: Loader, suffix: str, node: Any) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return node.value if node.style else plain(node.value)
    return (
        loader.construct_mapping(node) if isinstance(node, yaml.MappingNode) else loader.construct_sequence(node, True)
    )


def _number(loader: Loader, node: Any) -> Any:
    value, tag = plain(node.value) if node.value else None, node.tag.rpartition(":")[2]
    if isinstance(value, bool) or not isinstance(value, int | float) or (tag == "int" and value != int(value)):
        raise ManifestError(f"yaml: cannot decode !!str `{node.value}` as a !!{tag}")
    return value


Loader.add_constructor(_PLAIN, lambda loader, node: plain(node.value))
Loader.add_constructor(f"{_TAG}map", lambda loader, node: loader.construct_mapping(node, True))
for _name in ("merge", "timestamp"):
    Loader.add_constructor(_TAG + _name, lambda loader, node: node.value)
for _name in ("int", "float"):
    Loader.add_constructor(_TAG + _name, _number)
Loader.add_multi_constructor("!", _untagged)
