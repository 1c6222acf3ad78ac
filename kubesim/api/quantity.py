"""Quantities such as "500m" and "64Mi": reading them and writing them as the API server does.

Mirrors k8s.io/apimachinery pkg/api/resource/quantity.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_UP, Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NamedTuple

_SHAPE = re.compile(r"([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)")
_FORMAT_WRONG = r"quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_SUFFIXES = {power: suffix for suffix, power in _DECIMAL.items()}
_BINARY = ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_EXPONENT = re.compile(r"[eE]([+-]?[0-9]{1,3})")
_NANO = Decimal("1e-9")
# Go caps what exceeds an int64; this much precision is beyond every quantity that is stored.
_CONTEXT = Context(prec=60, rounding=ROUND_UP)
_MAX = Decimal(2**63 - 1)


def _split(text: str) -> tuple[Decimal, str]:
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise ValueError(_FORMAT_WRONG)
    number, suffix = match.groups()
    if suffix not in _DECIMAL and suffix not in _BINARY and not _EXPONENT.fullmatch(suffix):
        raise ValueError("unable to parse quantity's suffix")
    try:
        return Decimal(number), suffix
    except InvalidOperation:
        raise ValueError("unable to parse numeric part of quantity") from None


def _factor(suffix: str) -> Decimal:
    if suffix in _BINARY:
        return Decimal(1024) ** (_BINARY.index(suffix) + 1)
    if exponent := _EXPONENT.fullmatch(suffix):
        return Decimal(1).scaleb(int(exponent[1]))
    return Decimal(1).scaleb(_DECIMAL[suffix])


def whole(digits: str) -> int:
    """The number with these decimal digits; where it exceeds an int64, one of that size."""
    return int(digits.lstrip("0")[:18] or 0)


def int_or_string(text: str) -> int | str:
    """What Kubernetes calls an IntOrString: a number of 32 bits, or else a percentage or name."""
    number = int(text) if re.fullmatch("[-+]?[0-9]{1,18}", text) else 2**31
    return number if -(2**31) <= number < 2**31 else text


@lru_cache(maxsize=1024)
def parse(text: str) -> Decimal:
    """The value of `text` in whole nanos (rounded away from zero). Raises ValueError with Go's sentence."""
    number, suffix = _split(text)
    value = _CONTEXT.multiply(number, _factor(suffix))
    return max(-_MAX, min(_MAX, value)).quantize(_NANO, context=_CONTEXT)


@lru_cache(maxsize=1024)
def canonical(text: str) -> str:
    """`text` as the API server writes it: "1024Mi" is "1Gi", "0.5" is "500m". Raises ValueError with Go's sentence."""
    value = parse(text)
    _, suffix = _split(text)
    if not value:
        return "0"
    if suffix in _BINARY and abs(value) >= 1024:
        return _binary(int(value.to_integral_value(ROUND_UP)))
    return _decimal(value, exponent=bool(_EXPONENT.fullmatch(suffix)))


def _binary(value: int) -> str:
    suffix = ""
    for larger in _BINARY:
        if value % 1024:
            break
        value //= 1024
        suffix = larger
    return f"{value}{suffix}"


def _decimal(value: Decimal, exponent: bool) -> str:
    number = int(value / _NANO)
    power = -9
    while number % 1000 == 0 and power < 18:
        number //= 1000
        power += 3
    if exponent:
        return f"{number}e{power}" if power else str(number)
    return f"{number}{_SUFFIXES[power]}"


class Amount(NamedTuple):
    """A quantity as Go keeps it: `value` times ten to the power of `scale`, and its text where that is kept."""

    value: int
    scale: int
    text: str
    form: str


def amount_of(text: str) -> Amount:
    """A canonical quantity as ParseQuantity reads it, where it has no more digits than an int64."""
    number, suffix = _split(text)
    if suffix in _BINARY:
        kept_text = text if int(number) % 8 else ""
        return Amount(int(number * _factor(suffix)), 0, kept_text, "BinarySI")
    if exponent := _EXPONENT.fullmatch(suffix):
        return Amount(int(number), int(exponent[1]), text, "DecimalExponent")
    return Amount(int(number), _DECIMAL[suffix], text, "DecimalSI")


def of_field(resources: Mapping[str, Any], reference: Mapping[str, Any]) -> str:
    """What a resourceFieldRef such as limits.cpu is of a container's `resources`, in its divisor, rounded up.

    Mirrors ExtractContainerResourceValue in k8s.io/kubectl pkg/util/resource/resource.go, v1.36.
    """
    which, _, name = str(reference.get("resource", "")).partition(".")
    amount = parse(str((resources.get(which) or {}).get(name, 0)))
    divisor = parse(str(reference.get("divisor") or 0)) or Decimal(1)
    return str(int((amount / divisor).to_integral_value(ROUND_CEILING)))
