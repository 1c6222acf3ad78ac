"""The computation of a strategic merge patch that turns a live object into a new one.

Each value has three versions: `applied` from the last applied object, `new`, and `live`. No function changes its
arguments. Mirrors CreateThreeWayMergePatch in k8s.io/apimachinery pkg/util/strategicpatch/patch.go, v1.36, which
computes two patches and joins them; here one walk does both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Any, NamedTuple

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
    key_of,
)


class Diff(NamedTuple):
    """A walk through the applied, the new and the live version of each field.

    Without `is_three_way`, the applied and the live versions are the same.
    """

    is_three_way: bool

    def maps(self, applied: Object, new: Object, live: Object, struct: Type, retains_keys: bool = False) -> Object:
        """The patch for maps of the type `struct`; with `retains_keys`, it has a $retainKeys. Raises StatusError."""
        patch: Object = {}
        for key in sorted(new):
            if key not in live or go_type(live[key]) != go_type(new[key]):
                patch[key] = new[key]
            else:
                patch |= self._values(field_of(struct, key), applied.get(key), new[key], live[key])
        patch |= {key: None for key in sorted(applied) if key not in new}
        kept = sorted(key for key in new if new[key] is not None)
        if retains_keys and kept and (patch or set(live) - set(new)):
            patch[RETAIN] = kept
        return patch

    def _values(self, field: Field, applied: Any, new: Any, live: Any) -> Object:
        """The part of a patch for a field whose new and live values have the same type; {} for no change."""
        if isinstance(new, dict):
            before = applied if isinstance(applied, dict) else {}
            change = self.maps(before, new, live, field.type, field.retains_keys)
            return {field.name: change} if change else {}
        if isinstance(new, list) and field.is_merged:
            items = applied if isinstance(applied, list) else []
            return self._lists(field, field.merge_key, items, new, live)
        return {field.name: new} if live != new else {}

    def _lists(self, field: Field, merge_key: str, applied: list[Any], new: list[Any], live: list[Any]) -> Object:
        """The part of a patch for a mergeable list: the field's name, and directives that contain it, as keys."""
        if not live:
            return {field.name: new} if new else {}
        check_alike([*applied, *live, *new])
        if not merge_key:
            return _diff_scalars(field.name, applied, new, live)
        changed = self._items(field, merge_key, applied, new, live)
        order = [key_of(item, merge_key) for item in new]
        patch: Object = {field.name: changed} if changed else {}
        if changed or order != [key_of(item, merge_key) for item in live]:
            patch[SET_ORDER + field.name] = [{merge_key: key} for key in order]
        return patch

    def _items(self, field: Field, merge_key: str, applied: list[Any], new: list[Any], live: list[Any]) -> list[Any]:
        """The changed and new items in their new order, then directives for those to delete.

        If several items have one key, the first is compared with the first, the second with the second, and so on. A
        patch can only delete all items of a key: one between two versions then adds the remaining ones again; one from
        three versions doesn't, because upstream joins two patches, and deletion wins.
        """
        element = field.type.element or UNKNOWN
        applied_items = _by_place(applied, merge_key)
        new_items = _by_place(new, merge_key)
        live_items = _by_place(live, merge_key)
        deleted = {
            place.key: key_of(item, merge_key) for place, item in applied_items.items() if place not in new_items
        }
        changed: list[Any] = []
        for place, item in new_items.items():
            if place.key in deleted and self.is_three_way:
                continue
            if place not in live_items:
                changed.append(item)
                continue
            before = applied_items.get(place, {})
            if change := self.maps(before, item, live_items[place], element, field.retains_keys):
                changed.append({**change, merge_key: item[merge_key]})
        return changed + [{PATCH: "delete", merge_key: key} for key in sorted(deleted.values(), key=str)]


def _diff_scalars(name: str, applied: list[Any], new: list[Any], live: list[Any]) -> Object:
    """The part of a patch for a merged list of scalars."""
    patch: Object = {}
    if added := [item for item in new if item not in live]:
        patch[name] = added
    if deleted := sorted({item for item in applied if item not in new}, key=str):
        patch[DELETE_FROM + name] = deleted
    if patch or live != new:
        patch[SET_ORDER + name] = new
    return patch


class _Place(NamedTuple):
    """The identity of an item in its list."""

    key: Hashable
    earlier: int  # the number of earlier items with the same key


def _by_place(items: list[Any], merge_key: str) -> dict[_Place, Any]:
    """The items of a list by their identity."""
    counts: Counter[Hashable] = Counter()
    by_place: dict[_Place, Any] = {}
    for item in items:
        key = hashable_key(item, merge_key)
        by_place[_Place(key, counts[key])] = item
        counts[key] += 1
    return by_place
