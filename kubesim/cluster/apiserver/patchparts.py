"""What computing and merging a strategic merge patch share: its directives, types of fields and keys of list items.

Mirrors k8s.io/apimachinery pkg/util/strategicpatch/patch.go, v1.36. A `merge_key` is the key by which the objects of a
list are found, or "" for a list of scalars, each of which is its own key; a list that a patch replaces has none.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from kubesim.api import schema
from kubesim.api.errors import StatusError
from kubesim.api.schema import Field, Type
from kubesim.gotext import gofmt

# Directives, as keys of a patch.
PATCH = "$patch"
RETAIN = "$retainKeys"
DELETE_FROM = "$deleteFromPrimitiveList/"
SET_ORDER = "$setElementOrder/"

UNKNOWN = Type("any", "")


def field_of(struct: Type, name: str) -> Field:
    """A struct's field, or a map's; where the schema knows none, of a type without fields."""
    if struct.kind == "map" and struct.element:
        return Field(name, struct.element)
    return schema.fields(struct).get(name) or Field(name, UNKNOWN)


def go_type(value: Any) -> type:
    """The Go type of a decoded JSON value, for comparing."""
    return int if isinstance(value, float) else type(value)


def internal_error(message: str) -> StatusError:
    """What the API server answers where it did not foresee a patch's mistake."""
    return StatusError(500, "InternalError", message)


def check_alike(items: Sequence[Any]) -> None:
    """Refuse a list whose items are of several types, or lists themselves."""
    if any(isinstance(item, list) for item in items) or len({go_type(item) for item in items}) > 1:
        raise internal_error(f"list element types are not identical: {gofmt.sprint([list(items)])}")


def key_of(item: Any, merge_key: str) -> Any:
    """The value by which an item is found: that of its merge key, or itself where `merge_key` is ""."""
    if not merge_key:
        return item
    if not isinstance(item, dict) or merge_key not in item:
        raise internal_error(f"map: {gofmt.sprint(item)} does not contain declared merge key: {merge_key}")
    return item[merge_key]


def hashable_key(item: Any, merge_key: str) -> Hashable:
    """An item's key in a form that a dict takes."""
    key = key_of(item, merge_key)
    return key if isinstance(key, Hashable) else repr(key)
