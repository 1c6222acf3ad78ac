"""--sort-by: the order of objects by a field. Mirrors k8s.io/kubectl pkg/cmd/get/sorter.go, v1.36."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kubesim import quantity
from kubesim.gojson import quote
from kubesim.kubectl.formats import jsonpath
from kubesim.kubectl.formats.golang import FormatError, natural, type_name


def sort_objects(objects: Sequence[Any], field: str) -> list[Any]:
    """`objects` in the order of `field`, a path with or without braces; those without the field come first.

    Raises FormatError.
    """
    template = _template(field)
    found = [next(iter(next(iter(template.results(obj)), [])), None) for obj in objects]
    values = [value for value in found if value is not None]
    if objects and not values:
        raise FormatError(f"couldn't find any field with path {quote(template.text)} in the list of objects")
    problem = _problem(values)
    if problem:
        raise FormatError(
            f"Field {template.text} in [][][]reflect.Value is an unsortable type: interface, err: {problem}"
        )
    keys = iter(_keys(values))
    ranks = [(False, None) if value is None else (True, next(keys)) for value in found]
    return [objects[at] for at in sorted(range(len(objects)), key=ranks.__getitem__)]


def _template(field: str) -> jsonpath.Template:
    try:
        path = jsonpath.relaxed(field)
    except FormatError:
        path = field
    try:
        return jsonpath.parse(path)
    except FormatError as error:
        raise FormatError(f"sorting error: {error.message}") from None


def _problem(values: Sequence[Any]) -> str:
    """Why the values cannot be ordered, or ""."""
    if len({type(value) for value in values}) > 1:
        return "unsortable interface: interface"
    if values and isinstance(values[0], bool | dict | list):
        return f"unsortable type: {type_name(values[0])}"
    return ""


def _keys(values: Sequence[Any]) -> Sequence[Any]:
    """What to sort by: texts are compared as quantities where all are some, else in natural order."""
    if not values or not isinstance(values[0], str):
        return values
    try:
        return [quantity.parse(value) for value in values]
    except ValueError:
        return [natural(value) for value in values]
