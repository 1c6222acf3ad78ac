"""kubectl create role, clusterrole, rolebinding and clusterrolebinding.

Mirrors k8s.io/kubectl pkg/cmd/create/create_{role,clusterrole,rolebinding,clusterrolebinding}.go, v1.36.
"""

from __future__ import annotations

from kubesim.kubectl.command import Call, absent, array, command, many, text
from kubesim.kubectl.create.common import COMMON, make, name_argument
from kubesim.kubectl.errors import KubectlError, Plain
from kubesim.objects import Object
from kubesim.resources import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING, Resource, find_resource

_RULE = (
    many("verb", "", "What the rule allows: get, list, watch, create, update, patch, delete, or *."),
    many("resource", "", "The types that the rule is for."),
    array("resource-name", "", "The names that the rule is for; all when none is given."),
)
_SUBJECTS = (
    array("user", "", "A user who gets it."),
    array("group", "", "A group that gets it."),
    array("serviceaccount", "", "A ServiceAccount that gets it, as NAMESPACE:NAME."),
)
_RULE_USAGE = (
    "NAME --verb=verb --resource=resource.group/subresource [--resource-name=resourcename] "
    "[--dry-run=server|client|none]"
)
_SUBJECTS_USAGE = (
    "[--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] "
    "[--dry-run=server|client|none]"
)


@command(
    "create role",
    _RULE_USAGE,
    "Create a role with single rule",
    COMMON,
    _RULE,
    example="  kubectl create role secret-reader --verb=get,list --resource=secrets",
)
def create_role(call: Call) -> None:
    """Create a Role with one rule for each API group."""
    _make_role(call, ROLE, "failed to create role:")


@command(
    "create clusterrole",
    _RULE_USAGE,
    "Create a cluster role",
    COMMON,
    _RULE,
    *absent("non-resource-url", "aggregation-rule"),
    example="  kubectl create clusterrole node-reader --verb=get,list --resource=nodes",
)
def create_cluster_role(call: Call) -> None:
    """Create a ClusterRole with one rule for each API group."""
    _make_role(call, CLUSTER_ROLE, "failed to create clusterrole:")


def _make_role(call: Call, resource: Resource, failure: str) -> None:
    name = name_argument(call)
    if not call.flags["verb"]:
        raise KubectlError("at least one verb must be specified")
    if not call.flags["resource"]:
        raise KubectlError("at least one resource must be specified")
    make(call, resource, {"metadata": {"name": name}, "rules": _rules(call)}, failure)


def _rules(call: Call) -> list[Object]:
    by_group: dict[str, list[str]] = {}
    for word in call.flags["resource"]:
        name, slash, subresource = word.partition("/")
        resource = _known(name)
        by_group.setdefault(resource.group, []).append(resource.plural + slash + subresource)
    names = {"resourceNames": list(call.flags["resource-name"])} if call.flags["resource-name"] else {}
    verbs = list(dict.fromkeys(call.flags["verb"]))
    return [
        {"apiGroups": [group], **names, "resources": plurals, "verbs": verbs} for group, plurals in by_group.items()
    ]


def _known(name: str) -> Resource:
    """A type that rules can be about, simulated or not."""
    resource = find_resource(name)
    if resource is None:
        raise Plain(f'the server doesn\'t have a resource type "{name}"')
    return resource


@command(
    "create rolebinding",
    "NAME --clusterrole=NAME|--role=NAME " + _SUBJECTS_USAGE,
    "Create a role binding for a particular role or cluster role",
    COMMON,
    text("role", "", "The Role that is granted."),
    text("clusterrole", "", "The ClusterRole that is granted."),
    _SUBJECTS,
    example="  kubectl create rolebinding ci --role=secret-reader --serviceaccount=default:ci",
)
def create_role_binding(call: Call) -> None:
    """Create a RoleBinding."""
    name = name_argument(call)
    role, cluster_role = call.flags["role"], call.flags["clusterrole"]
    if bool(role) == bool(cluster_role):
        raise KubectlError("exactly one of clusterrole or role must be specified")
    binding = _binding(call, name, "Role" if role else "ClusterRole", role or cluster_role)
    make(call, ROLE_BINDING, binding, "failed to create rolebinding:")


@command(
    "create clusterrolebinding",
    "NAME --clusterrole=NAME " + _SUBJECTS_USAGE,
    "Create a cluster role binding for a particular cluster role",
    COMMON,
    text("clusterrole", "", "The ClusterRole that is granted."),
    _SUBJECTS,
    example="  kubectl create clusterrolebinding viewers --clusterrole=view --group=devs",
)
def create_cluster_role_binding(call: Call) -> None:
    """Create a ClusterRoleBinding."""
    name = name_argument(call)
    if not call.flags["clusterrole"]:
        raise KubectlError('required flag(s) "clusterrole" not set')
    binding = _binding(call, name, "ClusterRole", call.flags["clusterrole"])
    make(call, CLUSTER_ROLE_BINDING, binding, "failed to create clusterrolebinding:")


def _binding(call: Call, name: str, kind: str, role: str) -> Object:
    group = ROLE.group
    subjects: list[Object] = []
    for subject, names in (("User", call.flags["user"]), ("Group", call.flags["group"])):
        subjects += [{"apiGroup": group, "kind": subject, "name": item} for item in names]
    subjects += [_account(item) for item in call.flags["serviceaccount"]]
    reference = {"apiGroup": group, "kind": kind, "name": role}
    return {"metadata": {"name": name}, "roleRef": reference, **({"subjects": subjects} if subjects else {})}


def _account(text: str) -> Object:
    namespace, colon, name = text.partition(":")
    if not colon or not namespace or not name:
        raise KubectlError("serviceaccount must be <namespace>:<name>")
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}
