"""What the formats share: how they refuse, and Go's words for values beyond those of kubesim.gotext.gojson.

Values are those of JSON; None stands for Go's nil. Mirrors fmt and strconv, Go 1.26.
"""

from __future__ import annotations

import re
from typing import Any

from kubesim.gotext.gojson import quote, sprint
from kubesim.kubectl.errors import KubectlError


class Literal(int):
    """A whole number that stands in a template: an int of Go, where those of the data are int64."""


_TYPES: dict[type, str] = {
    dict: "map[string]interface {}",
    list: "[]interface {}",
    str: "string",
    bool: "bool",
    int: "int64",
    Literal: "int",
    float: "float64",
    type(None): "<nil>",
}
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "'": "'"}


class FormatError(KubectlError):
    """An output that cannot be made. `message` is its sentence; `stdout` was printed before it."""

    def __init__(self, message: str, stdout: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.stdout = stdout


def type_name(value: Any) -> str:
    """The Go type of a value decoded from JSON: "map[string]interface {}"."""
    return _TYPES[type(value)]


def syntax(value: Any) -> str:
    """%#v: the value as Go source."""
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, dict):
        entries = ", ".join([f"{quote(key)}:{syntax(value[key])}" for key in sorted(value)])
        return f"map[string]interface {{}}{{{entries}}}"
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(map(syntax, value)) + "}"
    return "interface {}(nil)" if value is None else sprint(value)


def code_point(char: str) -> str:
    """%#U: "U+002A '*'"."""
    return f"U+{ord(char):04X}" + (f" '{char}'" if char.isprintable() else "")


def unquote(body: str) -> str:
    r"""The text that stands between quotes as `body`, with \n, \t and the like. Raises FormatError."""
    try:
        return re.sub(r"\\(.?)", lambda match: _ESCAPES[match[1]], body)
    except KeyError:
        raise FormatError("invalid syntax") from None


def natural(text: str) -> list[tuple[int, int, str, int]]:
    """A key for the order in which numbers count by their value, and letters come after other characters."""
    parts = re.findall(r"[0-9]+|[^0-9]", text)
    return [_rank(part, before) for before, part in zip(["", *parts], parts, strict=False)]


def _rank(part: str, before: str) -> tuple[int, int, str, int]:
    if part.isalpha():
        return (0 if before.isdecimal() else 2, 0, part, 0)
    number = part.lstrip("0") if part.isdecimal() else part
    return (1, len(number) if part.isdecimal() else -1, number, len(part))
