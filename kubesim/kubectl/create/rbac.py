"""kubectl create role, clusterrole, rolebinding and clusterrolebinding.

Mirrors k8s.io/kubectl pkg/cmd/create/create_{role,clusterrole,rolebinding,clusterrolebinding}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from kubesim.api.objects import Object
from kubesim.api.resources import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING, find_resource
from kubesim.kubectl.command import Call, array, command, many, mapping, text
from kubesim.kubectl.create.common import COMMON, make, one_name
from kubesim.kubectl.errors import KubectlError, Plain

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
    "NAME --verb=verb --resource=resource.group{} [--resource-name=resourcename] [--dry-run=server|client|none]"
)
_SUBJECTS_USAGE = (
    "[--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] "
    "[--dry-run=server|client|none]"
)


@command(
    "create role",
    _RULE_USAGE.format("/subresource"),
    "Create a role with single rule",
    COMMON,
    _RULE,
    example="  kubectl create role secret-reader --verb=get,list --resource=secrets",
    check=one_name,
)
def create_role(call: Call) -> None:
    """Create a Role with one rule for each API group."""
    verbs = _verbs(call)
    _warn_of_verbs(call, verbs)
    if not call.flags["resource"]:
        raise KubectlError("at least one resource must be specified")
    make(call, ROLE, {"metadata": {"name": call.args[0]}, "rules": _rules(call, verbs)}, "")


@command(
    "create clusterrole",
    _RULE_USAGE.format(""),
    "Create a cluster role",
    COMMON,
    _RULE,
    many("non-resource-url", "", "The paths, such as /healthz, that the rule is for."),
    mapping("aggregation-rule", "", "The labels KEY=VALUE of the ClusterRoles whose rules are put together."),
    example="  kubectl create clusterrole node-reader --verb=get,list --resource=nodes",
    check=one_name,
)
def create_cluster_role(call: Call) -> None:
    """Create a ClusterRole with one rule for each API group and one for paths, or one that gathers others' rules."""
    labels, paths, resources = (call.flags[key] for key in ("aggregation-rule", "non-resource-url", "resource"))
    role: Object = {"metadata": {"name": call.args[0]}}
    if labels:
        if paths or resources or call.flags["verb"] or call.flags["resource-name"]:
            raise KubectlError(
                "aggregation rule must be specified without nonResourceURLs, verbs, resources or resourceNames"
            )
        role |= {"rules": None, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": labels}]}}
    else:
        verbs = _verbs(call)
        if not resources and not paths:
            raise KubectlError("one of resource or nonResourceURL must be specified")
        if resources:
            _warn_of_verbs(call, verbs)
        role["rules"] = _rules(call, verbs)
        if paths:
            role["rules"].append({"verbs": verbs, "nonResourceURLs": _paths(verbs, paths)})
    make(call, CLUSTER_ROLE, role, "")


_PATH_VERBS = ("get", "post", "put", "delete", "patch", "head", "options", "*")
_VERBS = (
    *("*", "get", "delete", "list", "create", "update", "patch", "watch", "proxy", "deletecollection"),
    *("use", "bind", "escalate", "impersonate"),
)


def _paths(verbs: list[str], paths: Sequence[str]) -> list[str]:
    """The paths, which are no objects. Raises KubectlError where one or a verb is wrong."""
    for verb in verbs:
        if verb not in _PATH_VERBS:
            raise KubectlError(f"invalid verb: '{verb}' for nonResourceURL")
    for path in paths:
        if path != "*" and not path.startswith("/"):
            raise KubectlError("nonResourceURL should start with /")
        if "*" in path[:-1]:
            raise KubectlError("nonResourceURL only supports wildcard matches when '*' is at the end")
    return list(dict.fromkeys(paths))


def _verbs(call: Call) -> list[str]:
    verbs = list(dict.fromkeys(verb for verb in call.flags["verb"] if verb))
    if not verbs:
        raise KubectlError("at least one verb must be specified")
    return ["*"] if "*" in verbs else verbs


def _warn_of_verbs(call: Call, verbs: list[str]) -> None:
    for verb in verbs:
        if verb not in _VERBS:
            call.complain(f"Warning: '{verb}' is not a standard resource verb\n")


def _rules(call: Call, verbs: list[str]) -> list[Object]:
    words = ["*"] if "*" in call.flags["resource"] else call.flags["resource"]
    by_group: dict[str, list[str]] = {}
    for group, plural in dict.fromkeys(map(_known, words)):
        by_group.setdefault(group, []).append(plural)
    names = list(dict.fromkeys(call.flags["resource-name"]))
    named = {"resourceNames": names} if names else {}
    return [{"verbs": verbs, "apiGroups": [group], "resources": by_group[group], **named} for group in sorted(by_group)]


def _known(word: str) -> tuple[str, str]:
    """Group and plural of a type that rules can be about, simulated or not, with its subresource."""
    name, slash, subresource = word.partition("/")
    plain, _, group = name.partition(".")
    if not plain:
        raise KubectlError("resource must be specified if apiGroup/subresource specified")
    if plain == "*":
        return group, f"*{slash}{subresource}"
    resource = find_resource(name)
    if resource is None:
        where = f' in group "{group}"' if group else ""
        raise Plain(f'the server doesn\'t have a resource type "{plain}"{where}')
    return resource.group, resource.plural + slash + subresource


@command(
    "create rolebinding",
    "NAME --clusterrole=NAME|--role=NAME " + _SUBJECTS_USAGE,
    "Create a role binding for a particular role or cluster role",
    COMMON,
    text("role", "", "The Role that is granted."),
    text("clusterrole", "", "The ClusterRole that is granted."),
    _SUBJECTS,
    example="  kubectl create rolebinding ci --role=secret-reader --serviceaccount=default:ci",
    check=one_name,
)
def create_role_binding(call: Call) -> None:
    """Create a RoleBinding."""
    name = call.args[0]
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
    check=one_name,
    required=("clusterrole",),
)
def create_cluster_role_binding(call: Call) -> None:
    """Create a ClusterRoleBinding."""
    binding = _binding(call, call.args[0], "ClusterRole", call.flags["clusterrole"])
    make(call, CLUSTER_ROLE_BINDING, binding, "failed to create clusterrolebinding:")


def _binding(call: Call, name: str, kind: str, role: str) -> Object:
    group = ROLE.group
    subjects: list[Object] = []
    for subject, names in (("User", call.flags["user"]), ("Group", call.flags["group"])):
        subjects += [{"kind": subject, "apiGroup": group, "name": item} for item in names]
    subjects += [_account(item) for item in call.flags["serviceaccount"]]
    reference = {"apiGroup": group, "kind": kind, "name": role}
    return {"metadata": {"name": name}, **({"subjects": subjects} if subjects else {}), "roleRef": reference}


def _account(text: str) -> Object:
    namespace, colon, name = text.partition(":")
    if not colon or not namespace or not name or ":" in name:
        raise KubectlError("serviceaccount must be <namespace>:<name>")
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}
