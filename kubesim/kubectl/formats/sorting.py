"""The order of --sort-by. Mirrors k8s.io/kubectl pkg/cmd/get/sorter.go, v1.36."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from kubesim.api import quantity
from kubesim.api.budget import Budget
from kubesim.gotext.gofmt import quote
from kubesim.kubectl.errors import FormatError, NotSimulated, reworded
from kubesim.kubectl.formats import relaxed
from kubesim.kubectl.formats.jsonpath import parse, results

_MISSING: Any = object()


class _Rank(NamedTuple):
    """Where an object stands: one without the field comes first, and then null."""

    group: int
    value: Any = 0


def sort_objects(objects: Sequence[Any], field: str, budget: Budget) -> list[Any]:
    """`objects` in the order of `field`, a path with or without braces. Raises FormatError and NotSimulated."""
    path = relaxed(field)
    with reworded(FormatError, "sorting error: ", FormatError):
        template = parse(path)
    values: list[Any] = []
    for obj in objects:
        parts = results(template, obj, budget)
        values.append(parts[0][0] if parts and parts[0] else _MISSING)
    if values and all(value is _MISSING for value in values):
        raise FormatError(f"couldn't find any field with path {quote(path)} in the list of objects")
    present = [value for value in values if value is not _MISSING and value is not None]
    types = {type(value) for value in present}
    if len(values) > 1 and (len(types) > 1 or types & {bool, dict, list}):
        raise NotSimulated(f"sorting by {path}, whose values have no order, is not part of this simulator")
    as_quantities = all(isinstance(value, str) and _is_quantity(value) for value in present)

    def rank(index: int) -> _Rank:
        value = values[index]
        if value is _MISSING:
            return _Rank(0)
        if value is None:
            return _Rank(1)
        return _Rank(2, quantity.parse(value) if as_quantities else value)

    return [objects[index] for index in sorted(range(len(objects)), key=rank)]


def _is_quantity(text: str) -> bool:
    try:
        quantity.parse(text)
    except ValueError:
        return False
    return True
