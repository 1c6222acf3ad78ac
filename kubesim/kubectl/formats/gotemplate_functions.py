"""The functions of Go templates, and the two that kubectl adds.

Mirrors text/template/funcs.go (Go 1.26) and k8s.io/cli-runtime pkg/printers/{template,jsonpath}.go, v1.36.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable
from typing import Any

from kubesim.gojson import quote, sprint
from kubesim.kubectl.formats.golang import type_name

_VERB = re.compile(r"%([-+# 0]*)(\d*)(?:\.(\d{0,3}))?(.?)", re.DOTALL)


class WrongType(Exception):
    """An argument of a type that the function does not take."""


def truth(value: Any) -> bool:
    """What `if` makes of a value: empty and zero values are false."""
    return bool(value)


def _string(value: Any) -> str:
    if value is None:
        raise WrongType("invalid value; expected string")
    if not isinstance(value, str):
        raise WrongType(f"wrong type for value; expected string; got {type_name(value)}")
    return value


def _base64decode(value: Any) -> str:
    text = _string(value).replace("\n", "").replace("\r", "")
    wrong = re.search(r"[^A-Za-z0-9+/]", text.rstrip("=")) or re.search(r"===+$", text)
    if wrong or len(text) % 4:
        at = wrong.start() if wrong else len(text) if text.endswith("=") else len(text) // 4 * 4
        raise ValueError(f"base64 decode failed: illegal base64 data at input byte {at}")
    return base64.b64decode(text).decode(errors="replace")


def _index(item: Any, *indices: Any) -> Any:
    if item is None:
        raise ValueError("index of untyped nil")
    for index in indices:
        item = _step(item, index)
    return item


def _step(item: Any, index: Any) -> Any:
    if item is None:
        raise ValueError("index of nil pointer")
    if isinstance(item, dict):
        if not isinstance(index, str):
            told = "value is nil; should be of type string" if index is None else f"value has type {_type(index)}"
            raise ValueError(told if index is None else f"{told}; should be string")
        return item.get(index)
    if not isinstance(item, list | str):
        raise ValueError(f"can't index item of type {type_name(item)}")
    if type(index) is not int:
        told = "nil" if index is None else f"type {_type(index)}"
        raise ValueError(f"cannot index slice/array with {told}")
    sequence = item if isinstance(item, list) else item.encode()
    if not 0 <= index < len(sequence):
        raise ValueError(f"index out of range: {index}")
    return sequence[index]


def _type(value: Any) -> str:
    """The type of a value that a template itself brought: its integers are plain ints."""
    return "int" if type(value) is int else type_name(value)


def _exists(item: Any, *indices: Any) -> bool:
    try:
        return _index(item, *indices) is not None
    except ValueError:
        return False


def _len(item: Any) -> int:
    if item is None:
        raise ValueError("len of nil pointer")
    if not isinstance(item, dict | list | str):
        raise ValueError(f"len of type {type_name(item)}")
    return len(item.encode() if isinstance(item, str) else item)


def _print(*items: Any) -> str:
    """Spaces stand between two operands of which neither is a string."""
    out: list[str] = []
    for at, item in enumerate(items):
        if at and not isinstance(item, str) and not isinstance(items[at - 1], str):
            out.append(" ")
        out.append(sprint(item))
    return "".join(out)


def _println(*items: Any) -> str:
    return " ".join(map(sprint, items)) + "\n"


def _printf(pattern: Any, *items: Any) -> str:
    rest = list(items)

    def replace(match: re.Match[str]) -> str:
        flags, width, precision, verb = match.groups()
        if verb == "%":
            return "%"
        if not verb:
            return "%!(NOVERB)"
        if not rest:
            return f"%!{verb}(MISSING)"
        if len(width) > 6:
            return f"%!(BADWIDTH){sprint(rest.pop(0))}"
        text = _verb(verb, flags, precision, rest.pop(0))
        if "-" in flags:
            return text.ljust(int(width or 0))
        return text.zfill(int(width or 0)) if "0" in flags and verb not in "vsq" else text.rjust(int(width or 0))

    text = _VERB.sub(replace, _string(pattern))
    extra = ", ".join(f"{_type(item)}={sprint(item)}" if item is not None else "<nil>" for item in rest)
    return f"{text}%!(EXTRA {extra})" if rest else text


def _verb(verb: str, flags: str, precision: str | None, item: Any) -> str:
    if verb == "v" or (verb == "s" and isinstance(item, dict | list)):
        return sprint(item)
    if verb == "T":
        return _type(item)
    kinds: dict[type, str] = {str: "sqx", int: "dxXoc", bool: "t", float: "feg"}
    if verb not in kinds.get(type(item), ""):
        return f"%!{verb}({'<nil>' if item is None else f'{_type(item)}={sprint(item)}'})"
    if verb == "s":
        return item[: int(precision or 0)] if precision is not None else str(item)
    if verb == "q":
        return quote(item)
    if verb == "t":
        return sprint(item)
    if isinstance(item, str):
        return item.encode().hex()
    if verb == "c" and not 0 <= item < 0x110000:
        return "\ufffd"
    places = f".{precision or 0}" if precision is not None and isinstance(item, float) else ""
    return format(item, f"{'+' if '+' in flags else ''}{places}{verb}")


def _equal(first: Any, *others: Any) -> bool:
    if not others:
        raise ValueError("missing argument for comparison")
    return any(_equals(first, other) for other in others)


def _equals(a: Any, b: Any) -> bool:
    if a is None or b is None:
        return a is b
    if isinstance(a, dict | list) and isinstance(b, dict | list):
        raise ValueError(f"non-comparable type {sprint(a)}: {type_name(a)}")
    if type(a) is not type(b):
        raise ValueError("incompatible types for comparison")
    return bool(a == b)


def _less(a: Any, b: Any) -> bool:
    if not (isinstance(a, str | int | float) and isinstance(b, str | int | float)):
        raise ValueError("invalid type for comparison")
    if type(a) is not type(b):
        raise ValueError("incompatible types for comparison")
    if isinstance(a, bool):
        raise ValueError("invalid type for comparison")
    return bool(a < b)  # type: ignore[operator]  # they are of one type


def _and(items: Iterable[Any]) -> Any:
    item = None
    for item in items:
        if not item:
            break
    return item


def _or(items: Iterable[Any]) -> Any:
    item = None
    for item in items:
        if item:
            break
    return item


# Each function with the number of arguments it must have, and whether it takes more.
_FUNCTIONS: dict[str, tuple[Callable[..., Any], int, bool]] = {
    "base64decode": (_base64decode, 1, False),
    "eq": (_equal, 1, True),
    "exists": (_exists, 1, True),
    "ge": (lambda a, b: not _less(a, b), 2, False),
    "gt": (lambda a, b: not (_less(a, b) or _equals(a, b)), 2, False),
    "index": (_index, 1, True),
    "le": (lambda a, b: _less(a, b) or _equals(a, b), 2, False),
    "len": (_len, 1, False),
    "lt": (_less, 2, False),
    "ne": (lambda a, b: not _equals(a, b), 2, False),
    "not": (lambda item: not item, 1, False),
    "print": (_print, 0, True),
    "printf": (_printf, 1, True),
    "println": (_println, 0, True),
}
_LAZY = {"and": _and, "or": _or}
NAMES = frozenset(_FUNCTIONS) | frozenset(_LAZY)


def wrong_count(name: str, count: int) -> str:
    """What is wrong with calling a function with `count` arguments; empty where nothing is."""
    _, fixed, variadic = _FUNCTIONS.get(name, (None, 1, True))
    if count == fixed or (variadic and count > fixed):
        return ""
    return f"wrong number of args for {name}: want {'at least ' if variadic else ''}{fixed} got {count}"


def call(name: str, arguments: Iterable[Any]) -> Any:
    """The value of a function. `and` and `or` take only as many arguments as they need.

    Raises WrongType, and ValueError with Go's reason.
    """
    if name in _LAZY:
        return _LAZY[name](arguments)
    return _FUNCTIONS[name][0](*arguments)
