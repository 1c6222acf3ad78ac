"""What the container runtime reports of a pull from a registry, and Docker's daemon of a login.

Mirrors containerd core/remotes/docker resolver.go, authorizer.go and auth/fetch.go, v2.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

from kubesim.api.clock import Clock
from kubesim.api.imageref import DEFAULT_REGISTRY, LEGACY_DEFAULT_REGISTRY, Reference
from kubesim.cluster.keyring import Credential
from kubesim.cluster.registry.exchange import Network, NoResponseError, Request, Response, Token
from kubesim.cluster.registry.world import NODE_PLATFORM, Image, Registry, Repository, Trouble, builtin, read

__all__ = ["NODE_PLATFORM", "Answer", "Image", "Registries", "Registry", "Repository", "Trouble", "builtin"]

# The host that answers for Docker Hub.
_ENDPOINTS = dict.fromkeys((DEFAULT_REGISTRY, LEGACY_DEFAULT_REGISTRY), "registry-1.docker.io")
_DENIED = "pull access denied, repository does not exist or may require authorization"
# By the part of the pull that failed, what the runtime writes before the reason; {} is the image.
_PREFIXES = {
    "resolve": 'failed to pull and unpack image "{}": failed to resolve image: ',
    "content": 'failed to pull and unpack image "{}": ',
    "config": "get image config descriptor: ",
}


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
    """All registries that a cluster's node can reach: those in the file at `path`, by default those of kubesim."""

    def __init__(self, clock: Clock, path: str | Path | None = None, proxy: str = "") -> None:
        self.network = Network(clock, read(path) if path is not None else None, proxy)

    def pull(self, reference: Reference, credential: Credential | None) -> Answer:
        """Ask for `reference` as the node; what is wrong at first may pass some time after that."""
        self.network.first_asked.setdefault(_host(reference.registry), self.network.clock.now)
        return self.resolve(reference, credential)

    def resolve(self, reference: Reference, credential: Credential | None) -> Answer:
        """What comes of asking for `reference` with `credential` (None: anonymously)."""
        # The runtime takes a credential without a user, or without a password, for none.
        given = credential if credential and credential.username and credential.password else None
        try:
            return Answer(_Pull(self.network, reference, given).image())
        except _RefusedError as refused:
            return refused.answer

    def login(self, server: str, credential: Credential) -> str:
        """Why the registry at `server` turns `credential` away, in the words of Docker's daemon; "" if it does not."""
        url = f"https://{_host(server)}/v2/"
        try:
            response = self.network.send(Request("GET", url))
            if response.auth == "basic":
                response = self.network.send(Request("GET", url, authorization=credential))
            elif response.auth == "token":
                response = self.network.send(Request("token", response.token_url, authorization=credential))
                problem = response.reason or f"received unexpected HTTP status: {response.line}"
                return "" if response.token else f'Get "{url}": {problem}'
        except NoResponseError as error:
            return f'Get "{url}": {error}'
        is_in = response.status == HTTPStatus.OK
        return "" if is_in else f"login attempt to {url} failed with status: {response.line}"

    def tags(self, reference: Reference) -> tuple[str, ...]:
        """The tags of a reference's repository, as its registry lists them; none if it is not there."""
        registry = self.network.world.by_name.get(reference.registry.partition(":")[0])
        return tuple(sorted(registry.repository(reference.repository).tags)) if registry else ()


def _host(registry: str) -> str:
    return _ENDPOINTS.get(registry, registry)


@dataclass
class _Pull:
    """One attempt: the HEAD of the manifest, credentials or a token where asked for, and the content."""

    network: Network
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
            raise _refused(response.trouble or self.network.world.troubles["web-page"], self.reference.canonical)
        request = self._request("GET", image.digest)
        response = self._send(request)
        if response.status != HTTPStatus.OK:
            problem = _unexpected("GET", request.url, response, response.reason)
            raise _RefusedError(f"failed to copy: httpReadSeeker: failed open: {problem}", part="content")
        if image.index and NODE_PLATFORM not in image.platforms:
            raise _refused(self.network.world.troubles["no-platform"], image.digest)
        if image.trouble and image.trouble.at != "container":
            raise _refused(image.trouble, image.digest)
        return image

    def _request(self, kind: str, manifest: str) -> Request:
        repository = self.reference.repository
        url = f"https://{_host(self.reference.registry)}/v2/{repository}/manifests/{manifest}"
        return Request(kind, url, repository, manifest, self.authorization)

    def _send(self, request: Request) -> Response:
        try:
            return self.network.send(request)
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
            response = self.network.send(Request("token", url, self.reference.repository, "", self.credential))
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
