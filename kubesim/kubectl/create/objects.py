"""kubectl create namespace, serviceaccount and deployment.

Mirrors k8s.io/kubectl pkg/cmd/create/create_{namespace,serviceaccount,deployment}.go, v1.36.
"""

from __future__ import annotations

from kubesim.kubectl.command import Call, command, many, number
from kubesim.kubectl.create.common import COMMON, make, name_argument
from kubesim.kubectl.errors import KubectlError, UsageError
from kubesim.objects import Object
from kubesim.resources import DEPLOYMENT, NAMESPACE, SERVICE_ACCOUNT


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
