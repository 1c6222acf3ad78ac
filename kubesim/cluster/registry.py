"""Registries as data, and what containerd reports of a pull from them.

Mirrors containerd core/remotes/docker resolver.go, authorizer.go and auth/fetch.go, v2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import ip_address
from urllib.parse import urlencode

from kubesim.api.imageref import DEFAULT_REGISTRY, Reference
from kubesim.cluster.keyring import Credential

HTTPS_PORT = "443"
NAMESERVER = "10.96.0.10:53"
# Docker Hub's name in Docker's configuration, and the host that answers for it.
_INDEX, _ENDPOINTS = "index.docker.io", {DEFAULT_REGISTRY: "registry-1.docker.io"}
ACCESS_DENIED = "pull access denied, repository does not exist or may require authorization"


@dataclass(frozen=True)
class Image:
    """What a reference leads to: digest, size in bytes, the lines it logs when it starts, and its files by path."""

    digest: str
    size: int
    log: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Repository:
    """Images by tag. `readers` are the users who may pull (None: every user of the registry)."""

    tags: Mapping[str, Image]
    public: bool = False
    readers: frozenset[str] | None = None

    def find(self, manifest: str) -> Image | None:
        """The image with this tag or digest."""
        by_digest = {image.digest: image for image in self.tags.values()}
        return self.tags.get(manifest) or by_digest.get(manifest)

    def readable_by(self, user: str | None) -> bool:
        """Whether `user` (None: nobody in particular) may pull."""
        return self.public or (user is not None and (self.readers is None or user in self.readers))


class Challenge(Enum):
    """How a registry asks who is there."""

    BASIC = "Basic"
    BEARER = "Bearer"


@dataclass(frozen=True)
class Registry:
    """One registry: the names it answers to (the first is its own), its address, users and repositories."""

    hosts: tuple[str, ...]
    address: str
    challenge: Challenge
    users: Mapping[str, str]
    repositories: Mapping[str, Repository]

    def accepts(self, credential: Credential) -> bool:
        """Whether user and password are right."""
        return self.users.get(credential.username) == credential.password


@dataclass(frozen=True)
class Answer:
    """What came of asking for an image: the image, or `refusal` in containerd's words."""

    image: Image | None = None
    refusal: str = ""
    not_found: bool = False

    def error(self, reference: Reference) -> str:
        """The refusal as the kubelet gets it from the container runtime; gRPC names only codes other than Unknown."""
        code = "rpc error: code = NotFound desc = " if self.not_found else ""
        return f'{code}failed to pull and unpack image "{reference.canonical}": failed to resolve image: {self.refusal}'


class Registries:
    """All registries that the cluster's node can reach."""

    def __init__(self, registries: Iterable[Registry]) -> None:
        self.registries = tuple(registries)
        self._by_host = {host: registry for registry in self.registries for host in registry.hosts}

    def resolve(self, reference: Reference, credential: Credential | None) -> Answer:
        """Ask for `reference` with `credential` (None: anonymously)."""
        host, port = _split_port(reference.registry)
        url = f"https://{reference.registry}/v2/{reference.repository}/manifests/{reference.manifest}"
        registry = self._by_host.get(host)
        if registry is None or port != HTTPS_PORT:
            trouble = self._connection_trouble(host, port, registry)
            return Answer(refusal=f'failed to do request: Head "{url}": dial tcp{trouble}')
        return _ask(registry, reference, url, credential)

    def login(self, server: str, credential: Credential) -> str:
        """Why the registry at `server` turns `credential` away, in the words of Docker's daemon; "" if it does not."""
        host, port = _split_port(DEFAULT_REGISTRY if server == _INDEX else server)
        url = f"https://{_ENDPOINTS.get(host, server)}/v2/"
        registry = self._by_host.get(host)
        if registry is None or port != HTTPS_PORT:
            return f'Get "{url}": dial tcp{self._connection_trouble(host, port, registry)}'
        if registry.accepts(credential):
            return ""
        if registry.challenge is Challenge.BASIC:
            return f"login attempt to {url} failed with status: 401 Unauthorized"
        return f'Get "{url}": unauthorized: incorrect username or password'

    def tags(self, reference: Reference) -> tuple[str, ...]:
        """The tags of a reference's repository, as its registry lists them; none if it is not there."""
        registry = self._by_host.get(_split_port(reference.registry)[0])
        repository = registry.repositories.get(reference.repository) if registry else None
        return tuple(sorted(repository.tags)) if repository else ()

    @staticmethod
    def _connection_trouble(host: str, port: str, registry: Registry | None) -> str:
        address = registry.address if registry else _literal_address(host)
        if address is None:
            return f": lookup {host} on {NAMESERVER}: no such host"
        return f" {address}:{port}: connect: connection refused"


def _split_port(registry: str) -> tuple[str, str]:
    host, colon, port = registry.rpartition(":")
    return (host, port) if colon and not port.endswith("]") else (registry, HTTPS_PORT)


def _literal_address(host: str) -> str | None:
    if host == "localhost":
        return "127.0.0.1"
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return None
    return host


def _ask(registry: Registry, reference: Reference, url: str, credential: Credential | None) -> Answer:
    repository = registry.repositories.get(reference.repository, Repository({}))
    # The runtime takes a credential without a user, and without a password, for none.
    given = credential if credential and credential.username and credential.password else None
    refusal = _REFUSALS[registry.challenge](registry, repository, reference, url, given)
    if refusal:
        return Answer(refusal=refusal)
    image = repository.find(reference.manifest)
    if image is None:
        return Answer(refusal=f"{reference.canonical}: not found", not_found=True)
    return Answer(image)


def _refuse_basic(
    registry: Registry, repository: Repository, reference: Reference, url: str, credential: Credential | None
) -> str:
    if repository.public:
        return ""
    if credential is None:
        return f"{ACCESS_DENIED}: authorization failed: no basic auth credentials"
    if not registry.accepts(credential):
        return f"unexpected status from HEAD request to {url}: 401 Unauthorized"
    if not repository.readable_by(credential.username):
        return f"unexpected status from HEAD request to {url}: 403 Forbidden"
    return ""


def _refuse_bearer(
    registry: Registry, repository: Repository, reference: Reference, url: str, credential: Credential | None
) -> str:
    """Ask the token service first: it turns a wrong password away even where nobody needed one."""
    if credential and not registry.accepts(credential):
        token_url = _token_url(registry.hosts[0], reference.repository)
        status = f"unexpected status from GET request to {token_url}: 401 Unauthorized"
        return f"failed to authorize: failed to fetch oauth token: {status}"
    if not repository.readable_by(credential.username if credential else None):
        return f"{ACCESS_DENIED}: server message: insufficient_scope: authorization failed"
    return ""


def _token_url(host: str, repository: str) -> str:
    return f"https://{host}/token?{urlencode({'scope': f'repository:{repository}:pull', 'service': host})}"


_REFUSALS = {Challenge.BASIC: _refuse_basic, Challenge.BEARER: _refuse_bearer}


def _content(name: str, size: int, log: str, files: Mapping[str, str]) -> Image:
    return Image(f"sha256:{hashlib.sha256(name.encode()).hexdigest()}", size, (log,), files)


_V1 = _content("myapp 1.0", 1064056, "started", {"/etc/marker": "myapp 1.0"})
_V2 = _content("myapp 2.0", 1064059, "started v2", {"/etc/marker": "myapp 2.0"})
_NGINX = _content("nginx", 1064048, "nginx", {})
_ACME, _MYUSER = frozenset({"acme"}), frozenset({"myuser"})


_PRIVATE = Registry(
    hosts=("registry.example.com",),
    address="10.96.0.20",
    challenge=Challenge.BASIC,
    # A person, who may pull everything, and three accounts for a program that needs one image, to follow each other.
    users={
        "myuser": "mypassword",
        "pull-spring": "daffodil-7",
        "pull-autumn": "chestnut-4",
        "pull-winter": "snowdrop-9",
    },
    repositories={
        "myapp": Repository({"1.0": _V1, "2.0": _V2, "latest": _V2}),
        "team/api": Repository({"1.0": _V1}, readers=_MYUSER),
        "nginx": Repository({"latest": _NGINX}, readers=_MYUSER),
        "library/tool": Repository({"1.0": _V2}, readers=_MYUSER),
    },
)
_HUB = Registry(
    hosts=("hub.example.com", DEFAULT_REGISTRY),
    address="10.96.0.21",
    challenge=Challenge.BEARER,
    users={"acme": "hubpass"},
    repositories={
        "library/nginx": Repository({"latest": _NGINX, "1.27": _NGINX}, public=True),
        "library/busybox": Repository({"latest": _V2, "1.36": _V2}, public=True),
        "acme/private": Repository({"1.0": _V1}, readers=_ACME),
        "acme/api": Repository({"2.1": _V2}, readers=_ACME),
    },
)

# The world of the lessons: a private registry with HTTP Basic, and a Docker Hub with a token service.
REGISTRIES = Registries((_PRIVATE, _HUB))
