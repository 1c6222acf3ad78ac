"""Roles and their bindings.

Mirrors kubernetes pkg/apis/rbac/validation/validation.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable

from kubesim.errors import field_forbidden, invalid_value, required
from kubesim.objects import Object
from kubesim.validation.common import Errors, immutable, named, object_meta, object_meta_update, one_of
from kubesim.validation.names import dns_subdomain, path_segment

_GROUP = "rbac.authorization.k8s.io"


def role(namespaced: bool) -> Callable[[Object], Errors]:
    """The check of a new Role, or of a new ClusterRole."""

    def check(obj: Object) -> Errors:
        yield from object_meta(obj, namespaced, path_segment)
        for index, rule in enumerate(obj.get("rules") or ()):
            yield from _rule(f"rules[{index}]", rule, namespaced)

    return check


def role_update(namespaced: bool) -> Callable[[Object, Object], Errors]:
    """The check of a changed Role or ClusterRole."""

    def check(new: Object, old: Object) -> Errors:
        yield from role(namespaced)(new)
        yield from object_meta_update(new, old)

    return check


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


def role_binding(namespaced: bool) -> Callable[[Object], Errors]:
    """The check of a new RoleBinding, or of a new ClusterRoleBinding."""

    def check(obj: Object) -> Errors:
        reference = obj.get("roleRef", {})
        yield from object_meta(obj, namespaced, path_segment)
        yield from one_of("roleRef.apiGroup", reference.get("apiGroup", ""), (_GROUP,))
        kinds = ("Role", "ClusterRole") if namespaced else ("ClusterRole",)
        yield from one_of("roleRef.kind", reference.get("kind", ""), kinds)
        yield from named("roleRef.name", reference.get("name"), path_segment)
        for index, subject in enumerate(obj.get("subjects") or ()):
            yield from _subject(f"subjects[{index}]", subject, namespaced)

    return check


def role_binding_update(namespaced: bool) -> Callable[[Object, Object], Errors]:
    """The check of a changed binding: it goes on granting the same role."""

    def check(new: Object, old: Object) -> Errors:
        yield from role_binding(namespaced)(new)
        yield from object_meta_update(new, old)
        yield from immutable("roleRef", new.get("roleRef"), old.get("roleRef"), "cannot change roleRef")

    return check


def _subject(where: str, subject: Object, namespaced: bool) -> Errors:
    kind, group = subject.get("kind", ""), subject.get("apiGroup", "")
    if not subject.get("name"):
        yield required(f"{where}.name")
    if kind == "ServiceAccount":
        if subject.get("name"):
            yield from named(f"{where}.name", subject["name"], dns_subdomain)
        yield from one_of(f"{where}.apiGroup", group, ("",)) if group else ()
        if not namespaced and not subject.get("namespace"):
            yield required(f"{where}.namespace")
    elif kind in ("User", "Group"):
        if group != _GROUP:
            yield from one_of(f"{where}.apiGroup", group, (_GROUP,))
    else:
        yield from one_of(f"{where}.kind", kind, ("ServiceAccount", "User", "Group"))
    if kind != "ServiceAccount" and subject.get("namespace"):
        yield field_forbidden(f"{where}.namespace", "")
