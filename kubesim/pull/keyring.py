"""The kubelet's keyring: the credentials that match an image, in the order in which they are tried."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, NamedTuple, Required, TypedDict, TypeVar

from kubesim.api.digest import sha256
from kubesim.api.objects import Object, metadata, name_of, namespace_of
from kubesim.gotext import gobase64, gojson

DOCKER_CONFIG_JSON = "kubernetes.io/dockerconfigjson"
DOCKERCFG = "kubernetes.io/dockercfg"
DATA_KEYS = {DOCKER_CONFIG_JSON: ".dockerconfigjson", DOCKERCFG: ".dockercfg"}

# Docker Hub, and the key under which `docker login` stores its credentials.
_HUB = "docker.io"
_HUB_KEY = "index.docker.io"

_AUTHS = "DockerConfigJSON.auths"

T = TypeVar("T")


class Credential(NamedTuple):
    """A user name and a password."""

    username: str
    password: str

    @property
    def digest(self) -> str:
        """A hash by which the kubelet's pull records identify the credential without its password."""
        return sha256(json.dumps([self.username, self.password]).encode()).hexdigest()

    @property
    def auth(self) -> str:
        """The `auth` value of a Docker config: base64 of "username:password"."""
        return base64.b64encode(f"{self.username}:{self.password}".encode(errors="replace")).decode()

    @property
    def expires_at(self) -> int:
        """The Unix time at which the password expires, for JSON web tokens and ECR's passwords; 0 for others."""
        parts = self.password.split(".")
        payload = parts[1] if len(parts) > 1 else self.password  # a web token is HEADER.CLAIMS.SIGNATURE
        try:
            claims = json.loads(gobase64.text_of(payload))
            return int(claims.get("expiration") or claims.get("exp") or 0)
        except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
            return 0


class Owner(NamedTuple):
    """The Secret that a credential comes from."""

    namespace: str
    name: str
    uid: str


class Match(NamedTuple):
    """A credential of the keyring with its origin.

    `entry` is the registry key in the Docker config, `owner` the Secret, or None for a credential of the node itself,
    which every Pod may use.
    """

    credential: Credential
    entry: str
    owner: Owner | None = None

    @property
    def secret_name(self) -> str:
        return self.owner.name if self.owner else ""

    @property
    def source(self) -> str:
        """The origin in words."""
        return f'Secret "{self.secret_name}"' if self.owner else "the node's own credentials"


# A credential of the node in a cluster's settings: see NodeSettings in registry/node.py.
NodeCredential = TypedDict(
    "NodeCredential",
    {"from": str, "registry": Required[str], "username": str, "password": str, "fails": bool, "issued": bool},
    total=False,
)


def of_secrets(secrets: Iterable[Object]) -> list[Match]:
    """The keyring of a Pod's Secrets, in their order. Secrets that aren't pull secrets are ignored.

    Raises ValueError with the kubelet's message if one pull secret can't be read. The kubelet then uses none of them.
    """
    return [
        Match(credential, entry, Owner(namespace_of(secret), name_of(secret), metadata(secret).get("uid", "")))
        for secret in secrets
        for entry, credential in read_entries(secret)
    ]


def of_node(credentials: Iterable[NodeCredential]) -> list[Match]:
    """The keyring of the node: its Docker config and credential provider plugins, except plugins that fail."""
    return [
        Match(Credential(credential.get("username", ""), credential.get("password", "")), credential["registry"])
        for credential in credentials
        if not credential.get("fails")
    ]


def lookup(ring: Iterable[Match], name: str) -> list[Match]:
    """The matches for the image `name` ("docker.io/library/nginx"), in the order in which the kubelet tries them.

    Keys are tried in reverse alphabetical order, so a longer path comes before its own beginning: docker.io/team before
    docker.io. If nothing else matches an image of Docker Hub, its old key index.docker.io does.
    """
    filed = [(key, match) for match in ring if (key := registry_key(match.entry)) is not None]
    filed.sort(key=lambda pair: pair[0], reverse=True)
    matching = [match for key, match in filed if key_matches(key, name)]
    if not matching and name.startswith(_HUB + "/"):
        return [match for key, match in filed if key == _HUB_KEY]
    return matching


@lru_cache(maxsize=256)
def registry_key(entry: str) -> str | None:
    """The keyring's key for a Docker config's `entry`: host, port and path. None if the entry is no address.

    The scheme is dropped, and so is Docker's API version, /v1/ or /v2/.
    """
    host, slash, path = re.sub(r"^https?://", "", entry).partition("/")
    _, port = split_port(host)
    if re.search(r"[\x00-\x20\x7f\\^`{|}]", entry) or not re.fullmatch(r"\d*", port, re.ASCII):
        return None
    path = re.sub(r"^/v[12]/", "/", slash + path)
    return host if path == "/" else host + path


def key_matches(key: str, name: str) -> bool:
    """True if `key` matches the image `name`: equal ports, host labels that match as globs, a prefix of the path."""
    key_address, _, key_path = key.partition("/")
    address, _, path = name.partition("/")
    key_host, key_port = split_port(key_address)
    host, port = split_port(address)
    globs = key_host.split(".")
    labels = host.split(".")
    if key_port != port or not path.startswith(key_path) or len(globs) != len(labels):
        return False
    return all(label == glob or fnmatchcase(label, glob) for glob, label in zip(globs, labels, strict=True))


def split_port(host: str, default: str = "") -> tuple[str, str]:
    """Split a host into name and port. `default` is the port of a host without one."""
    name, colon, port = host.rpartition(":")
    return (name, port) if colon and not port.endswith("]") else (host, default)


def read_entries(secret: Mapping[str, Any]) -> tuple[tuple[str, Credential], ...]:
    """The entries of a pull secret's Docker config, in its order. Empty for a Secret of another type or without data.

    Raises ValueError with the kubelet's message if the content can't be read.
    """
    kind = secret.get("type", "")
    blob = (secret.get("data") or {}).get(DATA_KEYS.get(kind, ""))
    return _read_blob(kind, blob) if blob else ()


def config_of(blob: str) -> Any:
    """Decode a Docker config in base64. Raises ValueError with the kubelet's message if it can't be read."""
    return gojson.loads(gobase64.decode(blob).decode(errors="replace"))


@lru_cache(maxsize=256)
def _read_blob(kind: str, blob: str) -> tuple[tuple[str, Credential], ...]:
    """The entries of a Docker config in Base64, which a Secret of the type `kind` holds. Raises ValueError."""
    config = config_of(blob)
    if kind == DOCKER_CONFIG_JSON:
        whole = _typed(config, dict, "value of type credentialprovider.DockerConfigJSON")
        target = f"struct field {_AUTHS} of type credentialprovider.DockerConfig"
        entries = _typed(_field(whole, "auths"), dict, target)
    else:
        entries = _typed(config, dict, "value of type credentialprovider.DockerConfig")
    return tuple((entry, _credential(value)) for entry, value in (entries or {}).items())


def _credential(value: Any) -> Credential:
    """The credential of one entry. `auth` takes precedence over `username` and `password`."""
    entry = _typed(value, dict, f"struct field {_AUTHS} of type credentialprovider.dockerConfigEntryWithAuth") or {}
    username = _text(entry, "username")
    password = _text(entry, "password")
    _text(entry, "email")  # unused, but Go refuses the file if it is no string
    auth = _text(entry, "auth")
    if not auth:
        return Credential(username, password)
    decoded = gobase64.decode(auth, padded=auth.strip().endswith("=")).decode(errors="replace")
    username, colon, password = decoded.partition(":")
    if not colon:
        raise ValueError("unable to parse auth field, must be formatted as base64(username:password)")
    return Credential(username, password)


def _text(entry: Mapping[str, Any], name: str) -> str:
    """A string field of an entry, "" if it's missing. Raises ValueError if it isn't a string."""
    return _typed(_field(entry, name), str, f"struct field {_AUTHS}.{name} of type string") or ""


def _field(value: Mapping[str, Any] | None, name: str) -> Any:
    """The field `name`. As in Go's JSON decoder, case is ignored and the last of several wins."""
    items = [item for key, item in (value or {}).items() if key.lower() == name]
    return items[-1] if items else None


def _typed(value: Any, kind: type[T], target: str) -> T | None:
    """`value` itself, or None. Raises ValueError if it isn't a `kind`, with Go's name of that, `target`."""
    if value is None or isinstance(value, kind):
        return value
    raise ValueError(gojson.mismatch(value, target))
