"""A served session, a client of it, and connections with which tests misbehave."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kubesim import Session
from kubesim.api import load_yaml
from kubesim.server.https import Server
from tests.patience import SECONDS

# The path of the default namespace's ConfigMaps.
MAPS = "/api/v1/namespaces/default/configmaps"


class Client:
    """A client with the address, the token and the certificate authority of a kubeconfig. A call sends one request."""

    def __init__(self, kubeconfig: Path, port: int) -> None:
        config = load_yaml(kubeconfig)
        cluster = config["clusters"][0]["cluster"]
        self.url: str = cluster["server"]
        self.port = port
        self.token: str = config["users"][0]["user"]["token"]
        self.authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self.tls = ssl.create_default_context(cadata=self.authority)

    @property
    def authorization(self) -> dict[str, str]:
        """The usual headers of a request."""
        return {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}

    def connect(self) -> http.client.HTTPSConnection:
        """A new connection, which opens with the first request."""
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=SECONDS)

    def __call__(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **options: Any
    ) -> tuple[int, Any, dict[str, str]]:
        """Send a request on a new connection. Returns the response's code, parsed JSON or text, and headers."""
        connection = self.connect()
        data = json.dumps(body) if isinstance(body, dict) else body
        connection.request(method, path, data, self.authorization if headers is None else headers, **options)
        answer = connection.getresponse()
        found = answer.read()
        connection.close()
        is_json = found and answer.headers.get_content_type() == "application/json"
        return answer.status, json.loads(found) if is_json else found.decode(), dict(answer.headers)

    def plain(self) -> socket.socket:
        """A connected socket without TLS."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)

    def raw(self) -> ssl.SSLSocket:
        """A connected socket with TLS, on which nothing was sent."""
        return self.tls.wrap_socket(self.plain(), server_hostname="127.0.0.1")

    def watch(self, path: str = MAPS, more: str = "") -> ssl.SSLSocket:
        """The socket of a watch, after the headers of its response. `more` is appended to the query."""
        found = self.raw()
        head = f"Host: localhost\r\nAuthorization: Bearer {self.token}\r\n\r\n"
        found.sendall(f"GET {path}?watch=1{more} HTTP/1.1\r\n{head}".encode())
        assert found.recv(1 << 16).startswith(b"HTTP/1.1 200 OK")
        return found


def holds(condition: Callable[[], bool], seconds: float = SECONDS) -> bool:
    """Wait until the condition holds, at most that many seconds. Returns True if it holds."""
    ends = time.monotonic() + seconds
    while not condition() and time.monotonic() < ends:
        time.sleep(0.01)
    return condition()


class StoppedClock:
    """A stopped clock for the server's event loop, so that no time limit passes because the machine is busy."""

    def __init__(self, server: Server) -> None:
        self._loop, self._now = server._loop, server._loop.time()
        self._loop.time = lambda: self._now  # type: ignore[method-assign]

    def skip(self, seconds: float) -> None:
        """Advance the clock, and return when the server has acted on it."""
        self._now += seconds
        for _ in range(3):  # rounds of the loop: due timers, the callbacks that they schedule, and those of these
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self._loop).result()


@contextmanager
def served(**options: Any) -> Iterator[tuple[Session, Server, Client]]:
    """A context with a session, its server and a client. `options` are those of Session.serve."""
    with TemporaryDirectory() as folder:
        session = Session()
        server = session.serve(Path(folder, "config"), **{"tick": 0, **options})
        try:
            yield session, server, Client(Path(folder, "config"), server.port)
        finally:
            server.close()
