"""Values of YAML scalars without quotes, for the reader in documents.py and the writer in yamldump.py.

Mirrors goyaml.v2's resolve.go (sigs.k8s.io/yaml v1.6), which follows YAML 1.1: `yes` and `on` are booleans.
"""

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
# Values of plain scalars other than numbers. Case counts: goyaml knows "yes", "Yes" and "YES", but not "yEs".
_WORDS: dict[str, Any] = {
    "": None,
    **_IN_EACH_CASE,
    **{word.title(): value for word, value in _IN_EACH_CASE.items()},
    **{word.upper(): value for word, value in _IN_EACH_CASE.items()},
    **dict.fromkeys([".nan", ".NaN", ".NAN"], math.nan),
}
_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[1-9][0-9]*|0)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")


def plain_value(text: str) -> Any:
    """The value of a scalar without quotes: None, a boolean, a number, or the text itself. Dates stay text."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    bare = text if text[0] == "." else text.replace("_", "")  # YAML 1.1 allows 1_000
    if _INTEGER.fullmatch(bare):
        whole = _integer(bare)
        if -(2**63) <= whole < 2**63:
            return whole
    if _FLOAT.fullmatch(bare) and not math.isinf(float(bare)):
        return float(bare)
    return text


def _integer(text: str) -> int:
    """The value of an integer in Go's base 0, in which a leading 0 means octal.

    Only 100 characters are read: even those exceed 64 bits, and `int` is slow with long texts.
    """
    return int(re.sub(r"^([-+]?)0(?=[0-7])", r"\g<1>0o", text)[:100], 0)
