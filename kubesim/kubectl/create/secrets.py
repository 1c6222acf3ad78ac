"""kubectl create secret and create configmap: values out of options and files.

Mirrors k8s.io/kubectl pkg/cmd/create/create_{secret,secret_docker,secret_tls,configmap}.go, v1.36.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from typing import Any

from kubesim.api.objects import Object
from kubesim.api.resources import CONFIG_MAP, SECRET, Resource
from kubesim.cluster.apiserver.validation.rules import config_key
from kubesim.gotext import gojson
from kubesim.kubectl.command import Call
from kubesim.kubectl.create import creator, make
from kubesim.kubectl.errors import KubectlError, refuse_if
from kubesim.kubectl.flags import check_variable_name
from kubesim.kubectl.help import group

group("create secret")


@creator("secret docker-registry")
def create_docker_registry(call: Call) -> None:
    given = call.flags
    data = _Data(SECRET, call.args[0])
    if given["from-file"]:
        for source in given["from-file"]:
            data.add_file(call, source if "=" in source else f".dockerconfigjson={source}")
    elif given["docker-username"] and given["docker-password"] and given["docker-server"]:
        data.add(".dockerconfigjson", _docker_config(given))
    else:
        raise KubectlError(
            "either --from-file or the combination of --docker-username, --docker-password and --docker-server "
            "is required"
        )
    _make_secret(call, "kubernetes.io/dockerconfigjson", data.values)


def _docker_config(given: Any) -> bytes:
    server, user, password, email = (
        gojson.valid(given[f"docker-{key}"]) for key in ("server", "username", "password", "email")
    )
    auth = base64.b64encode(f"{user}:{password}".encode()).decode()
    entry = {"username": user, "password": password, **({"email": email} if email else {}), "auth": auth}
    return gojson.dumps({"auths": {server: entry}}, sort=False).encode()


@creator("secret generic")
def create_generic(call: Call) -> None:
    _make_secret(call, call.flags["type"], _gather(call, SECRET))


# By the flag: the key in the Secret, what the file is, and its PEM block.
_PEM = {"cert": ("tls.crt", "certificate", b"CERTIFICATE"), "key": ("tls.key", "key", b"PRIVATE KEY")}


@creator("secret tls")
def create_tls(call: Call) -> None:
    refuse_if(not call.flags["key"] or not call.flags["cert"], "key and cert must be specified")
    data = {}
    for flag, (key, what, block) in _PEM.items():
        data[key] = _read_pem(call, call.flags[flag])
        if not re.search(rb"(?m)^-----BEGIN (?:[A-Z]+ )?%b-----\r?$" % block, data[key]):
            raise KubectlError(f"tls: failed to find any PEM data in {what} input")
    _make_secret(call, "kubernetes.io/tls", data)


def _read_pem(call: Call, path: str) -> bytes:
    try:
        return call.context.workspace.read_bytes(path)
    except OSError as error:
        raise KubectlError(f"Cannot read file {path}, open {path}: {(error.strerror or '').lower()}") from None


def _make_secret(call: Call, kind: str, data: dict[str, bytes]) -> None:
    encoded = _encoded(data)
    secret: Object = {"metadata": {"name": call.args[0]}, **({"data": encoded} if encoded else {})}
    secret |= {"type": kind} if kind else {}
    _append_hash(call, secret, {"kind": "Secret", "type": kind, "data": encoded})
    make(call, SECRET, secret, "failed to create secret")


def _encoded(data: dict[str, bytes]) -> dict[str, str]:
    return {key: base64.b64encode(data[key]).decode() for key in sorted(data)}


def _append_hash(call: Call, obj: Object, content: Object) -> None:
    """With --append-hash, put a hash of the content behind the name. Mirrors k8s.io/kubectl pkg/util/hash/hash.go."""
    if call.flags["append-hash"]:
        name = obj["metadata"]["name"]
        digits = hashlib.sha256(gojson.dumps(content | {"name": name}).encode()).hexdigest()[:10]
        obj["metadata"]["name"] = f"{name}-{digits.translate(str.maketrans('013ae', 'ghkmt'))}"


@creator("configmap")
def create_config_map(call: Call) -> None:
    """Create a ConfigMap; what is no text goes into binaryData."""
    values = _gather(call, CONFIG_MAP)
    texts = {key: values[key].decode() for key in sorted(values) if _is_text(values[key])}
    others = _encoded({key: value for key, value in values.items() if key not in texts})
    config_map: Object = {"metadata": {"name": call.args[0]}}
    config_map |= {key: data for key, data in (("data", texts), ("binaryData", others)) if data}
    content = {"kind": "ConfigMap", "data": texts, **({"binaryData": others} if others else {})}
    _append_hash(call, config_map, content)
    make(call, CONFIG_MAP, config_map, "failed to create configmap:")


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _gather(call: Call, resource: Resource) -> dict[str, bytes]:
    data = _Data(resource, call.args[0])
    literals, files, env_files = (call.flags[f"from-{source}"] for source in ("literal", "file", "env-file"))
    refuse_if(env_files and (files or literals), "from-env-file cannot be combined with from-file or from-literal")
    for literal in literals:
        key, equals, value = literal.partition("=")
        refuse_if(not equals or not key, f"invalid literal source {literal}, expected key=value")
        data.add(key, value.encode("utf-8", "surrogateescape"))
    for source in files:
        data.add_file(call, source)
    for path in env_files:
        refuse_if(call.context.workspace.is_dir(path), "env config file cannot be a directory")
        for key, value in _env_lines(call, path):
            data.add(key, value.encode("utf-8", "surrogateescape"))
    return data.values


def _env_lines(call: Call, path: str) -> Iterator[tuple[str, str]]:
    """The variables of an env file; one without a value has that of the shell. Mirrors pkg/util/env_file.go."""
    content = _read(call, path).removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    for raw in content.split("\n"):
        line = raw.removesuffix("\r").lstrip()
        if line and not line.startswith("#"):
            key, equals, value = line.partition("=")
            check_variable_name(key)
            yield key, value if equals else call.context.env.get(key, "")


class _Data:
    def __init__(self, resource: Resource, name: str) -> None:
        self.values: dict[str, bytes] = {}
        self._is_secret = resource is SECRET
        self._name = name

    def add(self, key: str, value: bytes) -> None:
        quoted = gojson.quote(key)
        if problems := config_key(key):
            raise KubectlError(
                f"{quoted} is not valid key name for a Secret {';'.join(problems)}"
                if self._is_secret
                else f"{quoted} is not a valid key name for a ConfigMap: {','.join(problems)}"
            )
        if key in self.values:
            exists = f"cannot add key {key if self._is_secret else quoted}, another key by that name already exists"
            where = f" in {'Data' if _is_text(value) else 'BinaryData'} for ConfigMap {gojson.quote(self._name)}"
            raise KubectlError(exists if self._is_secret else exists + where)
        self.values[key] = value

    def add_file(self, call: Call, source: str) -> None:
        key, path = _file_source(source)
        workspace = call.context.workspace
        if not workspace.is_dir(path):
            self.add(key or path.rpartition("/")[2], _read(call, path))
        elif key:
            raise KubectlError("cannot give a key name for a directory path")
        else:
            for name in sorted(workspace.listdir(path)):
                if not workspace.is_dir(f"{path}/{name}"):
                    self.add(name, _read(call, f"{path}/{name}"))


def _file_source(source: str) -> tuple[str, str]:
    """KEY and PATH of --from-file=[KEY=]PATH. Mirrors k8s.io/kubectl pkg/util ParseFileSource."""
    key, equals, path = source.partition("=")
    if not equals:
        return "", source
    refuse_if("=" in path, "key names or file paths cannot contain '='")
    refuse_if(not key, f"key name for file path {path} missing")
    refuse_if(not path, f"file path for key name {key} missing")
    return key, path


def _read(call: Call, path: str) -> bytes:
    if path == "-" or path == "/dev/stdin":
        return (call.context.stdin or "").encode("utf-8", "surrogateescape")
    try:
        return call.context.workspace.read_bytes(path)
    except OSError as error:
        raise KubectlError(f"error reading {path}: {(error.strerror or '').lower()}") from None
