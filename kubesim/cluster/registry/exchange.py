"""The exchange between a client and a registry or its token service: a request, and the response or why none came.

The container runtime and `docker login` both ask through it, and put what they get into sentences of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlencode

from kubesim.api.clock import SECOND, Clock, Micros
from kubesim.cluster.keyring import Credential
from kubesim.cluster.registry.world import Image, Registry, Status, Trouble, World, builtin, split_port

NAMESERVER = "10.96.0.10:53"


class Token(NamedTuple):
    """What a token service gives to a user, or to an anonymous client."""

    user: str | None


class Request(NamedTuple):
    """A request. `kind` is HEAD or GET, or "token" for one to a token service; /v2/ belongs to no repository."""

    kind: str
    url: str
    repository: str = ""
    manifest: str = ""
    authorization: Credential | Token | None = None

    @property
    def host(self) -> str:
        """Where it goes, with the port if there is one."""
        return self.url.removeprefix("https://").partition("/")[0]


class Response(NamedTuple):
    """What a registry says. `auth` is how it asks for credentials, `token_url` where a token is to be had."""

    status: int
    reason: str = ""
    auth: str = ""
    token_url: str = ""
    token: Token | None = None
    image: Image | None = None
    trouble: Trouble | None = None

    @property
    def line(self) -> str:
        """The status as HTTP writes it: "401 Unauthorized"."""
        known = self.status in HTTPStatus._value2member_map_
        return f"{self.status} {HTTPStatus(self.status).phrase}" if known else str(self.status)


class NoResponseError(Exception):
    """Nothing came back, and why, as Go's HTTP client words it; it took `seconds`."""

    def __init__(self, problem: str, seconds: float = 0) -> None:
        super().__init__(problem)
        self.seconds = seconds


@dataclass
class Network:
    """What lies between a node and all registries. `own` replaces the registries of kubesim, `proxy` is a URL."""

    clock: Clock
    own: World | None = None
    proxy: str = ""
    first_asked: dict[str, Micros] = field(default_factory=dict)
    """When the node first asked a host."""

    @property
    def world(self) -> World:
        """The registries that there are; those of kubesim are read when they are first needed."""
        return self.own or builtin()

    def send(self, request: Request) -> Response:
        """Ask a registry. Raises NoResponseError."""
        registry = self._connect(request.host)
        elapsed = (self.clock.now - self.first_asked.get(request.host, self.clock.now)) / SECOND
        clients = _clients(registry, request)
        for answer in registry.answers:
            if _matches(answer, request, clients) and (answer.seconds is None or elapsed < answer.seconds):
                return Response(answer.status, answer.reason)
        return _token(registry, request) if request.kind == "token" else _content(registry, request)

    def _connect(self, host: str) -> Registry:
        if self.proxy:
            self._reach(*split_port(self.proxy.rpartition("/")[2]), "proxyconnect tcp: ")
        name, port = split_port(host)
        registry = self._reach(name, port)
        trouble = registry.trouble
        if trouble and trouble.at == "protocol":
            raise NoResponseError(trouble.error, trouble.seconds)
        if name == registry.address:
            raise _untrusted(f"cannot validate certificate for {name} because it doesn't contain any IP SANs")
        if trouble and trouble.at == "certificate":
            now, until = self.clock.timestamp(), registry.certificate.get("until", "")
            if not until or now > until:
                names = ", ".join(registry.certificate.get("names", ()))
                raise _untrusted(trouble.message(host=name, now=now, until=until, names=names))
        return registry

    def _reach(self, name: str, port: str, before: str = "") -> Registry:
        """The registry that listens at a port. Raises NoResponseError."""
        registry = self.world.by_name.get(name)
        trouble = registry.trouble if registry else None
        address = registry.address if registry else _literal_address(name)
        listener = self.world.by_port.get((name, port))
        if address is None or (trouble and trouble.at == "lookup"):
            problem = trouble.error if trouble else "no such host"
            raise NoResponseError(f"{before}dial tcp: lookup {name} on {NAMESERVER}: {problem}")
        if trouble and trouble.at == "connection":
            raise NoResponseError(f"{before}dial tcp {address}:{port}: {trouble.error}", trouble.seconds)
        if listener is None:
            raise NoResponseError(f"{before}dial tcp {address}:{port}: connect: connection refused")
        return listener


def _literal_address(host: str) -> str | None:
    try:
        return "127.0.0.1" if host == "localhost" else str(ip_address(host.strip("[]")) and host)
    except ValueError:
        return None


def _untrusted(problem: str) -> NoResponseError:
    return NoResponseError(f"tls: failed to verify certificate: x509: {problem}")


def _accepts(registry: Registry, credential: Credential) -> bool:
    return registry.users.get(credential.username) == credential.password


def _clients(registry: Registry, request: Request) -> set[str]:
    """What the client is in the terms of an answer's `clients`; nothing before it has been asked who it is."""
    match request.authorization:
        case Token(user):
            return {user or "anonymous"}
        case Credential(username, password) as credential:
            return {username if _accepts(registry, credential) else "unknown", f"{username}:{password}"}
        case _:
            return {"anonymous"} if request.kind == "token" or registry.auth == "none" else set()


def _matches(answer: Status, request: Request, clients: set[str]) -> bool:
    return (
        (not answer.requests or request.kind in answer.requests)
        and (not answer.clients or not clients.isdisjoint(answer.clients))
        and (not answer.repositories or request.repository in answer.repositories)
    )


def _token(registry: Registry, request: Request) -> Response:
    match request.authorization:
        case Credential(username) as credential:
            accepted = _accepts(registry, credential)
            return Response(HTTPStatus.OK, token=Token(username)) if accepted else Response(HTTPStatus.UNAUTHORIZED)
        case _:
            return Response(HTTPStatus.OK, token=Token(None))


def _content(registry: Registry, request: Request) -> Response:
    refusal = _refusal(registry, request)
    if refusal or not request.repository or registry.trouble:
        return refusal or Response(HTTPStatus.OK, trouble=registry.trouble)
    image = registry.repository(request.repository).find(request.manifest)
    return Response(HTTPStatus.OK if image else HTTPStatus.NOT_FOUND, image=image)


def _refusal(registry: Registry, request: Request) -> Response | None:
    """Why a client doesn't get what it asks for: it has to say who it is, it is unknown, or it has no right."""
    repository, is_login = registry.repository(request.repository), not request.repository
    match registry.auth, request.authorization:
        case "none", _:
            return None
        case "basic", Credential(username) as credential if _accepts(registry, credential):
            return None if is_login or repository.readable_by(username) else Response(HTTPStatus.FORBIDDEN)
        case "basic", None if repository.public:
            return None
        case "token", Token(user):
            readable = is_login or repository.readable_by(user)
            return None if readable else Response(HTTPStatus.UNAUTHORIZED, "insufficient_scope")
    scope = {} if is_login else {"scope": f"repository:{request.repository}:pull"}
    url = f"{registry.realm}?{urlencode({**scope, 'service': registry.service})}" if registry.realm else ""
    return Response(HTTPStatus.UNAUTHORIZED, "", registry.auth, url)
