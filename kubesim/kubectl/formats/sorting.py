"""--sort-by: the order of objects by a field.

Mirrors k8s.io/kubectl pkg/cmd/get/sorter.go, v1.36, with github.com/fvbommel/sortorder's natural order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cmp_to_key
from typing import Any

from kubesim import quantity
from kubesim.gojson import quote
from kubesim.kubectl.formats import jsonpath
from kubesim.kubectl.formats.errors import FormatError
from kubesim.kubectl.formats.golang import type_name

_MISSING = object()
_INSERTION_SORT = 12  # up to this length Go's sort.Sort is an insertion sort, which shows where values are equal


def sort_objects(objects: Sequence[Any], field: str, table: bool = True) -> list[Any]:
    """`objects` in the order of `field`, a path with or without braces; those without the field come first.

    `table` says that they are shown as a table; lists in other formats are refused in other words. Raises FormatError.
    """
    template = _template(field, table)
    found = [template.results(obj) for obj in objects]
    values = [parts[0][0] if parts and parts[0] else _MISSING for parts in found]
    if values and all(value is _MISSING for value in values):
        raise FormatError(f"couldn't find any field with path {quote(template.text)} in the list of objects")
    return [objects[number] for number in _order(values, template.text)]


def _template(field: str, table: bool) -> jsonpath.Template:
    try:
        path = jsonpath.relaxed(field)
    except FormatError:
        if not table:
            raise
        path = field
    try:
        return jsonpath.parse(path)
    except FormatError as error:
        raise FormatError(f"sorting error: {error.message}" if table else error.message) from None


def _order(values: Sequence[Any], field: str) -> list[int]:
    def less(a: Any, b: Any) -> bool:
        try:
            return _less(values[a], values[b])
        except TypeError as error:
            raise FormatError(
                f"Field {field} in [][][]reflect.Value is an unsortable type: interface, err: {error}"
            ) from None

    if len(values) > _INSERTION_SORT:
        return sorted(range(len(values)), key=cmp_to_key(lambda a, b: int(less(b, a)) - int(less(a, b))))
    order: list[int] = []
    for number in range(len(values)):
        at = number
        while at and less(number, order[at - 1]):
            at -= 1
        order.insert(at, number)
    return order


def _less(a: Any, b: Any) -> bool:
    """Raises TypeError where the two cannot be compared."""
    if a is _MISSING or b is _MISSING:
        return a is _MISSING
    if a is None or b is None:
        return a is None and b is not None
    if isinstance(a, bool | dict | list):
        raise TypeError(f"unsortable type: {type_name(a)}")
    if type(a) is not type(b):
        raise TypeError("unsortable interface: interface")
    return _less_text(a, b) if isinstance(a, str) else bool(a < b)


def _less_text(a: str, b: str) -> bool:
    try:
        return quantity.parse(a) < quantity.parse(b)
    except ValueError:
        return natural(a) < natural(b)


def natural(text: str) -> list[tuple[int, int, str, int]]:
    """A key for natural order: digits before other characters, numbers by their value, then by leading zeros."""
    chunks = re.findall(r"(0*)([0-9]+)|([^0-9]+)", text)
    return [(1, 0, other, 0) if other else (0, *_number(zeros, digits)) for zeros, digits, other in chunks]


def _number(zeros: str, digits: str) -> tuple[int, str, int]:
    if digits == "0":
        return 0, "", len(zeros) + 1
    return len(digits), digits, len(zeros)
