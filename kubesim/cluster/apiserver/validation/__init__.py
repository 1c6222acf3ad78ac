"""Validation of whole objects: the rules of their kind, and what a change of them may not do.

Mirrors kubernetes pkg/apis/*/validation and pkg/registry/*/*/strategy.go, v1.36: what is wrong is reported in
upstream's words, all at once. The objects come decoded and with their defaults.
"""

from __future__ import annotations

from functools import cache

from kubesim.api import resources
from kubesim.api.errors import FieldError, field_forbidden, invalid_value
from kubesim.api.objects import Object, at
from kubesim.api.resources import Resource
from kubesim.cluster.apiserver.validation import objects, pods
from kubesim.cluster.apiserver.validation.objects import object_meta, object_meta_update
from kubesim.cluster.apiserver.validation.pods import ephemeral_update, internal_template, pod_update
from kubesim.cluster.apiserver.validation.rules import CHECKS, Errors, Rule, immutable, struct

__all__ = ["validate", "validate_update"]
__all__ += ["objects", "pods"]  # whose functions rules.json and kinds.json call by name

_FROZEN = "field is immutable when `immutable` is set"


def validate(resource: Resource, obj: Object) -> list[FieldError]:
    """What is wrong with a new object; its name must have been generated already. Of most types only that counts."""
    found = _problems(resource, obj)
    if resource is resources.POD and at(obj, "spec.ephemeralContainers"):
        found.append(field_forbidden("spec.ephemeralContainers", "cannot be set on create"))
    return found


def _problems(resource: Resource, obj: Object) -> list[FieldError]:
    meta = object_meta(obj, resource.namespaced, CHECKS[resource.named])
    return [*meta, *_rules(resource)("", obj)]


@cache
def _rules(resource: Resource) -> Rule:
    return struct(resource.rules)


def validate_update(resource: Resource, new: Object, old: Object, subresource: str = "") -> list[FieldError]:
    of_pod = ephemeral_update if subresource else pod_update
    change = of_pod(new, old) if resource is resources.POD else _change(resource, new, old)
    return list(dict.fromkeys([*object_meta_update(new, old), *_problems(resource, new), *change]))


def _change(row: Resource, new: Object, old: Object) -> Errors:
    for field in row.fixed.split():
        if field == "spec.template" and at(new, field) != at(old, field):
            yield invalid_value(field, internal_template(at(new, field) or {}), "field is immutable")
        else:
            detail = "cannot change roleRef" if field == "roleRef" else "field is immutable"
            yield from immutable(field, at(new, field), at(old, field), detail)
    if row.frozen and old.get("immutable"):
        changed = [field for field in row.frozen.split() if new.get(field) != old.get(field)]
        yield from (field_forbidden(field, _FROZEN) for field in ["immutable"] * (not new.get("immutable")) + changed)
    if new.get("kind") == "Service":
        yield from objects.service_update(new.get("spec") or {}, old.get("spec") or {})
    names = row.changeable.split()
    specs = [{key: value for key, value in obj.get("spec", {}).items() if key not in names} for obj in (new, old)]
    if names and specs[0] != specs[1]:
        *most, last = (f"'{name}'" for name in names)
        why = f"updates to statefulset spec for fields other than {', '.join(most)} and {last} are forbidden"
        yield field_forbidden("spec", why)
