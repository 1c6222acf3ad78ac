"""Roles and their bindings.

Mirrors kubernetes pkg/apis/rbac/validation/validation.go, v1.36.
"""

from __future__ import annotations

from functools import partial

from kubesim.api.errors import field_forbidden, invalid_value, required
from kubesim.api.objects import Object
from kubesim.cluster.apiserver.validation.common import (
    Errors,
    checked,
    each,
    given,
    immutable,
    needed,
    object_meta,
    object_meta_update,
    one_of,
    struct,
    unless_empty,
)
from kubesim.cluster.apiserver.validation.names import dns_subdomain, path_segment

_GROUP = "rbac.authorization.k8s.io"


def role(obj: Object, namespaced: bool) -> Errors:
    """A new Role, or a new ClusterRole."""
    yield from object_meta(obj, namespaced, path_segment)
    yield from each(partial(_rule, namespaced=namespaced))("rules", obj.get("rules"))


def role_update(new: Object, old: Object, namespaced: bool) -> Errors:
    """A changed Role or ClusterRole."""
    yield from role(new, namespaced)
    yield from object_meta_update(new, old)


def _rule(where: str, rule: Object, namespaced: bool) -> Errors:
    if not rule.get("verbs"):
        yield required(f"{where}.verbs", "verbs must contain at least one value")
    if rule.get("nonResourceURLs"):
        if namespaced:
            why = "namespaced rules cannot apply to non-resource URLs"
            yield invalid_value(f"{where}.nonResourceURLs", rule["nonResourceURLs"], why)
        if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
            why = "rules cannot apply to both regular resources and non-resource URLs"
            yield invalid_value(f"{where}.nonResourceURLs", rule["nonResourceURLs"], why)
        return
    if not rule.get("apiGroups"):
        yield required(f"{where}.apiGroups", "resource rules must supply at least one api group")
    if not rule.get("resources"):
        yield required(f"{where}.resources", "resource rules must supply at least one resource")


def role_binding(obj: Object, namespaced: bool) -> Errors:
    """A new RoleBinding, or a new ClusterRoleBinding."""
    kinds = ("Role", "ClusterRole") if namespaced else ("ClusterRole",)
    reference = struct(apiGroup=one_of(_GROUP), kind=one_of(*kinds), name=needed(path_segment))
    yield from object_meta(obj, namespaced, path_segment)
    yield from reference("roleRef", obj.get("roleRef", {}))
    yield from each(partial(_subject, namespaced=namespaced))("subjects", obj.get("subjects"))


def role_binding_update(new: Object, old: Object, namespaced: bool) -> Errors:
    """A changed binding: it goes on granting the same role."""
    yield from role_binding(new, namespaced)
    yield from object_meta_update(new, old)
    yield from immutable("roleRef", new.get("roleRef"), old.get("roleRef"), "cannot change roleRef")


def _subject(where: str, subject: Object, namespaced: bool) -> Errors:
    kind, group = subject.get("kind", ""), subject.get("apiGroup", "")
    yield from given(f"{where}.name", subject.get("name"))
    if kind == "ServiceAccount":
        yield from checked(dns_subdomain)(f"{where}.name", subject.get("name"))
        yield from unless_empty(one_of(""))(f"{where}.apiGroup", group)
        if not namespaced:
            yield from given(f"{where}.namespace", subject.get("namespace"))
    elif kind in ("User", "Group"):
        yield from one_of(_GROUP)(f"{where}.apiGroup", group)
    else:
        yield from one_of("ServiceAccount", "User", "Group")(f"{where}.kind", kind)
    if kind != "ServiceAccount" and subject.get("namespace"):
        yield field_forbidden(f"{where}.namespace", "")
