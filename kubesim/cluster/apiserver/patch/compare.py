"""Working out a strategic merge patch from the objects before and after.

Mirrors CreateThreeWayMergePatch, CreateTwoWayMergePatch and diffMaps in k8s.io/apimachinery
pkg/util/strategicpatch/patch.go, v1.36.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kubesim.api import schema
from kubesim.api.objects import Object
from kubesim.api.resources import Resource
from kubesim.api.schema import Type
from kubesim.cluster.apiserver.patch.fields import (
    DELETE_FROM,
    PATCH,
    RETAIN,
    SET_ORDER,
    check_alike,
    element_type,
    field_type,
    key_of,
    merge_key,
    position,
    retains_keys,
    shape,
)
from kubesim.cluster.apiserver.patch.strategic import merge_maps


def three_way(original: Object | None, modified: Object, current: Object, resource: Resource) -> Object:
    """The patch with which `kubectl apply` makes `current` into `modified`; empty where nothing changes.

    What `original` (the last applied) has and `modified` has not is deleted; the rest of `current` stays.
    """
    struct = schema.type_of(resource)
    changes = _Comparison(deletions=False).maps(current, modified, struct)
    deletions = _Comparison(additions=False).maps(original or {}, modified, struct)
    return merge_maps(deletions, changes, struct, apply=False)


def two_way(original: Object, modified: Object, resource: Resource) -> Object:
    """The patch that makes `original` into `modified`, as `kubectl edit` and `kubectl label` send it."""
    return _Comparison().maps(original, modified, schema.type_of(resource))


@dataclass(frozen=True)
class _Comparison:
    """Tells what to delete, or what changed and was added, or both."""

    additions: bool = True
    deletions: bool = True

    def maps(self, old: Object, new: Object, struct: Type | None, retain: bool = False) -> Object:
        """The patch between two objects of a type; `retain`: say in it which keys stay."""
        patch: Object = {}
        for key in sorted(new):
            if key in old and shape(old[key]) == shape(new[key]):
                self._field(patch, key, old[key], new[key], struct)
            elif self.additions:
                patch[key] = new[key]
        if self.deletions:
            patch |= {key: None for key in sorted(old) if key not in new}
        kept = sorted(key for key in new if new[key] is not None)
        if retain and kept and (patch or set(old) - set(new)):
            patch[RETAIN] = kept
        return patch

    def _field(self, patch: Object, key: str, old: Any, new: Any, struct: Type | None) -> None:
        if isinstance(new, dict):
            if change := self.maps(old, new, field_type(struct, key), retains_keys(struct, key)):
                patch[key] = change
        elif isinstance(new, list) and (by := merge_key(struct, key)) is not None:
            patch |= self._lists(key, old, new, struct, by)
        elif self.additions and old != new:
            patch[key] = new

    def _lists(self, key: str, old: list[Any], new: list[Any], struct: Type | None, by: str) -> Object:
        if not old:
            return {key: new} if new and self.additions else {}
        check_alike([*old, *new])
        if not by:
            return self._scalars(key, old, new)
        items = self._items(old, new, element_type(struct, key), by, retains_keys(struct, key))
        patch: Object = {key: items} if items else {}
        moved = [key_of(item, by) for item in old] != [key_of(item, by) for item in new]
        if items or (self.additions and moved):
            patch[SET_ORDER + key] = [{by: key_of(item, by)} for item in new]
        return patch

    def _items(self, old: list[Any], new: list[Any], element: Type | None, by: str, retain: bool) -> list[Any]:
        """The changed and new items in their new order, then those to delete."""
        found: list[Any] = []
        for item in new:
            at = position(old, item, by)
            if at is None:
                found += [item] if self.additions else []
            elif change := self.maps(old[at], item, element, retain):
                found.append({**change, by: item[by]})
        gone = [key_of(item, by) for item in old if position(new, item, by) is None] if self.deletions else []
        return found + [{PATCH: "delete", by: value} for value in sorted(gone, key=str)]

    def _scalars(self, key: str, old: list[Any], new: list[Any]) -> Object:
        added = [item for item in new if item not in old] if self.additions else []
        gone = sorted({item for item in old if item not in new}, key=str) if self.deletions else []
        patch: Object = {key: added} if added else {}
        if gone:
            patch[DELETE_FROM + key] = gone
        if gone or (self.additions and old != new):
            patch[SET_ORDER + key] = new
        return patch
