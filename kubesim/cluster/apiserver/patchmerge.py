"""The application of a strategic merge patch to an object, directives such as $patch and $setElementOrder included.

Neither the object nor the patch is changed, unless a function's docstring says so of its `result`. Raises StatusError,
with the API server's message, for a patch that can't be applied. Mirrors mergeMap in k8s.io/apimachinery
pkg/util/strategicpatch/patch.go, v1.36.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from kubesim.api.errors import bad_request
from kubesim.api.objects import Object
from kubesim.api.schema import Field, Type
from kubesim.cluster.apiserver.patchparts import (
    DELETE_FROM,
    PATCH,
    RETAIN,
    SET_ORDER,
    UNKNOWN,
    check_alike,
    field_of,
    go_type,
    hashable_key,
    internal_error,
)
from kubesim.gotext import gofmt


def merge_maps(original: Object, change: Object, struct: Type) -> Object:
    """A copy of `original` with the patch `change` applied; `struct` is the type of both."""
    if PATCH in change:
        if _directive(change) == "delete":
            return {}
        return {key: value for key, value in change.items() if key != PATCH}
    result = dict(original)
    values = {key: value for key, value in change.items() if not key.startswith((RETAIN, DELETE_FROM, SET_ORDER))}
    if RETAIN in change:
        _retain_keys(result, values, change[RETAIN])
    for directive, items in change.items():
        if directive.startswith(SET_ORDER):
            field = field_of(struct, directive.removeprefix(SET_ORDER))
            _set_order(result, field, items, values.pop(field.name, None))
        elif directive.startswith(DELETE_FROM):
            _delete_scalars(result, directive.removeprefix(DELETE_FROM), items)
    for key, value in values.items():
        _merge_field(result, field_of(struct, key), value)
    return result


def _directive(item: Object) -> str:
    """The value of an item's `$patch`: "replace" or "delete"."""
    if item[PATCH] not in ("replace", "delete"):
        raise internal_error(f"unknown patch type: {gofmt.sprint(item[PATCH])} in map: {gofmt.sprint(item)}")
    return str(item[PATCH])


def _retain_keys(result: Object, values: Object, retained: Any) -> None:
    """Apply `$retainKeys`: remove all other keys from `result`. It must list all keys that the patch sets."""
    is_set = [key for key, value in values.items() if value is not None]
    if not isinstance(retained, list) or any(key not in retained for key in is_set):
        raise bad_request("invalid patch format of retainKeys")
    for key in [key for key in result if key not in retained]:
        del result[key]


def _delete_scalars(result: Object, name: str, deleted: Any) -> None:
    """Apply `$deleteFromPrimitiveList` to a list of scalars in `result`."""
    if not isinstance(deleted, list):
        raise bad_request("invalid patch format of primitive list")
    if isinstance(result.get(name), list):
        result[name] = [item for item in result[name] if item not in deleted]


def _set_order(result: Object, field: Field, order: Any, new: Any) -> None:
    """Apply `$setElementOrder` to a list in `result`, after merging in `new`: the patch's value for it, or None."""
    old = result.get(field.name)
    lists = [items for items in (old, new) if items is not None]
    if not all(isinstance(items, list) for items in (order, *lists)):
        raise bad_request("invalid patch format of setElementOrder list")
    if not lists:
        return
    if old is None:
        merged = _as_new(new)
    elif new is None:
        merged = old
    else:
        merged = _merge_lists(field, old, new)
    result[field.name] = _in_order(merged, order, old or [], field.merge_key)


def _merge_field(result: Object, field: Field, value: Any) -> None:
    """Merge the patch's value for a field into `result`. null, or a value of another type, removes the old one."""
    name = field.name
    if value is None:
        result.pop(name, None)
    elif name not in result or go_type(result[name]) != go_type(value):
        result.pop(name, None)
        if not _is_directive(value):
            result[name] = _as_new(value)
    elif isinstance(value, dict):
        result[name] = merge_maps(result[name], value, field.type)
    elif isinstance(value, list) and field.is_merged:
        result[name] = _merge_lists(field, result[name], value)
    else:
        result[name] = value


def _as_new(value: Any) -> Any:
    """A value of the patch without counterpart in the object: without nulls and without items with a `$patch`.

    Mirrors removeDirectives.
    """
    if isinstance(value, list):
        return [_as_new(item) for item in value if not _is_directive(item)]
    if isinstance(value, dict):
        return {key: _as_new(item) for key, item in value.items() if item is not None and not _is_directive(item)}
    return value


def _is_directive(value: Any) -> bool:
    return isinstance(value, dict) and PATCH in value


def _merge_lists(field: Field, old: list[Any], new: list[Any]) -> list[Any]:
    """The merged list of the object's items `old` and the patch's items `new`: all maps, or all scalars."""
    both = [*old, *new]
    check_alike(both)
    if both and isinstance(both[0], dict):
        return _merge_objects(field, old, new)
    return _in_order(list(dict.fromkeys(both)), new, old, "")


def _merge_objects(field: Field, old: list[Any], new: list[Any]) -> list[Any]:
    """The old items, with the patch's items merged into those of the same key, or appended."""
    merge_key = field.merge_key
    if not merge_key:  # maps in the patch of a list of scalars; all mergeable lists of scalars have strings
        raise internal_error("cannot merge lists without merge key for type string")
    kept = _not_deleted(old, new, merge_key)
    places = _index_by_key(kept, merge_key)
    merged = kept.copy()
    new_items = [item for item in new if PATCH not in item]
    for item in new_items:
        key = hashable_key(item, merge_key)
        if key in places:
            merged[places[key]] = merge_maps(merged[places[key]], item, field.type.element or UNKNOWN)
        else:
            places[key] = len(merged)
            merged.append(item)
    return _in_order(merged, new_items, kept, merge_key)


def _not_deleted(old: list[Any], new: list[Any], merge_key: str) -> list[Any]:
    """The old items without those that a `$patch` in the new list deletes; none with "replace"."""
    directives = [item for item in new if PATCH in item]
    kinds = [_directive(item) for item in directives]  # raises for any unknown directive before one is applied
    if "replace" in kinds:
        return []
    deleted = _index_by_key(directives, merge_key)
    return [item for item in old if merge_key not in item or hashable_key(item, merge_key) not in deleted]


def _in_order(merged: Sequence[Any], order: Sequence[Any], live: Sequence[Any], merge_key: str) -> list[Any]:
    """The merged items in the order of `order`; other items keep their places relative to the list `live`.

    Example: a, b, c, d are live, and the order is c, x, a. The others are b and d. In the live list, b is before c and
    so goes before it. d is after c; it goes neither before x, which is new, nor before a. The result is b, c, x, a, d.
    """
    order_places = _index_by_key(order, merge_key)
    live_places = _index_by_key(live, merge_key)
    ordered: list[Any] = []
    others: deque[Any] = deque()
    for item in merged:
        if hashable_key(item, merge_key) in order_places:
            ordered.append(item)
        else:
            others.append(item)
    ordered.sort(key=lambda item: order_places[hashable_key(item, merge_key)])
    result = []
    for item in ordered:
        place = live_places.get(hashable_key(item, merge_key), -1)  # no live item goes before a new one
        while others and live_places.get(hashable_key(others[0], merge_key), len(live)) < place:
            result.append(others.popleft())
        result.append(item)
    return [*result, *others]


def _index_by_key(items: Iterable[Any], merge_key: str) -> dict[Hashable, int]:
    """By `hashable_key`, the index of the first item with that key."""
    indexes: dict[Hashable, int] = {}
    for index, item in enumerate(items):
        indexes.setdefault(hashable_key(item, merge_key), index)
    return indexes
