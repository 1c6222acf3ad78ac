"""--sort-by: the order of objects by a field. Mirrors k8s.io/kubectl pkg/cmd/get/sorter.go, v1.36."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kubesim.api import quantity
from kubesim.gotext.gojson import quote
from kubesim.kubectl.formats import jsonpath
from kubesim.kubectl.formats.golang import FormatError, type_name
from kubesim.kubectl.gosort import go_sort

_MISSING = object()


class UnsortableError(FormatError):
    """Two values that have no order; "%T" in the text is for the type of what is sorted."""


def sort_objects(objects: Sequence[Any], field: str) -> list[Any]:
    """`objects` in the order of `field`, a path with or without braces; those without the field come first.

    Equal ones stand as Go leaves them. Raises FormatError.
    """
    template = _template(field)
    pairs = [(next(iter(next(iter(template.results(obj)), [])), _MISSING), obj) for obj in objects]
    if pairs and all(value is _MISSING for value, _ in pairs):
        raise FormatError(f"couldn't find any field with path {quote(template.text)} in the list of objects")

    def less(one: tuple[Any, Any], other: tuple[Any, Any]) -> bool:
        if one[0] is _MISSING or other[0] is _MISSING:
            return one[0] is _MISSING
        return _is_less(template.text, one[0], other[0])

    go_sort(pairs, less)
    return [obj for _, obj in pairs]


def _template(field: str) -> jsonpath.Template:
    path = jsonpath.relaxed(field)
    try:
        return jsonpath.parse(path)
    except FormatError as error:
        raise FormatError(f"sorting error: {error.message}") from None


def _is_less(path: str, one: Any, other: Any) -> bool:
    """Texts are compared as quantities where both are some; null comes first. Raises UnsortableError."""
    if one is None or other is None:
        return one is None and other is not None
    if isinstance(one, bool | dict | list) or type(one) is not type(other):
        is_mixed = type(one) is not type(other) and not isinstance(one, bool | dict | list)
        problem = "unsortable interface: interface" if is_mixed else f"unsortable type: {type_name(one)}"
        raise UnsortableError(f"Field {path} in %T is an unsortable type: interface, err: {problem}")
    if isinstance(one, str):
        try:
            return quantity.parse(one) < quantity.parse(other)
        except ValueError:
            return bool(one < other)
    return bool(one < other)
