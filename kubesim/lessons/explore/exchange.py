"""The HTTP requests and responses of one pull, as far as they concern authentication."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from kubesim.api.digest import sha256
from kubesim.cluster import Cluster
from kubesim.cluster.registry.messages import Exchange, Request, Response, Token
from kubesim.pull import imageref
from kubesim.pull.keyring import Credential

# The client: without credentials, a user of the registry, or a user with a wrong password.
NOBODY, RIGHT, WRONG = "nobody", "right", "wrong"
# Statuses of a token service that takes no POST. containerd then repeats the request by GET.
_TAKES_NO_POST = (400, 401, 404, 405)
_CLIENT = "containerd-client"


class Line(NamedTuple):
    """A line of an HTTP message. `decoded` is the text of its Base64, "" without any."""

    text: str
    is_about_who: bool = False  # it says who the client is, or asks for that
    decoded: str = ""


class Step(NamedTuple):
    """A request to a host and its response. `meaning` names a sentence of explorables.yaml."""

    host: str
    request: tuple[Line, ...]
    response: tuple[Line, ...]
    meaning: str


class Story(NamedTuple):
    """A pull by a client (NOBODY, RIGHT or WRONG): its steps, and containerd's error, "" after a success."""

    who: str
    steps: tuple[Step, ...]
    error: str

    def reached(self) -> set[str]:
        """The ids of the goals (explorables.yaml) that this pull reaches."""
        meanings = {step.meaning for step in self.steps}
        goals = {
            "single": len(self.steps) == 1,
            "anonymous": self.who == NOBODY and not self.error,
            "useless": "anonymous-token" in meanings and bool(self.error),
        }
        return {goal for goal, holds in goals.items() if holds}


def tell(image: str, who: str) -> Story:
    """Pull an image as a node of a fresh cluster does, and record the messages."""
    network = Cluster().registries.network
    reference = imageref.parse(image)
    credential = None
    registry = network.world.at_host(reference.registry)
    if who != NOBODY and registry:
        user, password = next(iter(registry.users.items()))
        credential = Credential(user, password if who == RIGHT else password[::-1])  # reversed, it is wrong
    exchanges, answer = network.exchange(reference, credential)
    # the image's other parts repeat the manifest's requests
    once = {exchange.request: exchange for exchange in exchanges}
    steps = tuple(step for exchange in once.values() for step in _steps(exchange))
    return Story(who, steps, answer.error(reference) if answer.refusal else "")


def _steps(exchange: Exchange) -> Iterator[Step]:
    """One step, or two for a token: with a password, containerd asks by POST, and then by GET if that is refused."""
    request, response = exchange
    credential = request.authorization
    meaning = _meaning(request, response)
    if request.kind == "token" and isinstance(credential, Credential):
        is_repeated = response.status in _TAKES_NO_POST
        answer = tuple(_response(request, response, "access_token"))
        yield Step(request.host, tuple(_post(request, credential)), answer, "again" if is_repeated else meaning)
        if not is_repeated:
            return
    yield Step(request.host, tuple(_request(request)), tuple(_response(request, response)), meaning)


def _meaning(request: Request, response: Response) -> str:
    """The name of the sentence (explorables.yaml) that explains a response."""
    is_known = isinstance(request.authorization, Credential)
    if request.kind == "token":
        if response.token is None:
            return "no-token"
        return "token" if is_known else "anonymous-token"
    if response.status == HTTPStatus.OK:
        return "resolved" if request.kind == "HEAD" else "fetched"
    if response.auth and request.authorization is None:
        return f"asked-{response.auth}"
    return "rejected" if is_known else "insufficient"


def _request(request: Request) -> Iterator[Line]:
    method = "GET" if request.kind == "token" else request.kind
    yield Line(f"{method} {_target(request.url)} HTTP/1.1")
    yield Line(f"Host: {request.host}")
    if isinstance(request.authorization, Credential):
        username, password = request.authorization
        yield Line(f"Authorization: Basic {request.authorization.auth}", True, f"{username}:{password}")
    elif isinstance(request.authorization, Token):
        yield Line(f"Authorization: Bearer {_text(request.authorization)}", True)


def _post(request: Request, credential: Credential) -> Iterator[Line]:
    """A token request with the credential in its body, as in OAuth 2."""
    asked = dict(parse_qsl(urlsplit(request.url).query))
    who = {"grant_type": "password", "username": credential.username, "password": credential.password}
    yield Line(f"POST {urlsplit(request.url).path} HTTP/1.1")
    yield Line(f"Host: {request.host}")
    yield Line("Content-Type: application/x-www-form-urlencoded")
    yield Line("")
    yield Line(urlencode(sorted({"client_id": _CLIENT, **asked, **who}.items())), True)


def _response(request: Request, response: Response, field: str = "token") -> Iterator[Line]:
    """The lines of a response. A token stands in the JSON's `field`."""
    yield Line(f"HTTP/1.1 {response.line}")
    if response.auth == "basic":
        yield Line(f'WWW-Authenticate: Basic realm="{request.host}"', True)
    elif response.auth:
        url = urlsplit(response.token_url)
        asked = dict(parse_qsl(url.query))
        fields = {"realm": f"{url.scheme}://{url.netloc}{url.path}", **asked}
        yield Line(f"WWW-Authenticate: Bearer {_quoted(fields)}", True)
    elif response.reason == "insufficient_scope":
        yield Line(f"WWW-Authenticate: Bearer {_quoted({'error': response.reason})}", True)
    if response.image:
        yield Line(f"Docker-Content-Digest: {response.image.digest}")
    if response.token:
        yield Line("")
        yield Line(f'{{"{field}": "{_text(response.token)}"}}', True)


def _quoted(fields: dict[str, str]) -> str:
    return ",".join(f'{name}="{value}"' for name, value in fields.items())


def _target(url: str) -> str:
    """The path and query of a URL, for a request's first line."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _text(token: Token) -> str:
    """An invented token. Its form is up to the token service."""
    return sha256(f"token {token.user or ''}".encode()).hexdigest()[:24]
