"""Merges a strategic merge patch into an object, and carries its directives out.

Mirrors mergeMap in k8s.io/apimachinery pkg/util/strategicpatch/patch.go, v1.36. Neither the object nor the patch is
changed. Raises StatusError, with the API server's sentence, for a patch that cannot be applied.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from kubesim.api import schema
from kubesim.api.errors import bad_request
from kubesim.api.objects import Object
from kubesim.api.schema import Type
from kubesim.cluster.apiserver.patchparts import (
    DELETE_FROM,
    PATCH,
    RETAIN,
    SET_ORDER,
    check_alike,
    element_type,
    field_type,
    go_type,
    hashable_key,
    index_by_key,
    internal_error,
)
from kubesim.gotext import gofmt


def merge_maps(original: Mapping[str, Any], change: Mapping[str, Any], struct: Type) -> Object:
    """`original` with `change` merged in and its directives carried out."""
    result = dict(original)
    rest = dict(change)  # of the change, what has not been carried out yet
    if PATCH in rest:
        is_replaced = _directive(rest) == "replace"
        return {key: value for key, value in rest.items() if key != PATCH and is_replaced}
    if RETAIN in rest:
        _retain_keys(result, rest, rest.pop(RETAIN))
    for directive in [key for key in rest if key.startswith(SET_ORDER)]:
        _set_order(result, rest, directive, struct)
    for key, value in rest.items():
        if key.startswith(DELETE_FROM):
            _delete_scalars(result, key.removeprefix(DELETE_FROM), value)
        else:
            _merge_field(result, key, value, struct)
    return result


def _delete_scalars(result: Object, field: str, gone: Any) -> None:
    """Carry out a `$deleteFromPrimitiveList`."""
    if not isinstance(gone, list):
        raise bad_request("invalid patch format of primitive list")
    if isinstance(result.get(field), list):
        result[field] = [item for item in result[field] if item not in gone]


def _directive(item: Object) -> str:
    """What an item's `$patch` says."""
    if item[PATCH] not in ("replace", "delete"):
        raise internal_error(f"unknown patch type: {gofmt.sprint(item[PATCH])} in map: {gofmt.sprint(item)}")
    return str(item[PATCH])


def _retain_keys(result: Object, rest: Object, kept: Any) -> None:
    named = [key for key, value in rest.items() if value is not None and not key.startswith((DELETE_FROM, SET_ORDER))]
    if not isinstance(kept, list) or any(key not in kept for key in named):
        raise bad_request("invalid patch format of retainKeys")
    for key in [key for key in result if key not in kept]:
        del result[key]


def _merge_field(result: Object, key: str, value: Any, struct: Type) -> None:
    if value is None:
        result.pop(key, None)
    elif key not in result or go_type(result[key]) != go_type(value):
        result[key] = _without_nulls(value)
    elif isinstance(value, dict):
        result[key] = merge_maps(result[key], value, field_type(struct, key))
    elif isinstance(value, list) and (merge_key := schema.merge_key(struct, key)) is not None:
        result[key] = _merge_lists(result[key], value, element_type(struct, key), merge_key)
    else:
        result[key] = value


def _without_nulls(value: Any) -> Any:
    """A value that is new to the object: a null in it says nothing."""
    if not isinstance(value, dict):
        return value
    return {key: _without_nulls(item) for key, item in value.items() if item is not None}


def _merge_lists(old: list[Any], new: list[Any], element: Type, merge_key: str) -> list[Any]:
    both = [*old, *new]
    check_alike(both)
    if not both or not isinstance(both[0], dict):
        return _in_order(list(dict.fromkeys(both)), new, old, "")
    if not merge_key:
        raise internal_error("cannot merge lists without merge key for type string")
    kept, plain = _special_items(old, new, merge_key)
    merged = list(kept)
    known = index_by_key(kept, merge_key)
    for item in plain:
        at = known.setdefault(hashable_key(item, merge_key), len(merged))
        if at == len(merged):
            merged.append(item)
        else:
            merged[at] = merge_maps(merged[at], item, element)
    return _in_order(merged, plain, kept, merge_key)


def _special_items(old: list[Any], new: list[Any], merge_key: str) -> tuple[list[Any], list[Any]]:
    """The old items that no `$patch` in the new list deletes, and the new items without one."""
    plain = [item for item in new if PATCH not in item]
    directives = [item for item in new if PATCH in item]
    kinds = [_directive(item) for item in directives]  # of all of them first: one that is unknown refuses the patch
    if "replace" in kinds:
        return plain, []
    gone = index_by_key(directives, merge_key)
    return [item for item in old if merge_key not in item or hashable_key(item, merge_key) not in gone], plain


def _in_order(merged: Sequence[Any], order: Sequence[Any], live: Sequence[Any], merge_key: str) -> list[Any]:
    """`merged`, with the items of `order` in that order and the others put where the live list had them.

    Where a, b, c, d are live and the order is c, x, a, the others are b and d. b was before c and goes before it; d was
    after c and is not put before the new x, nor before a: b, c, x, a, d.
    """
    ranks, live_places = index_by_key(order, merge_key), index_by_key(live, merge_key)
    ordered = [item for item in merged if hashable_key(item, merge_key) in ranks]
    ordered.sort(key=lambda item: ranks[hashable_key(item, merge_key)])
    others = deque(item for item in merged if hashable_key(item, merge_key) not in ranks)
    result = []
    for item in ordered:
        place = live_places.get(hashable_key(item, merge_key), -1)  # nothing is before a new item
        while others and live_places.get(hashable_key(others[0], merge_key), len(live)) < place:
            result.append(others.popleft())
        result.append(item)
    return [*result, *others]


def _set_order(result: Object, rest: Object, directive: str, struct: Type) -> None:
    """Carry out a `$setElementOrder`, together with the list that it orders."""
    key = directive.removeprefix(SET_ORDER)
    order = rest.pop(directive)
    old, new = result.get(key), rest.pop(key, None)
    merge_key = schema.merge_key(struct, key) or ""
    if not isinstance(order, list) or not all(item is None or isinstance(item, list) for item in (old, new)):
        raise bad_request("invalid patch format of setElementOrder list")
    if old is None and new is None:
        return
    if old and new:
        merged = _merge_lists(old, new, element_type(struct, key), merge_key)
    else:
        merged = new if old is None else old
    result[key] = _in_order(merged or (), order, old or [], merge_key)
