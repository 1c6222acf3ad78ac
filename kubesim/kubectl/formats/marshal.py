"""Objects as kubectl writes them: JSON, the annotation last-applied-configuration, and YAML.

Mirrors encoding/json (Go 1.26), k8s.io/kubectl pkg/util/apply.go, v1.36, and goyaml.v2's encode.go, resolve.go,
sorter.go and emitterc.go (sigs.k8s.io/yaml v1.6), a port of the libyaml that PyYAML builds on. The few styles that
goyaml uses are written here directly: the same text with and without PyYAML's C extension, and twenty times as fast as
without. The tests compare it with PyYAML's.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from kubesim.api.objects import LAST_APPLIED
from kubesim.gotext import gojson


class Printer:
    """Prints objects as JSON, or as YAML with `---` before all but the first."""

    def __init__(self, name: str, template: str = "", no_headers: bool = False) -> None:
        self._is_json = name == "json"
        self._separator = ""

    def __call__(self, obj: Mapping[str, Any], typed: bool = False) -> str:
        if self._is_json:
            return to_json(obj, typed) + "\n"
        separator, self._separator = self._separator, "---\n"
        return separator + to_yaml(obj)


def to_json(value: Any, typed: bool = False) -> str:
    """`value` indented by four spaces, without a line end.

    Keys are sorted; a `typed` object, one that kubectl built itself, keeps the order of its fields after kind and
    apiVersion.
    """
    head = {key: value[key] for key in ("kind", "apiVersion") if key in value} if typed else {}
    return gojson.dumps(head | value if typed else value, sort=not typed, indent=4)


def last_applied(obj: Mapping[str, Any], typed: bool = False) -> str:
    """What kubectl apply keeps of `obj` in the annotation LAST_APPLIED: all but that annotation, with a line end.

    A `typed` object keeps the order of its fields, and has no empty annotations.
    """
    metadata = obj.get("metadata") or {}
    annotations = {key: text for key, text in (metadata.get("annotations") or {}).items() if key != LAST_APPLIED}
    kept = {} if typed and not annotations else {"annotations": annotations}
    return gojson.dumps({**obj, "metadata": {**metadata, **kept}}, sort=not typed) + "\n"


_WIDTH = 80


def _spellings(words: str, value: Any) -> dict[str, Any]:
    return {form: value for word in words.split() for form in (word, word.capitalize(), word.upper())}


# What plain texts other than numbers mean, which is why a string that reads so has quotes.
PLAIN_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", *_spellings("null", None))),
    **_spellings("y yes on true", True),
    **_spellings("n no off false", False),
    **dict.fromkeys((*_spellings(".inf +.inf", None), ".Inf", "+.Inf"), math.inf),
    **dict.fromkeys((*_spellings("-.inf", None), "-.Inf"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_NUMBER = re.compile(
    r"[-+]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\.[\d_]+|\d[\d_]*(?:\.[\d_]*)?)(?:[eE][-+]?[\d_]+)?"
    r"|\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?)"
)
_TIMESTAMP = re.compile(
    r"\d{4}-\d\d?-\d\d?(?:[Tt]\d\d?:\d\d?:\d\d?(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)| \d\d?:\d\d?:\d\d?(?:\.\d+)?)?"
)
_SURELY_PLAIN = re.compile(r"[A-EG-MP-SU-XZa-eg-mp-su-xz/_][\w./-]*(?:[=:]\w[\w./-]*)*", re.ASCII)
_NOT_PLAIN = re.compile(r"(?:[#,\[\]{}&*!|>'\"%@` ]|[?:-](?: |$)|---|\.\.\.)|.*(?::(?: |$)| #| $)", re.DOTALL)
# As ranges of what is special, which takes a tenth of the time to compile that the complement takes.
_SPECIAL = re.compile("[\0-\t\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe-\U0010ffff]")
_ESCAPED = re.compile('[\n"\\\\]|' + _SPECIAL.pattern)
_ESCAPES = dict(zip('\0\a\b\t\n\v\f\r\x1b"\\\x85\xa0\u2028\u2029', '0abtnvfre"\\N_LP', strict=True))


def to_yaml(value: Any) -> str:
    """`value` as a YAML document with its line end."""
    lines: list[str] = []
    _write(lines, "", value, 0)
    return "".join(lines)


def _write(lines: list[str], lead: str, value: Any, indent: int) -> None:
    """Append `value`, a node of a block at `indent`, behind `lead`, the text before it in its line."""
    if value and isinstance(value, dict):
        for key in sorted_keys(value):
            item = value[key]
            head = f"{lead or ' ' * indent}{_key(key)}:"
            if item and isinstance(item, dict | list):
                lines.append(head + "\n")
                _write(lines, "", item, indent + 2 * isinstance(item, dict))
            else:
                lines.append(f"{head} {_scalar(item, len(head) + 1, indent + 2)}\n")
            lead = ""
    elif value and isinstance(value, list):
        for item in value:
            _write(lines, f"{lead or ' ' * indent}- ", item, indent + 2)
            lead = ""
    else:
        lines.append(f"{lead}{_scalar(value, len(lead), indent)}\n")


def sorted_keys(mapping: dict[str, Any]) -> list[str]:
    """The keys in the order in which goyaml writes them: numbers by their value, letters after other characters."""
    if all(map(str.isalpha, mapping)):
        return sorted(mapping)
    return sorted(mapping, key=_natural)


def _natural(text: str) -> list[tuple[int, int, str, int]]:
    parts = re.findall(r"[0-9]+|[^0-9]", text)
    return [_rank(part, before) for before, part in zip(["", *parts], parts, strict=False)]


def _rank(part: str, before: str) -> tuple[int, int, str, int]:
    if part.isalpha():
        return (0 if before.isdecimal() else 2, 0, part, 0)
    number = part.lstrip("0") if part.isdecimal() else part
    return (1, len(number) if part.isdecimal() else -1, number, len(part))


@lru_cache(maxsize=1024)
def _key(key: str) -> str:
    return key if _SURELY_PLAIN.fullmatch(key) else _text(key, 0, 0, is_key=True)


def _scalar(value: Any, column: int, indent: int) -> str:
    """A scalar or empty collection that begins at `column` and goes on, if need be, in lines indented by `indent`."""
    if isinstance(value, str):
        return value if _SURELY_PLAIN.fullmatch(value) else _text(value, column, indent)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**63 else repr(value)
    return "{}" if isinstance(value, dict) else "[]" if isinstance(value, list) else str(value)


def _text(text: str, column: int, indent: int, is_key: bool = False) -> str:
    if "\n" in text and not is_key and not (text.endswith(" ") or " \n" in text or _SPECIAL.search(text)):
        return _literal(text, indent)
    width = 1 << 30 if is_key else _WIDTH
    if resolves(text) or "\n" in text or _SPECIAL.search(text):
        return '"' + _fold(_ESCAPED.sub(_escape, text), column + 1, indent, width, escaped=True) + '"'
    if _NOT_PLAIN.match(text):
        return "'" + _fold(text.replace("'", "''"), column + 1, indent, width) + "'"
    return _fold(text, column, indent, width)


def resolves(text: str) -> bool:
    """Would a reader take the plain text for something else than a string?"""
    return text in PLAIN_WORDS or bool(_NUMBER.fullmatch(text) or _TIMESTAMP.fullmatch(text))


def _literal(text: str, indent: int) -> str:
    indent = max(indent, 2)
    hint = "2" if text[0] in " \n" else ""
    chomp = "-" if not text.endswith("\n") else "+" if text == "\n" or text.endswith("\n\n") else ""
    lines = text.removesuffix("\n").split("\n")
    return "\n".join([f"|{hint}{chomp}", *[" " * indent + line if line else "" for line in lines]])


def _fold(text: str, column: int, indent: int, width: int, escaped: bool = False) -> str:
    """Break lines at the first space past `width`; only double quotes can hold a break within several spaces."""
    if column + len(text) <= width:
        return text
    words = text.split(" ")
    out = [words[0]]
    column += len(words[0])
    for number in range(1, len(words)):
        previous, word = words[number - 1], words[number]
        if column > width and previous and (word or (escaped and number < len(words) - 1)):
            out.append("\n" + " " * indent + ("" if word else "\\"))
            column = indent + (not word)
        else:
            out.append(" ")
            column += 1
        out.append(word)
        column += len(word)
    return "".join(out)


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    if char in _ESCAPES:
        return "\\" + _ESCAPES[char]
    code = ord(char)
    return f"\\x{code:02X}" if code <= 0xFF else f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
