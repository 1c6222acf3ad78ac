"""JSON and base64 as Go reads and writes them: its sentences for broken ones, and how fmt prints a decoded value.

Mirrors encoding/json, encoding/base64 and fmt's %q and %v, Go 1.26.
"""

from __future__ import annotations

import json
import math
import re
from base64 import b64decode
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")
_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # in JSON, two of them make one character, and one alone none
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_HUGE = re.compile(r"[0-9]{19}|[0-9.][eE]\+?[0-9]{3}")  # what may not be a number of 64 bits
_LONGEST_INTEGER = 20  # characters of a number of 64 bits
_CLOSED = re.compile(r"\{[^][{}]*\}|\[[^][{}]*\]")
END = "unexpected end of JSON input"
TOO_DEEP = "exceeded max depth"
# What Python's decoder found, by the beginning of its message, and where Go's scanner was then.
_CONTEXTS = {
    "Expecting value": "looking for beginning of value",
    "Expecting property name": "looking for beginning of object key string",
    "Expecting ':'": "after object key",
    "Extra data": "after top-level value",
    "Unexpected UTF-8 BOM": "looking for beginning of value",
    "Invalid control character": "in string literal",
    "Invalid \\u": r"in \u hexadecimal character escape",
    "Invalid \\": "in string escape code",
}
_LITERALS = {"t": "true", "f": "false", "n": "null"}
_HEXADECIMAL = re.compile("[0-9A-Fa-f]*")


MAX_DEPTH = 250  # Go's is 10,000; a walk in Python gets as deep as the interpreter lets it


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
    try:
        numbers: dict[str, Any] = {"parse_int": _number, "parse_float": _number} if _HUGE.search(text) else {}
        value = json.loads(text, parse_constant=partial(_refuse_constant, text), **numbers)
    except RecursionError:
        raise JSONError(TOO_DEEP) from None
    except json.JSONDecodeError as error:
        raise JSONError(*_problem(text, error)) from None
    if text.count("[") + text.count("{") > MAX_DEPTH and any(islice(levels(value), MAX_DEPTH + 1, None)):
        raise JSONError(TOO_DEEP)
    if _HALF.search(text):
        value = json.loads(valid(json.dumps(value, ensure_ascii=False)))
    return value


def _number(digits: str) -> int | float:
    """A whole number of 64 bits as it is, any other one as a float."""
    if len(digits) <= _LONGEST_INTEGER and digits.removeprefix("-").isdecimal() and -(2**63) <= int(digits) < 2**63:
        return int(digits)
    value = float(digits)
    if math.isinf(value):
        raise JSONError(f"json: cannot unmarshal number {digits} into Go value of type float64")
    return value


def levels(value: Any) -> Iterator[list[Any]]:
    """The value itself, then what its list or map holds, then what those hold, and so on."""
    level = [value]
    while level:
        yield level
        maps = [item for value in level if isinstance(value, dict) for item in value.values()]
        level = maps + [item for value in level if isinstance(value, list) for item in value]


# The words of a type in JSON and in Go.
_TYPES: dict[type, tuple[str, str]] = {
    dict: ("object", "map[string]interface {}"),
    list: ("array", "[]interface {}"),
    str: ("string", "string"),
    bool: ("bool", "bool"),
    int: ("number", "int64"),
    float: ("number", "float64"),
    type(None): ("null", "<nil>"),
}


def mismatch(value: Any, into: str, whole: bool = False) -> str:
    """Go's sentence for a decoded value of the wrong type; where a `whole` number is wanted, with the number."""
    word = _TYPES[type(value)][0]
    if whole and word == "number":
        word += f" {sprint(value)}"
    return f"json: cannot unmarshal {word} into Go {into}"


def valid(text: str) -> str:
    """`text` with U+FFFD for whatever is no Unicode (Python's surrogates), as Go writes it."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _refuse_constant(text: str, name: str) -> Any:
    raise json.JSONDecodeError("Expecting value", text, _STRING.sub(_blank, text).index(name))


def _blank(string: re.Match[str]) -> str:
    return " " * len(string[0])


def _problem(text: str, error: json.JSONDecodeError) -> tuple[str, int]:
    at = error.pos
    contexts = [context for message, context in _CONTEXTS.items() if error.msg.startswith(message)]
    if error.msg == "Expecting value":
        at, contexts = _no_value(text, at)
    elif error.msg.startswith("Invalid \\u"):  # Python points at the u, Go at what is no digit
        digits = _HEXADECIMAL.match(text, at + 1)
        at = digits.end() if digits else at
    elif error.msg.startswith("Invalid \\") and text[at] == "\\":
        at += 1
    if error.msg.startswith("Illegal trailing comma"):  # as Python 3.13 puts it
        at = len(text) - len(text[at + 1 :].lstrip())
        contexts = [_CONTEXTS["Expecting value" if text[at] == "]" else "Expecting property name"]]
    if at >= len(text) or error.msg.startswith("Unterminated"):
        return END, len(text.encode())
    if not contexts:
        contexts = ["after object key:value pair" if _in_object(text[:at]) else "after array element"]
    first = text[at].encode()[:1].decode("latin-1")  # Go scans, and quotes, bytes
    quoted = {"'": r"'\''", '"': "'\"'"}.get(first) or f"'{_escaped(first)}'"
    return f"invalid character {quoted} {contexts[0]}", len(text[:at].encode()) + 1


def _no_value(text: str, at: int) -> tuple[int, list[str]]:
    """Where Go's scanner stops in what is no value, though it may begin as one, and where it then was."""
    first = text[at : at + 1]
    if first == "-":
        return at + 1, ["in numeric literal"]
    if first in _LITERALS:
        literal = _LITERALS[first]
        right = next(count for count, letter in enumerate(literal) if text[at + count :][:1] != letter)
        return at + right, [f"in literal {literal} (expecting '{literal[right]}')"]
    return at, [_CONTEXTS["Expecting value"]]


def _in_object(text: str) -> bool:
    """Whether the innermost bracket that `text` leaves open is that of an object."""
    count, text = 1, _STRING.sub("", text)
    while count:
        text, count = _CLOSED.subn("", text)
    return text.rfind("{") > text.rfind("[")


_ESCAPES = {"\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v", "\\": r"\\"}


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def quote(text: str) -> str:
    """A string as Go's %q writes it."""
    return '"' + "".join(r"\"" if char == '"' else _escaped(char) for char in text) + '"'


_LONGEST_WITHOUT_EXPONENT = 1e21


def dumps(value: Any, sort: bool = True, indent: int | None = None) -> str:
    """A value as Go marshals it: keys sorted (of a map; a struct's are not), no spaces, and <, >, & escaped."""
    separators = (",", ":" if indent is None else ": ")
    text = json.dumps(whole(value), sort_keys=sort, separators=separators, indent=indent, ensure_ascii=False)
    return re.sub("[<>&\u2028\u2029]", lambda match: f"\\u{ord(match[0]):04x}", text)


def whole(value: Any) -> Any:
    """Floats without a fraction as integers, as Go writes them."""
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole(item) for item in value]
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < _LONGEST_WITHOUT_EXPONENT
    return int(value) if is_whole else value


def sprint(value: Any) -> str:
    """A decoded JSON value as fmt's %v prints it: "map[a:1 b:[x y]]"."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{sprint(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(sprint, value)) + "]"
    if value is None or isinstance(value, bool):
        return {None: "<nil>", True: "true", False: "false"}[value]
    return number(value) if isinstance(value, float) else str(value)


def number(value: float) -> str:
    """A number as Go writes it in JSON: "1", "1.5", "1e+21"."""
    if value != value or value in (float("inf"), float("-inf")):
        return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}[str(value)]
    if value == int(value) and abs(value) < _LONGEST_WITHOUT_EXPONENT:
        return str(int(value))
    return re.sub(r"e([+-])0", r"e\1", repr(value))


def type_name(value: Any) -> str:
    """The Go type of a decoded JSON value: "map[string]interface {}"."""
    return _TYPES[type(value)][1]


def syntax(value: Any) -> str:
    """A decoded JSON value as Go source, as fmt's %#v prints it."""
    if isinstance(value, dict):
        entries = ", ".join([f"{quote(key)}:{syntax(value[key])}" for key in sorted(value)])
        return f"{type_name(value)}{{{entries}}}"
    if isinstance(value, list):
        return f"{type_name(value)}{{{', '.join(map(syntax, value))}}}"
    if isinstance(value, str):
        return quote(value)
    return "interface {}(nil)" if value is None else sprint(value)


def code_point(char: str) -> str:
    """A character as fmt's %#U prints it: "U+002A '*'"."""
    return f"U+{ord(char):04X}" + (f" '{char}'" if char.isprintable() else "")


_UNQUOTED = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "'": "'"}


def unquote(body: str) -> str:
    r"""The text between quotes, `body`, with \n, \t and the like. Raises ValueError."""
    try:
        return re.sub(r"\\(.?)", lambda match: _UNQUOTED[match[1]], body, flags=re.DOTALL)
    except KeyError:
        raise ValueError("invalid syntax") from None


_BASE64 = re.compile(r"[A-Za-z0-9+/\r\n]*")
_LINE_ENDS = re.compile(r"[\r\n]*")


def decode_base64(text: str, padded: bool = True) -> bytes:
    """The bytes of `text`; line ends in it don't count. Without `padded` the text ends where its digits end.

    Raises ValueError: "illegal base64 data at input byte 3".
    """
    wrong = _misplaced(text, padded)
    if wrong is not None:
        raise ValueError(f"illegal base64 data at input byte {wrong}")
    digits = text.replace("\r", "").replace("\n", "").replace("=", "")
    return b64decode(digits + "=" * (-len(digits) % 4))


def _misplaced(text: str, padded: bool) -> int | None:
    """Where Go's decoder stops, which is not always the byte that is wrong; None where nothing is."""
    at = _end(_BASE64, text, 0)
    pending = (at - text.count("\r", 0, at) - text.count("\n", 0, at)) % 4
    if at == len(text):
        return at - pending if pending == 1 or (pending and padded) else None
    if text[at] != "=" or not padded or pending < 2:
        return at
    at = _end(_LINE_ENDS, text, at + 1)
    if pending == 2:
        if text[at : at + 1] != "=":
            return at - 1 if at < len(text) else at
        at = _end(_LINE_ENDS, text, at + 1)
    return at if at < len(text) else None


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.match(text, start)
    return match.end() if match else start
