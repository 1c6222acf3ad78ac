"""Working out a strategic merge patch from the objects before and after.

Does in one walk what CreateThreeWayMergePatch and diffMaps in k8s.io/apimachinery pkg/util/strategicpatch/patch.go,
v1.36, do by joining two patches. Each function takes what was applied last, what is wanted and what is there.
"""

from __future__ import annotations

from typing import Any

from kubesim.api import schema
from kubesim.api.objects import Object
from kubesim.api.resources import Resource
from kubesim.api.schema import Type
from kubesim.cluster.apiserver.patch.strategic import (
    DELETE_FROM,
    PATCH,
    RETAIN,
    SET_ORDER,
    check_alike,
    element_type,
    field_type,
    key_of,
    position,
    shape,
)


def three_way(original: Object | None, modified: Object, current: Object, resource: Resource) -> Object:
    """The patch with which `kubectl apply` makes `current` into `modified`; empty where nothing changes.

    What `original` (the last applied) has and `modified` has not is deleted; the rest of `current` stays.
    """
    return _maps(original or {}, modified, current, schema.type_of(resource))


def two_way(original: Object, modified: Object, resource: Resource) -> Object:
    """The patch that makes `original` into `modified`, as `kubectl edit` and `kubectl label` send it."""
    return _maps(original, modified, original, schema.type_of(resource))


def _maps(applied: Object, new: Object, live: Object, struct: Type, retain: bool = False) -> Object:
    """The patch between objects of a type; `retain`: say in it which keys stay."""
    patch: Object = {}
    for key in sorted(new):
        if key not in live or shape(live[key]) != shape(new[key]):
            patch[key] = new[key]
        elif isinstance(new[key], dict):
            before = applied.get(key) if isinstance(applied.get(key), dict) else None
            retained = schema.retains_keys(struct, key)
            if change := _maps(before or {}, new[key], live[key], field_type(struct, key), retained):
                patch[key] = change
        elif isinstance(new[key], list) and (by := schema.merge_key(struct, key)) is not None:
            before = applied.get(key) if isinstance(applied.get(key), list) else None
            patch |= _lists(key, before or [], new[key], live[key], struct, by)
        elif live[key] != new[key]:
            patch[key] = new[key]
    patch |= {key: None for key in sorted(applied) if key not in new}
    kept = sorted(key for key in new if new[key] is not None)
    if retain and kept and (patch or set(live) - set(new)):
        patch[RETAIN] = kept
    return patch


def _lists(key: str, applied: list[Any], new: list[Any], live: list[Any], struct: Type, by: str) -> Object:
    if not live:
        return {key: new} if new else {}
    check_alike([*applied, *live, *new])
    if by:
        changed, gone = _items(applied, new, live, element_type(struct, key), by, schema.retains_keys(struct, key)), []
        moved = [key_of(item, by) for item in live] != [key_of(item, by) for item in new]
    else:
        changed = [item for item in new if item not in live]
        gone = sorted({item for item in applied if item not in new}, key=str)
        moved = live != new
    patch: Object = {key: changed} if changed else {}
    if gone:
        patch[DELETE_FROM + key] = gone
    if patch or moved:
        patch[SET_ORDER + key] = [{by: key_of(item, by)} for item in new] if by else new
    return patch


def _items(applied: list[Any], new: list[Any], live: list[Any], element: Type, by: str, retain: bool) -> list[Any]:
    """The changed and new items in their new order, then those to delete."""
    found: list[Any] = []
    for item in new:
        at, before = position(live, item, by), position(applied, item, by)
        if at is None:
            found.append(item)
        elif change := _maps({} if before is None else applied[before], item, live[at], element, retain):
            found.append({**change, by: item[by]})
    gone = [key_of(item, by) for item in applied if position(new, item, by) is None]
    return found + [{PATCH: "delete", by: value} for value in sorted(gone, key=str)]
