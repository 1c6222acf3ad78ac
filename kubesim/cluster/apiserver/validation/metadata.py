"""Metadata, labels, selectors: what all kinds have.

Mirrors k8s.io/apimachinery pkg/api/validation/objectmeta.go and pkg/apis/meta/v1/validation/validation.go, v1.36.
Where Go walks a map in random order, these go by its keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubesim.api.content import dns_label
from kubesim.api.objects import Object, metadata
from kubesim.api.selectors import Check, label_value, qualified_name
from kubesim.cluster.apiserver.validation.errors import Errors

_ANNOTATIONS_LIMIT = 256 * 1024  # bytes
_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")
_FIXED = ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")


def validate_object_meta(errors: Errors, obj: Object, namespaced: bool, name_check: Check) -> None:
    """The metadata of a new object, whose name must pass `name_check`."""
    meta = metadata(obj)
    if prefix := meta.get("generateName", ""):
        # A suffix follows, so that the prefix itself may end in a dash.
        whole = prefix[:-1] + "a" if len(prefix) > 1 and prefix.endswith("-") else prefix
        for problem in name_check(whole):
            errors.invalid("metadata.generateName", prefix, problem)
    if name := meta.get("name", ""):
        errors.check("metadata.name", name, name_check)
    else:
        errors.required("metadata.name", "name or generateName is required")
    if namespaced:
        errors.check_required("metadata.namespace", meta.get("namespace"), dns_label)
    elif meta.get("namespace"):
        errors.forbidden("metadata.namespace", "not allowed on this type")
    _validate_common(errors, meta)


def validate_object_meta_update(errors: Errors, new: Object, old: Object) -> None:
    """What a change of an object's metadata leaves alone."""
    meta, before = metadata(new), metadata(old)
    for name in _FIXED:
        errors.immutable(f"metadata.{name}", meta.get(name), before.get(name))
    _validate_common(errors, meta)


def _validate_common(errors: Errors, meta: Object) -> None:
    validate_labels(errors, "metadata.labels", meta.get("labels"))
    validate_annotations(errors, "metadata.annotations", meta.get("annotations"))
    for reference in meta.get("ownerReferences", ()):
        _validate_owner_reference(errors, "metadata.ownerReferences", reference)
    for index, finalizer in enumerate(meta.get("finalizers", ())):
        errors.check("metadata.finalizers", finalizer, qualified_name)
        if "/" not in finalizer and finalizer not in _FINALIZERS:
            why = "name is neither a standard finalizer name nor is it fully qualified"
            errors.invalid(f"metadata.finalizers[{index}]", finalizer, why)


def _validate_owner_reference(errors: Errors, field: str, reference: Object) -> None:
    """Without the reference's index, as upstream has it."""
    if not reference.get("apiVersion"):
        errors.invalid(f"{field}.apiVersion", reference.get("apiVersion", ""), "version must not be empty")
    for name in ("kind", "name", "uid"):
        if not reference.get(name):
            errors.invalid(f"{field}.{name}", reference.get(name, ""), "must not be empty")


def validate_labels(errors: Errors, field: str, labels: Mapping[str, str] | None) -> None:
    for key, value in sorted((labels or {}).items()):
        errors.check(field, key, qualified_name)
        errors.check(field, value, label_value)


def validate_annotations(errors: Errors, field: str, annotations: Mapping[str, str] | None) -> None:
    """Keys and total size of annotations."""
    annotations = annotations or {}
    for key in sorted(annotations):
        for problem in qualified_name(key.lower()):
            errors.invalid(field, key, problem)
    if sum(len(key) + len(value) for key, value in annotations.items()) > _ANNOTATIONS_LIMIT:
        errors.too_long(field, _ANNOTATIONS_LIMIT)


def validate_label_selector(errors: Errors, field: str, selector: Object | None) -> None:
    selector = selector or {}
    validate_labels(errors, f"{field}.matchLabels", selector.get("matchLabels"))
    for index, requirement in enumerate(selector.get("matchExpressions") or ()):
        where = f"{field}.matchExpressions[{index}]"
        if not validate_operator(errors, where, requirement):
            errors.invalid(f"{where}.operator", requirement.get("operator", ""), "not a valid selector operator")
        errors.check(f"{where}.key", requirement.get("key", ""), qualified_name)
        validate_label_values(errors, where, requirement)


def validate_operator(errors: Errors, field: str, requirement: Object) -> bool:
    """Whether the operator is one of labels; if so, it must have values exactly if it compares with some."""
    operator, values = requirement.get("operator"), requirement.get("values")
    if operator in ("In", "NotIn"):
        if not values:
            errors.required(f"{field}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            errors.forbidden(f"{field}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
    else:
        return False
    return True


def validate_label_values(errors: Errors, field: str, requirement: Any) -> None:
    """The values that a label is compared with."""
    for index, value in enumerate(requirement.get("values") or ()):
        errors.check(f"{field}.values[{index}]", value, label_value)
