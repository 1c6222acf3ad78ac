"""kubectl create secret and create configmap: values out of options and files.

Mirrors k8s.io/kubectl pkg/cmd/create/create_{secret,secret_docker,secret_tls,configmap}.go, v1.36.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from typing import Any

from kubesim.api.content import config_key
from kubesim.api.objects import Object
from kubesim.api.resources import CONFIG_MAP, SECRET, Resource
from kubesim.gotext import gojson
from kubesim.kubectl.command import Call, command
from kubesim.kubectl.content import check_variable_name, is_text, nonempty, short_hash
from kubesim.kubectl.create import create_object, one_name, refuse_empty_name
from kubesim.kubectl.errors import KubectlError, refuse_if


@command("create secret docker-registry", check=one_name)
def create_docker_registry(call: Call) -> None:
    refuse_empty_name(call)
    flags = call.flags
    if flags["from-file"]:
        sources = [source if "=" in source else f".dockerconfigjson={source}" for source in flags["from-file"]]
        data = _checked(call, SECRET, (pair for source in sources for pair in _of_file(call, source)))
    else:
        is_complete = all(flags[f"docker-{key}"] for key in ("username", "password", "server"))
        either = "either --from-file or the combination of --docker-username, --docker-password and --docker-server"
        refuse_if(not is_complete, f"{either} is required")
        data = {".dockerconfigjson": _docker_config(flags)}
    _make_secret(call, "kubernetes.io/dockerconfigjson", data)


def _docker_config(flags: Mapping[str, Any]) -> bytes:
    server, user, password, email = (
        gojson.valid(flags[f"docker-{key}"]) for key in ("server", "username", "password", "email")
    )
    entry = {"username": user, "password": password}
    if email:
        entry["email"] = email
    entry["auth"] = base64.b64encode(f"{user}:{password}".encode()).decode()
    return gojson.dumps({"auths": {server: entry}}, sort=False).encode()


@command("create secret generic", check=one_name)
def create_generic(call: Call) -> None:
    refuse_empty_name(call)
    _make_secret(call, call.flags["type"], _checked(call, SECRET, _sources(call)))


# By the flag: the key in the Secret, what the file is, and how the type of its PEM block ends.
_PEM = {"cert": ("tls.crt", "certificate", "CERTIFICATE"), "key": ("tls.key", "key", "PRIVATE KEY")}


@command("create secret tls", check=one_name)
def create_tls(call: Call) -> None:
    refuse_empty_name(call)
    refuse_if(not call.flags["key"] or not call.flags["cert"], "key and cert must be specified")
    data = {}
    for flag, (key, what, block) in _PEM.items():
        data[key] = _read(call, call.flags[flag], "Cannot read file {path}, open {path}")
        blocks = re.findall(r"(?m)^-----BEGIN ([A-Z ]+)-----\r?$", data[key].decode("latin-1"))
        refuse_if(not any(kind.endswith(block) for kind in blocks), f"tls: {_missing(what, block, blocks)}")
    _make_secret(call, "kubernetes.io/tls", data)


def _missing(what: str, block: str, blocks: list[str]) -> str:
    """What Go says of a file without the PEM block that it must have. Mirrors crypto/tls X509KeyPair."""
    if not blocks:
        return f"failed to find any PEM data in {what} input"
    if len(blocks) == 1 and what == "certificate" and blocks[0].endswith("PRIVATE KEY"):
        problem = "failed to find certificate PEM data in certificate input, but did find a private key"
        return f"{problem}; PEM inputs may have been switched"
    if blocks == ["CERTIFICATE"]:
        return "found a certificate rather than a key in the PEM for the private key"
    needed = f'"{block}" PEM block' if what == "certificate" else f'PEM block with type ending in "{block}"'
    skipped = f"after skipping PEM blocks of the following types: [{' '.join(blocks)}]"
    return f"failed to find {needed} in {what} input {skipped}"


def _make_secret(call: Call, kind: str, data: dict[str, bytes]) -> None:
    encoded = _encoded(data)
    name = _name(call, {"kind": "Secret", "type": kind, "data": encoded})
    secret = {"metadata": {"name": name}, **nonempty({"data": encoded, "type": kind})}
    create_object(call, SECRET, secret, failure="failed to create secret")


def _encoded(data: dict[str, bytes]) -> dict[str, str]:
    return {key: base64.b64encode(data[key]).decode() for key in sorted(data)}


def _name(call: Call, content: Object) -> str:
    """The object's name; with --append-hash, a hash of the content is behind it."""
    name = call.args[0]
    return f"{name}-{short_hash(content | {'name': name})}" if name and call.flags["append-hash"] else name


@command("create configmap", check=one_name)
def create_config_map(call: Call) -> None:
    """Create a ConfigMap; what is no text goes into binaryData."""
    refuse_empty_name(call)
    values = _checked(call, CONFIG_MAP, _sources(call))
    texts = {key: values[key].decode() for key in sorted(values) if is_text(values[key])}
    others = _encoded({key: value for key, value in values.items() if key not in texts})
    content: Object = {"kind": "ConfigMap", "data": texts}
    if others:
        content["binaryData"] = others
    config_map = {"metadata": {"name": _name(call, content)}, **nonempty({"data": texts, "binaryData": others})}
    create_object(call, CONFIG_MAP, config_map)


_Pairs = Iterable[tuple[str, bytes]]


def _checked(call: Call, resource: Resource, pairs: _Pairs) -> dict[str, bytes]:
    """The pairs as a dict, unless a key is wrong or there twice."""
    values: dict[str, bytes] = {}
    is_secret = resource is SECRET
    for key, value in pairs:
        quoted, problems = gojson.quote(key), config_key(key)
        exists = "another key by that name already exists"
        if is_secret:
            refuse_if(problems, f"{quoted} is not valid key name for a Secret {';'.join(problems)}")
            refuse_if(key in values, f"cannot add key {key}, {exists}")
        refuse_if(problems, f"{quoted} is not a valid key name for a ConfigMap: {','.join(problems)}")
        field = "Data" if is_text(value) else "BinaryData"
        where = f"in {field} for ConfigMap {gojson.quote(call.args[0])}"
        refuse_if(key in values, f"cannot add key {quoted}, {exists} {where}")
        values[key] = value
    return values


def _sources(call: Call) -> _Pairs:
    """The keys and values of --from-literal, --from-file and --from-env-file."""
    literals, files, env_files = (call.flags[f"from-{source}"] for source in ("literal", "file", "env-file"))
    both = "from-env-file cannot be combined with from-file or from-literal"
    refuse_if(env_files and (files or literals), both)
    for literal in literals:
        key, equals, value = literal.partition("=")
        refuse_if(not equals or not key, f"invalid literal source {literal}, expected key=value")
        yield key, value.encode("utf-8", "surrogateescape")
    for source in files:
        yield from _of_file(call, source)
    for path in env_files:
        refuse_if(call.context.workspace.is_dir(path), "env config file cannot be a directory")
        yield from _of_env_file(call, path)


def _of_env_file(call: Call, path: str) -> _Pairs:
    """The variables of an env file; one without a value has that of the shell. Mirrors pkg/util/env_file.go."""
    content = _read(call, path).removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    for raw in content.split("\n"):
        line = raw.removesuffix("\r").lstrip()
        if line and not line.startswith("#"):
            key, equals, value = line.partition("=")
            check_variable_name(key)
            value = value if equals else call.context.env.get(key, "")
            yield key, value.encode("utf-8", "surrogateescape")


def _of_file(call: Call, source: str) -> _Pairs:
    """What --from-file=[KEY=]PATH means: one file, or all files of a folder. Mirrors ParseFileSource of pkg/util."""
    workspace = call.context.workspace
    key, equals, path = source.partition("=") if "=" in source else ("", "", source)
    refuse_if("=" in path, "key names or file paths cannot contain '='")
    refuse_if(equals and not key, f"key name for file path {path} missing")
    refuse_if(equals and not path, f"file path for key name {key} missing")
    if not workspace.is_dir(path):
        yield key or path.rpartition("/")[2], _read(call, path)
        return
    refuse_if(key, "cannot give a key name for a directory path")
    for name in sorted(workspace.listdir(path)):
        if not workspace.is_dir(f"{path}/{name}"):
            yield name, _read(call, f"{path}/{name}")


def _read(call: Call, path: str, failure: str = "error reading {path}") -> bytes:
    if path in ("-", "/dev/stdin"):
        return (call.context.stdin or "").encode("utf-8", "surrogateescape")
    try:
        return call.context.workspace.read_text(path).encode("utf-8", "surrogateescape")
    except OSError as error:
        raise KubectlError(f"{failure.format(path=path)}: {(error.strerror or '').lower()}") from None
