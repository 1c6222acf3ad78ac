"""Parser and writer of quantities such as "500m" and "64Mi".

Unlike Go, 60 digits count, an exponent has at most three digits, and binary quantities may exceed an int64. v1.36
writes 1000E as 1; kubesim writes 1e21, like later versions.

Mirrors k8s.io/apimachinery pkg/api/resource/quantity.go, v1.36.
"""

from __future__ import annotations

import re
from decimal import ROUND_UP, Context, Decimal
from functools import lru_cache
from typing import NamedTuple

# The form that Go's scanner accepts. Its error message names a different expression, _FORMAT_WRONG.
_SHAPE = re.compile(r"([+-]?)0*([0-9]*)\.?([0-9]*)([eEinumkKMGTP]*[-+]?[0-9]*)")
_FORMAT_WRONG = r"quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_SUFFIXES = {power: suffix for suffix, power in _DECIMAL.items()}
_BINARY = ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_EXPONENT = "[eE][+-]?[0-9]{1,3}"
_MOST_DIGITS = 999  # keeps exponents of results readable by the same parser
_NANO = Decimal("1e-9")
_CONTEXT = Context(prec=60, rounding=ROUND_UP)
_WHOLE = Decimal("1e50")  # larger values have no nanos among their 60 digits


class _Parts(NamedTuple):
    """The parts of a quantity's text. Mirrors parseQuantityString."""

    sign: str
    whole: str  # digits before the point, without leading zeros
    fraction: str
    suffix: str

    @property
    def form(self) -> str:
        """The name of Go's Format."""
        if self.suffix in _BINARY:
            return "BinarySI"
        return "DecimalSI" if self.suffix in _DECIMAL else "DecimalExponent"

    @property
    def value(self) -> Decimal:
        """The value with 60 digits."""
        number = Decimal(f"{self.sign}0{self.whole}.{self.fraction}")
        if self.suffix in _BINARY:
            return _CONTEXT.multiply(number, Decimal(1024) ** (_BINARY.index(self.suffix) + 1))
        return number.scaleb(self.power, _CONTEXT)

    @property
    def power(self) -> int:
        """The power of ten that the suffix means, 0 for a binary suffix."""
        if self.form == "DecimalExponent":
            return int(self.suffix[1:])
        return _DECIMAL.get(self.suffix, 0)

    @property
    def is_canonical(self) -> bool:
        """True if Go takes the text for canonical and keeps it. Go isn't strict: "1.500" passes."""
        if self.suffix in _BINARY:
            return not self.fraction and int(self.whole[-3:] or 0) % 8 != 0
        scale = self.power - len(self.fraction)
        ends_in_thousands = f"{self.whole}{self.fraction}".endswith("000")
        return self.whole != "" and scale >= -9 and scale % 3 == 0 and not ends_in_thousands


def _take_apart(text: str) -> _Parts:
    """The parts of a quantity's text. Raises ValueError with Go's message."""
    match = _SHAPE.fullmatch(text)
    if match is None or not text:
        raise ValueError(_FORMAT_WRONG)
    written = _Parts(*match.groups())
    if written.form == "DecimalExponent" and not re.fullmatch(_EXPONENT, written.suffix):
        raise ValueError("unable to parse quantity's suffix")
    if len(written.whole) + written.power > _MOST_DIGITS:
        raise ValueError(f"kubesim: a quantity of more than {_MOST_DIGITS} digits is not part of this simulator")
    return written


@lru_cache(maxsize=1024)
def parse(text: str) -> Decimal:
    """The value of `text`, rounded away from zero to whole nanos. Raises ValueError with Go's message."""
    value = _take_apart(text).value
    return value.quantize(_NANO, context=_CONTEXT) if abs(value) < _WHOLE else value


@lru_cache(maxsize=1024)
def canonical(text: str) -> str:
    """`text` as the API server writes it: "1Gi" for "1024Mi", "500m" for "0.5". Raises ValueError with Go's message."""
    written = _take_apart(text)
    if written.is_canonical:
        return text
    value = parse(text)
    if not value:
        return "0"
    is_whole = value == value.to_integral_value()
    if written.form == "BinarySI" and abs(value) >= 1024 and is_whole:
        return _binary(int(value))
    return _decimal(value, written.form)


def _binary(value: int) -> str:
    suffix = ""
    for larger in _BINARY:
        if value % 1024:
            break
        value //= 1024
        suffix = larger
    return f"{value}{suffix}"


def _decimal(value: Decimal, form: str) -> str:
    """A value in the form DecimalSI or DecimalExponent, with the largest suffix that leaves it whole."""
    number = int(value.scaleb(9, _CONTEXT))
    power = -9
    while number % 1000 == 0:
        number //= 1000
        power += 3
    has_exponent = form == "DecimalExponent" and power != 0
    if has_exponent or power not in _SUFFIXES:
        return f"{number}e{power}"
    return f"{number}{_SUFFIXES[power]}"


class Amount(NamedTuple):
    """A quantity in Go's form: `value` times ten to the power of `scale`. `text` is Go's cached text, or ""."""

    value: int
    scale: int
    text: str
    form: str


def amount_of(text: str) -> Amount:
    """Go's representation of a canonical quantity that fits an int64."""
    written = _take_apart(text)
    scale = written.power - len(written.fraction)
    is_kept = written.is_canonical or text == "0"
    return Amount(int(written.value.scaleb(-scale)), scale, text if is_kept else "", written.form)
