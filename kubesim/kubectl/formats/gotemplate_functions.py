"""The functions of Go templates, and base64decode, which kubectl adds.

Mirrors text/template/funcs.go (Go 1.26) and k8s.io/cli-runtime pkg/printers/template.go, v1.36.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from typing import Any

from kubesim.api.budget import Budget
from kubesim.gotext.gojson import Literal, decode_base64, quote, sprint, type_name
from kubesim.kubectl.errors import NotSimulated

_VERB = re.compile(r"%(?P<width>-?\d{0,3})(?P<verb>.?)", re.DOTALL)
_VERBS: dict[str, tuple[type | tuple[type, ...], Callable[[Any], str]]] = {
    "d": (int, str),
    "q": (str, quote),
    "s": ((str, dict, list), sprint),
    "t": (bool, sprint),
    "v": (object, sprint),
}


class Refusal(Exception):
    """Arguments that a function cannot work with; `at` is the part of the call that Go's message points at."""

    def __init__(self, problem: str, at: str = "call") -> None:
        super().__init__(problem)
        self.at = at


def _string(value: Any) -> str:
    if value is None:
        raise Refusal("invalid value; expected string", "argument")
    if not isinstance(value, str):
        raise Refusal(f"wrong type for value; expected string; got {type_name(value)}", "argument")
    return value


def _base64decode(value: Any) -> str:
    try:
        return decode_base64(_string(value)).decode(errors="replace")
    except ValueError as error:
        raise Refusal(f"base64 decode failed: {error}") from None


def _index(item: Any, *indices: Any) -> Any:
    for index in indices:
        if item is None:
            raise Refusal("index of untyped nil")
        if not isinstance(item, dict | list):
            raise Refusal(f"can't index item of type {type_name(item)}")
        if isinstance(item, dict):
            if not isinstance(index, str):
                raise Refusal(f"value has type {type_name(index)}; should be string")
            item = item.get(index)
        elif not isinstance(index, int) or isinstance(index, bool):
            raise Refusal(f"cannot index slice/array with type {type_name(index)}")
        elif not 0 <= index < len(item):
            raise Refusal(f"index out of range: {index}")
        else:
            item = item[index]
    return item


def _len(item: Any) -> int:
    if item is None:
        raise Refusal("reflect: call of reflect.Value.Type on zero Value")
    if not isinstance(item, dict | list | str):
        raise Refusal(f"len of type {type_name(item)}")
    return len(item.encode() if isinstance(item, str) else item)


def _printf(budget: Budget, pattern: Any, *items: Any) -> str:
    rest = list(items)

    def replace(match: re.Match[str]) -> str:
        verb, width = match["verb"], match["width"]
        if verb == "%":
            return "%"
        kinds, write = _VERBS.get(verb, ((), str))
        item = rest.pop(0) if rest else None
        if not isinstance(item, kinds) or width.startswith("0"):
            raise NotSimulated(f"{match[0]} in printf for {sprint(item)} is not part of this simulator")
        text, room = write(item), int(width.removeprefix("-") or 0)
        budget.spend(len(text) + room)
        return text.ljust(room) if width.startswith("-") else text.rjust(room)

    return _VERB.sub(replace, _string(pattern))


def _println(budget: Budget, *items: Any) -> str:
    texts = [sprint(item) for item in items]
    budget.spend(sum(map(len, texts)))
    return " ".join(texts) + "\n"


def _equal(first: Any, *others: Any) -> bool:
    if not others:
        raise Refusal("missing argument for comparison")
    return any(_compare(operator.eq, first, other) for other in others)


def _compare(holds: Callable[[Any, Any], bool], one: Any, other: Any) -> bool:
    """Whether eq, ne, lt, le, gt or ge holds; only eq and ne take nil and truth values."""
    is_order = holds not in (operator.eq, operator.ne)
    if any(isinstance(value, dict | list) or (is_order and isinstance(value, bool | None)) for value in (one, other)):
        raise Refusal("invalid type for comparison" if is_order else f"non-comparable type {type_name(one)}")
    kinds = {int if isinstance(value, Literal) else type(value) for value in (one, other)}
    if len(kinds) > 1 and one is not None and other is not None:
        raise Refusal(f"incompatible types for comparison: {type_name(one)} and {type_name(other)}")
    return holds(one, other)


def _comparison(holds: Callable[[Any, Any], bool]) -> tuple[Callable[..., Any], int, bool]:
    return lambda one, other: _compare(holds, one, other), 2, False


# Each function with the number of arguments it must have, and whether it takes more.
_FUNCTIONS: dict[str, tuple[Callable[..., Any] | None, int, bool]] = {
    "and": (None, 1, True),
    "base64decode": (_base64decode, 1, False),
    "eq": (_equal, 1, True),
    "ge": _comparison(operator.ge),
    "gt": _comparison(operator.gt),
    "index": (_index, 1, True),
    "le": _comparison(operator.le),
    "len": (_len, 1, False),
    "lt": _comparison(operator.lt),
    "ne": _comparison(operator.ne),
    "not": (operator.not_, 1, False),
    "or": (None, 1, True),
    "printf": (_printf, 1, True),
    "println": (_println, 0, True),
}
_WITH_BUDGET = ("printf", "println")  # is their first argument
NAMES = frozenset(_FUNCTIONS)


def call(name: str, arguments: Iterable[Any], count: int, budget: Budget) -> Any:
    """The value of a function; `and` and `or` take only as many of the `count` arguments as they need.

    A text is paid for before it is made. Raises Refusal with Go's reason.
    """
    function, fixed, variadic = _FUNCTIONS[name]
    if count < fixed or (count > fixed and not variadic):
        raise Refusal(f"wrong number of args for {name}: want {'at least ' * variadic}{fixed} got {count}", "name")
    if function is None:
        value = None
        for value in arguments:
            if bool(value) == (name == "or"):
                break
        return value
    try:
        return function(*([budget] if name in _WITH_BUDGET else []), *arguments)
    except Refusal as error:
        raise Refusal(str(error) if error.at == "argument" else f"error calling {name}: {error}", error.at) from None
