"""Patches: JSON (RFC 6902), merge (RFC 7386) and Kubernetes' strategic merge, and how apply works its patch out.

Mirrors k8s.io/apiserver pkg/endpoints/handlers/patch.go and k8s.io/apimachinery pkg/util/strategicpatch, v1.36; what
CreateThreeWayMergePatch does by joining two patches is done here in one walk. No function changes its arguments; each
raises StatusError, with the API server's sentence, for a patch that cannot be applied.
"""

from __future__ import annotations

from typing import Any

from kubesim.api import schema
from kubesim.api.budget import Budget, count_values
from kubesim.api.errors import StatusError, bad_request, invalid_request, invalid_value
from kubesim.api.objects import Object, clone
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
    handle,
    key_of,
    merge_maps,
    places,
    shape,
)
from kubesim.gotext import gojson

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
    merged = merge_maps(obj, change, struct)
    try:
        schema.convert(struct, merged)
    except schema.DecodeError as error:
        raise mismatch(change, error.in_converter()) from None
    return merged


def patched(resource: Resource, obj: Object, change: Any, patch_type: str, budget: Budget | None = None) -> Object:
    """`obj` changed by a patch of type "strategic", "merge" or "json"; its fields have the right types."""
    if patch_type == "strategic":
        return strategic_merge(obj, change, resource)
    changed = merge_patch(obj, change) if patch_type == "merge" else json_patch(obj, change, budget)
    try:
        schema.convert(schema.type_of(resource), changed)
    except schema.DecodeError as error:
        raise mismatch(changed, error.in_json()) from None
    return changed


def mismatch(change: Object, why: str) -> StatusError:
    """The refusal of a patch that does not match the type. `change` is what it quotes: the patch, or its outcome."""
    quoted = gojson.sprint(change) if "apiVersion" not in change else gojson.dumps(change)
    cause = invalid_value("patch", quoted, why)
    return invalid_request(f' "" is invalid: {cause}', cause)


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
    lived, known, kept = places(live, by), places(applied, by), places(new, by)
    for item in new:
        at, before = lived.get(handle(item, by)), known.get(handle(item, by))
        if at is None:
            found.append(item)
        elif change := _maps({} if before is None else applied[before], item, live[at], element, retain):
            found.append({**change, by: item[by]})
    gone = [key_of(item, by) for item in applied if handle(item, by) not in kept]
    return found + [{PATCH: "delete", by: value} for value in sorted(gone, key=str)]
