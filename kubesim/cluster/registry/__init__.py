"""What the container runtime reports of a pull from a registry, and Docker's daemon of a login.

Both send requests, get a response or none, and put that into sentences of their own. Mirrors containerd
core/remotes/docker resolver.go, authorizer.go and auth/fetch.go, v2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from kubesim.api.clock import SECOND, Clock, Micros
from kubesim.api.imageref import DEFAULT_REGISTRY, LEGACY_DEFAULT_REGISTRY, Reference
from kubesim.cluster.keyring import Credential, split_port
from kubesim.cluster.registry import world as worlds
from kubesim.cluster.registry.world import HTTPS_PORT, NODE_PLATFORM, Image, NodeSettings, Registry, Status, Trouble

# The host that answers for Docker Hub.
_ENDPOINTS = dict.fromkeys((DEFAULT_REGISTRY, LEGACY_DEFAULT_REGISTRY), "registry-1.docker.io")
_HTTP_PORT = "80"
NAMESERVER = "10.96.0.10:53"
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_DENIED = "pull access denied, repository does not exist or may require authorization"
# By the part of the pull that failed, what the runtime writes before the reason; {} is the image.
_PREFIXES = {
    "resolve": 'failed to pull and unpack image "{}": failed to resolve image: ',
    "content": 'failed to pull and unpack image "{}": ',
    "config": "get image config descriptor: ",
}


class Token(NamedTuple):
    """What a token service gives to a user, or to an anonymous client."""

    user: str | None


class Request(NamedTuple):
    """A request. `kind` is HEAD or GET, or "token" for one to a token service; /v2/ belongs to no repository.

    `wanted` is the tag or digest that all of a pull's requests are about.
    """

    kind: str
    url: str
    repository: str = ""
    manifest: str = ""
    authorization: Credential | Token | None = None
    wanted: str = ""

    @property
    def scheme(self) -> str:
        return self.url.partition("://")[0]

    @property
    def host(self) -> str:
        """Where it goes, with the port if there is one."""
        return self.url.partition("://")[2].partition("/")[0]


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
        return f"{self.status} {_PHRASES.get(self.status, '')}".rstrip()


class NoResponseError(Exception):
    """Nothing came back, and why, as Go's HTTP client words it; it took `seconds`."""

    def __init__(self, problem: str, seconds: float = 0) -> None:
        super().__init__(problem)
        self.seconds = seconds


class Answer(NamedTuple):
    """What came of asking for an image: the image, or `refusal` in containerd's words, which took `seconds`.

    `code` is the gRPC code if it is not Unknown, and `part` the part of the pull that failed.
    """

    image: Image | None = None
    refusal: str = ""
    seconds: float = 0
    code: str = ""
    part: str = "resolve"

    def error(self, reference: Reference) -> str:
        """The refusal as the kubelet gets it from the container runtime."""
        code = f"rpc error: code = {self.code} desc = " if self.code else ""
        return f"{code}{_PREFIXES[self.part].format(reference.canonical)}{self.refusal}"


class _RefusedError(Exception):
    def __init__(self, refusal: str, seconds: float = 0, code: str = "", part: str = "resolve") -> None:
        super().__init__(refusal)
        self.answer = Answer(None, refusal, seconds, code, part)


class Registries:
    """All registries that a node can reach, those in the file at `path` or kubesim's; `node` is what is set on it."""

    def __init__(self, clock: Clock, path: str | Path | None = None, node: NodeSettings | None = None) -> None:
        self.clock, self.node = clock, node or NodeSettings()
        self._own = worlds.read(path) if path is not None else None
        self.furnished = self._own is None or self._own.furnished  # whether the cluster's own parts run in it
        self._first_asked: dict[str, Micros] = {}

    @property
    def world(self) -> worlds.World:
        """The registries that there are; those of kubesim are read when they are first needed."""
        return self._own or worlds.builtin()

    def pull(self, reference: Reference, credential: Credential | None) -> Answer:
        """Ask for `reference` as the node; what is wrong at first may pass some time after that."""
        self._first_asked.setdefault(_host(reference.registry), self.clock.now)
        return self.resolve(reference, credential)

    def resolve(self, reference: Reference, credential: Credential | None) -> Answer:
        """What comes of asking for `reference` with `credential` (None: anonymously)."""
        # The runtime takes a credential without a user, or without a password, for none.
        given = credential if credential and credential.username and credential.password else None
        try:
            return Answer(_Pull(self, reference, given).image())
        except _RefusedError as refused:
            return refused.answer

    def login(self, server: str, credential: Credential) -> str:
        """Why the registry at `server` turns `credential` away, in the words of Docker's daemon; "" if it does not."""
        url, client = f"https://{_host(server)}/v2/", NodeSettings(self.node.proxy)
        try:
            response = self.send(Request("GET", url), client)
            if response.auth == "basic":
                response = self.send(Request("GET", url, authorization=credential), client)
            elif response.auth == "token":
                response = self.send(Request("token", response.token_url, authorization=credential), client)
                problem = response.reason or f"received unexpected HTTP status: {response.line}"
                return "" if response.token else f'Get "{url}": {problem}'
        except NoResponseError as error:
            return f'Get "{url}": {error}'
        is_in = response.status == HTTPStatus.OK
        return "" if is_in else f"login attempt to {url} failed with status: {response.line}"

    def issued(self, credential: Mapping[str, Any]) -> Mapping[str, Any]:
        """One of the node's own credentials, where it is `issued` with a password that its registry makes now."""
        name, port = split_port(credential["registry"].partition("/")[0], HTTPS_PORT)
        registry, user = self.world.by_port.get((name, port)), credential.get("username", "")
        if not credential.get("issued") or registry is None or user not in registry.issues:
            return credential
        return {**credential, "password": registry.issue(user, self.clock.now)}

    def tags(self, reference: Reference) -> tuple[str, ...]:
        """Tags of a reference's repository; none if it is not there."""
        registry = self.world.by_name.get(split_port(reference.registry)[0])
        repository = registry.repository(reference.repository) if registry else None
        return tuple(sorted(repository.tags or repository.every)) if repository else ()

    def send(self, request: Request, client: NodeSettings | None = None) -> Response:
        """Ask a registry, as the node or as a machine on which something else is set. Raises NoResponseError."""
        registry = self._connect(request, client or self.node)
        if request.scheme == "http" and not (registry.trouble and registry.trouble.at == "protocol"):
            return Response(HTTPStatus.BAD_REQUEST)
        now = self.clock.now
        elapsed = (now - self._first_asked.get(request.host, now)) / SECOND
        clients = _clients(registry, request, now)
        for answer in registry.answers:
            if _matches(answer, request, clients, registry) and (answer.seconds is None or elapsed < answer.seconds):
                return Response(answer.status, answer.reason)
        return _token(registry, request, now) if request.kind == "token" else _content(registry, request, now)

    def _connect(self, request: Request, client: NodeSettings) -> Registry:
        if client.proxy:
            self._reach(*split_port(client.proxy.rpartition("/")[2], _HTTP_PORT), "proxyconnect tcp: ")
        name, port = split_port(request.host, _HTTP_PORT if request.scheme == "http" else HTTPS_PORT)
        registry = self._reach(name, port)
        mode, trouble = client.hosts.get(request.host), registry.trouble
        if request.scheme == "https" and trouble and trouble.at == "protocol":
            raise NoResponseError(trouble.error, trouble.seconds)
        if request.scheme == "https" and mode != "skip-verify":
            self._verify(name, registry, mode == "trust")
        return registry

    def _verify(self, name: str, registry: Registry, is_trusted: bool) -> None:
        """Check a registry's certificate, whose authority may be trusted. Raises NoResponseError."""
        if name == registry.address:
            raise _untrusted(f"cannot validate certificate for {name} because it doesn't contain any IP SANs")
        trouble = registry.trouble
        if trouble and trouble.at == "certificate" and not (is_trusted and trouble.trusted):
            now, until = self.clock.timestamp(), registry.certificate.get("until", "")
            if not until or now > until:
                names = ", ".join(registry.certificate.get("names", ()))
                raise _untrusted(trouble.message(host=name, now=now, until=until, names=names))

    def _reach(self, name: str, port: str, before: str = "") -> Registry:
        """The registry that listens at a port. Raises NoResponseError."""
        registry = self.world.by_name.get(name)
        trouble = registry.trouble if registry else None
        address = registry.address if registry else _literal_address(name)
        listener = self.world.by_port.get((name, port))
        if address is None or (trouble and trouble.at == "lookup"):
            problem = trouble.error if trouble else "no such host"
            raise NoResponseError(f"{before}dial tcp: lookup {name} on {NAMESERVER}: {problem}")
        if registry is None and not address.startswith("127.") and address not in self.world.addresses:
            trouble = self.world.troubles["silence"]
        if trouble and trouble.at == "connection":
            raise NoResponseError(f"{before}dial tcp {address}:{port}: {trouble.error}", trouble.seconds)
        if listener is None:
            raise NoResponseError(f"{before}dial tcp {address}:{port}: connect: connection refused")
        return listener


def _host(registry: str) -> str:
    return _ENDPOINTS.get(registry, registry)


@dataclass
class _Pull:
    """One attempt: the HEAD of the manifest, credentials or a token where asked for, and the content."""

    registries: Registries
    reference: Reference
    credential: Credential | None
    authorization: Credential | Token | None = None

    def image(self) -> Image:
        """The image. Raises _RefusedError."""
        request, response = self._authorized()
        if response.status == HTTPStatus.NOT_FOUND:
            raise _RefusedError(f"{self.reference.canonical}: not found", code="NotFound")
        if response.status != HTTPStatus.OK:
            # A HEAD has no body: after a 403 the runtime asks by GET, too, for the reason.
            reason = response.reason if response.status == HTTPStatus.FORBIDDEN else ""
            raise _RefusedError(_unexpected("HEAD", request.url, response, reason))
        image = response.image
        if image is None or response.trouble:
            raise _refused(response.trouble or self.registries.world.troubles["web-page"], self.reference.canonical)
        request = self._request("GET", image.digest)
        response = self._send(request)
        if response.status != HTTPStatus.OK:
            problem = _unexpected("GET", request.url, response, response.reason)
            raise _RefusedError(f"failed to copy: httpReadSeeker: failed open: {problem}", part="content")
        if image.index and NODE_PLATFORM not in image.platforms:
            raise _refused(self.registries.world.troubles["no-platform"], image.digest)
        if image.trouble and image.trouble.at != "container":
            raise _refused(image.trouble, image.digest)
        return image

    def _request(self, kind: str, manifest: str) -> Request:
        repository = self.reference.repository
        host = _host(self.reference.registry)
        url = f"{self.registries.node.scheme(host)}://{host}/v2/{repository}/manifests/{manifest}"
        return Request(kind, url, repository, manifest, self.authorization, self.reference.manifest)

    def _send(self, request: Request) -> Response:
        try:
            return self.registries.send(request)
        except NoResponseError as error:
            raise _RefusedError(f'failed to do request: Head "{request.url}": {error}', error.seconds) from None

    def _authorized(self) -> tuple[Request, Response]:
        """The HEAD of the manifest, again with what the registry asks for, and the response."""
        request = self._request("HEAD", self.reference.manifest)
        response = self._send(request)
        if response.auth:
            if response.auth == "basic" and self.credential is None:
                raise _RefusedError(f"{_DENIED}: authorization failed: no basic auth credentials")
            self.authorization = self.credential if response.auth == "basic" else self._token(response.token_url)
            request = self._request("HEAD", self.reference.manifest)
            response = self._send(request)
        if response.reason == "insufficient_scope":
            raise _RefusedError(f"{_DENIED}: server message: {response.reason}: authorization failed")
        return request, response

    def _token(self, url: str) -> Token:
        kind = "oauth" if self.credential else "anonymous"
        failed = f"failed to authorize: failed to fetch {kind} token: "
        # With credentials the runtime tries a POST first, and then a GET where the service takes no POST.
        method, first = ("Post", url.partition("?")[0]) if self.credential else ("Get", url)
        try:
            repository, wanted = self.reference.repository, self.reference.manifest
            response = self.registries.send(Request("token", url, repository, "", self.credential, wanted))
        except NoResponseError as error:
            raise _RefusedError(f'{failed}{method} "{first}": {error}', error.seconds) from None
        if response.token is None:
            down = response.status >= HTTPStatus.TOO_MANY_REQUESTS
            asked = (method.upper(), first) if down else ("GET", url)
            raise _RefusedError(f"{failed}{_unexpected(*asked, response)}")
        return response.token


def _unexpected(method: str, url: str, response: Response, reason: str = "") -> str:
    text = f"unexpected status from {method} request to {url}: {response.line}"
    return f"{text}\n{reason}" if reason else text


def _refused(trouble: Trouble, name: str) -> _RefusedError:
    layer, other = (f"sha256:{hashlib.sha256(f'{what} {name}'.encode()).hexdigest()}" for what in ("layer", "other"))
    digest = name if name.startswith("sha256:") else layer
    refusal = trouble.message(image=name, digest=digest, layer=layer, other=other)
    return _RefusedError(refusal, trouble.seconds, trouble.code, trouble.at)


def _literal_address(host: str) -> str | None:
    try:
        return "127.0.0.1" if host == "localhost" else str(ip_address(host.strip("[]")) and host)
    except ValueError:
        return None


def _untrusted(problem: str) -> NoResponseError:
    return NoResponseError(f"tls: failed to verify certificate: x509: {problem}")


def _clients(registry: Registry, request: Request, now: Micros) -> set[str]:
    """What the client is in the terms of an answer's `clients`; nothing before it has been asked who it is."""
    match request.authorization:
        case Token(user):
            return {user or "anonymous"}
        case Credential(username, password) as credential:
            standing = registry.standing(credential, now)
            return {username if standing == "known" else standing, f"{username}:{password}"}
        case _:
            return {"anonymous"} if request.kind == "token" or registry.auth == "none" else set()


def _matches(answer: Status, request: Request, clients: set[str], registry: Registry) -> bool:
    names = {request.repository, f"{request.repository}:{request.wanted}"}
    return (
        (not answer.requests or request.kind in answer.requests)
        and (not answer.clients or not clients.isdisjoint(answer.clients))
        and (not answer.repositories or not names.isdisjoint(answer.repositories))
        and not (answer.private and registry.repository(request.repository).public)
    )


def _token(registry: Registry, request: Request, now: Micros) -> Response:
    credential = request.authorization if isinstance(request.authorization, Credential) else None
    if credential and registry.standing(credential, now) != "known":
        return Response(HTTPStatus.UNAUTHORIZED)
    return Response(HTTPStatus.OK, token=Token(credential.username if credential else None))


def _content(registry: Registry, request: Request, now: Micros) -> Response:
    refusal = _refusal(registry, request, now)
    trouble = registry.trouble if registry.trouble and registry.trouble.at == "config" else None
    if refusal or not request.repository or trouble:
        return refusal or Response(HTTPStatus.OK, trouble=trouble)
    image = registry.repository(request.repository).find(request.manifest)
    return Response(HTTPStatus.OK if image else HTTPStatus.NOT_FOUND, image=image)


def _refusal(registry: Registry, request: Request, now: Micros) -> Response | None:
    """Why a client doesn't get what it asks for: it has to say who it is, it is unknown, or it has no right."""
    repository, is_login = registry.repository(request.repository), not request.repository
    match registry.auth, request.authorization:
        case "none", _:
            return None
        case "basic", Credential(username) as credential if registry.standing(credential, now) == "known":
            return None if is_login or repository.readable_by(username) else Response(HTTPStatus.FORBIDDEN)
        case "basic", None if repository.public:
            return None
        case "token", Token(user):
            readable = is_login or repository.readable_by(user)
            return None if readable else Response(HTTPStatus.UNAUTHORIZED, "insufficient_scope")
    scope = {} if is_login else {"scope": f"repository:{request.repository}:pull"}
    url = f"{registry.realm}?{urlencode({**scope, 'service': registry.service})}" if registry.realm else ""
    return Response(HTTPStatus.UNAUTHORIZED, "", registry.auth, url)
