"""A request to a registry or its token service, and the response, or that there was none."""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple

from kubesim.pull.image import Image, Trouble
from kubesim.pull.imageref import DEFAULT_REGISTRY, LEGACY_DEFAULT_REGISTRY
from kubesim.pull.keyring import Credential

_PHRASES = {status.value: status.phrase for status in HTTPStatus}
# The host that answers for Docker Hub.
_ENDPOINTS = dict.fromkeys((DEFAULT_REGISTRY, LEGACY_DEFAULT_REGISTRY), "registry-1.docker.io")


def host_of(registry: str) -> str:
    """The host that answers for a registry, written as in an image's name."""
    return _ENDPOINTS.get(registry, registry)


class Token(NamedTuple):
    """What a token service gives to a user, or to an anonymous client."""

    user: str | None


class Request(NamedTuple):
    """A request. `kind` is HEAD or GET, or "token" for one to a token service; /v2/ belongs to no repository.

    `pulled` is the tag or digest that all of a pull's requests are about.
    """

    kind: str
    url: str
    repository: str = ""
    manifest: str = ""
    authorization: Credential | Token | None = None
    pulled: str = ""

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


class Exchange(NamedTuple):
    """A request, and the response to it."""

    request: Request
    response: Response


class NoResponseError(Exception):
    """Nothing came back, and why, as Go's HTTP client words it; it took `seconds`."""

    def __init__(self, problem: str, seconds: float = 0) -> None:
        super().__init__(problem)
        self.seconds = seconds
