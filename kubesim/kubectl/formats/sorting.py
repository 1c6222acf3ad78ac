"""Sorting of objects by a field, for `kubectl get --sort-by`. Mirrors k8s.io/kubectl pkg/cmd/get/sorter.go, v1.36."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from kubesim.api import quantity
from kubesim.api.budget import Budget
from kubesim.gotext.gofmt import quote
from kubesim.kubectl.errors import FormatError, NotSimulated, reworded
from kubesim.kubectl.formats.jsonpath import parse, relaxed, results

_MISSING = object()  # the value of an object without the field


def sort_objects(objects: Sequence[Any], field: str, budget: Budget) -> list[Any]:
    """The objects sorted by `field`, a path with or without braces.

    If all values are quantities, they sort by their amounts. Raises FormatError for a malformed path or one that no
    object has, and NotSimulated for values that can't be compared.
    """
    path = relaxed(field)
    with reworded(FormatError, "sorting error: ", FormatError):  # an error of the same class, with the prefix
        template = parse(path, budget)
    values = [_first_value(results(template, obj, budget)) for obj in objects]
    if values and all(value is _MISSING for value in values):
        raise missing_field(field)
    present = [value for value in values if value is not _MISSING and value is not None]
    if len(values) > 1 and not _are_comparable(present):
        raise NotSimulated(f"sorting by {path}, whose values have no order, is not part of this simulator")
    are_quantities = all(map(_is_quantity, present))
    ranks = [_rank(value, are_quantities) for value in values]
    return [objects[index] for index in sorted(range(len(objects)), key=ranks.__getitem__)]


def missing_field(field: str) -> FormatError:
    """The error about a field that no object has."""
    return FormatError(f"couldn't find any field with path {quote(relaxed(field))} in the list of objects")


def _first_value(values_of_parts: Sequence[Sequence[Any]]) -> Any:
    """The first value that the first part of a template finds, _MISSING without one."""
    return values_of_parts[0][0] if values_of_parts and values_of_parts[0] else _MISSING


def _are_comparable(values: Sequence[Any]) -> bool:
    """True for values of one type that has an order, unlike booleans, lists and maps."""
    types = set(map(type, values))
    return len(types) <= 1 and types.isdisjoint({bool, dict, list})


def _rank(value: Any, is_quantity: bool) -> tuple[int, Any]:
    """The sort key of a value: objects without the field come first, then null."""
    if value is _MISSING:
        return 0, None
    if value is None:
        return 1, None
    return 2, quantity.parse(value) if is_quantity else value


def _is_quantity(value: Any) -> bool:
    if isinstance(value, str):
        with suppress(ValueError):
            quantity.parse(value)
            return True
    return False
