"""kubectl create role, clusterrole, rolebinding and clusterrolebinding.

Mirrors k8s.io/kubectl pkg/cmd/create/create_{role,clusterrole,rolebinding,clusterrolebinding}.go, v1.36.
"""

from __future__ import annotations

from kubesim.api.objects import Object
from kubesim.api.resources import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    ROLE,
    ROLE_BINDING,
    Resource,
    find_resource,
)
from kubesim.kubectl.command import Call
from kubesim.kubectl.content import nonempty
from kubesim.kubectl.create import create_object, refuse_empty_name, subcommand
from kubesim.kubectl.errors import UnprefixedError, refuse_if

_VERBS = "get delete list create update patch watch proxy deletecollection use bind escalate impersonate *"

_ROLES = ("roles.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io")
# Verbs that are limited to some types. Mirrors specialVerbs of create_role.go.
_LIMITED_VERBS = {
    "use": ("podsecuritypolicies.policy", "podsecuritypolicies.extensions"),
    "bind": _ROLES,
    "escalate": _ROLES,
    "impersonate": ("users.", "groups.", "serviceaccounts.", "userextras.authentication.k8s.io"),
}


@subcommand("create role")
def create_role(call: Call) -> None:
    _create_role(call, ROLE, "at least one resource must be specified")


@subcommand("create clusterrole")
def create_cluster_role(call: Call) -> None:
    _create_role(call, CLUSTER_ROLE, "one of resource or nonResourceURL must be specified")


def _create_role(call: Call, resource: Resource, without_rules: str) -> None:
    """Create a Role or ClusterRole. `without_rules` is the refusal of a command line without rules."""
    refuse_empty_name(call)
    rules = _rules(call, _verbs(call))
    refuse_if(not rules, without_rules)
    create_object(call, resource, {"rules": rules}, failure="")


def _verbs(call: Call) -> list[str]:
    """The verbs of --verb, each once, or "*" alone. Raises KubectlError without one."""
    verbs = list(dict.fromkeys(verb for verb in call.flags["verb"] if verb))
    refuse_if(not verbs, "at least one verb must be specified")
    return ["*"] if "*" in verbs else verbs


def _rules(call: Call, verbs: list[str]) -> list[Object]:
    """The rules of --resource: one for each API group, sorted. Warns about verbs that aren't standard."""
    words = ["*"] if "*" in call.flags["resource"] else call.flags["resource"]
    for verb in verbs:
        if words and verb not in _VERBS.split():
            call.complain(f"Warning: '{verb}' is not a standard resource verb\n")
    by_group: dict[str, list[str]] = {}
    for group, plural in dict.fromkeys(_resolve_rule(word, verbs) for word in words):
        by_group.setdefault(group, []).append(plural)
    names = list(dict.fromkeys(call.flags["resource-name"]))
    rules: list[Object] = []
    for group in sorted(by_group):
        rule = {"verbs": verbs, "apiGroups": [group], "resources": by_group[group]}
        if names:
            rule["resourceNames"] = names
        rules.append(rule)
    return rules


def _resolve_rule(word: str, verbs: list[str]) -> tuple[str, str]:
    """The apiGroup and the resource ("plural/subresource") of a rule for a --resource.

    The type may be one that kubesim doesn't simulate, and with a verb such as impersonate no type of the API, such as
    users. Raises KubectlError for a verb that doesn't apply to the type, and UnprefixedError for an unknown type.
    """
    name, _, subresource = word.partition("/")
    suffix = f"/{subresource}" if subresource else ""
    plural, _, group = name.partition(".")
    refuse_if(not plural, "resource must be specified if apiGroup/subresource specified")
    if plural == "*":
        return group, "*" + suffix
    resource = find_resource(name)
    if resource is not None:
        plural = resource.plural
        group = resource.group
    limited = [verb for verb in verbs if verb in _LIMITED_VERBS]
    for verb in limited:
        refuse_if(
            f"{plural}.{group}" not in _LIMITED_VERBS[verb],
            f"can not perform '{verb}' on '{plural}' in group '{group}'",
        )
    if resource is None and not limited:
        where = f' in group "{group}"' if group else ""
        raise UnprefixedError(f'the server doesn\'t have a resource type "{plural}"{where}')
    return group, plural + suffix


@subcommand("create rolebinding")
def create_role_binding(call: Call) -> None:
    refuse_empty_name(call)
    role = call.flags["role"]
    cluster_role = call.flags["clusterrole"]
    refuse_if(bool(role) == bool(cluster_role), "exactly one of clusterrole or role must be specified")
    if role:
        _bind(call, ROLE_BINDING, "Role", role)
    else:
        _bind(call, ROLE_BINDING, "ClusterRole", cluster_role)


@subcommand("create clusterrolebinding")
def create_cluster_role_binding(call: Call) -> None:
    _bind(call, CLUSTER_ROLE_BINDING, "ClusterRole", call.flags["clusterrole"])


def _bind(call: Call, resource: Resource, kind: str, role: str) -> None:
    """Create a binding of a Role or ClusterRole (`kind`) to the users, groups and ServiceAccounts of the flags."""
    subjects: list[Object] = []
    for subject_kind in ("User", "Group"):
        for name in call.flags[subject_kind.lower()]:
            subjects.append({"kind": subject_kind, "apiGroup": ROLE.group, "name": name})
    subjects += map(_account, call.flags["serviceaccount"])
    fields = nonempty({"subjects": subjects, "roleRef": {"apiGroup": ROLE.group, "kind": kind, "name": role}})
    create_object(call, resource, fields)


def _account(text: str) -> Object:
    namespace, colon, name = text.partition(":")
    refuse_if(not colon or not namespace or not name or ":" in name, "serviceaccount must be <namespace>:<name>")
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}
