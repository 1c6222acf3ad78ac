"""The steps of a JSONPath: what each finds in the values that the step before it found.

Mirrors k8s.io/client-go util/jsonpath/jsonpath.go, v1.36.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kubesim import gojson
from kubesim.kubectl.formats.errors import FormatError
from kubesim.kubectl.formats.golang import type_name

Values = list[Any]


class JSONPathError(FormatError):
    """A template that cannot be parsed or executed. `found` is what the failing step hands on nevertheless."""

    def __init__(self, message: str, found: Values | None = None) -> None:
        super().__init__(message)
        self.found = found or []


@dataclass
class Run:
    """One execution: how deep in ranges it is, and where the last range ended."""

    allow_missing_keys: bool = True
    begun: int = 0
    inside: int = 0
    ended: int = 0
    last_end: int = -1


Step = Callable[[Values, Run], Values]


def chain(steps: Sequence[Step]) -> Step:
    """Steps one after the other."""

    def walk(values: Values, run: Run) -> Values:
        for step in steps:
            values = step(values, run)
        return values

    return walk


def text(literal: str) -> Step:
    """Literal text."""
    return lambda values, run: [literal]


def constant(value: int | float | bool) -> Step:
    """A number or a truth value."""
    return lambda values, run: [value] * len(values)


def identifier(name: str) -> Step:
    """`range` or `end`; any other name is refused when it is executed."""

    def walk(values: Values, run: Run) -> Values:
        if name == "range":
            run.begun += 1
            return values
        if name != "end":
            raise JSONPathError(f"unrecognized identifier {name}", values)
        if not run.inside:
            raise JSONPathError("not in range, nothing to end")
        run.ended += 1
        return []

    return walk


def field(name: str) -> Step:
    """A key of each map; other values have none."""

    def walk(values: Values, run: Run) -> Values:
        found = [value[name] for value in values if isinstance(value, dict) and name in value]
        if values and not found and not run.allow_missing_keys:
            raise JSONPathError(f"{name} is not found")
        return found

    return walk


def wildcard(values: Values, run: Run) -> Values:
    """Everything inside each value; of a string, as in Go, its bytes."""
    return [child for value in values for child in _children(value)]


def _children(value: Any) -> Values:
    if isinstance(value, dict):
        return [value[key] for key in sorted(value)]
    return list(value) if isinstance(value, list) else list(value.encode()) if isinstance(value, str) else []


def recursive(values: Values, run: Run) -> Values:
    """Each value that contains something, and what it contains, in its order. Strings contain their characters."""
    return list(_descend(values))


def _descend(values: Values) -> Iterator[Any]:
    for value in values:
        if value and isinstance(value, dict | list | str):
            yield value
            yield from [] if isinstance(value, str) else _descend(_children(value))


def union(steps: Sequence[Step]) -> Step:
    """What each of the steps finds."""
    return lambda values, run: [value for step in steps for value in step(values, run)]


def array(start: int | None, end: int | None, step: int | None, derived: bool) -> Step:
    """`[start:end:step]` of each list. The end is `derived` where only one index was given."""

    def walk(values: Values, run: Run) -> Values:
        found: Values = []
        for value in values:
            if value is None:
                continue
            if not isinstance(value, list):
                raise JSONPathError(f"{type_name(value)} is not array or slice", values)
            first, last = bounds(len(value))
            if first == last:  # as upstream, this ends the step for the values that follow too
                return found
            problem = _slice_problem(first, last, step, len(value))
            if problem:
                raise JSONPathError(problem, values)
            found += value[first : last : step or 1]
        return found

    def bounds(length: int) -> tuple[int, int]:
        first = start or 0
        last = length if end is None else end
        return first + length * (first < 0), last + length * (last < 0 or (last == 0 and derived))

    return walk


def _slice_problem(first: int, last: int, step: int | None, length: int) -> str:
    if not 0 <= first < length:
        return f"array index out of bounds: index {first}, length {length}"
    if not 0 <= last <= length:
        return f"array index out of bounds: index {last - 1}, length {length}"
    if first > last:
        return f"starting index {first} is greater than ending index {last}"
    return "step must be > 0" if step is not None and step <= 0 else ""


def existing(path: Step) -> Step:
    """`[?(path)]`: the items in which `path` finds something."""

    def passes(item: Any, run: Run) -> bool:
        try:
            return bool(path([item], run))
        except JSONPathError as error:
            return bool(error.found)

    return _filtered(passes)


def comparing(left: Step, symbol: str, right: Step) -> Step:
    """`[?(left symbol right)]`: the items for which the comparison holds."""

    def passes(item: Any, run: Run) -> bool:
        lefts = left([item], run)
        rights = right([item], run) if len(lefts) == 1 else []
        if len(lefts) > 1 or len(rights) > 1:
            raise JSONPathError("can only compare one element at a time", [item])
        return bool(rights) and compare(symbol, lefts[0], rights[0])

    return _filtered(passes)


def _filtered(passes: Callable[[Any, Run], bool]) -> Step:
    def walk(values: Values, run: Run) -> Values:
        found: Values = []
        for value in values:
            if not isinstance(value, list):
                told = f"{gojson.sprint(value)} is not array or slice and cannot be filtered"
                raise JSONPathError(told, values)
            found += [item for item in value if passes(item, run)]
        return found

    return walk


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
}


def compare(symbol: str, left: Any, right: Any) -> bool:
    """Compare two scalars of one type. Raises JSONPathError where Go cannot."""
    if symbol not in _OPERATORS:
        raise JSONPathError(f"unrecognized filter operator {symbol}")
    if isinstance(left, dict | list | None) or isinstance(right, dict | list | None):
        raise JSONPathError("invalid type for comparison")
    if type(left) is not type(right):
        raise JSONPathError("incompatible types for comparison")
    if isinstance(left, bool) and symbol not in ("==", "!="):
        raise JSONPathError("invalid type for comparison")
    return _OPERATORS[symbol](left, right)
