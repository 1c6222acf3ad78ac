"""kubectl create secret and create configmap, with values from --from-literal and --from-file.

Mirrors k8s.io/kubectl pkg/cmd/create/create_{secret,secret_docker,configmap}.go, v1.36, without `create secret tls`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from kubesim.api.content import config_key
from kubesim.api.objects import Object
from kubesim.api.resources import CONFIG_MAP, SECRET
from kubesim.gotext import gofmt, gojson
from kubesim.kubectl.command import Call
from kubesim.kubectl.content import nonempty
from kubesim.kubectl.create import create_object, refuse_empty_name, subcommand
from kubesim.kubectl.errors import KubectlError, file_problem, refuse_if
from kubesim.workspace import encoded

_Pairs = Iterable[tuple[str, bytes]]  # keys, which may repeat, and values; reading files raises KubectlError on the way
_Data = dict[str, bytes]


@subcommand("create secret docker-registry")
def create_docker_registry(call: Call) -> None:
    """Create a pull secret from --docker-server, --docker-username and --docker-password, or from a file."""
    refuse_empty_name(call)
    flags = call.flags
    if flags["from-file"]:
        sources = [source if "=" in source else f".dockerconfigjson={source}" for source in flags["from-file"]]
        data = _secret_data(_pairs_of_files(call, sources))
    else:
        is_complete = flags["docker-username"] and flags["docker-password"] and flags["docker-server"]
        refuse_if(
            not is_complete,
            "either --from-file or the combination of --docker-username, --docker-password and --docker-server "
            "is required",
        )
        data = {".dockerconfigjson": _docker_config(flags)}
    _create_secret(call, "kubernetes.io/dockerconfigjson", data)


def _docker_config(flags: Mapping[str, Any]) -> bytes:
    """The JSON for the key .dockerconfigjson, from the flags --docker-*."""
    user = gojson.without_surrogates(flags["docker-username"])
    password = gojson.without_surrogates(flags["docker-password"])
    entry = {"username": user, "password": password}
    if flags["docker-email"]:
        entry["email"] = gojson.without_surrogates(flags["docker-email"])
    entry["auth"] = base64.b64encode(f"{user}:{password}".encode()).decode()
    server = gojson.without_surrogates(flags["docker-server"])
    return gojson.dumps({"auths": {server: entry}}, sort=False).encode()


@subcommand("create secret generic")
def create_generic(call: Call) -> None:
    refuse_empty_name(call)
    flags = call.flags
    data = _secret_data(
        chain(
            _pairs_of_literals(flags["from-literal"]),
            _pairs_of_files(call, flags["from-file"]),
        )
    )
    _create_secret(call, flags["type"], data)


def _create_secret(call: Call, kind: str, data: _Data) -> None:
    create_object(
        call, SECRET, nonempty({"data": _encode_values(data), "type": kind}), failure="failed to create secret"
    )


def _secret_data(pairs: _Pairs) -> _Data:
    """The pairs as a dict. Raises KubectlError for an invalid or repeated key."""
    data: _Data = {}
    for key, value in pairs:
        problems = config_key(key)
        refuse_if(problems, f"{gofmt.quote(key)} is not valid key name for a Secret {';'.join(problems)}")
        refuse_if(key in data, f"cannot add key {key}, another key by that name already exists")
        data[key] = value
    return data


def _encode_values(data: _Data) -> dict[str, str]:
    return {key: base64.b64encode(data[key]).decode() for key in sorted(data)}


@subcommand("create configmap")
def create_config_map(call: Call) -> None:
    refuse_empty_name(call)
    flags = call.flags
    name = call.args[0]
    fields = _config_map_fields(
        name,
        chain(  # kubectl reads files before literals here, and after them for a Secret: the first error counts
            _pairs_of_files(call, flags["from-file"]),
            _pairs_of_literals(flags["from-literal"]),
        ),
    )
    create_object(call, CONFIG_MAP, {"metadata": {"name": name}, **fields})


def _config_map_fields(name: str, pairs: _Pairs) -> Object:
    """The fields `data`, and `binaryData` for values that aren't UTF-8, of the ConfigMap `name`.

    Raises KubectlError for an invalid or repeated key.
    """
    texts: dict[str, str] = {}
    binary: _Data = {}
    for key, value in pairs:
        quoted = gofmt.quote(key)
        problems = config_key(key)
        refuse_if(problems, f"{quoted} is not a valid key name for a ConfigMap: {','.join(problems)}")
        twice = f"cannot add key {quoted}, another key by that name already exists in"
        refuse_if(key in texts, f"{twice} Data for ConfigMap {gofmt.quote(name)}")
        refuse_if(key in binary, f"{twice} BinaryData for ConfigMap {gofmt.quote(name)}")
        try:
            texts[key] = value.decode()
        except UnicodeDecodeError:
            binary[key] = value
    return nonempty({"data": dict(sorted(texts.items())), "binaryData": _encode_values(binary)})


def _pairs_of_literals(literals: Sequence[str]) -> _Pairs:
    """The pairs of --from-literal=KEY=VALUE. Raises KubectlError."""
    for literal in literals:
        key, equals, value = literal.partition("=")
        refuse_if(not equals or not key, f"invalid literal source {literal}, expected key=value")
        yield key, encoded(value)


def _pairs_of_files(call: Call, sources: Sequence[str]) -> _Pairs:
    for source in sources:
        yield from _pairs_of_file(call, source)


def _pairs_of_file(call: Call, source: str) -> _Pairs:
    """The pairs of --from-file=[KEY=]PATH: of one file, or of all files in a folder, whose names are the keys.

    Raises KubectlError. Mirrors ParseFileSource of pkg/util.
    """
    workspace = call.context.workspace
    key = ""
    path = source
    if "=" in source:
        key, _, path = source.partition("=")
        refuse_if("=" in path, "key names or file paths cannot contain '='")
        refuse_if(not key, f"key name for file path {path} missing")
        refuse_if(not path, f"file path for key name {key} missing")
    if not workspace.is_dir(path):
        yield key or path.rpartition("/")[2], _read_bytes(call, path)
        return
    refuse_if(key, "cannot give a key name for a directory path")
    for name in sorted(workspace.listdir(path)):
        if not workspace.is_dir(f"{path}/{name}"):
            yield name, _read_bytes(call, f"{path}/{name}")


def _read_bytes(call: Call, path: str) -> bytes:
    """The content of a file, or of standard input for /dev/stdin. Unlike in -f, "-" is a file. Raises KubectlError."""
    if path == "/dev/stdin":
        return encoded(call.context.read_stdin())
    try:
        return encoded(call.context.workspace.read_text(path))
    except OSError as error:
        raise KubectlError(f"error reading {path}: {file_problem(error)}") from None
