"""The kubelet's keyring: which credentials match an image, and in which order.

Mirrors kubernetes pkg/credentialprovider keyring.go, config.go and secrets/secrets.go, v1.36.
"""

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

# Docker Hub, and the name that its credentials are filed under.
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
        """A stable hash, by which the kubelet remembers what pulled an image without keeping the password."""
        return sha256(json.dumps([self.username, self.password]).encode()).hexdigest()

    @property
    def auth(self) -> str:
        """Both as an entry of a Docker config has them."""
        return base64.b64encode(f"{self.username}:{self.password}".encode(errors="replace")).decode()

    @property
    def expires_at(self) -> int:
        """The second of the epoch at which the password expires, as ECR's and JSON web tokens say; 0 for others."""
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
    """A credential that matches, the registry key it is filed under, and the Secret that it comes from.

    `owner` is None for the node's own, which every Pod may use.
    """

    credential: Credential
    entry: str
    owner: Owner | None = None

    @property
    def secret_name(self) -> str:
        return self.owner.name if self.owner else ""

    @property
    def source(self) -> str:
        """Where it comes from, in words."""
        return f'Secret "{self.secret_name}"' if self.owner else "the node's own credentials"


# One of the kubelet's own credentials, as a person sets it: see NodeSettings in registry/node.py.
NodeCredential = TypedDict(
    "NodeCredential",
    {"from": str, "registry": Required[str], "username": str, "password": str, "fails": bool, "issued": bool},
    total=False,
)


def of_secrets(secrets: Iterable[Object]) -> list[Match]:
    """The credentials of every pull secret among `secrets`, in their order; other Secrets are ignored.

    Raises ValueError, as the kubelet words it, when one of them cannot be read: it then uses none of them.
    """
    return [
        Match(credential, entry, Owner(namespace_of(secret), name_of(secret), metadata(secret).get("uid", "")))
        for secret in secrets
        for entry, credential in read_entries(secret)
    ]


def of_node(credentials: Iterable[NodeCredential]) -> list[Match]:
    """The node's own credentials, from its Docker config or from plugins; one that fails has none."""
    return [
        Match(Credential(credential.get("username", ""), credential.get("password", "")), credential["registry"])
        for credential in credentials
        if not credential.get("fails")
    ]


def lookup(ring: Iterable[Match], name: str) -> list[Match]:
    """What of a keyring matches the image `name` ("docker.io/library/nginx"), in the order in which it is tried.

    Keys are tried in reverse order, so that of two with the same beginning the more specific comes first. Docker
    Hub's old name is taken for docker.io where nothing else matches.
    """
    filed = [(key, match) for match in ring if (key := registry_key(match.entry)) is not None]
    filed.sort(key=lambda pair: pair[0], reverse=True)
    matching = [match for key, match in filed if key_matches(key, name)]
    if not matching and name.startswith(_HUB + "/"):
        return [match for key, match in filed if key == _HUB_KEY]
    return matching


@lru_cache(maxsize=256)
def registry_key(entry: str) -> str | None:
    """The key under which a config's `entry` is filed: host, port and path; None when it is no address.

    A scheme is dropped, and so are the API versions /v1/ and /v2/ that Docker writes.
    """
    host, slash, path = re.sub(r"^https?://", "", entry).partition("/")
    _, port = split_port(host)
    if re.search(r"[\x00-\x20\x7f\\^`{|}]", entry) or not re.fullmatch(r"\d*", port, re.ASCII):
        return None
    path = re.sub(r"^/v[12]/", "/", slash + path)
    return host if path == "/" else host + path


def key_matches(key: str, name: str) -> bool:
    """Whether `key` covers the image `name`: same port, labels that match as globs, and a prefix of the path."""
    key_address, _, key_path = key.partition("/")
    address, _, path = name.partition("/")
    key_host, key_port = split_port(key_address)
    host, port = split_port(address)
    globs = key_host.split(".")
    labels = host.split(".")
    if key_port != port or not path.startswith(key_path) or len(globs) != len(labels):
        return False
    return all(fnmatchcase(label, glob) for glob, label in zip(globs, labels, strict=True))


def split_port(host: str, default: str = "") -> tuple[str, str]:
    """Name and port of a host; the port is `default` where none is written."""
    name, colon, port = host.rpartition(":")
    return (name, port) if colon and not port.endswith("]") else (host, default)


def read_entries(secret: Mapping[str, Any]) -> tuple[tuple[str, Credential], ...]:
    """The registry entries of a pull secret, in its order; none when the Secret is of another type or empty.

    Raises ValueError, as the kubelet words it, when the content cannot be read.
    """
    kind = secret.get("type", "")
    blob = (secret.get("data") or {}).get(DATA_KEYS.get(kind, ""))
    return _read_blob(kind, blob) if blob else ()


def config_of(blob: str) -> Any:
    """What a Docker config in base64 holds. Raises ValueError, as the kubelet words it, when it cannot be read."""
    return gojson.loads(gobase64.decode(blob).decode(errors="replace"))


@lru_cache(maxsize=256)
def _read_blob(kind: str, blob: str) -> tuple[tuple[str, Credential], ...]:
    config = config_of(blob)
    if kind == DOCKER_CONFIG_JSON:
        whole = _typed(config, dict, "value of type credentialprovider.DockerConfigJSON")
        where = f"struct field {_AUTHS} of type credentialprovider.DockerConfig"
        entries = _typed(_field(whole, "auths"), dict, where)
    else:
        entries = _typed(config, dict, "value of type credentialprovider.DockerConfig")
    return tuple((entry, _credential(value)) for entry, value in (entries or {}).items())


def _credential(value: Any) -> Credential:
    """One entry of a Docker config; `auth` outranks `username` and `password`."""
    entry = _typed(value, dict, f"struct field {_AUTHS} of type credentialprovider.dockerConfigEntryWithAuth") or {}
    username = _text(entry, "username")
    password = _text(entry, "password")
    _text(entry, "email")  # used for nothing, but refused like the others where it is no string
    auth = _text(entry, "auth")
    if not auth:
        return Credential(username, password)
    decoded = gobase64.decode(auth, padded=auth.strip().endswith("=")).decode(errors="replace")
    username, colon, password = decoded.partition(":")
    if not colon:
        raise ValueError("unable to parse auth field, must be formatted as base64(username:password)")
    return Credential(username, password)


def _text(entry: Mapping[str, Any], name: str) -> str:
    """A field of an entry that is a string; "" where it is missing. Raises ValueError where it is something else."""
    return _typed(_field(entry, name), str, f"struct field {_AUTHS}.{name} of type string") or ""


def _field(value: Mapping[str, Any] | None, name: str) -> Any:
    """The field `name`, whose case Go ignores."""
    items = [item for key, item in (value or {}).items() if key.lower() == name]
    return items[-1] if items else None


def _typed(value: Any, kind: type[T], where: str) -> T | None:
    """`value`, which may be None. Raises ValueError, as Go words it, where it is not of this kind."""
    if value is None or isinstance(value, kind):
        return value
    raise ValueError(gojson.mismatch(value, where))
