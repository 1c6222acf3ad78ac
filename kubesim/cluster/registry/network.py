"""The responses of all registries to the container runtime of the node, and to Docker's daemon.

pull.py decides which requests a pull sends. Here each request passes the proxy, the name lookup, the connection and
TLS, and then gets the registry's answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlencode

from kubesim.api.clock import SECOND, Clock, Micros
from kubesim.cluster.registry.document import ResponseRule
from kubesim.cluster.registry.messages import Exchange, NoResponseError, Request, Response, Token, host_of
from kubesim.cluster.registry.node import NodeSettings, is_loopback, literal_address
from kubesim.cluster.registry.pull import Host, Pull
from kubesim.cluster.registry.world import HTTPS_PORT, Registry, Repository, World
from kubesim.pull.answer import Answer
from kubesim.pull.image import Image
from kubesim.pull.imageref import Reference
from kubesim.pull.keyring import Credential, NodeCredential, split_port

_HTTP_PORT = "80"
NAMESERVER = "10.96.0.10:53"
# The number of answers that a Network caches; later ones are computed each time.
_MOST_ANSWERS = 1024


class Network(NamedTuple):
    """The registries of a `world`, seen from a node with its settings."""

    clock: Clock
    world: World
    node: NodeSettings  # may change at any time
    # By a registry's own name, the time of the node's first request to it. `pull` adds to it.
    first_asked: dict[str, Micros]
    # Answers that don't depend on the time, by image, credential and NodeSettings.route. `pull` adds to it.
    steady_answers: dict[tuple[Reference, Credential | None, str], Answer]

    def pull(self, reference: Reference, credential: Credential | None) -> Answer:
        """Pull an image as the node (credential None: anonymously), and note which registries it has reached.

        That starts the time of answers that only hold for some seconds after the first request. Answers that don't
        depend on the time are cached.
        """
        question = (reference, credential, self.node.route)
        if question in self.steady_answers:
            return self.steady_answers[question]
        client = self._client(self.node)
        answer = self._answer(client.send, reference, credential)
        for registry in client.reached:
            self.first_asked.setdefault(registry.hosts[0], self.clock.now)
        if len(self.steady_answers) < _MOST_ANSWERS and all(registry.is_steady for registry in client.reached):
            self.steady_answers[question] = answer
        return answer

    def resolve(self, reference: Reference, credential: Credential | None) -> Answer:
        """The answer to a pull, without noting it as one of the node's."""
        return self.exchange(reference, credential)[1]

    def exchange(self, reference: Reference, credential: Credential | None) -> tuple[list[Exchange], Answer]:
        """The requests and responses of a pull, and its answer, without noting it as one of the node's."""
        client = self._client(self.node)
        exchanges: list[Exchange] = []

        def send(request: Request) -> Response:
            response = client.send(request)
            exchanges.append(Exchange(request, response))
            return response

        answer = self._answer(send, reference, credential)
        return exchanges, answer

    def _client(self, settings: NodeSettings) -> _Client:
        return _Client(self.world, self.clock, settings, self.first_asked, reached=[])

    def _answer(
        self, send: Callable[[Request], Response], reference: Reference, credential: Credential | None
    ) -> Answer:
        """The answer to a pull whose requests go through `send`."""
        # The runtime ignores a credential without a user or without a password.
        usable = credential if credential and credential.username and credential.password else None
        return Pull(send, self._hosts(reference.registry), self.world.troubles, reference, usable).answer()

    def _hosts(self, registry: str) -> list[Host]:
        """The hosts to ask, in order: the registry's mirrors, then the registry itself."""
        names = self.node.mirrors.get(registry, ())
        mirrors = [Host(f"{self.node.scheme(name)}://{name}", f"?ns={registry}") for name in names]
        own = host_of(registry)
        return [*mirrors, Host(f"{self.node.scheme(own)}://{own}")]

    def login(self, server: str, credential: Credential) -> str:
        """Log in to the registry at `server`, and return the error message of Docker's daemon, "" for success.

        Docker uses the node's proxy, but neither its mirrors nor its settings for hosts.
        """
        url = f"https://{host_of(server)}/v2/"
        send = self._client(NodeSettings(proxy=self.node.proxy)).send
        try:
            response = send(Request("GET", url))
            if response.auth == "token":
                answer = send(Request("token", response.token_url, authorization=credential))
                problem = answer.reason or f"received unexpected HTTP status: {answer.line}"
                return "" if answer.token else f'Get "{url}": {problem}'
            if response.auth == "basic":
                response = send(Request("GET", url, authorization=credential))
        except NoResponseError as error:
            return f'Get "{url}": {error}'
        if response.status == HTTPStatus.OK:
            return ""
        return f"login attempt to {url} failed with status: {response.line}"

    def with_password(self, credential: NodeCredential) -> NodeCredential:
        """A credential of the node. With the field `issued`, it gets a new temporary password from its registry."""
        host = split_port(credential["registry"].partition("/")[0], HTTPS_PORT)
        registry = self.world.at_port(*host)
        user = credential.get("username", "")
        if not credential.get("issued") or registry is None or user not in registry.issues:
            return credential
        return {**credential, "password": registry.issue(user, self.clock.now)}

    def image(self, reference: Reference) -> Image | None:
        """The image of a reference regardless of rights, None if there is none."""
        repository = self._repository(reference)
        return repository.find(reference.manifest) if repository else None

    def is_guess(self, reference: Reference) -> bool:
        """True if an image is unknown to the file of registries, and pulled as if it existed."""
        repository = self._repository(reference)
        return repository is not None and repository.has_more and repository.find_listed(reference.manifest) is None

    def tags(self, reference: Reference) -> tuple[str, ...]:
        """The sorted tags of a reference's repository; empty for a missing one."""
        repository = self._repository(reference)
        return tuple(sorted(repository.tags or repository.by_tag)) if repository else ()

    def _repository(self, reference: Reference) -> Repository | None:
        registry = self.world.at_host(split_port(reference.registry)[0])
        return registry.repository(reference.repository) if registry else None


class _Client(NamedTuple):
    """An HTTP client for one pull or one login."""

    world: World
    clock: Clock
    settings: NodeSettings
    first_asked: Mapping[str, Micros]  # see Network
    reached: list[Registry]  # the registries connected to so far; `send` appends to it

    def send(self, request: Request) -> Response:
        """The response to a request. Raises NoResponseError."""
        name, port = split_port(request.host, _HTTP_PORT if request.scheme == "http" else HTTPS_PORT)
        self._pass_proxy()
        registry = self._dial(name, port)
        self.reached.append(registry)
        if request.scheme == "https":
            self._shake_hands(name, registry, self.settings.hosts.get(request.host))
        elif not registry.trouble_at("protocol"):  # plain HTTP to a registry that expects TLS
            return Response(HTTPStatus.BAD_REQUEST)
        return self._response(registry, request)

    def _response(self, registry: Registry, request: Request) -> Response:
        """The response of the registry's first rule that applies to the request; without one, the regular response."""
        now = self.clock.now
        elapsed = (now - self.first_asked.get(registry.hosts[0], now)) / SECOND
        clients = _client_words(registry, request, now)
        for rule in registry.answers:
            is_over = rule.seconds is not None and elapsed >= rule.seconds
            if not is_over and _applies(rule, request, clients, registry):
                return Response(rule.status, rule.reason)
        return _token(registry, request, now) if request.kind == "token" else _content(registry, request, now)

    def _pass_proxy(self) -> None:
        """Connect to the proxy, if one is set. Raises NoResponseError."""
        if not self.settings.proxy:
            return
        try:
            self._dial(*split_port(self.settings.proxy.rpartition("/")[2], _HTTP_PORT))
        except NoResponseError as error:
            raise NoResponseError(f"proxyconnect tcp: {error}", error.seconds) from None

    def _shake_hands(self, name: str, registry: Registry, mode: str | None) -> None:
        """The TLS handshake with a registry, and the check of its certificate. Raises NoResponseError.

        `mode` is the node's setting for the host, a key of node.MODES or None.
        """
        if trouble := registry.trouble_at("protocol"):
            raise NoResponseError(trouble.error, trouble.seconds)
        if mode == "skip-verify":
            return
        if name == registry.address:
            raise _untrusted(f"cannot validate certificate for {name} because it doesn't contain any IP SANs")
        trouble = registry.trouble_at("certificate")
        if trouble is None or (mode == "trust" and trouble.trusted):
            return
        now = self.clock.timestamp()
        until = registry.certificate.until
        if not until or now > until:
            names = ", ".join(registry.certificate.names)
            raise _untrusted(trouble.message(host=name, now=now, until=until, names=names))

    def _dial(self, name: str, port: str) -> Registry:
        """Connect to a port of a host, and return the registry that listens there. Raises NoResponseError."""
        host = self.world.at_host(name)
        address = _look_up(name, host)
        unreachable = host.trouble_at("connection") if host else None
        if host is None and not is_loopback(address):
            unreachable = self.world.troubles["silence"]  # an IP address that no registry has
        if unreachable:
            raise NoResponseError(f"dial tcp {address}:{port}: {unreachable.error}", unreachable.seconds)
        listener = self.world.at_port(name, port)
        if listener is None:
            raise NoResponseError(f"dial tcp {address}:{port}: connect: connection refused")
        return listener


def _look_up(name: str, host: Registry | None) -> str:
    """The IP address of a host name, which may be an address already. Raises NoResponseError for a failed lookup."""
    if literal := literal_address(name):
        return literal
    trouble = host.trouble_at("lookup") if host else None
    if host is None or host.address is None or trouble:
        problem = trouble.error if trouble else "no such host"
        raise NoResponseError(f"dial tcp: lookup {name} on {NAMESERVER}: {problem}")
    return host.address


def _untrusted(problem: str) -> NoResponseError:
    return NoResponseError(f"tls: failed to verify certificate: x509: {problem}")


def _client_words(registry: Registry, request: Request, now: Micros) -> set[str]:
    """The words of `ResponseRule.clients` for the client; none before the registry has asked for credentials."""
    match request.authorization:
        case Token(None):
            return {"anonymous"}
        case Token(str(user)):
            return _user_words(registry, request, user)
        case Credential(username, password) as credential:
            validity = registry.check_password(credential, now)
            words = _user_words(registry, request, username) if validity == "known" else {validity}
            return words | {f"{username}:{password}"}
        case _:
            return {"anonymous"} if request.kind == "token" or registry.auth == "none" else set()


def _user_words(registry: Registry, request: Request, user: str) -> set[str]:
    """The words for a user who has logged in: the name, and "barred" without the right to the repository."""
    is_barred = bool(request.repository) and not registry.repository(request.repository).readable_by(user)
    return {user, "barred"} if is_barred else {user}


def _applies(rule: ResponseRule, request: Request, clients: set[str], registry: Registry) -> bool:
    """True if a request meets all conditions of a rule, apart from its time."""
    names = {request.repository, f"{request.repository}:{request.image_manifest}"}
    return (
        (not rule.requests or request.kind in rule.requests)
        and (not rule.clients or not clients.isdisjoint(rule.clients))
        and (not rule.repositories or not names.isdisjoint(rule.repositories))
        and not (rule.private and registry.repository(request.repository).public)
    )


def _token(registry: Registry, request: Request, now: Micros) -> Response:
    """The response of a token service: a token for any client, whatever its rights, but 401 for a wrong password."""
    credential = request.authorization if isinstance(request.authorization, Credential) else None
    if credential and registry.check_password(credential, now) != "known":
        return Response(HTTPStatus.UNAUTHORIZED)
    return Response(HTTPStatus.OK, token=Token(credential.username if credential else None))


def _content(registry: Registry, request: Request, now: Micros) -> Response:
    """The response to a request for a manifest or for /v2/."""
    if refusal := _refusal(registry, request, now):
        return refusal
    trouble = registry.trouble_at("config")
    if trouble or not request.repository:
        return Response(HTTPStatus.OK, trouble=trouble)
    image = registry.repository(request.repository).find(request.manifest)
    return Response(HTTPStatus.OK if image else HTTPStatus.NOT_FOUND, image=image)


def _refusal(registry: Registry, request: Request, now: Micros) -> Response | None:
    """The refusal of a client that isn't authenticated or has no right to the repository; None for no refusal.

    A registry with basic authentication ignores a Token, and one with a token service ignores a Credential.
    """
    repository = registry.repository(request.repository)
    match (registry.auth, request.authorization):
        case ("none", _):
            return None
        case ("basic", None) if repository.public:
            return None
        case ("basic", Credential(user) as client) if registry.check_password(client, now) == "known":
            no_right = Response(HTTPStatus.FORBIDDEN)
        case ("token", Token(user)):
            no_right = Response(HTTPStatus.UNAUTHORIZED, "insufficient_scope")
        case _:
            return Response(HTTPStatus.UNAUTHORIZED, auth=registry.auth, token_url=_token_url(registry, request))
    is_login = not request.repository
    return None if is_login or repository.readable_by(user) else no_right


def _token_url(registry: Registry, request: Request) -> str:
    """The URL for getting a token for a request; "" if the registry has no token service."""
    if not registry.realm:
        return ""
    scope = {"scope": f"repository:{request.repository}:pull"} if request.repository else {}
    return f"{registry.realm}?{urlencode({**scope, 'service': registry.service})}"
