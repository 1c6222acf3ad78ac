"""kubectl create namespace, serviceaccount and deployment.

Mirrors k8s.io/kubectl pkg/cmd/create/create_{namespace,serviceaccount,deployment}.go, v1.36.
"""

from __future__ import annotations

from kubesim.api.identity import safe_hash
from kubesim.api.objects import Object
from kubesim.api.resources import DEPLOYMENT, NAMESPACE, SERVICE_ACCOUNT
from kubesim.kubectl.command import Call, command, many, number
from kubesim.kubectl.create.common import COMMON, ORDER, make, one_name
from kubesim.kubectl.errors import KubectlError


@command(
    "create namespace",
    "NAME [--dry-run=server|client|none]",
    "Create a namespace with the specified name",
    COMMON,
    aliases=("ns",),
    check=one_name,
    order=ORDER,
    example="  kubectl create namespace staging",
)
def create_namespace(call: Call) -> None:
    """Create a Namespace."""
    make(call, NAMESPACE, {"metadata": {"name": call.args[0]}, "spec": {}, "status": {}}, "")


@command(
    "create serviceaccount",
    "NAME [--dry-run=server|client|none]",
    "Create a service account with the specified name",
    COMMON,
    aliases=("sa",),
    check=one_name,
    order=ORDER,
    example="  kubectl create serviceaccount builder",
)
def create_service_account(call: Call) -> None:
    """Create a ServiceAccount."""
    make(call, SERVICE_ACCOUNT, {"metadata": {"name": call.args[0]}}, "failed to create serviceaccount:")


@command(
    "create deployment",
    "NAME --image=image -- [COMMAND] [args...]",
    "Create a deployment with the specified name",
    COMMON,
    many("image", "", "The image; several make several containers."),
    number("port", "", "The port that the container exposes.", -1, "int32"),
    number("replicas", "r", "How many Pods.", 1, "int32"),
    aliases=("deploy",),
    check=one_name,
    order=ORDER,
    required=("image",),
    example="  kubectl create deployment web --image=registry.example.com/myapp:1.0 --replicas=2",
)
def create_deployment(call: Call) -> None:
    """Create a Deployment."""
    name, arguments = call.args[0], list(call.args[1:])
    images, labels = call.flags["image"], {"app": name}
    if len(images) > 1 and arguments:
        raise KubectlError("cannot specify multiple --image options and command")
    ports = [call.flags["port"]] if call.flags["port"] >= 0 else []  # of the first container
    containers = [_container(image, arguments, [] if number_ else ports) for number_, image in enumerate(images)]
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
    spec = {
        "replicas": call.flags["replicas"],
        "selector": {"matchLabels": labels},
        "template": template,
        "strategy": {},
    }
    deployment = {"metadata": {"name": name, "labels": labels}, "spec": spec, "status": {}}
    make(call, DEPLOYMENT, deployment, "failed to create deployment:")


def _container(image: str, arguments: list[str], ports: list[int]) -> Object:
    command_ = {"command": arguments} if arguments else {}
    opened = {"ports": [{"containerPort": port} for port in ports]} if ports else {}
    return {"name": _container_name(image), "image": image, **command_, **opened, "resources": {}}


def _container_name(image: str) -> str:
    """The image's own name; where characters have to go, a suffix keeps it apart from others."""
    name = image.rpartition("/")[2].partition("@")[0].partition(":")[0]
    plain = name.replace("_", "-").replace(".", "-")
    return plain if plain == name else f"{plain}-{safe_hash(image, 5)}"
