"""The programs of the terminal and of containers that work on the cluster or ask a registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from typing import NamedTuple, cast

from kubesim import kubectl
from kubesim.api.budget import UNPAID, Budget
from kubesim.api.clock import Clock, to_datetime
from kubesim.cluster import Cluster
from kubesim.cluster.apiserver.authorization import User
from kubesim.cluster.apiserver.impersonation import account_user
from kubesim.kubectl.errors import NotSimulated
from kubesim.session.docker import docker
from kubesim.session.node import NODE_USAGE, aws, crictl, node
from kubesim.shell import Declaration, Invocation, Options, Tool, UnsupportedError
from kubesim.workspace import Workspace


class _Program(NamedTuple):
    """A program that works on the session's cluster, which its function is given first."""

    declaration: Declaration
    run: Callable[[Cluster, list[str], Options, Invocation], int]

    def on(self, cluster: Callable[[], Cluster]) -> Tool:
        """The tool, given what returns the cluster that there is when it runs: `undo` and a reset replace that."""

        def function(operands: list[str], options: Options, io: Invocation) -> int:
            return self.run(cluster(), operands, options, io)

        return self.declaration.tool(function)


_AWS_USAGE = "aws ecr get-login-password [--region REGION]"
_DOCKER_USAGE = "docker [--config FOLDER] login|logout [-u USER] [--password-stdin] [SERVER]"
_CRICTL_USAGE = "crictl images | crictl pull [--creds USER[:PASSWORD]] IMAGE"
_PROGRAMS = (
    _Program(Declaration(_DOCKER_USAGE, None, "docker login -u me"), docker),
    _Program(Declaration(_AWS_USAGE, "r:/region", "aws ecr get-login-password"), aws),
    _Program(Declaration(NODE_USAGE, "u:/username p:/password", "node trust harbor.corp.example"), node),
    _Program(Declaration(_CRICTL_USAGE, "c:/creds", "crictl images"), crictl),
)


def beside_kubectl(cluster: Callable[[], Cluster]) -> list[Tool]:
    """The programs beside kubectl, on the cluster that there is when they run."""
    return [program.on(cluster) for program in _PROGRAMS]


class _Moment(Clock):
    """A clock that stands still: what a container runs is played at the moment when it starts."""

    def run_until(self, done: Callable[[], bool], timeout: float, budget: Budget = UNPAID) -> bool:
        if not done():
            raise NotSimulated("kubectl that waits in a container is not part of this simulator")
        return True


def new_context(
    cluster: Cluster, user: User, io: Invocation, config: kubectl.Kubeconfig, clock: Clock
) -> kubectl.Context:
    """What a user's kubectl works with in one call, on the files and variables of where it is called."""
    client = cluster.apiserver.as_user(user)
    files = cast(Workspace, io.files)
    read_stdin = cache(io.read_stdin)  # replace --force goes through its manifests twice
    return kubectl.Context(client, clock, files, config, io.machine.budget, io.env, read_stdin)


def in_containers(cluster: Cluster, namespace: str, account: str) -> Mapping[str, Tool]:
    """The programs of a container that need the cluster: aws, and kubectl as the Pod's ServiceAccount."""

    def run_kubectl(arguments: list[str], io: Invocation) -> int:
        with suppress(NotSimulated):  # what kubectl refuses on its own
            command, _ = kubectl.find_command(arguments)
            if command.path[:1] in (("edit",), ("config",)):
                raise UnsupportedError(f"'kubectl {command.path[0]}' in a container")
        user = account_user(namespace, account)
        moment = _Moment(to_datetime(cluster.clock.now))
        context = new_context(cluster, user, io, kubectl.Kubeconfig.of_account(namespace), moment)
        return io.show(kubectl.run(arguments, context))

    client = Tool("kubectl", run_kubectl, "kubectl COMMAND", "kubectl get pods")
    tools = [client, *beside_kubectl(lambda: cluster)]
    return {tool.name: tool for tool in tools}
