"""One pull of the container runtime: the hosts that it asks, and what it reports of their responses.

Mirrors containerd core/remotes/docker resolver.go, fetcher.go, authorizer.go and auth/fetch.go, v2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from functools import partial
from http import HTTPStatus
from typing import NamedTuple

from kubesim.cluster.registry.messages import NoResponseError, Request, Response, Token
from kubesim.pull.answer import Answer
from kubesim.pull.image import NODE_PLATFORM, Image, Trouble, digest_of
from kubesim.pull.imageref import Reference
from kubesim.pull.keyring import Credential

_DENIED = "pull access denied, repository does not exist or may require authorization"
# What a pull gets once it knows the digest. For each of these the runtime starts again with the first mirror.
_CONTENT = ("manifest", "configuration", "layers")


class Reached(IntEnum):
    """How far an attempt at one host came. The runtime reports the error that came furthest."""

    NO_RESPONSE = 1  # nothing came back, or the runtime had nothing to authorize itself with
    NOT_FOUND = 2
    STATUS = 3


class RefusedError(Exception):
    """A host did not give what it was asked for."""

    def __init__(
        self, refusal: str, code: str = "", part: str = "resolve", reached: Reached = Reached.NO_RESPONSE
    ) -> None:
        super().__init__(refusal)
        self.reached = reached
        self.answer = Answer(None, refusal, 0, code, part)


class Host(NamedTuple):
    """One of the hosts that may have an image: a mirror, or the registry itself. `query` ends the URLs at a mirror."""

    base: str
    query: str = ""


class Pull:
    """One attempt: the HEAD of the manifest, credentials or a token where asked for, and the content.

    Mirrors are asked first, with the same credentials as the registry: the kubelet doesn't say which host they are for.
    """

    def __init__(
        self,
        send: Callable[[Request], Response],
        hosts: Sequence[Host],
        troubles: Mapping[str, Trouble],
        reference: Reference,
        credential: Credential | None,
    ) -> None:
        self.send = send
        self.hosts = hosts
        self.troubles = troubles
        self.reference = reference
        self.credential = credential
        self.authorizations: dict[Host, Credential | Token | None] = {}
        self.seconds = 0.0

    def answer(self) -> Answer:
        """What comes of it."""
        try:
            return Answer(self._image(), seconds=self.seconds)
        except RefusedError as refused:
            return refused.answer._replace(seconds=self.seconds)

    def _image(self) -> Image:
        response = self._first(self._resolve)
        image = response.image
        if image is None or response.trouble:
            raise self._broken(response.trouble or self.troubles["web-page"], self.reference.canonical)
        for _ in _CONTENT:
            self._first(partial(self._fetch, image.digest))
        if image.index and NODE_PLATFORM not in image.platforms:
            raise self._broken(self.troubles["no-platform"], image.digest)
        if image.trouble and image.trouble.at != "container":
            raise self._broken(image.trouble, image.digest)
        return image

    def _first(self, ask: Callable[[Host], Response]) -> Response:
        """What the first host says that has what is asked for. Raises the RefusedError that came furthest."""
        refusals = []
        for host in self.hosts:
            try:
                return ask(host)
            except RefusedError as refused:
                refusals.append(refused)
        try:
            raise max(refusals, key=lambda refused: refused.reached)  # of equals the first
        finally:
            del refusals  # their tracebacks lead to this frame, which would keep them and all that called it

    def _resolve(self, host: Host) -> Response:
        """The HEAD of the manifest at `host`. Raises RefusedError."""
        request, response = self._authorized(host, "HEAD", self.reference.manifest)
        if response.status == HTTPStatus.NOT_FOUND:
            refusal = f"{self.reference.canonical}: not found"
            raise RefusedError(refusal, code="NotFound", reached=Reached.NOT_FOUND)
        if response.status != HTTPStatus.OK:
            # A HEAD has no body: after a 403 the runtime asks by GET, too, for the reason.
            reason = response.reason if response.status == HTTPStatus.FORBIDDEN else ""
            raise RefusedError(_unexpected("HEAD", request.url, response, reason), reached=Reached.STATUS)
        return response

    def _fetch(self, digest: str, host: Host) -> Response:
        """The GET of the manifest at `host`. Raises RefusedError."""
        failed = "failed to copy: httpReadSeeker: failed open: "
        try:
            request, response = self._authorized(host, "GET", digest)
        except RefusedError as refused:
            raise RefusedError(f"{failed}{refused}", part="content") from None
        if response.status != HTTPStatus.OK:
            problem = _unexpected("GET", request.url, response, response.reason)
            raise RefusedError(f"{failed}{problem}", part="content")
        return response

    def _authorized(self, host: Host, kind: str, manifest: str) -> tuple[Request, Response]:
        """A request for the manifest, sent again with what the host asks for, and the response. Raises RefusedError."""
        request, response = self._ask(host, kind, manifest)
        if response.auth:
            if response.auth == "basic" and self.credential is None:
                raise RefusedError(f"{_DENIED}: authorization failed: no basic auth credentials")
            if response.auth == "basic":
                self.authorizations[host] = self.credential
            else:
                self.authorizations[host] = self._token(response.token_url)
            request, response = self._ask(host, kind, manifest)
        if response.reason == "insufficient_scope":
            raise RefusedError(f"{_DENIED}: server message: {response.reason}: authorization failed")
        return request, response

    def _ask(self, host: Host, kind: str, manifest: str) -> tuple[Request, Response]:
        repository = self.reference.repository
        url = f"{host.base}/v2/{repository}/manifests/{manifest}{host.query}"
        request = Request(kind, url, repository, manifest, self.authorizations.get(host), self.reference.manifest)
        return request, self._response(request, f'failed to do request: {kind.capitalize()} "{url}"')

    def _response(self, request: Request, failed: str) -> Response:
        """Raises RefusedError where there is none; `failed` is what it begins with."""
        try:
            return self.send(request)
        except NoResponseError as error:
            self.seconds += error.seconds
            raise RefusedError(f"{failed}: {error}") from None

    def _token(self, url: str) -> Token:
        """The token that a service gives. Raises RefusedError.

        With credentials the runtime tries a POST first, and then a GET where the service takes no POST.
        """
        request = Request("token", url, self.reference.repository, "", self.credential, self.reference.manifest)
        has_credential = self.credential is not None
        method = "Post" if has_credential else "Get"
        first_url = url.partition("?")[0] if has_credential else url
        failed = f"failed to authorize: failed to fetch {'oauth' if has_credential else 'anonymous'} token: "
        response = self._response(request, f'{failed}{method} "{first_url}"')
        if response.token:
            return response.token
        if response.status >= HTTPStatus.TOO_MANY_REQUESTS:  # the first request was the last
            raise RefusedError(f"{failed}{_unexpected(method.upper(), first_url, response)}")
        raise RefusedError(f"{failed}{_unexpected('GET', url, response)}")

    def _broken(self, trouble: Trouble, name: str) -> RefusedError:
        """The error of an image that has a trouble; `name` is its digest, or the image's name."""
        self.seconds += trouble.seconds
        layer = digest_of(f"layer {name}")
        digest = name if name.startswith("sha256:") else layer
        refusal = trouble.message(image=name, digest=digest, layer=layer, other=digest_of(f"other {name}"))
        return RefusedError(refusal, trouble.code, trouble.at)


def _unexpected(method: str, url: str, response: Response, reason: str = "") -> str:
    text = f"unexpected status from {method} request to {url}: {response.line}"
    return f"{text}\n{reason}" if reason else text
