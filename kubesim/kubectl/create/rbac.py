"""kubectl create role, clusterrole, rolebinding, clusterrolebinding and token: who may do what, and a proof of who.

Mirrors k8s.io/kubectl pkg/cmd/create/create_{role,clusterrole,rolebinding,clusterrolebinding,token}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from kubesim.api.errors import StatusError
from kubesim.api.objects import Object
from kubesim.api.resources import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING, find_resource
from kubesim.cluster.apiserver.tokens import create_token as issue
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.create import creator, make
from kubesim.kubectl.errors import KubectlError, Plain, refuse_if

_PATH_VERBS = ("get", "post", "put", "delete", "patch", "head", "options", "*")
_VERBS = (
    *("*", "get", "delete", "list", "create", "update", "patch", "watch", "proxy", "deletecollection"),
    *("use", "bind", "escalate", "impersonate"),
)


@creator("role")
def create_role(call: Call) -> None:
    rules = _rules(call, _verbs(call))
    refuse_if(not rules, "at least one resource must be specified")
    make(call, ROLE, {"metadata": {"name": call.args[0]}, "rules": rules}, "")


@creator("clusterrole")
def create_cluster_role(call: Call) -> None:
    verbs, paths = _verbs(call), call.flags["non-resource-url"]
    rules = _rules(call, verbs)
    if paths:
        rules.append({"verbs": verbs, "nonResourceURLs": _paths(verbs, paths)})
    refuse_if(not rules, "one of resource or nonResourceURL must be specified")
    make(call, CLUSTER_ROLE, {"metadata": {"name": call.args[0]}, "rules": rules}, "")


def _verbs(call: Call) -> list[str]:
    verbs = list(dict.fromkeys(verb for verb in call.flags["verb"] if verb))
    refuse_if(not verbs, "at least one verb must be specified")
    return ["*"] if "*" in verbs else verbs


def _rules(call: Call, verbs: list[str]) -> list[Object]:
    words = ["*"] if "*" in call.flags["resource"] else call.flags["resource"]
    for verb in verbs if words else ():
        if verb not in _VERBS:
            call.complain(f"Warning: '{verb}' is not a standard resource verb\n")
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
    refuse_if(not plain, "resource must be specified if apiGroup/subresource specified")
    if plain == "*":
        return group, f"*{slash}{subresource}"
    resource = find_resource(name)
    if resource is None:
        where = f' in group "{group}"' if group else ""
        raise Plain(f'the server doesn\'t have a resource type "{plain}"{where}')
    return resource.group, resource.plural + slash + subresource


def _paths(verbs: list[str], paths: Sequence[str]) -> list[str]:
    """The paths, which are no objects. Raises KubectlError where one or a verb is wrong."""
    for verb in verbs:
        refuse_if(verb not in _PATH_VERBS, f"invalid verb: '{verb}' for nonResourceURL")
    for path in paths:
        refuse_if(path != "*" and not path.startswith("/"), "nonResourceURL should start with /")
        refuse_if("*" in path[:-1], "nonResourceURL only supports wildcard matches when '*' is at the end")
    return list(dict.fromkeys(paths))


@creator("rolebinding")
def create_role_binding(call: Call) -> None:
    role, cluster_role = call.flags["role"], call.flags["clusterrole"]
    binding = _binding(call, "Role" if role else "ClusterRole", role or cluster_role)
    make(call, ROLE_BINDING, binding, "failed to create rolebinding:")


@creator("clusterrolebinding")
def create_cluster_role_binding(call: Call) -> None:
    binding = _binding(call, "ClusterRole", call.flags["clusterrole"])
    make(call, CLUSTER_ROLE_BINDING, binding, "failed to create clusterrolebinding:")


def _binding(call: Call, kind: str, role: str) -> Object:
    subjects = [
        {"kind": subject, "apiGroup": ROLE.group, "name": name}
        for subject in ("User", "Group")
        for name in call.flags[subject.lower()]
    ]
    subjects += map(_account, call.flags["serviceaccount"])
    reference = {"apiGroup": ROLE.group, "kind": kind, "name": role}
    bound = {"subjects": subjects} if subjects else {}
    return {"metadata": {"name": call.args[0]}, **bound, "roleRef": reference}


def _account(text: str) -> Object:
    namespace, colon, name = text.partition(":")
    refuse_if(not colon or not namespace or not name or ":" in name, "serviceaccount must be <namespace>:<name>")
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}


@command("create token", asks_namespace=True)
def create_token(call: Call) -> None:
    kind, name, uid = (call.flags[f"bound-object-{key}"] for key in ("kind", "name", "uid"))
    _check_token(call)
    bound = {"kind": kind, "apiVersion": "v1", "name": name, "uid": uid}
    spec = {
        "audiences": list(call.flags["audience"]),
        "expirationSeconds": int(call.flags["duration"]),
        "boundObjectRef": {key: value for key, value in bound.items() if value} if kind else None,
    }
    try:
        found = issue(call.api, call.namespace, call.args[0], spec, call.context.clock.now, user=call.user)
    except StatusError as error:
        raise KubectlError(f"failed to create token: {error.message}") from None
    if call.flags["output"]:  # --template alone counts for nothing here
        call.say(call.output_format().render(found, typed=True))
    else:
        call.say(found["status"]["token"])


def _check_token(call: Call) -> None:
    refuse_if(not call.args[0], "service account name is required")
    refuse_if(call.flags["duration"] % 1, "--duration cannot be expressed in units less than seconds")
    refuse_if("" in call.flags["audience"], "--audience must not be an empty string")
