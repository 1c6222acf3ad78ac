"""The functions of Go templates, and base64decode, which kubectl adds.

Mirrors text/template/funcs.go (Go 1.26) and k8s.io/cli-runtime pkg/printers/template.go, v1.36. What Go says of values
that a function cannot work with is not simulated.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from kubesim.api.budget import Budget
from kubesim.gotext.gojson import Literal, decode_base64, quote, sprint
from kubesim.kubectl.errors import reworded

_VERB = re.compile(r"%(?P<width>-?\d{0,3})(?P<verb>.?)", re.DOTALL)
_VERBS: dict[str, tuple[type | tuple[type, ...], Callable[[Any], str]]] = {
    "d": (int, str),
    "q": (str, quote),
    "s": ((str, dict, list), sprint),
    "t": (bool, sprint),
    "v": (object, sprint),
}


class Refusal(Exception):
    """What is wrong with the values that a template meets."""


def _base64decode(value: Any) -> str:
    with reworded(ValueError, "base64 decode failed: ", Refusal):
        return decode_base64(value).decode(errors="replace")


def _index(item: Any, *indices: Any) -> Any:
    for index in indices:
        if isinstance(item, str) or isinstance(index, str) is isinstance(item, list):
            raise TypeError
        if isinstance(item, list) and not 0 <= index < len(item):
            raise Refusal(f"index out of range: {index}")
        item = item[index] if isinstance(item, list) else item.get(index)
    return item


def _len(item: Any) -> int:
    return len(item.encode() if isinstance(item, str) else item)


def _printf(budget: Budget, pattern: str, *items: Any) -> str:
    rest = list(items)

    def replace(match: re.Match[str]) -> str:
        verb, width = match["verb"], match["width"]
        if verb == "%":
            return "%"
        kinds, write = _VERBS.get(verb, ((), str))
        item = rest.pop(0) if rest else None
        if not isinstance(item, kinds) or width.startswith("0"):
            raise TypeError
        text, room = write(item), int(width.removeprefix("-") or 0)
        budget.spend(len(text) + room)
        return text.ljust(room) if width.startswith("-") else text.rjust(room)

    return _VERB.sub(replace, pattern)


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
    kinds = {int if isinstance(value, Literal) else type(value) for value in (one, other)} - {type(None)}
    if len(kinds) > 1 or kinds & {dict, list} or (bool in kinds and holds not in (operator.eq, operator.ne)):
        raise TypeError
    return holds(one, other)


# Each function with the number of arguments it must have, and whether it takes more.
_FUNCTIONS: dict[str, tuple[Callable[..., Any] | None, int, bool]] = {
    "and": (None, 1, True),
    "base64decode": (_base64decode, 1, False),
    "eq": (_equal, 1, True),
    "index": (_index, 1, True),
    "len": (_len, 1, False),
    "not": (operator.not_, 1, False),
    "or": (None, 1, True),
    "printf": (_printf, 1, True),
    "println": (_println, 0, True),
    **{name: (partial(_compare, getattr(operator, name)), 2, False) for name in ("ne", "lt", "le", "gt", "ge")},
}
_WITH_BUDGET = ("printf", "println")  # is their first argument
NAMES = frozenset(_FUNCTIONS)


def call(name: str, arguments: Iterable[Any], count: int, budget: Budget) -> Any:
    """The value of a function; `and` and `or` take only as many of the `count` arguments as they need.

    A text is paid for before it is made. Raises Refusal.
    """
    function, fixed, variadic = _FUNCTIONS[name]
    if count < fixed or (count > fixed and not variadic):
        raise Refusal(f"wrong number of args for {name}: want {'at least ' * variadic}{fixed} got {count}")
    if function is None:
        value = None
        for value in arguments:
            if bool(value) == (name == "or"):
                break
        return value
    try:
        return function(*([budget] if name in _WITH_BUDGET else []), *arguments)
    except (TypeError, AttributeError):
        raise Refusal(f"{name} of such values in a Go template is not part of this simulator") from None
