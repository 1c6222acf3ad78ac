"""What a strategic merge must know of each field: its type, and by which key its list is merged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from kubesim.api import schema
from kubesim.api.errors import StatusError
from kubesim.api.objects import Object
from kubesim.api.schema import Type
from kubesim.gotext import gojson

# Directives, as keys of a patch.
PATCH = "$patch"
RETAIN = "$retainKeys"
DELETE_FROM = "$deleteFromPrimitiveList/"
SET_ORDER = "$setElementOrder/"


def field_type(struct: Type | None, key: str) -> Type | None:
    """The type of a struct's field or of a map's values; None where the schema knows none."""
    if struct is None or struct.kind == "map":
        return struct.element if struct else None
    field = schema.fields(struct).get(key)
    return field.type if field else None


def element_type(struct: Type | None, key: str) -> Type | None:
    """The type of the items of a list field."""
    kind = field_type(struct, key)
    return kind.element if kind else None


def merge_key(struct: Type | None, key: str) -> str | None:
    """`schema.merge_key`, where the schema may know nothing of the object."""
    return schema.merge_key(struct, key) if struct else None


def retains_keys(struct: Type | None, key: str) -> bool:
    """`schema.retains_keys`, where the schema may know nothing of the object."""
    return struct is not None and schema.retains_keys(struct, key)


def shape(value: Any) -> type:
    """The Go type of a decoded JSON value, for comparing."""
    return int if isinstance(value, float) else type(value)


def internal(message: str) -> StatusError:
    """What the API server answers where it did not foresee a patch's mistake."""
    return StatusError(500, "InternalError", message)


def unknown_directive(item: Object) -> StatusError:
    """A `$patch` that is none."""
    return internal(f"unknown patch type: {gojson.sprint(item[PATCH])} in map: {gojson.sprint(item)}")


def check_alike(items: Sequence[Any]) -> None:
    """Refuse a list whose items are of several types, or lists themselves."""
    if any(isinstance(item, list) for item in items):
        raise StatusError(422, "Invalid", "lists of lists are not supported")
    if len({shape(item) for item in items}) > 1:
        raise internal(f"list element types are not identical: {gojson.sprint([list(items)])}")


def key_of(item: Any, key: str) -> Any:
    """The value by which an item is found: its merge key, or itself where `key` is ""."""
    if not key:
        return item
    if not isinstance(item, dict):
        raise internal(f"expected a map, but received a {type(item).__name__}")
    if key not in item:
        raise internal(f"map: {gojson.sprint(item)} does not contain declared merge key: {key}")
    return item[key]


def position(items: Iterable[Any], wanted: Any, key: str) -> int | None:
    """Where `wanted`'s namesake stands among `items`, or None."""
    value = key_of(wanted, key)
    return next((at for at, item in enumerate(items) if key_of(item, key) == value), None)
