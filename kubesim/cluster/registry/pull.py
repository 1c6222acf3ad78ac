"""One pull by the container runtime: the requests to mirrors and registry, and the error message from the responses.

What the registries respond is in network.py; credentials and back-off are the kubelet's (kubelet/imagepull.py).
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
# The parts of an image that a pull fetches by digest. For each of them, the runtime starts with the first mirror.
_CONTENT = ("manifest", "configuration", "layers")


class Reached(IntEnum):
    """The progress of an attempt at one host. Of several hosts' errors, the runtime reports that of the furthest."""

    NO_RESPONSE = 1  # no response, or no authorization for sending the request
    NOT_FOUND = 2
    STATUS = 3  # any other status than 200 and 404


class RefusedError(Exception):
    """A host's failure to deliver. `answer` is the Answer of the pull if no other host delivers."""

    def __init__(
        self, refusal: str, code: str = "", part: str = "resolve", reached: Reached = Reached.NO_RESPONSE
    ) -> None:
        super().__init__(refusal)
        self.reached = reached
        self.answer = Answer(refusal=refusal, code=code, part=part)


class Host(NamedTuple):
    """A host to ask for an image: a mirror, or the registry itself."""

    base: str  # scheme and host of its URLs
    query: str = ""  # the end of URLs at a mirror: "?ns=REGISTRY"


class Pull:
    """One attempt with one credential: a HEAD for the manifest, authorization if a host demands it, and the content.

    Mirrors are asked first, with the same credential as the registry, because the kubelet doesn't tell the runtime
    which host it is for.
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
        self.authorizations: dict[Host, Credential | Token | None] = {}  # once a host has demanded it
        self.seconds = 0.0  # waited for hosts that didn't respond, and for broken content

    def answer(self) -> Answer:
        """Perform the pull; return the image or the refusal."""
        try:
            return Answer(self._image(), seconds=self.seconds)
        except RefusedError as refused:
            return refused.answer._replace(seconds=self.seconds)

    def _image(self) -> Image:
        """Resolve the reference, fetch the content, and return the image. Raises RefusedError."""
        response = self._first(self._resolve)
        image = response.image
        if image is None or response.trouble:
            # 200 without a manifest: a web server that isn't a registry.
            raise self._broken(response.trouble or self.troubles["web-page"], self.reference.canonical)
        for _ in _CONTENT:
            self._first(partial(self._fetch, image.digest))
        if image.index and NODE_PLATFORM not in image.platforms:
            raise self._broken(self.troubles["no-platform"], image.digest)
        if image.trouble and image.trouble.at != "container":  # a trouble at "container" shows when one is created
            raise self._broken(image.trouble, image.digest)
        return image

    def _first(self, ask: Callable[[Host], Response]) -> Response:
        """The response of the first host that delivers. Otherwise raises the RefusedError of the furthest progress."""
        refusals = []
        for host in self.hosts:
            try:
                return ask(host)
            except RefusedError as refused:
                refusals.append(refused)
        try:
            raise max(refusals, key=lambda refused: refused.reached)  # the first of equals
        finally:
            # The errors' tracebacks refer to this frame, and the frame to the errors: break the cycle, so that the
            # memory is freed without the garbage collector.
            del refusals

    def _resolve(self, host: Host) -> Response:
        """The HEAD of the manifest at `host`. Raises RefusedError."""
        request, response = self._send_authorized(host, "HEAD", self.reference.manifest)
        if response.status == HTTPStatus.NOT_FOUND:
            refusal = f"{self.reference.canonical}: not found"
            raise RefusedError(refusal, code="NotFound", reached=Reached.NOT_FOUND)
        if response.status != HTTPStatus.OK:
            # A HEAD has no body. After a 403, the runtime also sends a GET to learn the reason.
            reason = response.reason if response.status == HTTPStatus.FORBIDDEN else ""
            raise RefusedError(_unexpected("HEAD", request.url, response, reason), reached=Reached.STATUS)
        return response

    def _fetch(self, digest: str, host: Host) -> Response:
        """A GET of content at `host`, which stands for manifest, configuration and layers. Raises RefusedError."""
        failed = "failed to copy: httpReadSeeker: failed open: "
        try:
            request, response = self._send_authorized(host, "GET", digest)
        except RefusedError as refused:
            raise RefusedError(f"{failed}{refused}", part="content") from None
        if response.status != HTTPStatus.OK:
            problem = _unexpected("GET", request.url, response, response.reason)
            raise RefusedError(f"{failed}{problem}", part="content")
        return response

    def _send_authorized(self, host: Host, kind: str, manifest: str) -> tuple[Request, Response]:
        """Send a request for a manifest, again with authorization if the host demands it; return both.

        Raises RefusedError.
        """
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
        """Send a request for a manifest with the authorization that the host has demanded so far; return both."""
        repository = self.reference.repository
        url = f"{host.base}/v2/{repository}/manifests/{manifest}{host.query}"
        authorization = self.authorizations.get(host)
        request = Request(kind, url, repository, manifest, authorization, image_manifest=self.reference.manifest)
        return request, self._response(request, f'failed to do request: {kind.capitalize()} "{url}"')

    def _response(self, request: Request, failed: str) -> Response:
        """The response to a request. Raises RefusedError, whose message begins with `failed`, if there is none."""
        try:
            return self.send(request)
        except NoResponseError as error:
            self.seconds += error.seconds
            raise RefusedError(f"{failed}: {error}") from None

    def _token(self, url: str) -> Token:
        """Get a token from the token service at `url`. Raises RefusedError.

        With a credential, the runtime sends a POST first, and a GET if the service refuses the POST.
        """
        repository, manifest = self.reference.repository, self.reference.manifest
        request = Request("token", url, repository, authorization=self.credential, image_manifest=manifest)
        has_credential = self.credential is not None
        method = "Post" if has_credential else "Get"
        first_url = url.partition("?")[0] if has_credential else url
        failed = f"failed to authorize: failed to fetch {'oauth' if has_credential else 'anonymous'} token: "
        response = self._response(request, f'{failed}{method} "{first_url}"')
        if response.token:
            return response.token
        if response.status >= HTTPStatus.TOO_MANY_REQUESTS:  # the runtime doesn't try a GET after such a status
            raise RefusedError(f"{failed}{_unexpected(method.upper(), first_url, response)}")
        raise RefusedError(f"{failed}{_unexpected('GET', url, response)}")

    def _broken(self, trouble: Trouble, name: str) -> RefusedError:
        """The error for broken content; `name` is the image's digest or, if that is unknown, its name."""
        self.seconds += trouble.seconds
        layer = digest_of(f"layer {name}")
        digest = name if name.startswith("sha256:") else layer
        refusal = trouble.message(image=name, digest=digest, layer=layer, other=digest_of(f"other {name}"))
        return RefusedError(refusal, code=trouble.code, part=trouble.at)


def _unexpected(method: str, url: str, response: Response, reason: str = "") -> str:
    """containerd's error about an unexpected status, with the reason on a second line."""
    text = f"unexpected status from {method} request to {url}: {response.line}"
    return f"{text}\n{reason}" if reason else text
