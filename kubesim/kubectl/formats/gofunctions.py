"""The functions of Go templates that are simulated: those for printing the data of Secrets.

Mirrors text/template/funcs.go (Go 1.26) and k8s.io/cli-runtime pkg/printers/template.go, v1.36, which adds
base64decode.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kubesim.gotext import gobase64
from kubesim.kubectl.errors import reworded

# Functions and keywords of Go's templates that aren't simulated.
ABSENT = (
    "and block break call continue define exists ge gt html js le lt ne or print printf println slice template urlquery"
)


class Refusal(Exception):
    """An error while executing a template on an object."""


def call(name: str, arguments: Sequence[Any]) -> Any:
    """Call a function of FUNCTIONS. Raises Refusal for arguments of wrong number or type."""
    function = FUNCTIONS[name]
    try:
        return function(*arguments)
    except (TypeError, AttributeError):
        raise Refusal(f"{name} of such values is not part of this simulator") from None


def _base64decode(value: Any) -> str:
    with reworded(ValueError, "base64 decode failed: ", Refusal):
        return gobase64.decode(value).decode(errors="replace")


def _equal(value: Any, other: Any, *others: Any) -> bool:
    """True if `value` equals one of the others. Raises TypeError for different types."""
    return any(_are_equal(value, each) for each in (other, *others))


def _are_equal(one: Any, other: Any) -> bool:
    """True if two values are equal; None, a missing field, equals only None. Raises TypeError for different types."""
    if one is None or other is None:
        return one is other
    if type(one) is not type(other) or isinstance(one, dict | list):
        raise TypeError
    return bool(one == other)


def _index(item: Any, *indices: Any) -> Any:
    """The element of nested lists and maps at the indices and keys. Raises Refusal, and TypeError for other values."""
    for index in indices:
        if isinstance(item, dict) and isinstance(index, str):
            item = item.get(index)
        elif not isinstance(item, list) or not isinstance(index, int) or isinstance(index, bool):
            raise TypeError
        elif 0 <= index < len(item):
            item = item[index]
        else:
            raise Refusal(f"index out of range: {index}")
    return item


def _len(item: Any) -> int:
    return len(item.encode() if isinstance(item, str) else item)


# Functions by name. Wrong arguments raise Refusal, TypeError or AttributeError: see `call`.
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "base64decode": _base64decode,
    "eq": _equal,
    "index": _index,
    "len": _len,
    "not": lambda value: not value,
}
