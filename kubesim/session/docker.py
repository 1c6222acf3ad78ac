"""docker login and docker logout: they ask a simulated registry, and keep Docker's configuration file.

Mirrors docker/cli cli/command/registry and cli/config, v29.
"""

from __future__ import annotations

import base64
import getopt
import json
import re
from typing import Any

from kubesim.api.imageref import DEFAULT_REGISTRY
from kubesim.cluster.keyring import Credential
from kubesim.cluster.registry import REGISTRIES
from kubesim.gotext import gojson
from kubesim.shell.state import Invocation
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools.tool import Options, tool
from kubesim.workspace import HOME

_HUB = "https://index.docker.io/v1/"
_FLAGS = {"u": "username", "p": "password"}
_LONG = {"login": ["username=", "password=", "password-stdin", "help"], "logout": ["help"]}
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


class _DockerError(Exception):
    """What docker prints when it gives up, and its exit status."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


@tool(
    "docker [--config FOLDER] login|logout [-u USER] [--password-stdin] [SERVER]",
    example="docker login -u me --password-stdin",
)
def docker(operands: list[str], options: Options, io: Invocation) -> int:
    """Ask a registry whether user and password are right, and keep them in a file; or take them out of it."""
    config, words = _config_file(operands, io)
    command = words[0] if words else ""
    if command not in _USAGE:
        raise UnsupportedError(f"'docker {command}'" if command else "'docker' without login or logout")
    try:
        flags, server = _parsed(command, words[1:])
        if "help" in flags:
            io.out(f"Usage:  {_USAGE[command]}\n")
        elif command == "login":
            _login(_address(server), flags, config, io)
        else:
            _logout(_address(server), server, config, io)
    except _DockerError as error:
        io.err(f"{error}\n")
        return error.status
    return 0


def _config_file(words: list[str], io: Invocation) -> tuple[str, list[str]]:
    """The configuration's path, and the words after the option that may name its folder."""
    folder = io.env.get("DOCKER_CONFIG") or f"{io.env.get('HOME') or HOME}/.docker"
    if words[:1] == ["--config"] and len(words) > 1:
        folder, words = words[1], words[2:]
    elif words and words[0].startswith("--config="):
        folder, words = words[0].partition("=")[2], words[1:]
    return f"{folder.rstrip('/')}/config.json", words


def _parsed(command: str, words: list[str]) -> tuple[Options, str]:
    """The flags by their long names, and the server, if one is named."""
    known = {f"--{name.rstrip('=')}" for name in _LONG[command]}
    try:
        for word in words:  # getopt would take a flag that is cut short
            if word.startswith("--") and word.partition("=")[0] not in {*known, "--"}:
                raise _misused(command, f"unknown flag: {word.partition('=')[0]}", 125)
        found, servers = getopt.gnu_getopt(words, "u:p:" if command == "login" else "", _LONG[command])
    except getopt.GetoptError as error:
        raise _misused(command, _complaint(error), 125) from None
    if len(servers) > 1:
        raise _misused(command, f"docker: 'docker {command}' requires at most 1 argument")
    flags = {_FLAGS.get(option.lstrip("-"), option.lstrip("-")): value for option, value in found}
    return flags, servers[0] if servers else ""


def _complaint(error: getopt.GetoptError) -> str:
    place = f"--{error.opt}" if len(error.opt) > 1 else f"'{error.opt}' in -{error.opt}"
    if "requires argument" in error.msg:
        return f"flag needs an argument: {place}"
    return f"unknown {'' if len(error.opt) > 1 else 'shorthand '}flag: {place}"


def _misused(command: str, complaint: str, status: int = 1) -> _DockerError:
    usage = f"Usage:  {_USAGE[command]}\n\nRun 'docker {command} --help' for more information"
    return _DockerError(f"{complaint}\n\n{usage}", status)


def _address(server: str) -> str:
    """What a server's credentials are filed under: its host and port, or Docker Hub's old address."""
    if server in ("", DEFAULT_REGISTRY):
        return _HUB
    return re.sub(r"^https?://", "", server).partition("/")[0]


def _login(address: str, flags: Options, path: str, io: Invocation) -> None:
    credential = _given(flags, io)
    config = _load(path, io)
    if credential is None:
        credential = _stored(config["auths"].get(address), io)
    refusal = REGISTRIES.login(DEFAULT_REGISTRY if address == _HUB else address, credential)
    if refusal:
        raise _DockerError(f"Error response from daemon: {refusal}")
    auth = base64.b64encode(f"{credential.username}:{credential.password}".encode(errors="replace")).decode()
    if config["auths"].get(address) != {"auth": auth}:
        config["auths"][address] = {"auth": auth}
        _save(config, address, path, io)
        io.err(_UNENCRYPTED.format(path))
    io.out("Login Succeeded\n")


def _given(flags: Options, io: Invocation) -> Credential | None:
    """The credential on the command line and on stdin; None where neither user nor password is given."""
    _verify(flags)
    password = flags.get("password", "")
    if password:
        io.err(_INSECURE)
    if "password-stdin" in flags:
        password = io.read().removesuffix("\n").removesuffix("\r")
    elif not flags:
        return None
    return _complete(flags.get("username", ""), password, io)


def _verify(flags: Options) -> None:
    if "password-stdin" in flags and "password" in flags:
        raise _DockerError("conflicting options: cannot specify both --password and --password-stdin")
    if "password-stdin" in flags and "username" not in flags:
        raise _DockerError("the --password-stdin option requires --username to be set")
    for name in ("username", "password"):
        if flags.get(name) == "":
            raise _DockerError(f"{name} is empty")


def _complete(username: str, password: str, io: Invocation) -> Credential:
    """Refuse to ask for what is missing."""
    if username and password:
        return Credential(username, password)
    if io.input is not None:
        raise _DockerError(_NO_TERMINAL)
    raise UnsupportedError("typing a user name or a password for 'docker login'")


def _stored(entry: Any, io: Invocation) -> Credential:
    """The credential that is filed already."""
    auth = entry.get("auth") if isinstance(entry, dict) else None
    try:
        username, _, password = base64.b64decode(auth or "").decode(errors="replace").partition(":")
    except (TypeError, ValueError):
        username = password = ""
    if username and password:
        io.out(_EXISTING.format(username))
    return _complete(username, password, io)


def _logout(address: str, server: str, path: str, io: Invocation) -> None:
    config = _load(path, io)
    io.out(f"Removing login credentials for {address}\n")
    names = {address, server, f"http://{address}", f"https://{address}"} & config["auths"].keys()
    for name in names:
        del config["auths"][name]
    if names:
        _save(config, address, path, io)


def _load(path: str, io: Invocation) -> dict[str, Any]:
    """The configuration, with its `auths`. A file that holds something else is refused: saving would destroy it."""
    try:
        config = gojson.loads(io.workspace.read_text(path)) if io.workspace.exists(path) else {}
        if not isinstance(config, dict):
            raise ValueError("it holds no JSON object")
        auths = config.get("auths") or {}
        if not isinstance(auths, dict):
            raise ValueError("its auths are no JSON object")
    except ValueError as error:
        raise _DockerError(
            f"kubesim: {path} is not a configuration of Docker, so it is left as it is: {error}"
        ) from None
    return {"auths": auths} | config | {"auths": auths}


def _save(config: dict[str, Any], address: str, path: str, io: Invocation) -> None:
    """Write the file as docker does: with tabs, sorted, and without a newline at its end."""
    helpers = config.get("credHelpers")
    helper = (helpers.get(address) if isinstance(helpers, dict) else None) or config.get("credsStore")
    if helper:
        program = f'exec: "docker-credential-{helper}": executable file not found in $PATH'
        raise _DockerError(f"Error saving credentials: error storing credentials - err: {program}, out: ``")
    config["auths"] = dict(sorted(config["auths"].items()))
    io.workspace.mkdir(path.rpartition("/")[0] or ".", parents=True)
    io.workspace.write_text(path, json.dumps(config, indent="\t", ensure_ascii=False))
