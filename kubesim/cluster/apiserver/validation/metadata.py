"""Metadata and label selectors: what all kinds have.

Mirrors k8s.io/apimachinery pkg/api/validation/objectmeta.go and pkg/apis/meta/v1/validation/validation.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping

from kubesim.api.content import dns_label
from kubesim.api.selectors import Check, label_value, qualified_name
from kubesim.cluster.apiserver.validation.fields import Field

_ANNOTATIONS_LIMIT = 256 * 1024  # bytes
_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")


def validate_object_meta(obj: Field, namespaced: bool, name_check: Check) -> None:
    """The metadata of a new object, whose name must pass `name_check`."""
    meta = obj.inner("metadata")
    if prefix := meta.get("generateName"):
        # A suffix follows, so that the prefix itself may end in a dash.
        whole = prefix[:-1] + "a" if len(prefix) > 1 and prefix.endswith("-") else prefix
        for problem in name_check(whole):
            meta.invalid("generateName", problem)
    if meta.get("name"):
        meta.check("name", name_check)
    else:
        meta.required("name", "name or generateName is required")
    if namespaced:
        meta.check_required("namespace", dns_label)
    elif meta.get("namespace"):
        meta.forbidden("namespace", "not allowed on this type")
    _validate_common(meta)


def validate_object_meta_update(new: Field, old: Field) -> None:
    """What a change of an object's metadata leaves alone."""
    meta = new.inner("metadata")
    fixed = ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")
    meta.immutable(old.inner("metadata"), *fixed)
    added = set(meta.get("finalizers") or ()) - set(old.inner("metadata").get("finalizers") or ())
    if added and meta.get("deletionTimestamp"):
        listed = ", ".join(f'"{finalizer}"' for finalizer in sorted(added))
        why = "no new finalizers can be added if the object is being deleted, found new finalizers []string"
        meta.forbidden("finalizers", f"{why}{{{listed}}}")
    _validate_common(meta)


def _validate_common(meta: Field) -> None:
    meta.labels("labels")
    validate_annotations(meta)
    for index, finalizer in enumerate(meta.get("finalizers", ())):
        for problem in qualified_name(finalizer):
            meta.invalid("finalizers", problem, value=finalizer)
        if "/" not in finalizer and finalizer not in _FINALIZERS:
            why = "name is neither a standard finalizer name nor is it fully qualified"
            meta.invalid(f"finalizers[{index}]", why, value=finalizer)


def validate_annotations(meta: Field) -> None:
    """Keys and total size of annotations."""
    annotations: Mapping[str, str] = meta.get("annotations") or {}
    for key in sorted(annotations):
        for problem in qualified_name(key.lower()):
            meta.invalid("annotations", problem, value=key)
    if sum(len(key) + len(value) for key, value in annotations.items()) > _ANNOTATIONS_LIMIT:
        meta.too_long("annotations", _ANNOTATIONS_LIMIT)


def validate_label_selector(selector: Field) -> None:
    """A selector of objects by their labels."""
    selector.labels("matchLabels")
    for requirement in selector.items("matchExpressions"):
        if not validate_operator(requirement):
            requirement.invalid("operator", "not a valid selector operator")
        requirement.check("key", qualified_name)
        for index, value in enumerate(requirement.get("values") or ()):
            for problem in label_value(value):
                requirement.invalid(f"values[{index}]", problem, value)


def validate_operator(requirement: Field) -> bool:
    """Whether the operator is one of labels; if so, it must have values exactly if it compares with some."""
    operator = requirement.get("operator")
    values = requirement.get("values")
    if operator in ("In", "NotIn"):
        if not values:
            requirement.required("values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            requirement.forbidden("values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
    else:
        return False
    return True
