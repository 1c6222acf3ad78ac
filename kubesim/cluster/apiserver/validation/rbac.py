"""Roles and bindings. Mirrors kubernetes pkg/apis/rbac/validation/validation.go, v1.36."""

from __future__ import annotations

from kubesim.api.content import path_segment
from kubesim.api.objects import Object
from kubesim.api.selectors import dns_subdomain
from kubesim.cluster.apiserver.validation.errors import Errors
from kubesim.cluster.apiserver.validation.internal import internal

_API_GROUPS = ("rbac.authorization.k8s.io",)
_SUBJECT_KINDS = ("ServiceAccount", "User", "Group")


def validate_role(errors: Errors, role: Object) -> None:
    """A Role or ClusterRole; only the latter has rules for paths that are no resources."""
    for index, rule in enumerate(role.get("rules") or ()):
        field = f"rules[{index}]"
        if role.get("kind") == "Role" and rule.get("nonResourceURLs"):
            why = "namespaced rules cannot apply to non-resource URLs"
            errors.invalid(f"{field}.nonResourceURLs", rule["nonResourceURLs"], why)
        _validate_rule(errors, field, rule)


def _validate_rule(errors: Errors, field: str, rule: Object) -> None:
    if not rule.get("verbs"):
        errors.required(f"{field}.verbs", "verbs must contain at least one value")
    if urls := rule.get("nonResourceURLs"):
        if rule.get("apiGroups") or rule.get("resources"):
            why = "rules cannot apply to both regular resources and non-resource URLs"
            errors.invalid(f"{field}.nonResourceURLs", urls, why)
        return
    if not rule.get("apiGroups"):
        errors.required(f"{field}.apiGroups", "resource rules must supply at least one api group")
    if not rule.get("resources"):
        errors.required(f"{field}.resources", "resource rules must supply at least one resource")


def validate_binding(errors: Errors, binding: Object) -> None:
    """A RoleBinding or ClusterRoleBinding; the former's ServiceAccounts need not name its namespace."""
    reference, of_cluster = binding.get("roleRef") or {}, binding.get("kind") == "ClusterRoleBinding"
    errors.enum("roleRef.apiGroup", reference.get("apiGroup"), _API_GROUPS)
    errors.enum("roleRef.kind", reference.get("kind"), ("ClusterRole",) if of_cluster else ("Role", "ClusterRole"))
    errors.check_required("roleRef.name", reference.get("name"), path_segment)
    for index, subject in enumerate(binding.get("subjects") or ()):
        _validate_subject(errors, f"subjects[{index}]", subject)
        if of_cluster and subject.get("kind") == "ServiceAccount" and not subject.get("namespace"):
            errors.required(f"subjects[{index}].namespace")


def _validate_subject(errors: Errors, field: str, subject: Object) -> None:
    name, kind = subject.get("name"), subject.get("kind")
    if not name:
        errors.required(f"{field}.name")
    errors.enum(f"{field}.kind", kind, _SUBJECT_KINDS)
    if kind == "ServiceAccount" and name:
        errors.check(f"{field}.name", name, dns_subdomain)
    elif kind in ("User", "Group"):
        errors.enum(f"{field}.apiGroup", subject.get("apiGroup"), _API_GROUPS)


def validate_binding_update(errors: Errors, new: Object, old: Object) -> None:
    """Who is bound may change; to which role, not."""
    if new.get("roleRef") != old.get("roleRef"):
        errors.invalid("roleRef", internal("RoleRef", new.get("roleRef") or {}), "cannot change roleRef")
