"""JSON as Go reads and writes it, with its sentences for what is broken. Mirrors encoding/json, Go 1.26."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from functools import partial
from string import hexdigits
from typing import Any, NamedTuple

from kubesim.gotext.gofmt import LONGEST_WITHOUT_EXPONENT, escaped, sprint

MAX_DEPTH = 250  # Go's is 10,000; a walk in Python gets as deep as the interpreter lets it
END = "unexpected end of JSON input"
TOO_DEEP = "exceeded max depth"
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")  # two of them make one character, and one alone none
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_HUGE = re.compile(r"[0-9]{19}|[0-9.][eE]\+?[0-9]{3}")  # what may not be a number of 64 bits
_LONGEST_INTEGER = 20  # characters of a number of 64 bits


class JSONError(ValueError):
    """Text that is no JSON: Go's sentence, "unexpected end of JSON input", and how many bytes Go has read."""

    def __init__(self, sentence: str, read: int = 0) -> None:
        super().__init__(sentence)
        self.read = read


def loads(text: str) -> Any:
    """The plain value of a JSON text: str, int of 64 bits, finite float, bool, None, list or dict, MAX_DEPTH deep.

    Raises JSONError.
    """
    text = valid(text)
    numbers: dict[str, Any] = {"parse_int": _number, "parse_float": _number} if _HUGE.search(text) else {}
    try:
        value = json.loads(text, parse_constant=partial(_refuse_constant, text), **numbers)
    except RecursionError:
        raise JSONError(TOO_DEEP) from None
    except json.JSONDecodeError as error:
        raise _go_error(text, error) from None
    may_be_deep = text.count("[") + text.count("{") > MAX_DEPTH
    if may_be_deep and len(list(levels(value))) > MAX_DEPTH + 1:
        raise JSONError(TOO_DEEP)
    if _ESCAPED_SURROGATE.search(text):  # has become one in the value, where `valid` doesn't reach
        value = json.loads(valid(json.dumps(value, ensure_ascii=False)))
    return value


def valid(text: str) -> str:
    """`text` with U+FFFD for whatever is no Unicode (Python's surrogates), as Go writes it."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def levels(value: Any) -> Iterator[list[Any]]:
    """The value itself, then what its list or map holds, then what those hold, and so on."""
    level = [value]
    while level:
        yield level
        maps = [item for value in level if isinstance(value, dict) for item in value.values()]
        level = maps + [item for value in level if isinstance(value, list) for item in value]


def _number(digits: str) -> int | float:
    """A whole number of 64 bits as it is, any other one as a float."""
    if len(digits) <= _LONGEST_INTEGER and digits.removeprefix("-").isdecimal() and -(2**63) <= int(digits) < 2**63:
        return int(digits)
    value = float(digits)
    if math.isinf(value):
        raise JSONError(f"json: cannot unmarshal number {digits} into Go value of type float64")
    return value


def _refuse_constant(text: str, name: str) -> Any:
    """Refuse NaN and Infinity, which Python takes, where they stand outside of strings."""
    without_strings = _STRING.sub(lambda string: " " * len(string[0]), text)
    raise json.JSONDecodeError("Expecting value", text, without_strings.index(name))


_JSON_TYPES: dict[type, str] = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "bool",
    int: "number",
    float: "number",
    type(None): "null",
}


def mismatch(value: Any, into: str, whole: bool = False) -> str:
    """Go's sentence for a decoded value of the wrong type; where a `whole` number is wanted, with the number."""
    word = _JSON_TYPES[type(value)]
    if whole and word == "number":
        word += f" {sprint(value)}"
    return f"json: cannot unmarshal {word} into Go {into}"


class _Stop(NamedTuple):
    """Where Go's scanner stops, and where it is in the grammar then."""

    at: int
    context: str


# By how the message of Python's decoder begins. A text that is refused so: [], {a:1}, {"a" 1}, 1 2, "a<line end>".
_CONTEXTS = {
    "Expecting property name": "looking for beginning of object key string",
    "Expecting ':'": "after object key",
    "Extra data": "after top-level value",
    "Unexpected UTF-8 BOM": "looking for beginning of value",
    "Invalid control character": "in string literal",
}
_NO_VALUE = "looking for beginning of value"
_LITERALS = {"t": "true", "f": "false", "n": "null"}


def _go_error(text: str, error: json.JSONDecodeError) -> JSONError:
    """What Go says of a text that Python's decoder has refused."""
    stop = _stop(text, error.msg, error.pos)
    if stop.at >= len(text) or error.msg.startswith("Unterminated"):
        return JSONError(END, len(text.encode()))
    first_byte = text[stop.at].encode()[:1].decode("latin-1")  # Go scans, and quotes, bytes
    quoted = {"'": r"'\''", '"': "'\"'"}.get(first_byte) or f"'{escaped(first_byte)}'"
    return JSONError(f"invalid character {quoted} {stop.context}", len(text[: stop.at].encode()) + 1)


def _stop(text: str, message: str, at: int) -> _Stop:
    """Where Go stops in a text of which Python's decoder says `message` at a place."""
    if message == "Expecting value":
        return _stop_in_value(text, at)
    if message.startswith("Invalid \\u"):  # "\u12x": Python points at the u, Go at what is no digit
        at += 1
        while at < len(text) and text[at] in hexdigits:
            at += 1
        return _Stop(at, r"in \u hexadecimal character escape")
    if message.startswith("Invalid \\"):  # "\x": Python points at the backslash, Go at the letter
        return _Stop(at + 1, "in string escape code")
    if message.startswith("Illegal trailing comma"):  # [1, ]: as Python 3.13 puts it, pointing at the comma
        at = len(text) - len(text[at + 1 :].lstrip())
        return _Stop(at, _NO_VALUE if text[at] == "]" else _CONTEXTS["Expecting property name"])
    for beginning, context in _CONTEXTS.items():
        if message.startswith(beginning):
            return _Stop(at, context)
    return _Stop(at, "after object key:value pair" if _is_in_object(text[:at]) else "after array element")


def _stop_in_value(text: str, at: int) -> _Stop:
    """Where Go's scanner stops in what is no value, though it may begin as one."""
    first = text[at : at + 1]
    if first == "-":
        return _Stop(at + 1, "in numeric literal")
    literal = _LITERALS.get(first)
    if literal is None:
        return _Stop(at, _NO_VALUE)
    right = 1
    while text[at + right : at + right + 1] == literal[right]:
        right += 1
    return _Stop(at + right, f"in literal {literal} (expecting '{literal[right]}')")


_CLOSED = re.compile(r"\{[^][{}]*\}|\[[^][{}]*\]")


def _is_in_object(text: str) -> bool:
    """Whether the innermost bracket that `text` leaves open is that of an object."""
    left = _STRING.sub("", text)
    closed = 1
    while closed:  # what was around a pair that is gone may be a pair now
        left, closed = _CLOSED.subn("", left)
    return left.rfind("{") > left.rfind("[")


_ESCAPED = re.compile("[<>&\u2028\u2029]")
_MAY_BE_SMALL = re.compile(r"(?:^|[:,\[\s])-?[0-9.]+e-")  # quick, for few texts have small numbers
_STRING_OR_SMALL = re.compile(_STRING.pattern + r"|[0-9.]+e-[0-9]+")


def dumps(value: Any, sort: bool = True, indent: int | None = None) -> str:
    """A value as Go marshals it: keys sorted (of a map; a struct's are not), no spaces, and <, >, & escaped."""
    separators = (",", ":" if indent is None else ": ")
    text = json.dumps(whole(value), sort_keys=sort, separators=separators, indent=indent, ensure_ascii=False)
    if _MAY_BE_SMALL.search(text):
        text = _STRING_OR_SMALL.sub(_small, text)
    return escape(text)


def escape(text: str) -> str:
    """JSON with those letters as escapes that HTML or JavaScript would take for something else."""
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _small(match: re.Match[str]) -> str:
    """A string as it is, and a small number with an exponent only where Go writes one: 0.00001, but 1e-7."""
    if match[0].startswith('"'):
        return match[0]
    digits, _, exponent = match[0].partition("e-")
    zeros = int(exponent) - 1
    if zeros > 5:
        return f"{digits}e-{int(exponent)}"
    return "0." + "0" * zeros + digits.replace(".", "")


def whole(value: Any) -> Any:
    """Floats without a fraction as integers, as Go writes them."""
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole(item) for item in value]
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < LONGEST_WITHOUT_EXPONENT
    return int(value) if is_whole else value
