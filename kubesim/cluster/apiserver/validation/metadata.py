"""Rules for metadata and label selectors, which all kinds share.

Mirrors k8s.io/apimachinery pkg/api/validation/{generic,objectmeta}.go and pkg/apis/meta/v1/validation/validation.go,
v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping

from kubesim.api.content import Check, dns_label, label_value, qualified_name
from kubesim.cluster.apiserver.validation.fields import Field

_ANNOTATIONS_LIMIT = 256 * 1024  # bytes
_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")
_NOT_AN_OPERATOR = "not a valid selector operator"
# By operator of a label selector: True if it needs values.
_NEEDS_VALUES = {"In": True, "NotIn": True, "Exists": False, "DoesNotExist": False}


def validate_object_meta(obj: Field, namespaced: bool, name_check: Check) -> None:
    """Validate the metadata of an object; `name_check` checks its name."""
    meta = obj.inner("metadata")
    if prefix := meta.get("generateName"):
        # The prefix may end in a dash, because a suffix follows. As upstream, mask the dash and the letter before it.
        masked = f"{prefix[:-2]}a" if len(prefix) > 1 and prefix.endswith("-") else prefix
        for problem in name_check(masked):
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
    """Validate a change of metadata: fixed fields, and no new finalizers during a deletion."""
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
    _validate_owners(meta)
    _validate_finalizers(meta)


def _validate_finalizers(meta: Field) -> None:
    """Validate the names of finalizers. Those for orphaning and for foreground deletion exclude each other."""
    finalizers = meta.get("finalizers") or ()
    for finalizer in finalizers:
        for problem in qualified_name(finalizer):
            meta.invalid("finalizers", problem, value=finalizer)
    if "orphan" in finalizers and "foregroundDeletion" in finalizers:
        meta.invalid("finalizers", "finalizer orphan and foregroundDeletion cannot be both set")
    for index, finalizer in enumerate(finalizers):
        if "/" not in finalizer and finalizer not in _FINALIZERS:
            why = "name is neither a standard finalizer name nor is it fully qualified"
            meta.invalid(f"finalizers[{index}]", why, value=finalizer)


def _validate_owners(meta: Field) -> None:
    """Validate ownerReferences. As in the API server, paths lack the index of the reference."""
    controllers = []
    for reference in meta.get("ownerReferences") or ():
        owner = Field(meta.errors, meta.path_of("ownerReferences"), reference)
        if not owner.get("apiVersion"):
            owner.invalid("apiVersion", "version must not be empty")
        for name in ("kind", "name", "uid"):
            if not owner.get(name):
                owner.invalid(name, "must not be empty")
        if owner.get("apiVersion") == "v1" and owner.get("kind") == "Event":
            meta.invalid("ownerReferences", "/v1, Kind=Event is disallowed from being an owner", value=reference)
        if owner.get("controller"):
            controllers.append(f"{owner.get('kind')}/{owner.get('name')}")
    for other in controllers[1:]:
        why = f'Only one reference can have Controller set to true. Found "true" in references for {controllers[0]}'
        meta.invalid("ownerReferences", f"{why} and {other}")


def validate_annotations(meta: Field) -> None:
    """Validate the keys and the total size of annotations."""
    annotations: Mapping[str, str] = meta.get("annotations") or {}
    for key in sorted(annotations):
        for problem in qualified_name(key.lower()):
            meta.invalid("annotations", problem, value=key)
    texts = [*annotations, *annotations.values()]
    if sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) > _ANNOTATIONS_LIMIT:
        meta.too_long("annotations", _ANNOTATIONS_LIMIT)


def validate_label_selector(selector: Field) -> None:
    """Validate a label selector."""
    selector.labels("matchLabels")
    for requirement in selector.items("matchExpressions"):
        _validate_operator(requirement)
        requirement.check("key", qualified_name)
        requirement.check_each("values", label_value)


def _validate_operator(requirement: Field) -> None:
    """Validate the operator of a requirement, and that it has values exactly if the operator needs them."""
    needs_values = _NEEDS_VALUES.get(requirement.get("operator"))
    has_values = bool(requirement.get("values"))
    if needs_values is None:
        requirement.invalid("operator", _NOT_AN_OPERATOR)
    elif needs_values and not has_values:
        requirement.required("values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif has_values and not needs_values:
        requirement.forbidden("values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
