"""Go's messages for invalid JSON, derived from the errors of Python's decoder.

Mirrors the errors of encoding/json scanner.go, Go 1.26.
"""

from __future__ import annotations

import json
import re
from string import hexdigits
from typing import NamedTuple

from kubesim.gotext.gofmt import QUOTED, quote_char

END = "unexpected end of JSON input"
# Go's context by the beginning of Python's message, for texts such as [], {a:1}, {"a" 1}, 1 2, "a<line end>".
_CONTEXTS = {
    "Expecting property name": "looking for beginning of object key string",
    "Expecting ':'": "after object key",
    "Extra data": "after top-level value",
    "Unexpected UTF-8 BOM": "looking for beginning of value",
    "Invalid control character": "in string literal",
}
_NO_VALUE = "looking for beginning of value"
_LITERALS = {"t": "true", "f": "false", "n": "null"}
# A pair of brackets with no bracket between them
_CLOSED = re.compile(r"\{[^][{}]*\}|\[[^][{}]*\]")


class Problem(NamedTuple):
    """Go's message, and the number of bytes that Go has read."""

    sentence: str
    read: int


class _Stop(NamedTuple):
    """The offset at which Go's scanner stops, and its place in the grammar."""

    at: int
    context: str


def problem(text: str, error: json.JSONDecodeError) -> Problem:
    """Go's error for a text that Python's decoder has refused."""
    stop = _stop(text, error.msg, error.pos)
    if stop.at >= len(text) or error.msg.startswith("Unterminated"):
        return Problem(END, len(text.encode()))
    first_byte = text[stop.at].encode()[:1].decode("latin-1")  # Go scans and quotes bytes
    read = len(text[: stop.at].encode()) + 1
    return Problem(f"invalid character {quote_char(first_byte)} {stop.context}", read)


def _stop(text: str, message: str, at: int) -> _Stop:
    """The place at which Go stops, given Python's message and the offset in it."""
    if message == "Expecting value":
        return _stop_in_value(text, at)
    if message.startswith("Invalid \\u"):  # "\u12x": Python points at the u, Go at the x
        at += 1
        while at < len(text) and text[at] in hexdigits:
            at += 1
        return _Stop(at, r"in \u hexadecimal character escape")
    if message.startswith("Invalid \\"):  # "\x": Python points at the backslash, Go at the letter
        return _Stop(at + 1, "in string escape code")
    if message.startswith("Illegal trailing comma"):  # [1, ]: as Python 3.13 puts it, pointing at the comma
        at = len(text) - len(text[at + 1 :].lstrip())
        if text[at] == "]":
            return _Stop(at, _NO_VALUE)
        return _Stop(at, _CONTEXTS["Expecting property name"])
    for beginning, context in _CONTEXTS.items():
        if message.startswith(beginning):
            return _Stop(at, context)
    place = "after object key:value pair" if _is_in_object(text[:at]) else "after array element"
    return _Stop(at, place)


def _stop_in_value(text: str, at: int) -> _Stop:
    """The place at which Go stops in an invalid value, which may have begun as a valid one."""
    first = text[at : at + 1]
    if first == "-":
        return _Stop(at + 1, "in numeric literal")
    literal = _LITERALS.get(first)
    if literal is None:
        return _Stop(at, _NO_VALUE)
    right = 1  # the number of characters that are right; not all are, because Python has refused the literal
    while text[at + right : at + right + 1] == literal[right]:
        right += 1
    return _Stop(at + right, f"in literal {literal} (expecting '{literal[right]}')")


def _is_in_object(text: str) -> bool:
    """True if the innermost open bracket in `text` is an object's."""
    brackets = QUOTED.sub("", text)
    removed = 1
    while removed:  # removing a pair may make a pair of the brackets around it
        brackets, removed = _CLOSED.subn("", brackets)
    return brackets.rfind("{") > brackets.rfind("[")
