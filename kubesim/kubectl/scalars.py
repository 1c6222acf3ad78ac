"""What a YAML scalar without quotes means to kubectl. Mirrors goyaml.v2's resolve.go (sigs.k8s.io/yaml v1.6)."""

from __future__ import annotations

import math
import re
from typing import Any

_IN_EACH_CASE = {
    **dict.fromkeys(["~", "null"], None),
    **dict.fromkeys(["y", "yes", "on", "true"], True),
    **dict.fromkeys(["n", "no", "off", "false"], False),
    **dict.fromkeys([".inf", "+.inf"], math.inf),
    "-.inf": -math.inf,
}
# What plain texts other than numbers mean, which is why a string that reads so has quotes.
_WORDS: dict[str, Any] = {
    "": None,
    **_IN_EACH_CASE,
    **{word.title(): value for word, value in _IN_EACH_CASE.items()},
    **{word.upper(): value for word, value in _IN_EACH_CASE.items()},
    **dict.fromkeys([".nan", ".NaN", ".NAN"], math.nan),
}
_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[1-9][0-9]*|0)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")


def plain(text: str) -> Any:
    """The value of a scalar without quotes: None, a truth value, a number, or its text, as of dates and times."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    bare = text if text[0] == "." else text.replace("_", "")
    if _INTEGER.fullmatch(bare):
        whole = _integer(bare)
        if -(2**63) <= whole < 2**63:
            return whole
    if _FLOAT.fullmatch(bare) and not math.isinf(float(bare)):
        return float(bare)
    return text


def _integer(text: str) -> int:
    """Go's base 0: a leading 0 means octal. Long digits are cut off, which leaves more than 64 bits hold."""
    return int(re.sub(r"^([-+]?)0(?=[0-7])", r"\g<1>0o", text)[:100], 0)
