"""Computes a strategic merge patch: what apply sends so that a live object becomes the new one.

Mirrors CreateThreeWayMergePatch in k8s.io/apimachinery pkg/util/strategicpatch/patch.go, v1.36; what that does by
joining two patches is done here in one walk. Of each value there are three: the `applied` one (the last applied), the
`new` one and the `live` one. No function changes its arguments.
"""

from __future__ import annotations

from typing import Any

from kubesim.api import schema
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
    key_of,
)


def diff_maps(applied: Object, new: Object, live: Object, struct: Type, retain: bool = False) -> Object:
    """The patch between objects of a type; `retain`: say in it which keys stay. Raises StatusError for a bad list."""
    patch: Object = {}
    for key in sorted(new):
        merge_key = schema.merge_key(struct, key)  # None: a list is replaced as a whole
        if key not in live or go_type(live[key]) != go_type(new[key]):
            patch[key] = new[key]
        elif isinstance(new[key], dict):
            before = applied[key] if isinstance(applied.get(key), dict) else {}
            retained = schema.retains_keys(struct, key)
            if change := diff_maps(before, new[key], live[key], field_type(struct, key), retained):
                patch[key] = change
        elif isinstance(new[key], list) and merge_key is not None:
            items = applied[key] if isinstance(applied.get(key), list) else []
            patch |= _diff_lists(key, items, new[key], live[key], struct, merge_key)
        elif live[key] != new[key]:
            patch[key] = new[key]
    patch |= {key: None for key in sorted(applied) if key not in new}
    kept = sorted(key for key in new if new[key] is not None)
    if retain and kept and (patch or set(live) - set(new)):
        patch[RETAIN] = kept
    return patch


def _diff_lists(
    field: str, applied: list[Any], new: list[Any], live: list[Any], struct: Type, merge_key: str
) -> Object:
    """What a patch says of a list that is merged: under the field's own name, and under directives with that name."""
    if not live:
        return {field: new} if new else {}
    check_alike([*applied, *live, *new])
    if not merge_key:
        return _diff_scalars(field, applied, new, live)
    return _diff_keyed_list(field, applied, new, live, struct, merge_key)


def _diff_scalars(field: str, applied: list[Any], new: list[Any], live: list[Any]) -> Object:
    patch: Object = {}
    if added := [item for item in new if item not in live]:
        patch[field] = added
    if gone := sorted({item for item in applied if item not in new}, key=str):
        patch[DELETE_FROM + field] = gone
    if patch or live != new:
        patch[SET_ORDER + field] = new
    return patch


def _diff_keyed_list(
    field: str, applied: list[Any], new: list[Any], live: list[Any], struct: Type, merge_key: str
) -> Object:
    element, retain = element_type(struct, field), schema.retains_keys(struct, field)
    changed = _diff_items(applied, new, live, element, merge_key, retain)
    order = [key_of(item, merge_key) for item in new]
    patch: Object = {field: changed} if changed else {}
    if changed or order != [key_of(item, merge_key) for item in live]:
        patch[SET_ORDER + field] = [{merge_key: key} for key in order]
    return patch


def _diff_items(
    applied: list[Any], new: list[Any], live: list[Any], element: Type, merge_key: str, retain: bool
) -> list[Any]:
    """The changed and new items in their new order, then those to delete."""
    changed: list[Any] = []
    live_places = index_by_key(live, merge_key)
    applied_places = index_by_key(applied, merge_key)
    kept = index_by_key(new, merge_key)
    for item in new:
        key = hashable_key(item, merge_key)
        if key not in live_places:
            changed.append(item)
            continue
        before = applied[applied_places[key]] if key in applied_places else {}
        if change := diff_maps(before, item, live[live_places[key]], element, retain):
            changed.append({**change, merge_key: item[merge_key]})
    gone = [key_of(item, merge_key) for item in applied if hashable_key(item, merge_key) not in kept]
    return changed + [{PATCH: "delete", merge_key: key} for key in sorted(gone, key=str)]
