"""The tools of the terminal and of containers that use the cluster or a registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import cast

from kubesim import kubectl
from kubesim.api.budget import UNPAID, Budget
from kubesim.api.clock import Clock, to_datetime
from kubesim.cluster import Cluster
from kubesim.cluster.apiserver.admission import TOKEN_MOUNT_PATH
from kubesim.cluster.apiserver.authorization import ANONYMOUS, User
from kubesim.kubectl.errors import NotSimulated
from kubesim.session.usage import FILE_USAGE, USAGE
from kubesim.shell import Declaration, Invocation, Operands, Options, Tool, UnsupportedError
from kubesim.workspace import Workspace

_NODE_USAGE = (
    "node files | trust HOST | skip-verify HOST | insecure HOST:PORT | mirror REGISTRY HOST... | reset HOST"
    " | login REGISTRY -u USER -p PASSWORD | logout REGISTRY | proxy URL|off"
)
_DOCKER_USAGE = "docker [--config FOLDER] login|logout [-u USER] [--password-stdin] [SERVER]"
_AWS_USAGE = "aws ecr get-login-password [--region REGION]"
_CRICTL_USAGE = "crictl images | crictl pull [--creds USER[:PASSWORD]] IMAGE"
# Declarations of tools, and the module of this package that has the function of a tool's name.
_REGISTRY_TOOLS = (
    (Declaration(_DOCKER_USAGE, None, "docker login -u me"), "docker"),
    (Declaration(_AWS_USAGE, "r:/region", "aws ecr get-login-password"), "node"),
    (Declaration(_NODE_USAGE, "u:/username p:/password", "node trust harbor.corp.example"), "node"),
    (Declaration(_CRICTL_USAGE, "c:/creds", "crictl images"), "node"),
)


def why_tool(current: Callable[[], Cluster], namespace: Callable[[], str], on_why: Callable[[str], None]) -> Tool:
    """The program `why POD`.

    `current` and `namespace` are called at each run; `on_why` gets the explained Pod's namespace.
    """

    @Declaration(USAGE, "n:/namespace c:/container o:/output", example="why web").tool
    def why(operands: list[str], options: Options, io: Invocation) -> int:
        from kubesim.session.why import explain_piped, explain_pod  # late: most sessions start without it

        if not operands and (piped := io.read_stdin()):
            return explain_piped(piped, options, io)
        return explain_pod(current(), namespace(), on_why, operands, options, io)

    return why


@Declaration(FILE_USAGE, "f*/filename p:/pod a:/answer A/all o:/output").tool
def kubesim_why(operands: list[str], options: Options, io: Invocation) -> int:
    """The program `kubesim why`."""
    from kubesim.session.why import explain_files  # late, as above

    return explain_files(operands, options, io)


def registry_tools(current: Callable[[], Cluster]) -> list[Tool]:
    """The tools that log in to a registry, set up the node or pull without a Pod: docker, aws, node and crictl.

    They call `current` at each run, because undo and a reset replace the cluster.
    """
    return [_late_tool(current, declaration, module) for declaration, module in _REGISTRY_TOOLS]


def _late_tool(current: Callable[[], Cluster], declaration: Declaration, module: str) -> Tool:
    """A tool whose function is imported at its first call, so that sessions start fast."""

    def run(operands: Operands, options: Options, io: Invocation) -> int | None:
        function = getattr(import_module(f"kubesim.session.{module}"), declaration.usage.split()[0])
        status: int | None = function(current, operands, options, io)
        return status

    return declaration.tool(run)


class _Moment(Clock):
    """A clock that stands still: the simulator runs a container's process at once, at the moment of its start."""

    def run_until(self, done: Callable[[], bool], timeout: float, budget: Budget = UNPAID) -> bool:
        if not done():
            raise NotSimulated("kubectl that waits in a container is not part of this simulator")
        return True


def new_context(
    cluster: Cluster, user: User, io: Invocation, config: kubectl.Kubeconfig, clock: Clock
) -> kubectl.Context:
    """The context of one kubectl call: the user's client, and the files, variables and stdin of its shell."""
    client = cluster.apiserver.as_user(user)
    files = cast(Workspace, io.files)
    read_stdin = cache(io.read_stdin)  # replace --force reads its manifests twice
    return kubectl.Context(client, clock, files, config, io.machine.budget, io.env, read_stdin)


def _kubeconfig_of_container(io: Invocation) -> kubectl.Kubeconfig:
    """The configuration that kubectl finds in a container: the mounted token, and the namespace file beside it.

    Mirrors inClusterClientConfig of k8s.io/client-go tools/clientcmd/client_config.go, v1.36. Raises UnsupportedError
    for a token without ca.crt.
    """
    token, authority, namespace = (f"{TOKEN_MOUNT_PATH}/{name}" for name in ("token", "ca.crt", "namespace"))
    is_in_cluster = io.env.get("KUBERNETES_SERVICE_HOST") and io.env.get("KUBERNETES_SERVICE_PORT")
    if not is_in_cluster or not io.files.exists(token) or io.files.is_dir(token):
        return kubectl.Kubeconfig.in_pod()
    if not io.files.exists(authority):
        raise UnsupportedError("kubectl in a container with a token and without ca.crt")
    current = io.env.get("POD_NAMESPACE", "")
    if not current and io.files.exists(namespace):
        current = io.files.read_text(namespace).strip()
    return kubectl.Kubeconfig.in_pod(io.files.read_text(token).strip(), current)


def container_tools(cluster: Cluster) -> Mapping[str, Tool]:
    """The tools in containers that use the cluster: kubectl with the mounted token, and the registry tools."""

    def run_kubectl(arguments: list[str], io: Invocation) -> int:
        with suppress(NotSimulated):  # kubectl.run reports these itself
            command, _ = kubectl.find_command(arguments)
            if command.path[:1] in (("edit",), ("config",)):
                raise UnsupportedError(f"'kubectl {command.path[0]}' in a container")
        moment = _Moment(to_datetime(cluster.clock.now))
        context = new_context(cluster, ANONYMOUS, io, _kubeconfig_of_container(io), moment)
        return io.show(kubectl.run(arguments, context))

    client = Tool("kubectl", run_kubectl, "kubectl COMMAND", "kubectl get pods")
    tools = [client, *registry_tools(lambda: cluster)]
    return {tool.name: tool for tool in tools}
