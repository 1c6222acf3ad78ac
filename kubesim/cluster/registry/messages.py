"""Requests to a registry or its token service, their responses, and the error for a missing response."""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple

from kubesim.pull.image import Image, Trouble
from kubesim.pull.imageref import DEFAULT_REGISTRY, LEGACY_DEFAULT_REGISTRY
from kubesim.pull.keyring import Credential

_PHRASES = {status.value: status.phrase for status in HTTPStatus}
# The host that serves Docker Hub, by the names of Docker Hub in images.
_ENDPOINTS = dict.fromkeys((DEFAULT_REGISTRY, LEGACY_DEFAULT_REGISTRY), "registry-1.docker.io")


def host_of(registry: str) -> str:
    """The host that serves the registry of an image's name."""
    return _ENDPOINTS.get(registry, registry)


class Token(NamedTuple):
    """The token that a token service issues."""

    user: str | None  # None for an anonymous client


class Request(NamedTuple):
    """A request of the container runtime or of Docker."""

    kind: str  # HEAD, GET, or "token" for a request to a token service
    url: str
    repository: str = ""  # "" for /v2/
    manifest: str = ""  # the tag or digest in the URL
    authorization: Credential | Token | None = None
    image_manifest: str = ""  # the tag or digest in the image's name, the same for all requests of a pull

    @property
    def scheme(self) -> str:
        return self.url.partition("://")[0]

    @property
    def host(self) -> str:
        """The host in the URL, with its port if it has one."""
        return self.url.partition("://")[2].partition("/")[0]


class Response(NamedTuple):
    """The response of a registry or a token service."""

    status: int
    reason: str = ""  # text of the body
    auth: str = ""  # with 401, the way to authenticate: "basic" or "token"
    token_url: str = ""  # with the way "token", the URL for getting a token
    token: Token | None = None  # issued by a token service
    image: Image | None = None  # with 200 to a request for a manifest
    trouble: Trouble | None = None  # with 200, a trouble that makes the content unusable

    @property
    def line(self) -> str:
        """The status with its phrase: "401 Unauthorized"."""
        return f"{self.status} {_PHRASES.get(self.status, '')}".rstrip()


class Exchange(NamedTuple):
    """A request and its response."""

    request: Request
    response: Response


class NoResponseError(Exception):
    """The failure of a request without a response, with the message of Go's HTTP client, after `seconds`."""

    def __init__(self, problem: str, seconds: float = 0) -> None:
        super().__init__(problem)
        self.seconds = seconds
