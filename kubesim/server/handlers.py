"""The API over HTTP: authentication, requests with their bodies, and streams of watches.

All paths but OPEN_PATHS need the bearer token. A Host header with another name than localhost is refused, so that no
web page can reach the API through the learner's browser by a name that its DNS server points here (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import Awaitable
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Protocol
from urllib.parse import unquote

from tornado import iostream, web
from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPServerRequest

from kubesim.api import errors
from kubesim.cluster.apiserver.authorization import ANONYMOUS, User
from kubesim.server.request import Request, Response, refusal
from kubesim.server.watch import Watch, event
from kubesim.shell.process import Process

OPEN_PATHS = ("/version", "/healthz", "/livez", "/readyz")
LONGEST_WATCH = 3600.0  # wall-clock seconds
# Bytes of the first line and the headers.
LONGEST_HEAD = 64 * 1024
# Bytes, as in a real API server.
MAX_BODY = 3 * 1024 * 1024
# Bytes read of a body above MAX_BODY before hanging up. A client that is still writing would not see the refusal.
MAX_READ = 32 * 1024 * 1024

_log = logging.getLogger(__name__)
for _quiet in (_log, logging.getLogger("tornado.general")):  # so that Python's handler of last resort prints nothing
    _quiet.addHandler(logging.NullHandler())


class Server(Protocol):
    """The parts of the server that the handlers need: authentication and answers."""

    @property
    def address(self) -> str: ...

    def identify(self, token: str) -> User | None: ...

    def recognize(self, stream: iostream.IOStream) -> None: ...

    def answer(self, request: Request) -> Response | Watch: ...

    def execute(self, request: Request, argv: list[str], stdin: str) -> Process: ...


class BaseHandler(web.RequestHandler):
    """The base of the handlers, which checks a request before its body is read."""

    def initialize(self, server: Server) -> None:
        """Start without a user."""
        self.server = server
        self._user: User | None = None

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("Cache-Control", "no-cache, private")

    def compute_etag(self) -> None:
        """None: Kubernetes sends no ETag."""

    def prepare(self) -> None:
        """Authenticate, and refuse a request before its body is read."""
        kind, _, credential = self.request.headers.get("Authorization", "").partition(" ")
        token = credential.strip() if kind.lower() == "bearer" else ""
        self._user = self.server.identify(token)
        if self._user and isinstance(self.request.connection, HTTP1Connection):
            self.server.recognize(self.request.connection.stream)
        if error := self._refusal(token):
            self.refuse(error)

    def _refusal(self, token: str) -> errors.StatusError | None:
        """The error of a request that is refused, or None."""
        if _size_of_head(self.request) > LONGEST_HEAD:
            why = f"the head of a request may have {LONGEST_HEAD} bytes here"
            return errors.StatusError(431, "RequestHeaderFieldsTooLarge", why)
        host = self.request.host_name
        if host != self.server.address.lower() and not _is_safe_host(host):
            return errors.StatusError(403, "Forbidden", "this Host is not served: use the address or localhost")
        is_open = not token and self.request.path in OPEN_PATHS
        if self._user or is_open:
            return None
        if token.count(".") == 2:  # a JSON Web Token, as ServiceAccounts have
            return errors.not_simulated("the served API takes the token of its kubeconfig, and no ServiceAccount's")
        return errors.StatusError(401, "Unauthorized", "Unauthorized")

    def refuse(self, error: errors.StatusError) -> None:
        self.set_header("Connection", "close")
        self.send(refusal(error))

    def send(self, response: Response) -> None:
        self.set_status(response.code)
        self.set_header("Content-Type", response.content_type)
        for text in response.warnings:
            self.add_header("Warning", f"299 - {_quoted(text)}")
        self.finish(response.body)

    def as_request(self, body: bytes) -> Request:
        """The request without its transport. Of a repeated parameter, the first value counts."""
        incoming = self.request
        query = {key: values[0].decode("utf-8", "replace") for key, values in incoming.query_arguments.items()}
        headers = {key.lower(): value for key, value in incoming.headers.items()}
        groups = tuple(incoming.headers.get_list("Impersonate-Group"))
        user = self._user or ANONYMOUS
        return Request(
            user,
            incoming.method or "",
            unquote(incoming.path),
            query=query,
            headers=headers,
            body=body,
            impersonated_groups=groups,
        )

    def write_error(self, status_code: int, **_: object) -> None:
        """Answer with a Status, never with a traceback, to tornado's errors and to bugs of kubesim."""
        reason = {405: "MethodNotAllowed", 500: "InternalError"}.get(status_code, "BadRequest")
        self.refuse(errors.StatusError(status_code, reason, HTTPStatus(status_code).phrase))

    def log_exception(self, *error: object) -> None:
        """Log a bug. An error of tornado, such as an unknown method, isn't one."""
        if isinstance(error[1], web.HTTPError):
            return
        _log.error("%s %s failed", self.request.method, self.request.path, exc_info=error)  # type: ignore[arg-type]


def _size_of_head(request: HTTPServerRequest) -> int:
    """The approximate bytes of a request's first line and headers."""
    fields = sum(len(name) + len(value) + 4 for name, value in request.headers.get_all())
    return len(request.uri or "") + fields


def _is_safe_host(host: str) -> bool:
    """True if a host is an IP address or localhost, and not a name that a DNS server resolves."""
    with suppress(ValueError):
        ipaddress.ip_address(host.strip("[]"))
        return True
    return host == "localhost"


def _quoted(text: str) -> str:
    """`text` as a quoted-string of RFC 9110. Characters that no header can hold become spaces."""
    clean = "".join(char if char.isascii() and char.isprintable() else " " for char in text)
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'


@web.stream_request_body
class Handler(BaseHandler):
    """The handler of requests for objects and discovery, by any method."""

    SUPPORTED_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

    def initialize(self, server: Server) -> None:
        """Start with an empty body. If tornado refuses the method, on_connection_close is called right after this."""
        super().initialize(server)
        self._body = bytearray()
        self._size = 0
        self._changed = asyncio.Event()
        self._has_gone = False

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Append a chunk to the body. A body above MAX_BODY isn't kept."""
        self._size += len(chunk)
        if self._size <= MAX_BODY:
            self._body += chunk
        return None

    async def get(self) -> None:
        """Answer a request of any method."""
        if self._finished:
            return
        if self._size > MAX_BODY:
            self.refuse(errors.too_large(MAX_BODY))
            return
        answer = self.server.answer(self.as_request(bytes(self._body)))
        if isinstance(answer, Watch):
            await self._stream(answer)
        else:
            self.send(answer)

    head = post = put = patch = delete = get

    async def _stream(self, watch: Watch) -> None:
        """Send the events of a watch until it ends, the client leaves, or history no longer reaches back."""
        loop = asyncio.get_running_loop()
        stop = watch.history.on_change(partial(loop.call_soon_threadsafe, self._changed.set))
        self.set_header("Content-Type", "application/json")
        with suppress(iostream.StreamClosedError):
            try:
                await self.flush()
                await self._send_events(watch, loop.time() + min(watch.seconds or LONGEST_WATCH, LONGEST_WATCH))
            except errors.StatusError as error:
                self.write(event("ERROR", error))
            finally:
                stop()
            await self.finish()

    async def _send_events(self, watch: Watch, ends: float) -> None:
        loop = asyncio.get_running_loop()
        while not self._has_gone:
            self._changed.clear()
            lines = watch.lines()
            now = loop.time()
            if lines:
                self.write(lines)
                await self.flush()
            if now >= ends or watch.history.is_closed:
                return
            try:
                await asyncio.wait_for(self._changed.wait(), min(ends - now, watch.pause))
            except TimeoutError:
                watch.pass_time()

    def on_connection_close(self) -> None:
        """Wake up and end a watch whose client has gone."""
        self._has_gone = True
        self._changed.set()
        super().on_connection_close()
