"""The functions of Go templates, and base64decode, which kubectl adds.

Mirrors text/template/funcs.go (Go 1.26) and k8s.io/cli-runtime pkg/printers/template.go, v1.36.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

from kubesim.gotext import base64
from kubesim.gotext.gojson import quote, sprint
from kubesim.kubectl.errors import NotSimulated
from kubesim.kubectl.formats.golang import Literal, type_name

_VERB = re.compile(r"%(?P<minus>-?)(?P<zero>0?)(?P<width>\d{0,3})(?:\.(?P<precision>\d{1,3}))?(?P<verb>.?)", re.DOTALL)
_VERBS: dict[str, tuple[type | tuple[type, ...], Callable[[Any], str]]] = {
    "d": (int, str),
    "q": (str, quote),
    "s": ((str, dict, list), sprint),
    "t": (bool, sprint),
    "v": (object, sprint),
    "x": ((int, str), lambda item: f"{item:x}" if isinstance(item, int) else item.encode().hex()),
}


class WrongArgument(Exception):
    """An argument of a type that the function does not take."""


class WrongCount(Exception):
    """Too few arguments, or too many."""


class _Refusal(Exception):
    """What a function says of arguments that it cannot do anything with."""


def _string(value: Any) -> str:
    if value is None:
        raise WrongArgument("invalid value; expected string")
    if not isinstance(value, str):
        raise WrongArgument(f"wrong type for value; expected string; got {type_name(value)}")
    return value


def _base64decode(value: Any) -> str:
    try:
        return base64.decode(_string(value)).decode(errors="replace")
    except ValueError as error:
        raise _Refusal(f"base64 decode failed: {error}") from None


def _index(item: Any, *indices: Any) -> Any:
    for index in indices:
        item = _step(item, index)
    return item


def _step(item: Any, index: Any) -> Any:
    if item is None:
        raise _Refusal("index of untyped nil")
    if isinstance(item, dict):
        if not isinstance(index, str):
            raise _Refusal(f"value has type {type_name(index)}; should be string")
        return item.get(index)
    if not isinstance(item, list):
        raise _Refusal(f"can't index item of type {type_name(item)}")
    if not isinstance(index, int) or isinstance(index, bool):
        raise _Refusal(f"cannot index slice/array with type {type_name(index)}")
    if not 0 <= index < len(item):
        raise _Refusal(f"index out of range: {index}")
    return item[index]


def _len(item: Any) -> int:
    if item is None:
        raise _Refusal("reflect: call of reflect.Value.Type on zero Value")
    if not isinstance(item, dict | list | str):
        raise _Refusal(f"len of type {type_name(item)}")
    return len(item.encode() if isinstance(item, str) else item)


def _print(*items: Any) -> str:
    """Spaces stand between two operands of which neither is a string."""
    parts = [sprint(item) for item in items[:1]]
    for before, item in pairwise(items):
        parts.append(" " * (not isinstance(before, str) and not isinstance(item, str)) + sprint(item))
    return "".join(parts)


def _printf(pattern: Any, *items: Any) -> str:
    rest = list(items)

    def replace(match: re.Match[str]) -> str:
        verb, precision = match["verb"], match["precision"]
        if verb == "%":
            return "%"
        if verb not in ("f", *_VERBS) or (precision and verb not in "fs"):
            raise NotSimulated(f"{match[0]} in printf is not part of this simulator")
        if not rest:
            return f"%!{verb}(MISSING)"
        item, count = rest.pop(0), int(match["width"] or 0)
        text = _formatted(verb, item, int(precision) if precision else None)
        if match["minus"]:
            return text.ljust(count)
        return text.zfill(count) if match["zero"] and isinstance(item, int | float) else text.rjust(count)

    text = _VERB.sub(replace, _string(pattern))
    extra = ", ".join(f"{type_name(item)}={sprint(item)}" for item in rest)
    return f"{text}%!(EXTRA {extra})" if rest else text


def _formatted(verb: str, item: Any, precision: int | None) -> str:
    if verb == "f" and isinstance(item, float):
        return f"{item:.{6 if precision is None else precision}f}"
    kinds, write = _VERBS.get(verb, (float, str))
    if isinstance(item, kinds) and not (verb in "dx" and isinstance(item, bool)):
        return write(item)[:precision]
    return f"%!{verb}({'<nil>' if item is None else f'{type_name(item)}={sprint(item)}'})"


def _equal(first: Any, *others: Any) -> bool:
    if not others:
        raise _Refusal("missing argument for comparison")
    return any(_equals(first, other) for other in others)


def _equals(a: Any, b: Any) -> bool:
    for value, other in ((a, b), (b, a)):
        if isinstance(value, dict | list) and other is not None:
            same = type(value) is type(other)
            told = f"non-comparable type{'s' * (not same)} {sprint(value)}: {type_name(value)}"
            raise _Refusal(told if same else f"{told}, {type_name(other)}: {sprint(other)}")
    if a is not None and b is not None:
        _check_alike(a, b)
    return bool(a == b)


def _check_alike(a: Any, b: Any) -> None:
    if _plain_type(a) is not _plain_type(b):
        raise _Refusal(f"incompatible types for comparison: {type_name(a)} and {type_name(b)}")


def _plain_type(value: Any) -> type:
    return int if isinstance(value, Literal) else type(value)


def _order(holds: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """lt, le, gt or ge."""

    def compare(a: Any, b: Any) -> bool:
        for value in (a, b):
            if _plain_type(value) not in (int, float, str):
                raise _Refusal("invalid type for comparison")
        _check_alike(a, b)
        return holds(a, b)

    return compare


def _exists(item: Any, *indices: Any) -> bool:
    """Whether a path of keys and indices leads somewhere."""
    for index in indices:
        try:
            item = _step(item, index)
        except _Refusal:
            return False
    return item is not None


# Each function with the number of arguments it must have, and whether it takes more.
_FUNCTIONS: dict[str, tuple[Callable[..., Any], int, bool]] = {
    "base64decode": (_base64decode, 1, False),
    "eq": (_equal, 1, True),
    "exists": (_exists, 1, True),
    "ge": (_order(operator.ge), 2, False),
    "gt": (_order(operator.gt), 2, False),
    "index": (_index, 1, True),
    "le": (_order(operator.le), 2, False),
    "len": (_len, 1, False),
    "lt": (_order(operator.lt), 2, False),
    "ne": (lambda a, b: not _equals(a, b), 2, False),
    "not": (operator.not_, 1, False),
    "print": (_print, 0, True),
    "printf": (_printf, 1, True),
    "println": (lambda *items: " ".join(map(sprint, items)) + "\n", 0, True),
}
_LAZY = ("and", "or")
NAMES = frozenset((*_FUNCTIONS, *_LAZY))


def call(name: str, arguments: Iterable[Any], count: int) -> Any:
    """The value of a function; `and` and `or` take only as many of the `count` arguments as they need.

    Raises WrongArgument, WrongCount, and ValueError with Go's reason.
    """
    function, fixed, variadic = _FUNCTIONS.get(name, (None, 1, True))
    if count < fixed or (count > fixed and not variadic):
        raise WrongCount(f"wrong number of args for {name}: want {'at least ' * variadic}{fixed} got {count}")
    if function is None:
        return _first(arguments, truth=name == "or")
    try:
        return function(*arguments)
    except _Refusal as error:
        raise ValueError(f"error calling {name}: {error}") from None


def _first(values: Iterable[Any], truth: bool) -> Any:
    """The first value that is true, or false; else the last."""
    value = None
    for value in values:
        if bool(value) == truth:
            break
    return value
