"""Values as Go's fmt and strconv print them. Mirrors fmt's %q, %v, %#v and %#U, and strconv.Unquote, Go 1.26."""

from __future__ import annotations

import re
from typing import Any

# Pattern of a string with its quotes.
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
# Escapes by character, and characters by the letter behind the backslash.
_ESCAPED = {"\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v", "\\": r"\\"}
_UNQUOTED = dict(zip("abfnrtv\\", "\a\b\f\n\r\t\v\\", strict=True))
_ESCAPE_PATTERN = r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.?))"
_CONSTANTS = {None: "<nil>", True: "true", False: "false"}
_TYPES: dict[type, str] = {
    dict: "map[string]interface {}",
    list: "[]interface {}",
    str: "string",
    bool: "bool",
    int: "int64",
    float: "float64",
    type(None): "<nil>",
}


def type_name(value: Any) -> str:
    """The Go type of a decoded JSON value: "map[string]interface {}"."""
    return _TYPES[type(value)]


def sprint(value: Any) -> str:
    """A decoded JSON value in the format of %v: "map[a:1 b:[x y]]"."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{sprint(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(sprint, value)) + "]"
    if value is None or isinstance(value, bool):
        return _CONSTANTS[value]
    return _float(value) if isinstance(value, float) else str(value)


def _float(value: float) -> str:
    """A number in the format of %v: 1, 1.5, 1e-05, 1e+21, NaN."""
    text = str(int(value)) if is_whole(value) else repr(value)
    return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}.get(text, text)


def is_whole(value: float) -> bool:
    """True if Go prints a number as an integer, without fraction and exponent."""
    return value.is_integer() and abs(value) < 1e21


def syntax(value: Any, keys: str = "string") -> str:
    """A decoded JSON value as Go source, in the format of %#v. `keys` is the type of a map's keys."""
    if isinstance(value, dict):
        entries = ", ".join([f"{quote(key)}:{syntax(value[key], keys)}" for key in sorted(value)])
        return f"map[{keys}]interface {{}}{{{entries}}}"
    if isinstance(value, list):
        return f"{type_name(value)}{{{', '.join([syntax(item, keys) for item in value])}}}"
    if isinstance(value, str):
        return quote(value)
    return "interface {}(nil)" if value is None else sprint(value)


def code_point(char: str) -> str:
    """A character in the format of %#U: "U+002A '*'"."""
    code = f"U+{ord(char):04X}"
    return f"{code} '{char}'" if char.isprintable() else code


def quote(text: str) -> str:
    """A string in the format of %q."""
    return '"' + "".join(r"\"" if char == '"' else escaped(char) for char in text) + '"'


def quote_char(char: str) -> str:
    """A character in the format of %q."""
    return r"'\''" if char == "'" else f"'{escaped(char)}'"


def escaped(char: str) -> str:
    """A character within quotes: escaped, such as \\n and \\x1b, unless it is printable."""
    if char in _ESCAPED:
        return _ESCAPED[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def unquote(body: str, delimiter: str = '"') -> str:
    r"""Replace the escapes in the text between quotes, `body`. Raises ValueError. Mirrors strconv.Unquote."""
    if "\\" not in body:
        return body

    def value(match: re.Match[str]) -> str:
        byte, short, long, octal, letter = match.groups()
        if short or long:
            return _character(int(short or long, 16))
        if byte or octal:
            number = int(byte, 16) if byte else int(octal, 8)
            # several bytes may form one character, so they stay surrogates for now
            return bytes([number]).decode("utf-8", "surrogateescape")
        return delimiter if letter == delimiter else _UNQUOTED[letter]

    try:
        text = re.sub(_ESCAPE_PATTERN, value, body, flags=re.DOTALL)
    except (KeyError, ValueError):
        raise ValueError("invalid syntax") from None
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _character(code: int) -> str:
    if 0xD800 <= code < 0xE000:
        raise ValueError
    return chr(code)
