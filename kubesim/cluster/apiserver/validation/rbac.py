"""Rules for Roles and bindings. Mirrors kubernetes pkg/apis/rbac/validation/validation.go, v1.36."""

from __future__ import annotations

from kubesim.api.content import dns_subdomain, path_segment
from kubesim.cluster.apiserver.validation.fields import Field
from kubesim.cluster.apiserver.validation.internal import internal_json
from kubesim.cluster.apiserver.validation.metadata import validate_label_selector

_API_GROUPS = ("rbac.authorization.k8s.io",)
_SUBJECT_KINDS = ("ServiceAccount", "User", "Group")


def validate_role(role: Field) -> None:
    """Validate a Role or ClusterRole. Only a ClusterRole may have rules for URL paths."""
    for rule in role.items("rules"):
        _validate_rule(rule, of_cluster=role.get("kind") == "ClusterRole")
    if role.has("aggregationRule"):
        _validate_aggregation(role.inner("aggregationRule"))


def _validate_aggregation(rule: Field) -> None:
    selectors = rule.items("clusterRoleSelectors")
    if not selectors:
        rule.required("clusterRoleSelectors", "at least one clusterRoleSelector required if aggregationRule is non-nil")
    for selector in selectors:
        validate_label_selector(selector)


def _validate_rule(rule: Field, of_cluster: bool) -> None:
    """Validate a rule, which is either for URL paths (`nonResourceURLs`) or for resources."""
    if not rule.get("verbs"):
        rule.required("verbs", "verbs must contain at least one value")
    if rule.get("nonResourceURLs"):
        if not of_cluster:
            rule.invalid("nonResourceURLs", "namespaced rules cannot apply to non-resource URLs")
        if any(map(rule.get, ("apiGroups", "resources", "resourceNames"))):
            rule.invalid("nonResourceURLs", "rules cannot apply to both regular resources and non-resource URLs")
        return
    if not rule.get("apiGroups"):
        rule.required("apiGroups", "resource rules must supply at least one api group")
    if not rule.get("resources"):
        rule.required("resources", "resource rules must supply at least one resource")


def validate_binding(binding: Field) -> None:
    """Validate a RoleBinding or ClusterRoleBinding. In a RoleBinding, ServiceAccounts may lack the namespace."""
    role = binding.inner("roleRef")
    of_cluster = binding.get("kind") == "ClusterRoleBinding"
    role.enum("apiGroup", _API_GROUPS)
    kinds = ("ClusterRole",) if of_cluster else ("Role", "ClusterRole")
    if role.get("kind") not in kinds:
        role.unsupported("kind", kinds)
    role.check_required("name", path_segment)
    for subject in binding.items("subjects"):
        subject.needs("name")
        if subject.get("kind") not in _SUBJECT_KINDS:
            subject.unsupported("kind", _SUBJECT_KINDS)
        if subject.get("kind") == "ServiceAccount":
            subject.check_nonempty("name", dns_subdomain)
            if subject.get("apiGroup"):
                subject.unsupported("apiGroup", ("",))
            if of_cluster:
                subject.needs("namespace")
        elif subject.get("kind") in ("User", "Group"):
            subject.enum("apiGroup", _API_GROUPS)


def validate_binding_update(new: Field, old: Field) -> None:
    """Refuse a change of the role; subjects may change."""
    if new.get("roleRef") != old.get("roleRef"):
        new.invalid("roleRef", "cannot change roleRef", value=internal_json("RoleRef", new.get("roleRef") or {}))
