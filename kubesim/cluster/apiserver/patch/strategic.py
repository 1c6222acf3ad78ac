"""Applying a strategic merge patch, or joining two of them.

Mirrors mergeMap and what it calls in k8s.io/apimachinery pkg/util/strategicpatch/patch.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kubesim.api.errors import bad_request
from kubesim.api.objects import Object
from kubesim.api.schema import Type
from kubesim.cluster.apiserver.patch.fields import (
    DELETE_FROM,
    PATCH,
    RETAIN,
    SET_ORDER,
    check_alike,
    element_type,
    field_type,
    internal,
    key_of,
    merge_key,
    position,
    shape,
    unknown_directive,
)
from kubesim.gotext import gojson


def merge_maps(original: Mapping[str, Any], change: Mapping[str, Any], struct: Type | None, apply: bool) -> Object:
    """`original` with `change` merged in.

    `apply` carries directives and nulls out, as the server does; otherwise `original` is a patch too, and they are kept
    for the joined one.
    """
    result, rest = dict(original), dict(change)
    if PATCH in rest:
        return _replaced(rest)
    _retain_keys(result, rest, apply)
    for directive in [key for key in rest if key.startswith(SET_ORDER)]:
        _set_order(result, rest, directive, struct, apply)
    for key, value in rest.items():
        if not key.startswith(DELETE_FROM):
            _merge_field(result, key, value, struct, apply)
        elif apply:
            _delete_from(result, key.removeprefix(DELETE_FROM), value)
        else:
            result[key] = value
    return result


def _replaced(change: Object) -> Object:
    if change[PATCH] == "replace":
        return {key: value for key, value in change.items() if key != PATCH}
    if change[PATCH] == "delete":
        return {}
    raise unknown_directive(change)


def _retain_keys(result: Object, rest: Object, apply: bool) -> None:
    if RETAIN not in rest:
        return
    kept = rest.pop(RETAIN)
    if not apply:
        result.setdefault(RETAIN, kept)
        return
    named = [key for key, value in rest.items() if value is not None and not key.startswith((DELETE_FROM, SET_ORDER))]
    if not isinstance(kept, list) or any(key not in kept for key in named):
        raise bad_request("invalid patch format of retainKeys")
    for key in [key for key in result if key not in kept]:
        del result[key]


def _delete_from(result: Object, key: str, gone: Any) -> None:
    if not isinstance(gone, list):
        raise bad_request("invalid patch format of primitive list")
    if isinstance(result.get(key), list):
        result[key] = [item for item in result[key] if item not in gone]


def _merge_field(result: Object, key: str, value: Any, struct: Type | None, apply: bool) -> None:
    if value is None:
        result.pop(key, None)
        if not apply:
            result[key] = None
    elif key not in result or shape(result[key]) != shape(value):
        result[key] = _without_nulls(value) if apply else value
    elif isinstance(value, dict):
        result[key] = merge_maps(result[key], value, field_type(struct, key), apply)
    elif isinstance(value, list) and (by := merge_key(struct, key)) is not None:
        result[key] = _merge_lists(result[key], value, element_type(struct, key), by, apply)
    else:
        result[key] = value


def _without_nulls(value: Any) -> Any:
    """A value that is new to the object: a null in it says nothing."""
    if not isinstance(value, dict):
        return value
    return {key: _without_nulls(item) for key, item in value.items() if item is not None}


def _merge_lists(old: list[Any], new: list[Any], element: Type | None, by: str, apply: bool) -> list[Any]:
    both = [*old, *new]
    check_alike(both)
    if not both or not isinstance(both[0], dict):
        return _ordered(list(dict.fromkeys(both)), new, old, "")
    if not by:
        raise internal("cannot merge lists without merge key for type string")
    kept, plain = _special_items(old, new, by)
    merged = list(kept)
    for item in plain:
        at = position(merged, item, by)
        if at is None:
            merged.append(item)
        else:
            merged[at] = merge_maps(merged[at], item, element, apply)
    return _ordered(merged, plain, kept, by)


def _special_items(old: list[Any], new: list[Any], by: str) -> tuple[list[Any], list[Any]]:
    """The old items that no `$patch` in the new list deletes, and the new items without one."""
    plain = [item for item in new if PATCH not in item]
    directives = [item for item in new if PATCH in item]
    for item in directives:
        if item[PATCH] not in ("delete", "replace"):
            raise unknown_directive(item)
    if any(item[PATCH] == "replace" for item in directives):
        return plain, []
    gone = [key_of(item, by) for item in directives]
    return [item for item in old if item.get(by) not in gone], plain


def _ordered(merged: Sequence[Any], order: Sequence[Any], live: Sequence[Any], by: str) -> list[Any]:
    """`merged`, with the items of `order` in that order and the others put where the live list had them."""
    ranked = [(position(order, item, by), item) for item in merged]
    others = [item for rank, item in ranked if rank is None]
    patched = [
        item for _, item in sorted(((rank, item) for rank, item in ranked if rank is not None), key=lambda p: p[0])
    ]
    result = []
    while patched and others:
        left, right = position(live, others[0], by), position(live, patched[0], by)
        others_first = left is not None and right is not None and left < right
        result.append(others.pop(0) if others_first else patched.pop(0))
    return [*result, *others, *patched]


def _set_order(result: Object, rest: Object, directive: str, struct: Type | None, apply: bool) -> None:
    """Carry out (or, joining patches, keep) a `$setElementOrder`, together with the list that it orders."""
    order, key = rest.pop(directive), directive.removeprefix(SET_ORDER)
    if not apply:
        result.setdefault(directive, order)
    old, new, by = result.get(key), rest.pop(key, None), merge_key(struct, key) or ""
    if not all(item is None or isinstance(item, list) for item in (order, old, new)) or order is None:
        raise bad_request("invalid patch format of setElementOrder list")
    if old is None and new is None:
        return
    _check_order(new or [], order, by)
    if old is None or new is None:
        merged = new if old is None else old
    else:
        merged = _merge_lists(old, new, element_type(struct, key), by, apply)
    result[key] = _ordered(merged or (), order, old or [], by)


def _check_order(new: list[Any], order: list[Any], by: str) -> None:
    """The patch's items must all stand in its order list."""
    items = [item for item in new if not (isinstance(item, dict) and PATCH in item)]
    if order and any(position(order, item, by) is None for item in items):
        told = f"The order in patch list:\n{gojson.sprint(new)}\n doesn't match $setElementOrder list:\n"
        raise internal(f"{told}{gojson.sprint(order)}\n")
