"""kubectl create namespace, serviceaccount, deployment, role and rolebinding.

Mirrors k8s.io/kubectl pkg/cmd/create/create_{namespace,serviceaccount,deployment,role,rolebinding}.go, v1.36.
"""

from __future__ import annotations

from kubesim.kubectl.command import Call, array, command, many, number, text
from kubesim.kubectl.create.common import COMMON, make, name_argument
from kubesim.kubectl.errors import KubectlError, Plain, UsageError
from kubesim.objects import Object
from kubesim.resources import DEPLOYMENT, NAMESPACE, ROLE, ROLE_BINDING, SERVICE_ACCOUNT, Resource, find_resource


@command(
    "create namespace",
    "NAME [--dry-run=server|client|none]",
    "Create a namespace with the specified name",
    COMMON,
    aliases=("ns",),
    example="  kubectl create namespace staging",
)
def create_namespace(call: Call) -> None:
    """Create a Namespace."""
    make(call, NAMESPACE, {"metadata": {"name": name_argument(call)}, "spec": {}, "status": {}}, "")


@command(
    "create serviceaccount",
    "NAME [--dry-run=server|client|none]",
    "Create a service account with the specified name",
    COMMON,
    aliases=("sa",),
    example="  kubectl create serviceaccount builder",
)
def create_service_account(call: Call) -> None:
    """Create a ServiceAccount."""
    make(call, SERVICE_ACCOUNT, {"metadata": {"name": name_argument(call)}}, "failed to create serviceaccount:")


@command(
    "create deployment",
    "NAME --image=image -- [COMMAND] [args...]",
    "Create a deployment with the specified name",
    COMMON,
    many("image", "", "The image; several make several containers."),
    number("port", "", "The port that the container exposes.", -1),
    number("replicas", "r", "How many Pods.", 1),
    aliases=("deploy",),
    example="  kubectl create deployment web --image=registry.example.com/myapp:1.0 --replicas=2",
)
def create_deployment(call: Call) -> None:
    """Create a Deployment."""
    if not call.args:
        raise UsageError("exactly one NAME is required, got 0")
    name, arguments = call.args[0], list(call.args[1:])
    if not call.flags["image"]:
        raise KubectlError('required flag(s) "image" not set')
    if call.flags["replicas"] < 0:
        raise KubectlError(f"replicas should be greater than or equal to 0, got {call.flags['replicas']}")
    labels = {"app": name}
    containers = [_container(image, arguments, call.flags["port"]) for image in call.flags["image"]]
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
    spec = {
        "replicas": call.flags["replicas"],
        "selector": {"matchLabels": labels},
        "strategy": {},
        "template": template,
    }
    deployment = {"metadata": {"name": name, "labels": labels}, "spec": spec, "status": {}}
    make(call, DEPLOYMENT, deployment, "failed to create deployment:")


def _container(image: str, arguments: list[str], port: int) -> Object:
    name = image.rpartition("/")[2].partition("@")[0].partition(":")[0]
    container: Object = {"image": image, "name": name.replace("_", "-").replace(".", "-"), "resources": {}}
    if arguments:
        container["command"] = arguments
    if port >= 0:
        container["ports"] = [{"containerPort": port}]
    return container


@command(
    "create role",
    "NAME --verb=verb --resource=resource.group/subresource [--resource-name=resourcename] "
    "[--dry-run=server|client|none]",
    "Create a role with single rule",
    COMMON,
    many("verb", "", "What the rule allows: get, list, watch, create, update, patch, delete, or *."),
    many("resource", "", "The types that the rule is for."),
    array("resource-name", "", "The names that the rule is for; all when none is given."),
    example="  kubectl create role secret-reader --verb=get,list --resource=secrets",
)
def create_role(call: Call) -> None:
    """Create a Role with one rule for each API group."""
    name = name_argument(call)
    if not call.flags["verb"]:
        raise KubectlError("at least one verb must be specified")
    if not call.flags["resource"]:
        raise KubectlError("at least one resource must be specified")
    verbs = list(dict.fromkeys(call.flags["verb"]))
    by_group: dict[str, list[str]] = {}
    for word in call.flags["resource"]:
        name_, slash, subresource = word.partition("/")
        resource = _known(name_)
        by_group.setdefault(resource.group, []).append(resource.plural + slash + subresource)
    names = {"resourceNames": list(call.flags["resource-name"])} if call.flags["resource-name"] else {}
    rules = [
        {"apiGroups": [group], **names, "resources": plurals, "verbs": verbs} for group, plurals in by_group.items()
    ]
    make(call, ROLE, {"metadata": {"name": name}, "rules": rules}, "failed to create role:")


def _known(name: str) -> Resource:
    """A type that rules can be about, simulated or not."""
    resource = find_resource(name)
    if resource is None:
        raise Plain(f'the server doesn\'t have a resource type "{name}"')
    return resource


@command(
    "create rolebinding",
    "NAME --clusterrole=NAME|--role=NAME [--user=username] [--group=groupname] "
    "[--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none]",
    "Create a role binding for a particular role or cluster role",
    COMMON,
    text("role", "", "The Role that is granted."),
    text("clusterrole", "", "The ClusterRole that is granted."),
    array("user", "", "A user who gets it."),
    array("group", "", "A group that gets it."),
    array("serviceaccount", "", "A ServiceAccount that gets it, as NAMESPACE:NAME."),
    example="  kubectl create rolebinding ci --role=secret-reader --serviceaccount=default:ci",
)
def create_role_binding(call: Call) -> None:
    """Create a RoleBinding."""
    name = name_argument(call)
    role, cluster_role = call.flags["role"], call.flags["clusterrole"]
    if bool(role) == bool(cluster_role):
        raise KubectlError("exactly one of clusterrole or role must be specified")
    group = ROLE.group
    reference = {"apiGroup": group, "kind": "Role" if role else "ClusterRole", "name": role or cluster_role}
    subjects: list[Object] = []
    for kind, names in (("User", call.flags["user"]), ("Group", call.flags["group"])):
        subjects += [{"apiGroup": group, "kind": kind, "name": item} for item in names]
    subjects += [_account(item) for item in call.flags["serviceaccount"]]
    binding = {"metadata": {"name": name}, "roleRef": reference, **({"subjects": subjects} if subjects else {})}
    make(call, ROLE_BINDING, binding, "failed to create rolebinding:")


def _account(text: str) -> Object:
    namespace, colon, name = text.partition(":")
    if not colon or not namespace or not name:
        raise KubectlError("serviceaccount must be <namespace>:<name>")
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}
