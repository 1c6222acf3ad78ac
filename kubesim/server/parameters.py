"""Values in the query of a URL, read as Go reads them.

Mirrors k8s.io/apimachinery pkg/runtime/conversion.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from kubesim.api.errors import bad_request
from kubesim.gotext import gojson

_WHOLE = re.compile(r"[+-]?[0-9]+")
_LARGEST = 2**63 - 1
_MOST_DIGITS = 25


def whole(query: Mapping[str, str], name: str) -> int | None:
    """A whole number of 64 bits, or None where there is none. Raises StatusError (BadRequest)."""
    text = query.get(name, "")
    if not text:
        return None
    if not _WHOLE.fullmatch(text):
        raise _refused(text, "invalid syntax")
    number = int(text[:_MOST_DIGITS])
    if abs(number) > _LARGEST:
        raise _refused(text, "value out of range")
    return number


def _refused(text: str, why: str) -> Exception:
    return bad_request(f"strconv.ParseInt: parsing {gojson.quote(text)}: {why}")


def is_set(query: Mapping[str, str], name: str) -> bool:
    """Whether a switch is on: with any word but false and 0."""
    return query.get(name, "false").lower() not in ("false", "0")
