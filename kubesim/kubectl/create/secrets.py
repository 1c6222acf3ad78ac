"""kubectl create secret and create configmap: values out of options and files.

Mirrors k8s.io/kubectl pkg/cmd/create/create_{secret,secret_docker,secret_tls,configmap}.go, v1.36.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from kubesim.api.objects import Object
from kubesim.api.resources import CONFIG_MAP, SECRET
from kubesim.cluster.apiserver.validation.rules import config_key
from kubesim.gotext import gojson
from kubesim.kubectl.command import Call, array, command, many, switch, text
from kubesim.kubectl.create.common import COMMON, make, one_name
from kubesim.kubectl.environment import check_name
from kubesim.kubectl.errors import KubectlError
from kubesim.kubectl.help import group

DEFAULT_SERVER = "https://index.docker.io/v1/"


_APPEND_HASH = (switch("append-hash", "", "Append a hash of the content to the name."),)
_FROM = (
    many("from-file", "", "A file [KEY=]PATH, or a folder, whose content becomes a value."),
    array("from-literal", "", "A value KEY=VALUE."),
    many("from-env-file", "", "A file of lines KEY=VALUE."),
)


@command(
    "create secret docker-registry",
    "NAME --docker-username=user --docker-password=password --docker-email=email [--docker-server=string] "
    "[--from-file=[key=]source] [--dry-run=server|client|none]",
    "Create a secret for use with a Docker registry",
    COMMON,
    _APPEND_HASH,
    text("docker-server", "", "The registry that the credentials are for.", DEFAULT_SERVER),
    text("docker-username", "", "The user name."),
    text("docker-password", "", "The password or token."),
    text("docker-email", "", "An e-mail address; registries no longer ask for it."),
    many("from-file", "", "An existing Docker config file, [KEY=]PATH."),
    example="  kubectl create secret docker-registry my-registry-creds --docker-server=registry.example.com "
    "--docker-username=myuser --docker-password=mypassword",
    check=one_name,
)
def create_docker_registry(call: Call) -> None:
    """Create a Secret of type kubernetes.io/dockerconfigjson."""
    given = call.flags
    if given["from-file"]:
        data = _Data(_secret_key)
        for source in given["from-file"]:
            data.add_file(call, source if "=" in source else f".dockerconfigjson={source}")
    elif given["docker-username"] and given["docker-password"] and given["docker-server"]:
        data = _Data(_secret_key, {".dockerconfigjson": _docker_config(given)})
    else:
        raise KubectlError(
            "either --from-file or the combination of --docker-username, --docker-password and --docker-server "
            "is required"
        )
    _make_secret(call, "kubernetes.io/dockerconfigjson", data.values)


def _docker_config(given: Any) -> bytes:
    user, password, email = (gojson.valid(given[f"docker-{key}"]) for key in ("username", "password", "email"))
    entry = {"username": user, "password": password}
    if email:
        entry["email"] = email
    entry["auth"] = base64.b64encode(f"{user}:{password}".encode()).decode()
    return gojson.dumps({"auths": {gojson.valid(given["docker-server"]): entry}}, sort=False).encode()


@command(
    "create secret generic",
    "NAME [--type=string] [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none]",
    "Create a secret from a local file, directory, or literal value",
    COMMON,
    _APPEND_HASH,
    _FROM,
    text("type", "", "The type of the Secret."),
    example="  kubectl create secret generic plain --from-literal=user=admin\n"
    "  kubectl create secret generic regcred --from-file=.dockerconfigjson=config.json "
    "--type=kubernetes.io/dockerconfigjson",
    check=one_name,
)
def create_generic(call: Call) -> None:
    """Create a Secret of any type, Opaque by default."""
    _make_secret(call, call.flags["type"], _gather(call, _secret_key, literals_first=True))


@command(
    "create secret tls",
    "NAME --cert=path/to/cert/file --key=path/to/key/file [--dry-run=server|client|none]",
    "Create a TLS secret",
    COMMON,
    _APPEND_HASH,
    text("cert", "", "The file of the certificate."),
    text("key", "", "The file of its private key."),
    example="  kubectl create secret tls site --cert=tls.crt --key=tls.key",
    check=one_name,
)
def create_tls(call: Call) -> None:
    """Create a Secret of type kubernetes.io/tls."""
    if not call.flags["key"] or not call.flags["cert"]:
        raise KubectlError("key and cert must be specified")
    data = {"tls.crt": _read_pem(call, call.flags["cert"]), "tls.key": _read_pem(call, call.flags["key"])}
    _check_pair(*[re.findall(rb"(?m)^-----BEGIN ([A-Z ]+)-----\r?$", text) for text in data.values()])
    _make_secret(call, "kubernetes.io/tls", data)


def _read_pem(call: Call, path: str) -> bytes:
    try:
        return call.context.workspace.read_bytes(path)
    except OSError as error:
        raise KubectlError(f"Cannot read file {path}, open {path}: {(error.strerror or '').lower()}") from None


def _check_pair(certificate: list[bytes], key: list[bytes]) -> None:
    """Refuse files without a certificate or key, by their PEM blocks. Mirrors crypto/tls X509KeyPair."""
    if b"CERTIFICATE" not in certificate:
        raise KubectlError(
            "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may "
            "have been switched"
            if certificate
            else "tls: failed to find any PEM data in certificate input"
        )
    if not any(block.endswith(b"PRIVATE KEY") for block in key):
        raise KubectlError(
            "tls: found a certificate rather than a key in the PEM for the private key"
            if key
            else "tls: failed to find any PEM data in key input"
        )


def _make_secret(call: Call, kind: str, data: dict[str, bytes]) -> None:
    encoded = _encoded(data)
    secret: Object = {"metadata": {"name": call.args[0]}}
    if encoded:
        secret["data"] = encoded
    if kind:
        secret["type"] = kind
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


def _secret_key(key: str, is_there: bool, is_text: bool) -> None:
    if problems := config_key(key):
        raise KubectlError(f"{gojson.quote(key)} is not valid key name for a Secret {';'.join(problems)}")
    if is_there:
        raise KubectlError(f"cannot add key {key}, another key by that name already exists")


@dataclass
class _Data:
    """Values by their keys; `check` refuses a key, told whether it is there and whether its value is a text."""

    check: Callable[[str, bool, bool], None]
    values: dict[str, bytes] = field(default_factory=dict)

    def add(self, key: str, value: bytes) -> None:
        """Take one value."""
        self.check(key, key in self.values, _is_text(value))
        self.values[key] = value

    def add_file(self, call: Call, source: str) -> None:
        """Take [KEY=]PATH, the value of --from-file."""
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


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _gather(call: Call, check: Callable[[str, bool, bool], None], literals_first: bool) -> dict[str, bytes]:
    """The values of --from-literal, --from-file and --from-env-file."""
    data = _Data(check)
    if call.flags["from-env-file"] and (call.flags["from-file"] or call.flags["from-literal"]):
        raise KubectlError("from-env-file cannot be combined with from-file or from-literal")
    for add in (_add_literals, _add_files) if literals_first else (_add_files, _add_literals):
        add(call, data)
    for path in call.flags["from-env-file"]:
        if call.context.workspace.is_dir(path):
            raise KubectlError("env config file cannot be a directory")
        for key, value in _env_lines(call, path):
            data.add(key, value.encode())
    return data.values


def _add_literals(call: Call, data: _Data) -> None:
    for key, value in _literals(call.flags["from-literal"]):
        data.add(key, value.encode("utf-8", "surrogateescape"))


def _add_files(call: Call, data: _Data) -> None:
    for source in call.flags["from-file"]:
        data.add_file(call, source)


def _literals(literals: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for literal in literals:
        key, equals, value = literal.partition("=")
        if not equals or not key:
            raise KubectlError(f"invalid literal source {literal}, expected key=value")
        yield key, value


def _env_lines(call: Call, path: str) -> Iterator[tuple[str, str]]:
    """The variables of an env file; one without a value has that of the shell. Mirrors pkg/util/env_file.go."""
    for number, raw in enumerate(_read(call, path).removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not _is_text(raw):
            numbers = " ".join(map(str, raw))
            raise KubectlError(f"env file {path} contains invalid utf8 bytes at line {number}: [{numbers}]")
        line = raw.decode().removesuffix("\r").lstrip()
        if not line or line.startswith("#"):
            continue
        key, equals, value = line.partition("=")
        check_name(key)
        yield key, value if equals else call.context.env.get(key, "")


def _file_source(source: str) -> tuple[str, str]:
    """KEY and PATH of --from-file=[KEY=]PATH. Mirrors k8s.io/kubectl pkg/util ParseFileSource."""
    key, equals, path = source.partition("=")
    if not equals:
        return "", source
    if "=" in path:
        raise KubectlError("key names or file paths cannot contain '='")
    if not key:
        raise KubectlError(f"key name for file path {path} missing")
    if not path:
        raise KubectlError(f"file path for key name {key} missing")
    return key, path


def _read(call: Call, path: str) -> bytes:
    if path == "-" or path == "/dev/stdin":
        return (call.context.stdin or "").encode("utf-8", "surrogateescape")
    try:
        return call.context.workspace.read_bytes(path)
    except OSError as error:
        raise KubectlError(f"error reading {path}: {(error.strerror or '').lower()}") from None


_SECRET = """Create a secret with specified type.

 A docker-registry type secret is for accessing a container registry.

 A generic type secret indicate an Opaque secret type.

 A tls type secret holds TLS certificate and its associated key."""

group("create secret", "(docker-registry | generic | tls)", "Create a secret using a specified subcommand", _SECRET)


@command(
    "create configmap",
    "NAME [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none]",
    "Create a config map from a local file, directory or literal value",
    COMMON,
    _APPEND_HASH,
    _FROM,
    aliases=("cm",),
    check=one_name,
    example="  kubectl create configmap settings --from-literal=mode=dev",
)
def create_config_map(call: Call) -> None:
    """Create a ConfigMap; what is no text goes into binaryData."""
    name = call.args[0]
    values = _gather(call, partial(_config_map_key, name), literals_first=False)
    texts = {key: values[key].decode() for key in sorted(values) if _is_text(values[key])}
    others = _encoded({key: value for key, value in values.items() if key not in texts})
    config_map: Object = {"metadata": {"name": name}}
    config_map |= {key: data for key, data in (("data", texts), ("binaryData", others)) if data}
    content = {"kind": "ConfigMap", "data": texts, **({"binaryData": others} if others else {})}
    _append_hash(call, config_map, content)
    make(call, CONFIG_MAP, config_map, "failed to create configmap:")


def _config_map_key(name: str, key: str, is_there: bool, is_text: bool) -> None:
    if problems := config_key(key):
        raise KubectlError(f"{gojson.quote(key)} is not a valid key name for a ConfigMap: {','.join(problems)}")
    if is_there:
        raise KubectlError(
            f"cannot add key {gojson.quote(key)}, another key by that name already exists in "
            f"{'Data' if is_text else 'BinaryData'} for ConfigMap {gojson.quote(name)}"
        )
