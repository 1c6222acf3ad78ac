"""Parts of patchdiff.py and patchmerge.py: the directives of a strategic merge patch, fields, and keys of list items.

A `merge_key` is the field that identifies the maps of a merged list. It is "" for a merged list of scalars, each of
which is its own key. Mirrors k8s.io/apimachinery pkg/util/strategicpatch/patch.go, v1.36.
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
    """The field of a struct, or of a map. A field that the schema lacks has the type UNKNOWN, without fields."""
    if struct.kind == "map" and struct.element:
        return Field(name, struct.element)
    return schema.fields(struct).get(name) or Field(name, UNKNOWN)


def go_type(value: Any) -> type:
    """A stand-in for the Go type of a decoded JSON value, for comparison: all numbers have one type."""
    return int if isinstance(value, float) else type(value)


def internal_error(message: str) -> StatusError:
    """The API server's answer to mistakes in a patch for which it has no proper refusal."""
    return StatusError(500, "InternalError", message)


def check_alike(items: Sequence[Any]) -> None:
    """Raise StatusError for a list with items of different types, or with lists."""
    if any(isinstance(item, list) for item in items) or len({go_type(item) for item in items}) > 1:
        raise internal_error(f"list element types are not identical: {gofmt.sprint([list(items)])}")


def key_of(item: Any, merge_key: str) -> Any:
    """The value that identifies an item: its merge key's, or for the merge key "" the item. Raises StatusError."""
    if not merge_key:
        return item
    if not isinstance(item, dict) or merge_key not in item:
        raise internal_error(f"map: {gofmt.sprint(item)} does not contain declared merge key: {merge_key}")
    return item[merge_key]


def hashable_key(item: Any, merge_key: str) -> Hashable:
    """An item's key as a key for dicts: maps and lists become text."""
    key = key_of(item, merge_key)
    return key if isinstance(key, Hashable) else repr(key)
