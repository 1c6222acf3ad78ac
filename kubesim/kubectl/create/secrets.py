"""kubectl create secret and create configmap: values out of options and files.

Mirrors k8s.io/kubectl pkg/cmd/create/create_{secret,secret_docker,secret_tls,configmap}.go, v1.36.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from kubesim import gojson
from kubesim.kubectl.command import Call, array, command, switch, text
from kubesim.kubectl.create.common import COMMON, make, name_argument
from kubesim.kubectl.errors import KubectlError
from kubesim.objects import Object
from kubesim.resources import CONFIG_MAP, SECRET

DEFAULT_SERVER = "https://index.docker.io/v1/"


_APPEND_HASH = (switch("append-hash", "", "Append a hash of the content to the name."),)
_FROM = (
    array("from-file", "", "A file [KEY=]PATH, or a folder, whose content becomes a value."),
    array("from-literal", "", "A value KEY=VALUE."),
    array("from-env-file", "", "A file of lines KEY=VALUE."),
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
    array("from-file", "", "An existing Docker config file, [KEY=]PATH."),
    example="  kubectl create secret docker-registry my-registry-creds --docker-server=registry.example.com "
    "--docker-username=myuser --docker-password=mypassword",
)
def create_docker_registry(call: Call) -> None:
    """Create a Secret of type kubernetes.io/dockerconfigjson."""
    name = name_argument(call)
    given = call.flags
    if given["from-file"]:
        data = _from_files(call, given["from-file"])
        if ".dockerconfigjson" not in data:
            data = {".dockerconfigjson": next(iter(data.values()))}
    elif given["docker-username"] and given["docker-password"] and given["docker-server"]:
        data = {".dockerconfigjson": _docker_config(given)}
    else:
        raise KubectlError(
            "either --from-file or the combination of --docker-username, --docker-password and --docker-server "
            "is required"
        )
    _make_secret(call, name, "kubernetes.io/dockerconfigjson", data)


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
)
def create_generic(call: Call) -> None:
    """Create a Secret of any type, Opaque by default."""
    _make_secret(call, name_argument(call), call.flags["type"], _gather(call))


@command(
    "create secret tls",
    "NAME --cert=path/to/cert/file --key=path/to/key/file [--dry-run=server|client|none]",
    "Create a TLS secret",
    COMMON,
    _APPEND_HASH,
    text("cert", "", "The file of the certificate."),
    text("key", "", "The file of its private key."),
    example="  kubectl create secret tls site --cert=tls.crt --key=tls.key",
)
def create_tls(call: Call) -> None:
    """Create a Secret of type kubernetes.io/tls."""
    name = name_argument(call)
    if not call.flags["key"]:
        raise KubectlError("key must be specified")
    if not call.flags["cert"]:
        raise KubectlError("certificate must be specified")
    data = {"tls.crt": _read(call, call.flags["cert"]), "tls.key": _read(call, call.flags["key"])}
    _make_secret(call, name, "kubernetes.io/tls", data)


def _make_secret(call: Call, name: str, kind: str, data: dict[str, bytes]) -> None:
    encoded = {key: base64.b64encode(data[key]).decode() for key in sorted(data)}
    secret: Object = {"metadata": {"name": name}}
    if encoded:
        secret["data"] = encoded
    if kind:
        secret["type"] = kind
    if call.flags["append-hash"]:
        secret["metadata"]["name"] = f"{name}-{_content_hash(name, kind, encoded)}"
    make(call, SECRET, secret, "failed to create secret")


def _content_hash(name: str, kind: str, data: dict[str, str]) -> str:
    """The suffix of --append-hash. Mirrors k8s.io/kubectl pkg/util/hash/hash.go."""
    encoded = gojson.dumps({"kind": "Secret", "type": kind, "name": name, "data": data})
    digits = hashlib.sha256(encoded.encode()).hexdigest()[:10]
    return digits.translate(str.maketrans("013ae", "ghkmt"))


def _gather(call: Call) -> dict[str, bytes]:
    """The values of --from-file, --from-literal and --from-env-file."""
    data: dict[str, bytes] = {}
    if call.flags["from-env-file"] and (call.flags["from-file"] or call.flags["from-literal"]):
        raise KubectlError("from-env-file cannot be combined with from-file or from-literal")
    for key, value in _literals(call.flags["from-literal"]):
        _add(data, key, value.encode("utf-8", "surrogateescape"))
    for key, content in _from_files(call, call.flags["from-file"]).items():
        _add(data, key, content)
    for path in call.flags["from-env-file"]:
        for key, value in _env_lines(_read(call, path).decode(errors="replace")):
            _add(data, key, value.encode())
    return data


def _add(data: dict[str, bytes], key: str, value: bytes) -> None:
    if key in data:
        raise KubectlError(f"cannot add key {key}, another key by that name already exists")
    data[key] = value


def _literals(literals: tuple[str, ...]) -> list[tuple[str, str]]:
    found = []
    for literal in literals:
        key, equals, value = literal.partition("=")
        if not equals or not key:
            raise KubectlError(f"invalid literal source {literal}, expected key=value")
        found.append((key, value))
    return found


def _env_lines(text: str) -> list[tuple[str, str]]:
    lines = [line.strip() for line in text.splitlines()]
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return [(key, value) for key, _, value in pairs]


def _from_files(call: Call, sources: tuple[str, ...]) -> dict[str, bytes]:
    data: dict[str, bytes] = {}
    for source in sources:
        key, path = _file_source(source)
        workspace = call.context.workspace
        if workspace.is_dir(path):
            if key:
                raise KubectlError("cannot give a key name for a directory path")
            for name in sorted(workspace.listdir(path)):
                if not workspace.is_dir(f"{path}/{name}"):
                    _add(data, name, _read(call, f"{path}/{name}"))
        else:
            _add(data, key or path.rpartition("/")[2], _read(call, path))
    return data


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


@command(
    "create configmap",
    "NAME [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none]",
    "Create a config map from a local file, directory or literal value",
    COMMON,
    _APPEND_HASH,
    _FROM,
    aliases=("cm",),
    example="  kubectl create configmap settings --from-literal=mode=dev",
)
def create_config_map(call: Call) -> None:
    """Create a ConfigMap."""
    name = name_argument(call)
    gathered = _gather(call)
    data = {key: gathered[key].decode(errors="replace") for key in sorted(gathered)}
    make(
        call,
        CONFIG_MAP,
        {**({"data": data} if data else {}), "metadata": {"name": name}},
        "failed to create configmap:",
    )
