"""Go's words for JSON: what its decoder says of a text that is not JSON, and how fmt prints a decoded value.

Mirrors encoding/json scanner.go and fmt's %v, Go 1.26.
"""

from __future__ import annotations

import json
import re
from typing import Any

MAX_DEPTH = 10_000
_SPACE = re.compile(r"[ \t\r\n]*")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_DIGITS = re.compile(r"[0-9]*")
_SURROGATE = re.compile("[\ud800-\udfff]")
_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # in JSON, two of them make one character, and one alone none
END = "unexpected end of JSON input"


def loads(text: str) -> Any:
    """The value of a JSON text. Raises ValueError with Go's sentence: "unexpected end of JSON input"."""
    try:
        return parse(text)
    except ValueError:
        raise ValueError(syntax_error(text) or "exceeded max depth") from None


def parse(text: str) -> Any:
    """As `loads`, at once also for a long text that is no JSON: the ValueError says nothing."""
    try:
        value = json.loads(valid(text), parse_constant=_no_constant)
    except RecursionError:
        raise ValueError from None
    return _valid_strings(value) if _HALF.search(text) else value


def valid(text: str) -> str:
    """`text` with U+FFFD for whatever is no Unicode (Python's surrogates), as Go writes it."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _valid_strings(value: Any) -> Any:
    if isinstance(value, dict):
        return {valid(key): _valid_strings(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_valid_strings(item) for item in value]
    return valid(value) if isinstance(value, str) else value


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def syntax_error(text: str) -> str | None:
    """What Go says of `text`, or None when it is JSON."""
    found = syntax_problem(text)
    return found[0] if found else None


def syntax_problem(text: str) -> tuple[str, int] | None:
    """What Go says of `text` and how many bytes it has read until then, or None when it is JSON."""
    scanner = _Scanner(text.encode("utf-8", "surrogatepass").decode("latin-1"))  # Go scans, and tells, bytes
    try:
        scanner.scan()
    except ValueError as error:
        return str(error), scanner.at + 1
    return None


class _Scanner:
    """Walks one text; raises ValueError at the first character that Go's scanner refuses."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def scan(self) -> None:
        """Read one value and nothing after it. Nesting is kept in a list, as Go does, not on Python's stack."""
        closers: list[str] = []
        self._open(closers)
        while closers:
            self._after_value(closers)
        self._skip(_SPACE)
        if self.at < len(self.text):
            self._refuse("after top-level value")

    def _peek(self) -> str:
        if self.at >= len(self.text):
            raise ValueError(END)
        return self.text[self.at]

    def _refuse(self, context: str) -> None:
        raise ValueError(f"invalid character {quote_char(self._peek())} {context}")

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return match.end() - match.start() if match else 0

    def _open(self, closers: list[str]) -> None:
        """Read the start of a value: a whole scalar, or everything up to the first scalar inside."""
        while True:
            self._skip(_SPACE)
            char = self._peek()
            if char not in "{[":
                return self._scalar(char)
            self.at += 1
            self._skip(_SPACE)
            if self._peek() == ("}" if char == "{" else "]"):
                self.at += 1
                return None
            if len(closers) >= MAX_DEPTH:
                raise ValueError("exceeded max depth")
            closers.append("}" if char == "{" else "]")
            if char == "{":
                self._key()

    def _key(self) -> None:
        self._skip(_SPACE)
        if self._peek() != '"':
            self._refuse("looking for beginning of object key string")
        self._string()
        self._skip(_SPACE)
        if self._peek() != ":":
            self._refuse("after object key")
        self.at += 1

    def _after_value(self, closers: list[str]) -> None:
        self._skip(_SPACE)
        char, closer = self._peek(), closers[-1]
        if char not in (",", closer):
            self._refuse("after object key:value pair" if closer == "}" else "after array element")
        self.at += 1
        if char == closer:
            closers.pop()
            return
        if closer == "}":
            self._key()
        self._open(closers)

    def _scalar(self, char: str) -> None:
        if char == '"':
            self._string()
        elif char in "tfn":
            self._literal({"t": "true", "f": "false", "n": "null"}[char])
        elif char == "-" or char in "0123456789":
            self._number()
        else:
            self._refuse("looking for beginning of value")

    def _literal(self, word: str) -> None:
        for index, letter in enumerate(word):
            if index and self._peek() != letter:
                self._refuse(f"in literal {word} (expecting {quote_char(letter)})")
            self.at += 1

    def _string(self) -> None:
        self.at += 1
        while True:
            self._skip(_PLAIN)
            char = self._peek()
            if char not in '"\\':
                self._refuse("in string literal")
            self.at += 1
            if char == '"':
                return
            self._escape()

    def _escape(self) -> None:
        char = self._peek()
        if char not in 'bfnrt\\/"u':
            self._refuse("in string escape code")
        self.at += 1
        for _ in range(4 if char == "u" else 0):
            if self._peek() not in "0123456789abcdefABCDEF":
                self._refuse("in \\u hexadecimal character escape")
            self.at += 1

    def _number(self) -> None:
        if self._peek() == "-":
            self.at += 1
            if self._peek() not in "0123456789":
                self._refuse("in numeric literal")
        if self._peek() == "0":
            self.at += 1
        else:
            self._skip(_DIGITS)
        if self.text.startswith(".", self.at):
            self._more_digits("after decimal point in numeric literal")
        if self.text.startswith(("e", "E"), self.at):
            sign = self.text.startswith(("+", "-"), self.at + 1)
            self.at += sign
            self._more_digits("in exponent of numeric literal")

    def _more_digits(self, context: str) -> None:
        self.at += 1
        self._peek()
        if not self._skip(_DIGITS):
            self._refuse(context)


_ESCAPES = {"\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v", "\\": r"\\"}


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def quote(text: str) -> str:
    """A string as Go's %q writes it."""
    return '"' + "".join(r"\"" if char == '"' else _escaped(char) for char in text) + '"'


def quote_char(char: str) -> str:
    """A character as the JSON scanner quotes it."""
    return {"'": r"'\''", '"': "'\"'"}.get(char) or f"'{_escaped(char)}'"


def dumps(value: Any, sort: bool = True) -> str:
    """A value as Go marshals it: keys sorted (of a map; a struct's are not), no spaces, and <, >, & escaped."""
    text = json.dumps(_whole(value), sort_keys=sort, separators=(",", ":"), ensure_ascii=False)
    return re.sub("[<>&\u2028\u2029]", lambda match: f"\\u{ord(match[0]):04x}", text)


def _whole(value: Any) -> Any:
    """Floats without a fraction as integers, as Go writes them."""
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e21 else value


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
    return str(int(value)) if value == int(value) and abs(value) < 1e21 else re.sub(r"e([+-])0", r"e\1", repr(value))
