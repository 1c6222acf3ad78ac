"""Patches of three types: JSON (RFC 6902), merge (RFC 7386) and strategic merge; and their computation for apply.

jsonpatch.py applies JSON patches, patchmerge.py strategic ones, and patchdiff.py computes strategic ones. No function
changes its arguments. Each raises StatusError, with the API server's message, for a patch that can't be applied.
Mirrors k8s.io/apiserver pkg/endpoints/handlers/patch.go, v1.36.
"""

from __future__ import annotations

from typing import Any, Literal

from kubesim.api import decoding, schema
from kubesim.api.budget import Budget, count_values, too_large
from kubesim.api.errors import StatusError, bad_request, invalid_request, invalid_value, why_of_other_type
from kubesim.api.objects import Object
from kubesim.api.resources import Resource
from kubesim.cluster.apiserver import jsonpatch
from kubesim.cluster.apiserver.patchdiff import Diff
from kubesim.cluster.apiserver.patchmerge import merge_maps
from kubesim.gotext import gofmt, gojson

PatchType = Literal["strategic", "merge", "json"]
_MAP = "value of type map[string]interface {}"


def json_patch(obj: Object, operations: Any, budget: Budget) -> Object:
    """The object after a list of RFC 6902 operations, paid from `budget`."""
    try:
        changed = jsonpatch.apply(operations, obj, budget)
    except LookupError:
        raise _refused() from None
    except RecursionError:
        raise too_large("a patched object") from None
    if not isinstance(changed, dict):
        raise _refused()
    count_values(changed, "a patched object")
    return changed


def _refused() -> StatusError:
    return invalid_request("the server rejected our request due to an error in our request")


def merge_patch(obj: Object, change: Any) -> Object:
    """The object after an RFC 7386 patch: null removes a field, maps are merged, other values replace."""
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
    """The object after a strategic merge patch, with fields of the right types."""
    if not isinstance(change, dict):
        raise bad_request(gojson.mismatch(change, _MAP))
    struct = schema.type_of(resource)
    merged = merge_maps(obj, change, struct)
    merged |= {key: obj[key] for key in ("kind", "apiVersion") if key in obj}  # a patch can't change the type
    try:
        decoding.convert(struct, merged)
    except decoding.DecodeError as error:
        raise mismatch("strategic", change, merged, error.in_converter()) from None
    return merged


def patched(resource: Resource, obj: Object, change: Any, patch_type: PatchType, budget: Budget) -> Object:
    """The object after a patch of any type, with fields of the right types. A result without a type is {}."""
    if patch_type == "strategic":
        return strategic_merge(obj, change, resource)
    changed = merge_patch(obj, change) if patch_type == "merge" else json_patch(obj, change, budget)
    kind = changed.get("kind")
    api_version = changed.get("apiVersion")
    if not kind or not api_version:
        return {}  # Go decodes an object without a type as an empty one, which `check_unmoved` refuses
    if (kind, api_version) != (resource.kind, resource.api_version):
        raise mismatch(patch_type, change, changed, why_of_other_type(resource, str(kind), str(api_version)))
    try:
        decoding.convert(schema.type_of(resource), changed)
    except decoding.DecodeError as error:
        raise mismatch(patch_type, change, changed, str(error)) from None
    return changed


def mismatch(patch_type: PatchType, change: Any, outcome: Object, why: str) -> StatusError:
    """The refusal of a patch whose `outcome` isn't a valid object of the type; `why` is the decoder's message.

    It quotes the outcome, or for a strategic patch the patch itself.
    """
    quoted = gofmt.sprint(change) if patch_type == "strategic" else gojson.dumps(outcome)
    cause = invalid_value("patch", quoted, why)
    return invalid_request(f' "" is invalid: {cause}', cause)


def three_way(original: Object | None, modified: Object, current: Object, resource: Resource) -> Object:
    """The patch with which `kubectl apply` turns `current` into `modified`; {} for no change.

    Fields of `original`, the last applied object, that `modified` lacks are deleted; all others of `current` stay.
    """
    return Diff(is_three_way=True).maps(original or {}, modified, current, schema.type_of(resource))


def between_two(before: Object, after: Object, resource: Resource) -> Object:
    """The strategic patch that turns `before` into `after`, as `kubectl edit` and `kubectl set` send it."""
    return Diff(is_three_way=False).maps(before, after, before, schema.type_of(resource))
