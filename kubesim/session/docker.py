"""docker login and logout: they ask a simulated registry, and write Docker's configuration file.

Mirrors docker/cli, cli/command/registry and cli/config, v29. Logins in the browser are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from kubesim.cluster import Cluster
from kubesim.cluster.registry import Registries
from kubesim.gotext import gobase64, gojson
from kubesim.gotext.pflag import Flag, FlagError, FlagSet
from kubesim.pull.imageref import DEFAULT_REGISTRY
from kubesim.pull.keyring import Credential
from kubesim.shell import Invocation, Operands, Options, ToolError, UnsupportedError
from kubesim.workspace import HOME

_HUB = "https://index.docker.io/v1/"  # the key of Docker Hub's credentials
_HELP = Flag("help", kind="switch", bare="true")
_STDIN = Flag("password-stdin", kind="switch", bare="true")
_FLAGS = {"login": FlagSet([Flag("username", "u"), Flag("password", "p"), _STDIN, _HELP]), "logout": FlagSet([_HELP])}
_USAGE = {"login": "docker login [OPTIONS] [SERVER]", "logout": "docker logout [SERVER]"}
_NO_TERMINAL = "error: cannot perform an interactive login from a non-TTY device"
_INSECURE = "WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n"
_UNENCRYPTED = """
WARNING! Your credentials are stored unencrypted in '{}'.
Configure a credential helper to remove this warning. See
https://docs.docker.com/go/credential-store/

"""
_EXISTING = """Authenticating with existing credentials... [Username: {}]

i Info → To login with a different account, run 'docker logout' followed by 'docker login'


"""


def docker(current: Callable[[], Cluster], operands: Operands, options: Options, io: Invocation) -> int:
    """Run `docker login` or `docker logout`."""
    folder, words = _config_folder(operands, io)
    path = f"{folder.rstrip('/')}/config.json"
    command = words[0] if words else ""
    if command not in _USAGE:
        raise UnsupportedError(f"'docker {command}'" if command else "'docker' without login or logout")
    try:
        flags, server = _parse(command, words[1:])
        if "help" in flags:
            io.out(f"Usage:  {_USAGE[command]}\n")
        elif command == "login":
            _login(server, flags, path, io, current().registries)
        else:
            _logout(server, path, io)
    except ToolError as error:  # docker prints no name before its messages
        io.err(f"{error}\n")
        return error.status or 1
    return 0


def _config_folder(operands: Operands, io: Invocation) -> tuple[str, list[str]]:
    """The configuration's folder, from --config, $DOCKER_CONFIG or the home; and the other operands."""
    match operands:
        case ["--config", folder, *words]:
            return folder, words
        case [option, *words] if option.startswith("--config="):
            return option.partition("=")[2], words
        case [option, *_] if option.startswith("-"):
            raise UnsupportedError(f"'docker {option}'")
    home = io.env.get("HOME") or HOME
    return io.env.get("DOCKER_CONFIG") or f"{home}/.docker", operands


def _parse(command: str, words: list[str]) -> tuple[Options, str]:
    """The flags by long name, and the server, "" if none is given."""
    try:
        line = _FLAGS[command].parse(words)
    except FlagError as error:
        raise _usage_error(command, str(error), 125) from None
    if len(line.args) > 1:
        raise _usage_error(command, f"docker: 'docker {command}' requires at most 1 argument")
    return {name: line.values[name] for name in line.typed}, "".join(line.args)


def _usage_error(command: str, problem: str, status: int = 1) -> ToolError:
    usage = f"Usage:  {_USAGE[command]}\n\nRun 'docker {command} --help' for more information"
    return ToolError(f"{problem}\n\n{usage}", status)


def _host(server: str) -> str:
    """The host and port of a server: the key of its credentials, except for Docker Hub."""
    return re.sub(r"^https?://", "", server).partition("/")[0]


def _login(server: str, flags: Options, path: str, io: Invocation, registries: Registries) -> None:
    """Ask the registry, and store the credentials if it accepts them."""
    address = _HUB if server in ("", DEFAULT_REGISTRY, _HUB) else _host(server)
    config = _load(path, io)
    credential = _credential(flags, config["auths"].get(address), io)
    refusal = registries.network.login(DEFAULT_REGISTRY if address == _HUB else address, credential)
    if refusal:
        raise ToolError(f"Error response from daemon: {refusal}")
    if helper := _helper(config, address):
        raise ToolError(f"Error saving credentials: {_failure('storing', helper)}")
    entry = {"auth": credential.auth}
    if config["auths"].get(address) != entry:
        config["auths"][address] = entry
        _save(config, path, io)
        io.err(_UNENCRYPTED.format(path))
    io.out("Login Succeeded\n")


def _credential(flags: Options, stored: Any, io: Invocation) -> Credential:
    """The credential from the command line and stdin. Without flags, it is the one that is stored."""
    _check_flags(flags)
    username = flags.get("username", "")
    password = flags.get("password", "")
    if password:
        io.err(_INSECURE)
    if "password-stdin" in flags:
        password = io.read().removesuffix("\n").removesuffix("\r")
    if not flags and isinstance(stored, dict):
        username, _, password = gobase64.text_of(str(stored.get("auth", ""))).partition(":")
        io.out(_EXISTING.format(username) if username and password else "")
    if username and password:
        return Credential(username, password)
    if io.streams.stdin is not None:
        raise ToolError(_NO_TERMINAL)
    raise UnsupportedError("typing a user name or a password for 'docker login'")


def _check_flags(flags: Options) -> None:
    """Raise ToolError for flags that contradict each other, and for empty ones."""
    if "password-stdin" in flags and "password" in flags:
        raise ToolError("conflicting options: cannot specify both --password and --password-stdin")
    if "password-stdin" in flags and "username" not in flags:
        raise ToolError("the --password-stdin option requires --username to be set")
    for name in ("username", "password"):
        if flags.get(name) == "":
            raise ToolError(f"{name} is empty")


def _logout(server: str, path: str, io: Invocation) -> None:
    """Remove a registry's credentials under each name that they may have. Mirrors runLogout of logout.go.

    It never fails. It reports a missing credential helper for Docker Hub alone, as upstream does: upstream compares the
    number of failures with the number of names tried, and tries most names of a host twice. (Upstream also reports it
    for an address with scheme and path.)
    """
    host = _host(server) if server else _HUB
    config = _load(path, io)
    helper = "" if server else _helper(config, _HUB)
    if helper:  # docker looks for the token of a login in the browser first
        io.err(f"WARNING: {_failure('getting', helper)}\n")
    io.out(f"Removing login credentials for {host}\n")
    names = {server, host, f"http://{host}", f"https://{host}"} & config["auths"].keys()
    stored = [name for name in names if not _helper(config, name)]
    for name in stored:
        del config["auths"][name]
    if stored:
        _save(config, path, io)
    if helper:
        io.err(f"WARNING: could not erase credentials:\n{_HUB}: {_failure('erasing', helper)}\n")


def _load(path: str, io: Invocation) -> dict[str, Any]:
    """Read the configuration and its `auths`. Raises ToolError for other content, which saving would destroy."""
    try:
        config = gojson.loads(io.files.read_text(path)) if io.files.exists(path) else {}
        if not isinstance(config, dict):
            raise ValueError("it holds no JSON object")
        auths = config.pop("auths", None) or {}
        if not isinstance(auths, dict):
            raise ValueError("its auths are no JSON object")
    except ValueError as error:
        problem = f"kubesim: {path} is not a configuration of Docker, so it is left as it is: {error}"
        raise ToolError(problem) from None
    return {"auths": auths, **config}


def _helper(config: dict[str, Any], address: str) -> Any:
    """The name of the credential helper for a registry. No helper exists in the simulator."""
    helpers = config.get("credHelpers")
    if isinstance(helpers, dict) and address in helpers:
        return helpers[address]
    return config.get("credsStore")


def _failure(action: str, helper: Any) -> str:
    """docker's message about a missing helper."""
    missing = f'exec: "docker-credential-{helper}": executable file not found in $PATH'
    return f"error {action} credentials - err: {missing}, out: ``"


def _save(config: dict[str, Any], path: str, io: Invocation) -> None:
    """Write the file as docker does: indented by tabs, registries sorted, no newline at the end."""
    auths = dict(sorted(config["auths"].items()))
    io.workspace.mkdir(path.rpartition("/")[0] or ".", parents=True)
    io.files.write_text(path, json.dumps({**config, "auths": auths}, indent="\t", ensure_ascii=False))
