"""The programs of the terminal that have to do with registries, beside kubectl: docker, aws, node and crictl.

docker login and logout ask a simulated registry and keep Docker's configuration file: docker/cli cli/command/registry
and cli/config, v29. node stands for files that a person edits on the node.
"""

from __future__ import annotations

import base64
import getopt
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, cast

from kubesim import kubectl
from kubesim.api import imageref, load_table
from kubesim.api.clock import Clock, to_datetime
from kubesim.api.imageref import DEFAULT_REGISTRY
from kubesim.cluster import Cluster
from kubesim.cluster.apiserver.impersonation import account_user
from kubesim.cluster.bootstrap import NODE_NAME
from kubesim.cluster.keyring import Credential, registry_key
from kubesim.cluster.registry import Registries
from kubesim.cluster.registry.node import CONFIG, MODES, PROXY
from kubesim.gotext import gojson, tabwriter
from kubesim.kubectl.errors import FlagError, NotSimulated
from kubesim.kubectl.flags import Flag, FlagSet
from kubesim.shell import Invocation, Options, Tool, UnsupportedError, tool
from kubesim.workspace import HOME, Workspace

Run = Callable[[Cluster, list[str], Options, Invocation], int]
PROGRAMS: list[Callable[[Callable[[], Cluster]], Tool]] = []
"""What makes each program, given what returns the session's cluster."""


def _program(usage: str, options: str | None, example: str) -> Callable[[Run], Run]:
    def register(run: Run) -> Run:
        def make(cluster: Callable[[], Cluster]) -> Tool:
            decorate = tool(usage, options, example=example)
            return decorate(lambda operands, found, io: run(cluster(), operands, found, io))

        PROGRAMS.append(make)
        return run

    return register


class _Moment(Clock):
    """A clock that stands still: what a container runs is played at the moment when it starts."""

    def run_until(self, done: Callable[[], bool], timeout: float) -> bool:
        if not done():
            raise NotSimulated("kubectl that waits in a container is not part of this simulator")
        return True


def in_containers(cluster: Cluster, namespace: str, account: str) -> Mapping[str, Tool]:
    """The programs of a container that need the cluster: aws, and kubectl as the Pod's ServiceAccount."""

    def run_kubectl(arguments: list[str], io: Invocation) -> int:
        with suppress(NotSimulated):  # what kubectl refuses on its own
            command, _ = kubectl.find_command(arguments)
            if command.path[:1] in (("edit",), ("config",)):
                raise UnsupportedError(f"'kubectl {command.path[0]}' in a container")
        clock, config = _Moment(to_datetime(cluster.clock.now)), kubectl.Kubeconfig(namespace)
        user, files = account_user(namespace, account), cast(Workspace, io.files)
        context = kubectl.Context(
            cluster.api, clock, files, config, io.env, io.stdin, budget=io.machine.budget, user=user
        )
        return io.show(kubectl.run(arguments, context))

    tools = [make(lambda: cluster) for make in PROGRAMS]
    return {tool.name: tool for tool in (Tool("kubectl", run_kubectl, "kubectl COMMAND", "kubectl get pods"), *tools)}


_HUB = "https://index.docker.io/v1/"
_HELP, _STDIN = (Flag(name, kind="switch", bare="true") for name in ("help", "password-stdin"))
_FLAGS = {"login": FlagSet([Flag("username", "u"), Flag("password", "p"), _STDIN, _HELP]), "logout": FlagSet([_HELP])}
_TEXTS = load_table(__file__, "docker.json")
_USAGE = _TEXTS["usage"]


class _DockerError(Exception):
    """What docker prints when it gives up, and its exit status."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


@_program("docker [--config FOLDER] login|logout [-u USER] [--password-stdin] [SERVER]", None, "docker login -u me")
def docker(cluster: Cluster, operands: list[str], options: Options, io: Invocation) -> int:
    """Ask a registry whether user and password are right, and keep them in a file; or take them out of it."""
    try:
        given, words = getopt.getopt(operands, "", ["config="])
    except getopt.GetoptError:
        raise UnsupportedError(f"'docker {operands[0]}'") from None
    folder = dict(given).get("--config") or io.env.get("DOCKER_CONFIG") or f"{io.env.get('HOME') or HOME}/.docker"
    command = words[0] if words else ""
    if command not in _USAGE:
        raise UnsupportedError(f"'docker {command}'" if command else "'docker' without login or logout")
    try:
        flags, server = _parsed(command, words[1:])
        path = f"{folder.rstrip('/')}/config.json"
        if "help" in flags:
            io.out(f"Usage:  {_USAGE[command]}\n")
        elif command == "login":
            _login(_address(server), flags, path, io, cluster.registries)
        else:
            _logout(_address(server), server, path, io)
    except _DockerError as error:
        io.err(f"{error}\n")
        return error.status
    return 0


def _parsed(command: str, words: list[str]) -> tuple[Options, str]:
    """The flags by their long names, and the server, if one is named."""
    try:
        servers, values, given, _ = _FLAGS[command].parse(words)
    except FlagError as error:
        raise _misused(command, str(error), 125) from None
    if len(servers) > 1:
        raise _misused(command, f"docker: 'docker {command}' requires at most 1 argument")
    return {name: values[name] for name in given}, "".join(servers)


def _misused(command: str, problem: str, status: int = 1) -> _DockerError:
    usage = f"Usage:  {_USAGE[command]}\n\nRun 'docker {command} --help' for more information"
    return _DockerError(f"{problem}\n\n{usage}", status)


def _address(server: str) -> str:
    """What a server's credentials are filed under: its host and port, or Docker Hub's old address."""
    if server in ("", DEFAULT_REGISTRY):
        return _HUB
    return re.sub(r"^https?://", "", server).partition("/")[0]


def _login(address: str, flags: Options, path: str, io: Invocation, registries: Registries) -> None:
    config = _load(path, io)
    credential = _credential(flags, config["auths"].get(address), io)
    refusal = registries.login(DEFAULT_REGISTRY if address == _HUB else address, credential)
    if refusal:
        raise _DockerError(f"Error response from daemon: {refusal}")
    auth = base64.b64encode(f"{credential.username}:{credential.password}".encode(errors="replace")).decode()
    if config["auths"].get(address) != {"auth": auth}:
        config["auths"][address] = {"auth": auth}
        _save(config, address, path, io)
        io.err(_TEXTS["unencrypted"].format(path))
    io.out("Login Succeeded\n")


def _credential(flags: Options, filed: Any, io: Invocation) -> Credential:
    """The credential on the command line and on stdin, or without flags the one that is filed already."""
    if "password-stdin" in flags and "password" in flags:
        raise _DockerError("conflicting options: cannot specify both --password and --password-stdin")
    if "password-stdin" in flags and "username" not in flags:
        raise _DockerError("the --password-stdin option requires --username to be set")
    for name in ("username", "password"):
        if flags.get(name) == "":
            raise _DockerError(f"{name} is empty")
    username, password = flags.get("username", ""), flags.get("password", "")
    if password:
        io.err(_TEXTS["insecure"])
    if "password-stdin" in flags:
        password = io.read().removesuffix("\n").removesuffix("\r")
    if not flags and isinstance(filed, dict):
        with suppress(TypeError, ValueError):
            username, _, password = base64.b64decode(filed.get("auth", "")).decode(errors="replace").partition(":")
        io.out(_TEXTS["existing"].format(username) if username and password else "")
    if username and password:
        return Credential(username, password)
    if io.streams.stdin is not None:
        raise _DockerError(_TEXTS["no terminal"])
    raise UnsupportedError("typing a user name or a password for 'docker login'")


def _logout(address: str, server: str, path: str, io: Invocation) -> None:
    config = _load(path, io)
    io.out(f"Removing login credentials for {address}\n")
    names = {address, server, f"http://{address}", f"https://{address}"} & config["auths"].keys()
    if names:
        config["auths"] = {name: entry for name, entry in config["auths"].items() if name not in names}
        _save(config, address, path, io)


def _load(path: str, io: Invocation) -> dict[str, Any]:
    """The configuration, with its `auths`. A file with something else in it is refused: saving would destroy it."""
    try:
        config = gojson.loads(io.files.read_text(path)) if io.files.exists(path) else {}
        auths = (config.get("auths") or {}) if isinstance(config, dict) else None
        if not isinstance(auths, dict):
            raise ValueError("it holds no JSON object" if auths is None else "its auths are no JSON object")
    except ValueError as error:
        problem = f"kubesim: {path} is not a configuration of Docker, so it is left as it is: {error}"
        raise _DockerError(problem) from None
    return {**config, "auths": auths}


def _save(config: dict[str, Any], address: str, path: str, io: Invocation) -> None:
    """Write the file as docker does: with tabs, sorted, and without a newline at its end."""
    helpers = config.get("credHelpers")
    helper = (helpers.get(address) if isinstance(helpers, dict) else None) or config.get("credsStore")
    if helper:
        program = f'exec: "docker-credential-{helper}": executable file not found in $PATH'
        raise _DockerError(f"Error saving credentials: error storing credentials - err: {program}, out: ``")
    config = {"auths": dict(sorted(config["auths"].items()))} | {k: v for k, v in config.items() if k != "auths"}
    io.files.mkdir(path.rpartition("/")[0] or ".", parents=True)
    io.files.write_text(path, json.dumps(config, indent="\t", ensure_ascii=False))


@_program("aws ecr get-login-password [--region REGION]", "r:/region", "aws ecr get-login-password")
def aws(cluster: Cluster, operands: list[str], options: Options, io: Invocation) -> int:
    """A password for Amazon's registries, valid for as long as the registries' file says."""
    found = [registry for registry in cluster.registries.world.registries if "AWS" in registry.issues]
    if operands != ["ecr", "get-login-password"] or not found:
        raise UnsupportedError(f"'{' '.join(['aws', *operands])}'")
    io.out(found[0].issue("AWS", cluster.clock.now) + "\n")
    return 0


_NODE_USAGE = (
    "node files | trust HOST | skip-verify HOST | insecure HOST:PORT | mirror REGISTRY HOST... | reset HOST"
    " | login REGISTRY -u USER -p PASSWORD | logout REGISTRY | proxy URL|off"
)
_LATER = {
    CONFIG: "the kubelet reads it again within five minutes",
    PROXY: "the container runtime has been restarted to read it",
}


@_program(_NODE_USAGE, "u:/username p:/password", "node trust harbor.corp.example")
def node(cluster: Cluster, operands: list[str], options: Options, io: Invocation) -> int:
    """Change what is set on the node, or show it. This is kubesim's own command, and each answer says so."""
    settings = cluster.registries.node
    before = settings.files()
    match operands:
        case [command, name, *_] if command != "proxy" and not _is_registry(name, "log" in command):
            io.err(f"kubesim: a registry is written as in an image's name, such as registry.local:5000, not {name}\n")
            return 2
        case ["files"]:
            _show(before, io)
        case [mode, host] if mode in MODES:
            settings.hosts[host] = mode
        case ["mirror", registry, *mirrors] if mirrors and all(_is_registry(mirror, False) for mirror in mirrors):
            settings.mirrors[registry] = mirrors
        case ["reset", host]:
            settings.hosts.pop(host, None)
            settings.mirrors.pop(host, None)
        case ["login", registry] if options.keys() == {"u", "p"}:
            _forget(cluster, registry)
            own = {"from": "config", "registry": registry, "username": options["u"], "password": options["p"]}
            settings.credentials.append(own)
        case ["logout", registry]:
            _forget(cluster, registry)
        case ["proxy", url]:
            settings.proxy = "" if url == "off" else url
        case _:
            io.err(f"kubesim: usage: {_NODE_USAGE}\n")
            return 2
    _tell(before, settings.files(), io)
    return 0


def _is_registry(name: str, with_path: bool) -> bool:
    return bool(name) and registry_key(name) == name and (with_path or "/" not in name)


def _forget(cluster: Cluster, registry: str) -> None:
    """Take what config.json says of a registry out of it."""
    settings = cluster.registries.node
    kept = [item for item in settings.credentials if (item["registry"], item.get("from")) != (registry, "config")]
    settings.credentials = kept


def _show(files: Mapping[str, str], io: Invocation) -> None:
    if not files:
        io.out(f"kubesim: on the node {NODE_NAME}, nothing is set\n")
    for path, text in files.items():
        io.out(f"# {path}\n{text}\n")


def _tell(before: Mapping[str, str], after: Mapping[str, str], io: Invocation) -> None:
    """Say which of the node's files are different now."""
    for path in sorted({*before, *after}):
        if before.get(path) != after.get(path):
            what = "has now:" if path in after else "is gone"
            io.out(f"kubesim: on the node {NODE_NAME}, {path} {what}\n{after.get(path, '')}")
            if path in _LATER:
                io.out(f"kubesim: {_LATER[path]}\n")


@_program("crictl images | crictl pull [--creds USER[:PASSWORD]] IMAGE", "c:/creds", "crictl images")
def crictl(cluster: Cluster, operands: list[str], options: Options, io: Invocation) -> int:
    """Show the node's images, or pull one. Mirrors kubernetes-sigs/cri-tools cmd/crictl/image.go, v1.36."""
    match operands:
        case ["images" | "image" | "img"]:
            _images(cluster, io)
        case ["pull", image]:
            return _crictl_pull(cluster, image, options.get("c", ""), io)
        case _:
            io.err("kubesim: of crictl, images and pull are part of this simulator\n")
            return 1
    return 0


def _images(cluster: Cluster, io: Invocation) -> None:
    rows = [["IMAGE", "TAG", "IMAGE ID", "SIZE"]]
    for name, image in cluster.kubelet.images.node.tagged(cluster.clock.now):
        repository, _, tag = name.rpartition(":")
        rows.append([repository, tag, image.config.removeprefix("sha256:")[:13], _size(image.size)])
    io.out(tabwriter.format(rows, minwidth=20))


def _size(number: float) -> str:
    """Mirrors github.com/docker/go-units HumanSizeWithPrecision, with three digits."""
    units = ["B", "kB", "MB", "GB"]
    while number >= 1000 and len(units) > 1:
        number /= 1000
        units.pop(0)
    return f"{number:.3g}{units[0]}"


def _crictl_pull(cluster: Cluster, name: str, given: str, io: Invocation) -> int:
    """Pull as the container runtime does, which knows no Secret and nothing of the kubelet's credentials."""
    try:
        reference = imageref.parse(name)
    except ValueError as error:
        io.err(f"kubesim: the container runtime refuses: {error}\n")
        return 1
    username, _, password = given.partition(":")
    answer = cluster.registries.pull(reference, Credential(username, password) if given else None)
    cluster.advance(answer.seconds)
    if answer.image is None:
        io.err(f"kubesim: the container runtime refuses: {answer.error(reference)}\n")
        return 1
    cluster.kubelet.images.node.load(reference, answer.image, cluster.clock.now)
    io.out(f"Image is up to date for {answer.image.config}\n")
    return 0
