"""Patches: JSON (RFC 6902), merge (RFC 7386) and Kubernetes' strategic merge, and how apply works its patch out.

Mirrors k8s.io/apiserver pkg/endpoints/handlers/patch.go and k8s.io/apimachinery pkg/util/strategicpatch, v1.36; what
CreateThreeWayMergePatch does by joining two patches is done here in one walk. No function changes its arguments; each
raises StatusError, with the API server's sentence, for a patch that cannot be applied.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

from kubesim.api import decoding, schema
from kubesim.api.budget import Budget, count_values
from kubesim.api.errors import StatusError, bad_request, invalid_request, invalid_value
from kubesim.api.objects import Object, clone
from kubesim.api.resources import Resource
from kubesim.api.schema import Type
from kubesim.gotext import gojson

# Directives, as keys of a patch.
PATCH = "$patch"
RETAIN = "$retainKeys"
DELETE_FROM = "$deleteFromPrimitiveList/"
SET_ORDER = "$setElementOrder/"

_UNKNOWN = Type("any", "")
_OPERATION_COST = 110  # of an operation in a JSON patch, in steps
_MISTAKES = (TypeError, LookupError, AttributeError, RecursionError)  # what else a wrong operation raises
_MAP = "value of type map[string]interface {}"


def json_patch(obj: Object, operations: Any, budget: Budget | None = None) -> Object:
    """`obj` changed by a list of RFC 6902 operations, which are paid for from `budget`."""
    budget = budget or Budget()
    if not isinstance(operations, list):
        raise bad_request(f"error decoding patch: {gojson.mismatch(operations, 'value of type []interface {}')}")
    import jsonpatch
    import jsonpointer

    changed = clone(obj)
    try:
        for operation in operations:
            budget.spend(_OPERATION_COST)
            if isinstance(operation, dict) and operation.get("op") == "copy":
                budget.produce(len(gojson.dumps(jsonpointer.resolve_pointer(changed, operation["from"]))))
            changed = jsonpatch.apply_patch(changed, [operation], in_place=True)
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, *_MISTAKES):
        raise _refused() from None
    if not isinstance(changed, dict):
        raise _refused()
    count_values(changed, "a patched object")
    return changed


def _refused() -> StatusError:
    return invalid_request("the server rejected our request due to an error in our request")


def merge_patch(obj: Object, change: Any) -> Object:
    """`obj` changed by an RFC 7386 patch: null removes, objects merge, all else replaces."""
    if not isinstance(change, dict):
        raise bad_request(f"error decoding patch: {gojson.mismatch(change, _MAP)}")
    return _merged(obj, change)


def _merged(target: Any, change: Object) -> Object:
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key), value) if isinstance(value, dict) else value
    return result


def strategic_merge(obj: Object, change: Any, resource: Resource) -> Object:
    """`obj` changed by a strategic merge patch; its fields have the right types."""
    if not isinstance(change, dict):
        raise bad_request(gojson.mismatch(change, _MAP))
    struct = schema.type_of(resource)
    merged = _merge_maps(obj, change, struct)
    try:
        decoding.convert(struct, merged)
    except decoding.DecodeError as error:
        raise mismatch(change, error.in_converter()) from None
    return merged


def patched(resource: Resource, obj: Object, change: Any, patch_type: str, budget: Budget | None = None) -> Object:
    """`obj` changed by a patch of type "strategic", "merge" or "json"; its fields have the right types."""
    if patch_type == "strategic":
        return strategic_merge(obj, change, resource)
    changed = merge_patch(obj, change) if patch_type == "merge" else json_patch(obj, change, budget)
    try:
        decoding.convert(schema.type_of(resource), changed)
    except decoding.DecodeError as error:
        raise mismatch(changed, error.in_json()) from None
    return changed


def mismatch(change: Object, why: str) -> StatusError:
    """The refusal of a patch that does not match the type. `change` is what it quotes: the patch, or its outcome."""
    quoted = gojson.sprint(change) if "apiVersion" not in change else gojson.dumps(change)
    cause = invalid_value("patch", quoted, why)
    return invalid_request(f' "" is invalid: {cause}', cause)


def three_way(original: Object | None, modified: Object, current: Object, resource: Resource) -> Object:
    """The patch with which `kubectl apply` makes `current` into `modified`; empty where nothing changes.

    What `original` (the last applied) has and `modified` has not is deleted; the rest of `current` stays. Where it is
    `current` itself, this is the patch between two objects, as `kubectl set` sends it.
    """
    return _maps(original or {}, modified, current, schema.type_of(resource))


def _maps(applied: Object, new: Object, live: Object, struct: Type, retain: bool = False) -> Object:
    """The patch between objects of a type; `retain`: say in it which keys stay."""
    patch: Object = {}
    for key in sorted(new):
        if key not in live or _shape(live[key]) != _shape(new[key]):
            patch[key] = new[key]
        elif isinstance(new[key], dict):
            before = applied.get(key) if isinstance(applied.get(key), dict) else None
            retained = schema.retains_keys(struct, key)
            if change := _maps(before or {}, new[key], live[key], _field_type(struct, key), retained):
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
    _check_alike([*applied, *live, *new])
    if by:
        changed, gone = _items(applied, new, live, _element_type(struct, key), by, schema.retains_keys(struct, key)), []
        moved = [_key_of(item, by) for item in live] != [_key_of(item, by) for item in new]
    else:
        changed = [item for item in new if item not in live]
        gone = sorted({item for item in applied if item not in new}, key=str)
        moved = live != new
    patch: Object = {key: changed} if changed else {}
    if gone:
        patch[DELETE_FROM + key] = gone
    if patch or moved:
        patch[SET_ORDER + key] = [{by: _key_of(item, by)} for item in new] if by else new
    return patch


def _items(applied: list[Any], new: list[Any], live: list[Any], element: Type, by: str, retain: bool) -> list[Any]:
    """The changed and new items in their new order, then those to delete."""
    merged: list[Any] = []
    live_places = _places(live, by)
    applied_places = _places(applied, by)
    kept = _places(new, by)
    for item in new:
        at = live_places.get(_handle(item, by))
        before = applied_places.get(_handle(item, by))
        if at is None:
            merged.append(item)
        elif change := _maps({} if before is None else applied[before], item, live[at], element, retain):
            merged.append({**change, by: item[by]})
    gone = [_key_of(item, by) for item in applied if _handle(item, by) not in kept]
    return merged + [{PATCH: "delete", by: value} for value in sorted(gone, key=str)]


def _field_type(struct: Type, key: str) -> Type:
    """The type of a struct's field or of a map's values; of no fields where the schema knows none."""
    if struct.kind == "map":
        return struct.element or _UNKNOWN
    field = schema.fields(struct).get(key)
    return field.type if field else _UNKNOWN


def _element_type(struct: Type, key: str) -> Type:
    return _field_type(struct, key).element or _UNKNOWN


def _shape(value: Any) -> type:
    """The Go type of a decoded JSON value, for comparing."""
    return int if isinstance(value, float) else type(value)


def _internal(message: str) -> StatusError:
    """What the API server answers where it did not foresee a patch's mistake."""
    return StatusError(500, "InternalError", message)


def _check_alike(items: Sequence[Any]) -> None:
    """Refuse a list whose items are of several types, or lists themselves."""
    if any(isinstance(item, list) for item in items) or len({_shape(item) for item in items}) > 1:
        raise _internal(f"list element types are not identical: {gojson.sprint([list(items)])}")


def _key_of(item: Any, by: str) -> Any:
    """The value by which an item is found: its merge key, or itself where `by` is ""."""
    if not by:
        return item
    if not isinstance(item, dict) or by not in item:
        raise _internal(f"map: {gojson.sprint(item)} does not contain declared merge key: {by}")
    return item[by]


def _places(items: Iterable[Any], by: str) -> dict[Hashable, int]:
    """Where the item with each key is among `items`, by `handle`."""
    places: dict[Hashable, int] = {}
    for at, item in enumerate(items):
        places.setdefault(_handle(item, by), at)
    return places


def _handle(item: Any, by: str) -> Hashable:
    """An item's key as `places` knows it."""
    key = _key_of(item, by)
    return key if isinstance(key, Hashable) else repr(key)


def _merge_maps(original: Mapping[str, Any], change: Mapping[str, Any], struct: Type) -> Object:
    """`original` with `change` merged in and its directives carried out."""
    result, rest = dict(original), dict(change)
    if PATCH in rest:
        return {key: rest[key] for key in rest if key != PATCH} if _directive(rest) == "replace" else {}
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


def _directive(item: Object) -> str:
    """What an item's `$patch` says."""
    if item[PATCH] not in ("replace", "delete"):
        raise _internal(f"unknown patch type: {gojson.sprint(item[PATCH])} in map: {gojson.sprint(item)}")
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
    elif key not in result or _shape(result[key]) != _shape(value):
        result[key] = _without_nulls(value)
    elif isinstance(value, dict):
        result[key] = _merge_maps(result[key], value, _field_type(struct, key))
    elif isinstance(value, list) and (by := schema.merge_key(struct, key)) is not None:
        result[key] = _merge_lists(result[key], value, _element_type(struct, key), by)
    else:
        result[key] = value


def _without_nulls(value: Any) -> Any:
    """A value that is new to the object: a null in it says nothing."""
    if not isinstance(value, dict):
        return value
    return {key: _without_nulls(item) for key, item in value.items() if item is not None}


def _merge_lists(old: list[Any], new: list[Any], element: Type, by: str) -> list[Any]:
    both = [*old, *new]
    _check_alike(both)
    if not both or not isinstance(both[0], dict):
        return _ordered(list(dict.fromkeys(both)), new, old, "")
    if not by:
        raise _internal("cannot merge lists without merge key for type string")
    kept, plain = _special_items(old, new, by)
    merged = list(kept)
    known = _places(kept, by)
    for item in plain:
        at = known.setdefault(_handle(item, by), len(merged))
        if at == len(merged):
            merged.append(item)
        else:
            merged[at] = _merge_maps(merged[at], item, element)
    return _ordered(merged, plain, kept, by)


def _special_items(old: list[Any], new: list[Any], by: str) -> tuple[list[Any], list[Any]]:
    """The old items that no `$patch` in the new list deletes, and the new items without one."""
    plain = [item for item in new if PATCH not in item]
    directives = [item for item in new if PATCH in item]
    if "replace" in list(map(_directive, directives)):
        return plain, []
    gone = _places(directives, by)
    return [item for item in old if by not in item or _handle(item, by) not in gone], plain


def _ordered(merged: Sequence[Any], order: Sequence[Any], live: Sequence[Any], by: str) -> list[Any]:
    """`merged`, with the items of `order` in that order and the others put where the live list had them."""
    order_places, lived = _places(order, by), _places(live, by)
    ranked = [(order_places.get(_handle(item, by)), item) for item in merged]
    others = [item for rank, item in ranked if rank is None]
    known = [(rank, item) for rank, item in ranked if rank is not None]
    patched = [item for _, item in sorted(known, key=lambda pair: pair[0])]
    result = []
    while patched and others:
        left, right = lived.get(_handle(others[0], by)), lived.get(_handle(patched[0], by))
        others_first = left is not None and right is not None and left < right
        result.append(others.pop(0) if others_first else patched.pop(0))
    return [*result, *others, *patched]


def _set_order(result: Object, rest: Object, directive: str, struct: Type) -> None:
    """Carry out a `$setElementOrder`, together with the list that it orders."""
    order, key = rest.pop(directive), directive.removeprefix(SET_ORDER)
    old, new = result.get(key), rest.pop(key, None)
    by = schema.merge_key(struct, key) or ""
    if not isinstance(order, list) or not all(item is None or isinstance(item, list) for item in (old, new)):
        raise bad_request("invalid patch format of setElementOrder list")
    if old is None and new is None:
        return
    if old and new:
        merged = _merge_lists(old, new, _element_type(struct, key), by)
    else:
        merged = new if old is None else old
    result[key] = _ordered(merged or (), order, old or [], by)
