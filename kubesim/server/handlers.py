"""The API over HTTP: who is let in, requests with their bodies, watches that stay open, and `kubectl exec`.

Requests need the bearer token, but for a few harmless paths. A Host header with a name that DNS could point anywhere is
refused, so that no web page can reach the API through the learner's browser (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import json
import logging
from collections.abc import Awaitable
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tornado import iostream, web, websocket

from kubesim.api import errors
from kubesim.api.objects import Object
from kubesim.cluster.apiserver.authorization import ANONYMOUS, User
from kubesim.server.request import Request, Response
from kubesim.server.views import status_of
from kubesim.server.watch import Watch, event
from kubesim.shell.process import Process, StartError

if TYPE_CHECKING:
    from kubesim.server.https import Server

OPEN_PATHS = ("/version", "/healthz", "/livez", "/readyz")
LONGEST_WATCH = 3600.0  # wall-clock seconds
MAX_BODY = 3 * 1024 * 1024
"""Bytes, as of the real API server."""
MAX_READ = 32 * 1024 * 1024
"""Bytes of a longer body that are read before hanging up: a client that still writes wouldn't see the refusal."""

_log = logging.getLogger(__name__)
for _quiet in (_log, logging.getLogger("tornado.general")):  # where nobody adds another handler
    _quiet.addHandler(logging.NullHandler())


class Listener(web.RequestHandler):
    """What all requests have in common: what isn't let in is answered before its body is read."""

    def initialize(self, server: Server) -> None:
        """`server` knows who is let in, and what to send."""
        self.server: Server = server
        self._user: User | None = None

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("Cache-Control", "no-cache, private")

    def compute_etag(self) -> None:
        """Kubernetes has none."""

    def prepare(self) -> None:
        """Refuse at once what need not be read."""
        host = self.request.host_name
        kind, _, credential = self.request.headers.get("Authorization", "").partition(" ")
        token = credential.strip() if kind.lower() == "bearer" else ""
        self._user = self.server.identify(token)
        if host != self.server.address.lower() and not _is_safe_host(host):
            self.refuse(errors.StatusError(403, "Forbidden", "this Host is not served: use the address or localhost"))
        elif self._user is None and token.count(".") == 2:  # a JSON Web Token
            self.refuse(
                errors.not_simulated("the served API takes the token of its kubeconfig, and no ServiceAccount's")
            )
        elif self._user is None and (token or self.request.path not in OPEN_PATHS):
            self.refuse(errors.StatusError(401, "Unauthorized", "Unauthorized"))

    def refuse(self, error: errors.StatusError) -> None:
        self.set_header("Connection", "close")
        self.send(Response(status_of(error), error.code))

    def send(self, response: Response) -> None:
        self.set_status(response.code)
        self.set_header("Content-Type", response.content_type)
        for text in response.warnings:
            self.add_header("Warning", f"299 - {_quoted(text)}")
        self.finish(response.body)

    def as_request(self, body: bytes) -> Request:
        incoming = self.request
        query = {key: values[0].decode("utf-8", "replace") for key, values in incoming.query_arguments.items()}
        headers = {key.lower(): value for key, value in incoming.headers.items()}
        groups = tuple(incoming.headers.get_list("Impersonate-Group"))
        user = self._user or ANONYMOUS
        return Request(user, incoming.method or "", unquote(incoming.path), query, headers, body, groups)

    def write_error(self, status_code: int, **_: object) -> None:
        """A Status and never a traceback, for what tornado refuses and for bugs of kubesim."""
        reason = {405: "MethodNotAllowed", 500: "InternalError"}.get(status_code, "BadRequest")
        self.refuse(errors.StatusError(status_code, reason, HTTPStatus(status_code).phrase))

    def log_exception(self, *error: object) -> None:
        _log.error("%s %s failed", self.request.method, self.request.path, exc_info=error)  # type: ignore[arg-type]


def _is_safe_host(host: str) -> bool:
    """An address or localhost: nothing that a DNS server decides about."""
    with suppress(ValueError):
        ipaddress.ip_address(host.strip("[]"))
        return True
    return host == "localhost"


def _quoted(text: str) -> str:
    """A quoted-string of RFC 9110; what no header can hold becomes a space."""
    clean = "".join(char if char.isascii() and char.isprintable() else " " for char in text)
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'


@web.stream_request_body
class Handler(Listener):
    """One request of any method."""

    SUPPORTED_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

    def prepare(self) -> None:
        """Start to read, if the request is let in."""
        self._body = bytearray()
        self._size = 0
        self._changed = asyncio.Event()
        self._has_gone = False
        super().prepare()

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Take a piece of the body; nothing is kept of one that is too long."""
        self._size += len(chunk)
        if self._size <= MAX_BODY:
            self._body += chunk
        return None

    async def get(self) -> None:
        """Answer any method: the API decides what it means."""
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
        """Wake up a watch whose client has gone, so that it ends."""
        self._has_gone = True
        self._changed.set()
        super().on_connection_close()


# kubectl exec over a WebSocket: the output of a command, and how it ended. One that reads runs when all has been sent.
# Mirrors k8s.io/streaming pkg/httpstream/wsstream and k8s.io/apimachinery pkg/util/remotecommand
# (v5.channel.k8s.io), v1.36.

EXEC_PATH = r"/api/v1/namespaces/[^/]+/pods/[^/]+/exec"
_PROTOCOL = "v5.channel.k8s.io"
_STDIN = b"\x00"
_STDOUT = b"\x01"
_STDERR = b"\x02"
_STATUS = b"\x03"
_CLOSE = b"\xff"
_MOST_MESSAGES = 10_000  # kubectl sends 32 KiB in each
_TOO_MUCH_INPUT = errors.not_simulated(
    f"exec with an input of more than {MAX_BODY // 2**20} MiB is not part of this simulator"
)


class Exec(Listener, websocket.WebSocketHandler):
    """One command in a container."""

    def check_origin(self, origin: str) -> bool:
        """No web page has any business here."""
        return False

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """The one protocol that is spoken."""
        return _PROTOCOL if _PROTOCOL in subprotocols else None

    async def get(self) -> None:
        """Run the command; only then is the connection upgraded, so that a refusal is an ordinary answer."""
        if self._finished:
            return
        self._reads = self._is_set("stdin")
        self._input = bytearray()
        self._messages = 0
        words = self.request.query_arguments.get("command", [])
        self._argv = [word.decode("utf-8", "replace") for word in words]
        try:
            if self._is_set("tty"):
                raise errors.not_simulated("exec -t over the API is not part of this simulator")
            if self.request.method == "GET" and not self._reads:
                self._outcome = self._run(self._argv)
            else:  # one that reads runs when its input is there: now it is only seen whether a command can run at all
                self._run(["true"])
            # A client that was refused asks once more, by POST, and shows that answer. Older ones only ask in this way.
            if self.request.method == "POST":
                raise errors.not_simulated("exec is served over WebSockets only, which kubectl uses since v1.30")
        except errors.StatusError as error:
            self.refuse(error)
        else:
            await super().get()

    post = get

    def _is_set(self, name: str) -> bool:
        return self.get_query_argument(name, "") in ("1", "true")

    async def on_message(self, message: str | bytes) -> None:
        """Gather what the command will read, and run it at the end of that."""
        self._count_message()
        data = message if isinstance(message, bytes) else message.encode()
        if not self._reads:
            return
        if data[:1] == _STDIN:
            self._input += data[1:]
        is_whole = data == _CLOSE + _STDIN
        if is_whole or len(self._input) > MAX_BODY:
            self._reads = False
            try:
                self._outcome = self._run(self._argv) if is_whole else (Process(), status_of(_TOO_MUCH_INPUT))
            except errors.StatusError as error:  # the Pod has gone meanwhile
                self._outcome = (Process(), status_of(error))
            await self._send()

    def on_ping(self, data: bytes) -> None:
        """tornado has answered it."""
        self._count_message()

    def _count_message(self) -> None:
        """Hang up on who sends far more messages than a client needs, before or after the command has run."""
        self._messages += 1
        if self._messages > _MOST_MESSAGES and self.ws_connection and self.ws_connection.stream:
            self.ws_connection.stream.close()

    def _run(self, argv: list[str]) -> tuple[Process, Object]:
        """Run a command; what it wrote, and the Status that tells how it ended."""
        try:
            ran = self.server.execute(self.as_request(b""), argv, self._input.decode("utf-8", "replace"))
        except StartError as error:
            exec_id = hashlib.sha256(repr((self.request.uri, argv)).encode()).hexdigest()
            return Process(), status_of(errors.StatusError(500, "InternalError", error.of_exec(exec_id)))
        return ran, _status(ran)

    async def open(self) -> None:
        """Send everything at once, unless input comes first."""
        if not self._reads:
            await self._send()

    async def _send(self) -> None:
        """Send what the command wrote, and how it ended, unless the client has gone."""
        ran, status = self._outcome
        with suppress(websocket.WebSocketClosedError):
            for channel, text in ((_STDOUT, ran.written("stdout")), (_STDERR, ran.written("stderr"))):
                if text:
                    await self.write_message(channel + text.encode("utf-8", "replace"), binary=True)
            await self.write_message(_STATUS + json.dumps(status).encode(), binary=True)
        self.close(1000)


def _status(ran: Process) -> Object:
    if ran.unsimulated:
        return status_of(errors.not_simulated("this command was stopped there"))
    if not ran.exit_code:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "reason": "NonZeroExitCode",
        "message": f"command terminated with non-zero exit code: exit status {ran.exit_code}",
        "details": {"causes": [{"reason": "ExitCode", "message": str(ran.exit_code)}]},
    }
