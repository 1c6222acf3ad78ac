"""Who may speak to the API over HTTP, and how an answer is sent.

Requests need the bearer token, but for a few harmless paths. A Host header with a name that DNS could point anywhere is
refused, so that no web page can reach the API through the learner's browser (DNS rebinding).
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import unquote

from tornado import web

from kubesim.api import errors
from kubesim.api.process import Process
from kubesim.server.representation import status_of
from kubesim.server.request import Request, Response
from kubesim.server.watch import Watch

_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())  # whoever wants to read it adds another one

OPEN_PATHS = ("/version", "/healthz", "/readyz")

Answer = Callable[[Request], Response | Watch]
Execute = Callable[[Request, list[str]], Process]


class Door(web.RequestHandler):
    """What all requests have in common: what may not come in is answered before its body is read."""

    def initialize(self, token: str, host: str, answer: Answer, execute: Execute) -> None:
        """`host` is the name of the server's own address; `answer` and `execute` find out what to send."""
        self._token = token
        self._host = host
        self.answer = answer
        self.execute_command = execute

    def set_default_headers(self) -> None:
        """Say nothing of what serves this."""
        self.clear_header("Server")
        self.set_header("Cache-Control", "no-cache, private")

    def compute_etag(self) -> None:
        """Kubernetes has none."""

    def prepare(self) -> None:
        """Refuse at once what need not be read."""
        try:
            self._admit()
        except errors.StatusError as error:
            self.refuse(error)

    def _admit(self) -> None:
        host = self.request.host_name
        if host != self._host.lower() and not _is_safe_host(host):
            raise errors.StatusError(403, "Forbidden", "this Host is not served: use the address or localhost")
        if self.request.path not in OPEN_PATHS and not self._is_authenticated():
            raise errors.StatusError(401, "Unauthorized", "Unauthorized")

    def _is_authenticated(self) -> bool:
        kind, _, given = self.request.headers.get("Authorization", "").partition(" ")
        token = given.strip().encode("utf-8", "replace")
        return kind.lower() == "bearer" and hmac.compare_digest(token, self._token.encode())

    def refuse(self, error: errors.StatusError) -> None:
        """Answer without waiting for the rest of the request, and hang up."""
        self.set_header("Connection", "close")
        self.send(Response(status_of(error), error.code))

    def send(self, response: Response) -> None:
        """Send an answer whole."""
        self.set_status(response.code)
        self.set_header("Content-Type", response.content_type)
        for text in response.warnings:
            self.add_header("Warning", f"299 - {_quoted(text)}")
        self.finish(response.body)

    def as_request(self, body: bytes) -> Request:
        """What is asked, without the transport."""
        given = self.request
        query = {key: values[0].decode("utf-8", "replace") for key, values in given.query_arguments.items()}
        headers = {key.lower(): value for key, value in given.headers.items()}
        groups = tuple(given.headers.get_list("Impersonate-Group"))
        return Request(given.method or "", unquote(given.path), query, headers, body, groups)

    def write_error(self, status_code: int, **_: object) -> None:
        """Whatever tornado refuses, or a mistake of ours: a Status and never a traceback."""
        reason = {405: "MethodNotAllowed", 500: "InternalError"}.get(status_code, "BadRequest")
        message = HTTPStatus(status_code).phrase
        self.send(Response(status_of(errors.StatusError(status_code, reason, message)), status_code))

    def log_exception(self, *error: object) -> None:
        """Keep mistakes of ours for who looks at the log."""
        _log.error("%s %s failed", self.request.method, self.request.path, exc_info=error)  # type: ignore[arg-type]


def _is_safe_host(host: str) -> bool:
    """An address or localhost: nothing that a DNS server decides about."""
    if host == "localhost":
        return True
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _quoted(text: str) -> str:
    """A quoted-string of RFC 9110; what no header can hold becomes a space."""
    clean = "".join(char if char.isascii() and char.isprintable() else " " for char in text)
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'
