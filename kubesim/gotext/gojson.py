"""JSON as Go reads and writes it.

Mirrors encoding/json, Go 1.26. The messages of syntax errors are in jsonerrors.py.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from kubesim.gotext.gofmt import QUOTED, is_whole, sprint

MAX_DEPTH = 250  # Go's limit is 10,000; here Python's recursion limit bounds the walks
TOO_DEEP = "exceeded max depth"
_SURROGATE = "[\ud800-\udfff]"
_ESCAPED_SURROGATE = r"\\u[dD][89a-fA-F]"  # a pair is one character; a single one is invalid
_HUGE = r"[0-9]{19}|[0-9.][eE]\+?[0-9]{3}"  # numbers that may not fit 64 bits
_LONGEST_INTEGER = 20  # characters of a 64-bit integer
_JSON_TYPES: dict[type, str] = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "bool",
    int: "number",
    float: "number",
    type(None): "null",
}
_ESCAPED = "[<>&\u2028\u2029]"
_MAY_HOLD_FLOAT = r"[:,\[\s]-?[0-9]+[.e]"  # a cheap test for floats, which are rare
_STRING_OR_SMALL = rf"{QUOTED.pattern}|[0-9.]+e-[0-9]+"


class JSONError(ValueError):
    """Invalid JSON. The message is Go's; `read` is the number of bytes that Go has read."""

    def __init__(self, sentence: str, read: int = 0) -> None:
        super().__init__(sentence)
        self.read = read


def loads(text: str) -> Any:
    """Decode a JSON text to str, int of 64 bits, finite float, bool, None, list or dict, at most MAX_DEPTH levels deep.

    Raises JSONError.
    """
    text = without_surrogates(text)
    readers: dict[str, Any] = {"parse_constant": partial(_refuse_constant, text)}
    if re.search(_HUGE, text):  # otherwise Python's own, faster number parser is used
        readers.update(parse_int=_number, parse_float=_number)
    try:
        value = json.loads(text, **readers)
    except RecursionError:
        raise JSONError(TOO_DEEP) from None
    except json.JSONDecodeError as error:
        from kubesim.gotext.jsonerrors import problem  # late: few texts are invalid

        raise JSONError(*problem(text, error)) from None
    may_be_deep = text.count("[") + text.count("{") > MAX_DEPTH  # a cheap test that few texts pass
    if may_be_deep and len(list(levels(value))) > MAX_DEPTH + 1:
        raise JSONError(TOO_DEEP)
    if re.search(_ESCAPED_SURROGATE, text):  # an escape becomes a surrogate only in the value
        value = json.loads(without_surrogates(json.dumps(value, ensure_ascii=False)))
    return value


def without_surrogates(text: str) -> str:
    """`text` with U+FFFD in place of Python's surrogates, as Go writes invalid Unicode."""
    return text if text.isascii() else re.sub(_SURROGATE, "\ufffd", text)


def levels(value: Any) -> Iterator[list[Any]]:
    """The levels of a value: the value itself, then the items of its list or map, then their items, and so on."""
    level = [value]
    while level:
        yield level
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below += item.values()
            elif isinstance(item, list):
                below += item
        level = below


def _number(digits: str) -> int | float:
    """A 64-bit integer as int, any other number as float."""
    is_integer = len(digits) <= _LONGEST_INTEGER and digits.removeprefix("-").isdecimal()
    if is_integer and -(2**63) <= int(digits) < 2**63:
        return int(digits)
    value = float(digits)
    if math.isinf(value):
        raise JSONError(f"json: cannot unmarshal number {digits} into Go value of type float64")
    return value


def _refuse_constant(text: str, name: str) -> Any:
    """Raise JSONDecodeError at a NaN or Infinity outside strings. Python would accept it."""
    without_strings = QUOTED.sub(lambda string: " " * len(string[0]), text)
    raise json.JSONDecodeError("Expecting value", text, without_strings.index(name))


def mismatch(value: Any, into: str, is_integer_expected: bool = False) -> str:
    """Go's message for a value of the wrong type. If an integer was expected, it includes the number."""
    word = _JSON_TYPES[type(value)]
    if is_integer_expected and word == "number":
        word += f" {sprint(value)}"
    return f"json: cannot unmarshal {word} into Go {into}"


def dumps(value: Any, sort: bool = True, indent: int | None = None) -> str:
    """Encode a value as json.Marshal does: no spaces, <, >, & escaped, and keys sorted as a map's (`sort`)."""
    colon = ":" if indent is None else ": "
    encode = partial(json.dumps, sort_keys=sort, separators=(",", colon), indent=indent, ensure_ascii=False)
    text = encode(value)
    if isinstance(value, float) or re.search(_MAY_HOLD_FLOAT, text):
        text = re.sub(_STRING_OR_SMALL, _small, encode(whole(value)))
    return escape(text)


def escape(text: str) -> str:
    """JSON with the characters escaped that are special in HTML or JavaScript."""
    return re.sub(_ESCAPED, lambda match: f"\\u{ord(match[0]):04x}", text)


def _small(match: re.Match[str]) -> str:
    """The match itself if it is a string, else a small number in Go's format: 0.00001, but 1e-7."""
    if match[0].startswith('"'):
        return match[0]
    digits, _, exponent = match[0].partition("e-")
    zeros = int(exponent) - 1
    if zeros > 5:
        return f"{digits}e-{int(exponent)}"
    return "0." + "0" * zeros + digits.replace(".", "")


def whole(value: Any) -> Any:
    """`value` with floats that have no fraction as integers, as Go writes them."""
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole(item) for item in value]
    return int(value) if isinstance(value, float) and is_whole(value) else value
