"""Patches: JSON (RFC 6902), merge (RFC 7386) and Kubernetes' strategic merge, and how apply works its patch out.

Mirrors k8s.io/apiserver pkg/endpoints/handlers/patch.go and k8s.io/apimachinery pkg/util/strategicpatch, v1.36. No
function changes its arguments; each raises StatusError, in the API server's words, for a patch that does not do.
"""

from __future__ import annotations

from typing import Any

import jsonpatch
import jsonpointer

from kubesim.api import schema
from kubesim.api.errors import StatusError, bad_request, invalid_request, invalid_value
from kubesim.api.objects import Object
from kubesim.api.resources import Resource
from kubesim.cluster.apiserver.patch.compare import three_way, two_way
from kubesim.cluster.apiserver.patch.strategic import merge_maps
from kubesim.gotext import gojson


def json_patch(obj: Object, operations: Any) -> Object:
    """`obj` changed by a list of RFC 6902 operations."""
    if not isinstance(operations, list):
        raise bad_request(f"error decoding patch: {_mismatch(operations, '[]interface {}')}")
    try:
        patched: Any = jsonpatch.apply_patch(obj, operations, in_place=False)
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError, LookupError, AttributeError):
        raise _refused() from None
    if not isinstance(patched, dict):
        raise _refused()
    return patched


def _refused() -> StatusError:
    return invalid_request("the server rejected our request due to an error in our request")


def _mismatch(value: Any, wanted: str) -> str:
    names = {dict: "object", list: "array", str: "string", bool: "bool"}
    return f"json: cannot unmarshal {names.get(type(value), 'number')} into Go value of type {wanted}"


def merge_patch(obj: Object, change: Any) -> Object:
    """`obj` changed by an RFC 7386 patch: null removes, objects merge, all else replaces."""
    if not isinstance(change, dict):
        raise bad_request(f"error decoding patch: {_mismatch(change, 'map[string]interface {}')}")
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
        raise bad_request(_mismatch(change, "map[string]interface {}"))
    struct = schema.type_of(resource)
    merged = merge_maps(obj, change, struct)
    try:
        schema.convert(struct, merged)
    except schema.DecodeError as error:
        raise misfit(change, error.in_converter()) from None
    return merged


def fitting(patched: Object, resource: Resource) -> Object:
    """What a JSON or merge patch has made, if its fields have the right types."""
    try:
        schema.convert(schema.type_of(resource), patched)
    except schema.DecodeError as error:
        raise misfit(patched, error.in_json()) from None
    return patched


def misfit(change: Object, why: str) -> StatusError:
    """The refusal of a patch that does not fit the type. `change` is what it tells of: the patch, or its outcome."""
    told = gojson.sprint(change) if "apiVersion" not in change else gojson.dumps(change)
    cause = invalid_value("patch", told, why)
    return invalid_request(f' "" is invalid: {cause}', cause)


__all__ = ["fitting", "json_patch", "merge_patch", "misfit", "strategic_merge", "three_way", "two_way"]
