"""The functions of Go templates that are of use with Secrets, and base64decode, which kubectl adds.

Mirrors text/template/funcs.go (Go 1.26) and k8s.io/cli-runtime pkg/printers/template.go, v1.36. What Go says of values
that a function cannot work with is not simulated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from kubesim.api.budget import Budget
from kubesim.gotext.gojson import Literal, decode_base64, quote, sprint
from kubesim.kubectl.errors import reworded


class Refusal(Exception):
    """What is wrong with the values that a template meets."""


class _Function(NamedTuple):
    """A function, how many arguments it must have, and whether it takes more."""

    call: Callable[..., Any]
    fixed: int
    variadic: bool = False


def _base64decode(value: Any) -> str:
    with reworded(ValueError, "base64 decode failed: ", Refusal):
        return decode_base64(value).decode(errors="replace")


def _index(item: Any, *indices: Any) -> Any:
    for index in indices:
        if isinstance(item, str) or isinstance(index, str) is isinstance(item, list):
            raise TypeError
        if not isinstance(item, list):
            item = item.get(index)
        elif 0 <= index < len(item):
            item = item[index]
        else:
            raise Refusal(f"index out of range: {index}")
    return item


def _len(item: Any) -> int:
    return len(item.encode() if isinstance(item, str) else item)


def _printf(pattern: str, *items: Any) -> str:
    """The verbs %s, %v, %q, %d and %%, without a width."""
    left = list(items)

    def write(match: re.Match[str]) -> str:
        kind = _VERBS[match[1]]
        if match[1] == "%":
            return "%"
        item = left.pop(0) if left else None
        if not isinstance(item, kind):
            raise TypeError
        return quote(str(item)) if match[1] == "q" else sprint(item)

    text = _VERB.sub(write, pattern)
    if left:
        raise TypeError
    return text


_VERB = re.compile("%(.?)", re.DOTALL)
_VERBS: dict[str, type | tuple[type, ...]] = {"%": object, "d": int, "q": str, "s": (str, dict, list), "v": object}


def _equal(first: Any, *others: Any) -> bool:
    if not others:
        raise Refusal("missing argument for comparison")
    return any(_are_equal(first, other) for other in others)


def _are_equal(one: Any, other: Any) -> bool:
    kinds = {int if isinstance(value, Literal) else type(value) for value in (one, other)} - {type(None)}
    if len(kinds) > 1 or kinds & {dict, list}:
        raise TypeError
    return bool(one == other)


_FUNCTIONS = {
    "base64decode": _Function(_base64decode, 1),
    "eq": _Function(_equal, 1, variadic=True),
    "index": _Function(_index, 1, variadic=True),
    "len": _Function(_len, 1),
    "ne": _Function(lambda one, other: not _are_equal(one, other), 2),
    "not": _Function(lambda value: not value, 1),
    "printf": _Function(_printf, 1, variadic=True),
    "println": _Function(lambda *items: " ".join(map(sprint, items)) + "\n", 0, variadic=True),
}
NAMES = frozenset(_FUNCTIONS)


def call(name: str, arguments: Sequence[Any], budget: Budget) -> Any:
    """The value of a function; a text that it makes is paid for. Raises Refusal."""
    function = _FUNCTIONS[name]
    count = len(arguments)
    if count < function.fixed or (count > function.fixed and not function.variadic):
        at_least = "at least " if function.variadic else ""
        raise Refusal(f"wrong number of args for {name}: want {at_least}{function.fixed} got {count}")
    try:
        value = function.call(*arguments)
    except (TypeError, AttributeError, KeyError):
        raise Refusal(f"{name} of such values in a Go template is not part of this simulator") from None
    if isinstance(value, str):
        budget.spend(len(value))
    return value
