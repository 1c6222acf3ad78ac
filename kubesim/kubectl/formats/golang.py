"""Values as Go's fmt and strconv write them, beyond what kubesim.gojson has.

Values are those of JSON; None stands for Go's nil. Mirrors fmt and strconv, Go 1.26.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from kubesim.gojson import quote, sprint

_TYPES: dict[type, str] = {
    dict: "map[string]interface {}",
    list: "[]interface {}",
    str: "string",
    bool: "bool",
    int: "int64",
    float: "float64",
    type(None): "<nil>",
}
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))", re.DOTALL)


def type_name(value: Any) -> str:
    """The Go type of a value decoded from JSON: "map[string]interface {}"."""
    return _TYPES[type(value)]


def float_text(value: float, high: int = 21) -> str:
    """A float as %v prints it; 'g' in strconv's shortest form has `high` 6."""
    if value != value or value in (float("inf"), float("-inf")):
        return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}[str(value)]
    if value == 0:
        return str(value).removesuffix(".0")
    decimal = Decimal(repr(value)).normalize()
    exponent = decimal.adjusted()
    if -4 <= exponent < high:
        return f"{decimal:f}"
    digits = "".join(map(str, decimal.as_tuple().digits))
    mantissa = digits[0] + ("." + digits[1:] if digits[1:] else "")
    return f"{'-' * (value < 0)}{mantissa}e{exponent:+03d}"


def syntax(value: Any) -> str:
    """%#v: the value as Go source."""
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, dict):
        entries = ", ".join([f"{quote(key)}:{syntax(value[key])}" for key in sorted(value)])
        return f"map[string]interface {{}}{{{entries}}}"
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(map(syntax, value)) + "}"
    if value is None:
        return "interface {}(nil)"
    return float_text(value) if isinstance(value, float) else sprint(value)


def code_point(char: str) -> str:
    """%#U: "U+002A '*'"."""
    return f"U+{ord(char):04X}" + (f" '{char}'" if char.isprintable() else "")


def unquote(body: str, delimiter: str) -> str:
    """The text that `body`, taken from between two delimiters, stands for. Raises ValueError, as strconv says it."""

    def replace(match: re.Match[str]) -> str:
        *hexadecimal, octal, char = match.groups()
        code = next((int(digits, 16) for digits in hexadecimal if digits), None)
        code = int(octal, 8) if octal else code
        if char == delimiter or (code is None and char in _ESCAPES):
            return _ESCAPES.get(char, char)
        if code is None or code > 0x10FFFF or 0xD800 <= code < 0xE000 or (octal and code > 0xFF):
            raise ValueError("invalid syntax")
        return chr(code)

    rest = _ESCAPE.sub("", body)
    if "\\" in rest or delimiter in rest or (delimiter != "`" and "\n" in body):
        raise ValueError("invalid syntax")
    return _ESCAPE.sub(replace, body)
