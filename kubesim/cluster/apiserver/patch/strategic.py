"""Applying a strategic merge patch.

Mirrors mergeMap and what it calls in k8s.io/apimachinery pkg/util/strategicpatch/patch.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

from kubesim.api import schema
from kubesim.api.errors import StatusError, bad_request
from kubesim.api.objects import Object
from kubesim.api.schema import Type
from kubesim.gotext import gojson

# Directives, as keys of a patch.
PATCH = "$patch"
RETAIN = "$retainKeys"
DELETE_FROM = "$deleteFromPrimitiveList/"
SET_ORDER = "$setElementOrder/"

_UNKNOWN = Type("any", "")


def field_type(struct: Type, key: str) -> Type:
    """The type of a struct's field or of a map's values; of no fields where the schema knows none."""
    if struct.kind == "map":
        return struct.element or _UNKNOWN
    field = schema.fields(struct).get(key)
    return field.type if field else _UNKNOWN


def element_type(struct: Type, key: str) -> Type:
    return field_type(struct, key).element or _UNKNOWN


def shape(value: Any) -> type:
    """The Go type of a decoded JSON value, for comparing."""
    return int if isinstance(value, float) else type(value)


def _internal(message: str) -> StatusError:
    """What the API server answers where it did not foresee a patch's mistake."""
    return StatusError(500, "InternalError", message)


def check_alike(items: Sequence[Any]) -> None:
    """Refuse a list whose items are of several types, or lists themselves."""
    if any(isinstance(item, list) for item in items) or len({shape(item) for item in items}) > 1:
        raise _internal(f"list element types are not identical: {gojson.sprint([list(items)])}")


def key_of(item: Any, by: str) -> Any:
    """The value by which an item is found: its merge key, or itself where `by` is ""."""
    if not by:
        return item
    if not isinstance(item, dict) or by not in item:
        raise _internal(f"map: {gojson.sprint(item)} does not contain declared merge key: {by}")
    return item[by]


def places(items: Iterable[Any], by: str) -> dict[Hashable, int]:
    """Where the item with each key is among `items`, by `handle`."""
    found: dict[Hashable, int] = {}
    for at, item in enumerate(items):
        found.setdefault(handle(item, by), at)
    return found


def handle(item: Any, by: str) -> Hashable:
    """An item's key as `places` knows it."""
    key = key_of(item, by)
    return key if isinstance(key, Hashable) else repr(key)


def merge_maps(original: Mapping[str, Any], change: Mapping[str, Any], struct: Type) -> Object:
    """`original` with `change` merged in and its directives carried out."""
    result, rest = dict(original), dict(change)
    if PATCH in rest:
        return _replaced(rest)
    if RETAIN in rest:
        _retain_keys(result, rest, rest.pop(RETAIN))
    for directive in [key for key in rest if key.startswith(SET_ORDER)]:
        _set_order(result, rest, directive, struct)
    for key, value in rest.items():
        if key.startswith(DELETE_FROM):
            name = key.removeprefix(DELETE_FROM)
            if not isinstance(value, list):
                raise bad_request("invalid patch format of primitive list")
            if isinstance(result.get(name), list):
                result[name] = [item for item in result[name] if item not in value]
        else:
            _merge_field(result, key, value, struct)
    return result


def _replaced(change: Object) -> Object:
    directive = change.pop(PATCH)
    if directive not in ("replace", "delete"):
        raise _unknown_directive({PATCH: directive, **change})
    return change if directive == "replace" else {}


def _unknown_directive(item: Object) -> StatusError:
    return _internal(f"unknown patch type: {gojson.sprint(item[PATCH])} in map: {gojson.sprint(item)}")


def _retain_keys(result: Object, rest: Object, kept: Any) -> None:
    named = [key for key, value in rest.items() if value is not None and not key.startswith((DELETE_FROM, SET_ORDER))]
    if not isinstance(kept, list) or any(key not in kept for key in named):
        raise bad_request("invalid patch format of retainKeys")
    for key in [key for key in result if key not in kept]:
        del result[key]


def _merge_field(result: Object, key: str, value: Any, struct: Type) -> None:
    if value is None:
        result.pop(key, None)
    elif key not in result or shape(result[key]) != shape(value):
        result[key] = _without_nulls(value)
    elif isinstance(value, dict):
        result[key] = merge_maps(result[key], value, field_type(struct, key))
    elif isinstance(value, list) and (by := schema.merge_key(struct, key)) is not None:
        result[key] = _merge_lists(result[key], value, element_type(struct, key), by)
    else:
        result[key] = value


def _without_nulls(value: Any) -> Any:
    """A value that is new to the object: a null in it says nothing."""
    if not isinstance(value, dict):
        return value
    return {key: _without_nulls(item) for key, item in value.items() if item is not None}


def _merge_lists(old: list[Any], new: list[Any], element: Type, by: str) -> list[Any]:
    both = [*old, *new]
    check_alike(both)
    if not both or not isinstance(both[0], dict):
        return _ordered(list(dict.fromkeys(both)), new, old, "")
    if not by:
        raise _internal("cannot merge lists without merge key for type string")
    kept, plain = _special_items(old, new, by)
    merged = list(kept)
    known = places(kept, by)
    for item in plain:
        at = known.setdefault(handle(item, by), len(merged))
        if at == len(merged):
            merged.append(item)
        else:
            merged[at] = merge_maps(merged[at], item, element)
    return _ordered(merged, plain, kept, by)


def _special_items(old: list[Any], new: list[Any], by: str) -> tuple[list[Any], list[Any]]:
    """The old items that no `$patch` in the new list deletes, and the new items without one."""
    plain = [item for item in new if PATCH not in item]
    directives = [item for item in new if PATCH in item]
    for item in directives:
        if item[PATCH] not in ("delete", "replace"):
            raise _unknown_directive(item)
    if any(item[PATCH] == "replace" for item in directives):
        return plain, []
    gone = places(directives, by)
    return [item for item in old if by not in item or handle(item, by) not in gone], plain


def _ordered(merged: Sequence[Any], order: Sequence[Any], live: Sequence[Any], by: str) -> list[Any]:
    """`merged`, with the items of `order` in that order and the others put where the live list had them."""
    ranks, lived = places(order, by), places(live, by)
    ranked = [(ranks.get(handle(item, by)), item) for item in merged]
    others = [item for rank, item in ranked if rank is None]
    known = [(rank, item) for rank, item in ranked if rank is not None]
    patched = [item for _, item in sorted(known, key=lambda pair: pair[0])]
    result = []
    while patched and others:
        left, right = lived.get(handle(others[0], by)), lived.get(handle(patched[0], by))
        others_first = left is not None and right is not None and left < right
        result.append(others.pop(0) if others_first else patched.pop(0))
    return [*result, *others, *patched]


def _set_order(result: Object, rest: Object, directive: str, struct: Type) -> None:
    """Carry out a `$setElementOrder`, together with the list that it orders."""
    order, key = rest.pop(directive), directive.removeprefix(SET_ORDER)
    old, new, by = result.get(key), rest.pop(key, None), schema.merge_key(struct, key) or ""
    if not isinstance(order, list) or not all(item is None or isinstance(item, list) for item in (old, new)):
        raise bad_request("invalid patch format of setElementOrder list")
    if old is None and new is None:
        return
    merged = _merge_lists(old, new, element_type(struct, key), by) if old and new else new if old is None else old
    result[key] = _ordered(merged or (), order, old or [], by)
