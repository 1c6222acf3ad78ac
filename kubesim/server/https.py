"""A cluster's API over HTTPS on loopback, for a real kubectl and client libraries.

A thread of the server answers one request at a time under the cluster's lock. Certificate, token and port are new at
every start, and are written to the kubeconfig.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import secrets
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import trustme
from tornado import httpserver, iostream, netutil, web

from kubesim.api.budget import Budget, TooMuchError
from kubesim.api.resources import NAMESPACE
from kubesim.cluster import Cluster
from kubesim.cluster.apiserver.authorization import ADMIN, User
from kubesim.server import API, kubeconfigfile
from kubesim.server.executions import EXEC_PATH, Exec
from kubesim.server.handlers import MAX_READ, Handler
from kubesim.server.request import Request, Response
from kubesim.server.watch import Watch
from kubesim.shell.process import Process

LOOPBACK = "127.0.0.1"
# The simulated seconds of a request for objects, equal to those of a command in the shell.
COMMAND_SECONDS = 0.1
MOST_CONNECTIONS = 256
_SILENT = 10.0  # wall-clock seconds for a TLS handshake, for a request's header, and between two requests
_STALLED = 30.0  # wall-clock seconds for a body
_PAUSE = 0.5
_REAL_TIME_STEP = 0.2
_LONGEST_HEAD_READ = 1 << 20  # bytes; a longer head cuts the connection without an answer
# With the wall clock's time, simulated seconds after a new namespace, so that its ServiceAccount exists before the
# answer.
_ACCOUNT_SECONDS = 0.1


class Server:
    """Serves a cluster until `close`.

    `kubeconfig` is the path of the kubeconfig to write, with the server's URL and token. A file there that kubesim
    hasn't written isn't replaced. With an `address` other than loopback, every machine in that network can reach the
    server, but the token is still needed. `port` 0 takes a free port.

    Each request for objects takes `tick` simulated seconds. With `realtime`, the wall clock moves the cluster's time
    instead. Raises OSError if the address can't be bound or the file can't be written.
    """

    def __init__(
        self,
        cluster: Cluster,
        kubeconfig: Path,
        *,
        address: str = LOOPBACK,
        port: int = 0,
        tick: float = COMMAND_SECONDS,
        realtime: bool = False,
    ) -> None:
        self.kubeconfig = kubeconfig.absolute()
        self.address = address
        self._token = secrets.token_urlsafe(32)
        self._authority = trustme.CA(organization_name="kubesim")
        self._is_realtime = realtime
        self._tick = 0.0 if realtime else tick
        self._listeners: list[Callable[[], object]] = []
        self._tls = self._new_tls_context()
        self._connections: dict[iostream.IOStream, bool] = {}  # by age; True once the token was sent
        self._sockets = netutil.bind_sockets(port, address)
        self.port: int = self._sockets[0].getsockname()[1]
        self._write_kubeconfig()
        self._serve(cluster)  # last: from here on the history subscribes to the cluster
        self._http = httpserver.HTTPServer(
            self._application(),
            max_body_size=MAX_READ,
            body_timeout=_STALLED,
            max_header_size=_LONGEST_HEAD_READ,
            idle_connection_timeout=_SILENT,
        )
        # Connections wait in the sockets' queues until the loop runs.
        self._loop = asyncio.new_event_loop()
        self._acceptors = [self._loop.create_task(self._accept(listening)) for listening in self._sockets]
        if realtime:
            self._loop.call_soon(self._follow_wall_clock, self._loop.time())
        self._thread = threading.Thread(target=self._run, name="kubesim-server", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        """The line that makes a shell's kubectl use this server. A notebook shows it."""
        return kubeconfigfile.export(self.kubeconfig)

    @property
    def url(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"https://{host}:{self.port}"

    @property
    def is_watched(self) -> bool:
        """True if a client has a watch open."""
        return self._api.history.is_watched

    @property
    def is_closed(self) -> bool:
        return not self._thread.is_alive()

    def attach(self, cluster: Cluster) -> None:
        """Serve another cluster. Watches of the one before end."""
        before = self._api
        self._serve(cluster, undone=max(before.history.undone, before.cluster.api.revision))
        before.history.close()

    def _serve(self, cluster: Cluster, undone: int = 0) -> None:
        self._api = API(cluster, jumps=self._tick > 0, undone=undone)
        self._revision = cluster.api.revision

    def on_change(self, listener: Callable[[], object]) -> None:
        """Call `listener` in the server's thread after each request or tick of the wall clock with a change."""
        self._listeners.append(listener)

    def _notify(self) -> None:
        revision = self._api.cluster.api.revision
        if revision != self._revision:
            self._revision = revision
            for listener in self._listeners:
                listener()

    def _write_kubeconfig(self) -> None:
        """Write the kubeconfig. Raises OSError if it can't be written, after closing the sockets."""
        authority = base64.b64encode(self._authority.cert_pem.bytes()).decode()
        try:
            kubeconfigfile.write(self.kubeconfig, kubeconfigfile.content(self.url, authority, self._token))
        except OSError:
            for listening in self._sockets:
                listening.close()
            raise

    def close(self) -> None:
        """Stop the server and cut its connections. Closing twice is allowed."""
        api = self._api
        with api.cluster.lock:
            api.history.close()
        with suppress(RuntimeError):  # closed before
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        """Run the server's loop until `close` stops it, then close all that is open."""
        self._loop.run_forever()
        for task, listening in zip(self._acceptors, self._sockets, strict=True):
            task.cancel()
            listening.close()
        self._loop.run_until_complete(self._http.close_all_connections())
        self._loop.close()

    async def _accept(self, listening: socket.socket) -> None:
        """Accept connections. If no file descriptor is left, wait a moment."""
        while True:
            try:
                connection, address = await self._loop.sock_accept(listening)
            except OSError:
                await asyncio.sleep(_PAUSE)
                continue
            if not self._make_room():
                connection.close()
                continue
            with suppress(OSError):  # it is gone already
                stream = iostream.SSLIOStream(self._tls.wrap_socket(connection, True, do_handshake_on_connect=False))
                self._connections[stream] = False
                self._http.handle_stream(stream, address)

    def _make_room(self) -> bool:
        """Make room for a connection by closing the oldest one without a token.

        Returns False if every connection has sent the token. Without this, a client that opens many connections and
        sends nothing would shut the learner out.
        """
        self._connections = {stream: is_known for stream, is_known in self._connections.items() if not stream.closed()}
        if len(self._connections) < MOST_CONNECTIONS:
            return True
        stranger = next((stream for stream, is_known in self._connections.items() if not is_known), None)
        if stranger is None:
            return False
        stranger.close()
        return True

    def recognize(self, stream: iostream.IOStream) -> None:
        """Mark a connection as the learner's, because a request on it had the token."""
        if stream in self._connections:
            self._connections[stream] = True

    def _application(self) -> web.Application:
        options = {"server": self}
        return web.Application([(EXEC_PATH, Exec, options), (".*", Handler, options)], log_function=lambda _: None)

    def _new_tls_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._authority.issue_cert("localhost", LOOPBACK, "::1", self.address).configure_cert(context)
        return context

    def _follow_wall_clock(self, since: float) -> None:
        """Let the cluster's time pass as the wall clock's has since the last step, and plan the next step."""
        now = self._loop.time()
        # first, so that an error in this step doesn't stop the steps
        self._loop.call_later(_REAL_TIME_STEP, self._follow_wall_clock, now)
        cluster = self._api.cluster
        with cluster.lock:
            with suppress(TooMuchError):  # a busy cluster's time runs slower than the wall clock
                cluster.advance(now - since, Budget(Budget.STEPS // 4))
            self._notify()

    def identify(self, token: str) -> User | None:
        """The administrator for the server's own token, else None. Tokens of ServiceAccounts aren't accepted."""
        is_own = hmac.compare_digest(token.encode("utf-8", "replace"), self._token.encode())
        return ADMIN if is_own else None

    def answer(self, request: Request) -> Response | Watch:
        """The response to a request, after its simulated time has passed."""
        with self._served(request) as api:
            return api.answer(request)

    def execute(self, request: Request, argv: list[str], stdin: str) -> Process:
        """Run a command in a container. Raises StatusError and StartError."""
        with self._served(request) as api:
            return api.execute(request, argv, stdin)

    @contextmanager
    def _served(self, request: Request) -> Iterator[API]:
        """A context for one request under the cluster's lock: first its time passes, and last listeners are called."""
        api = self._api
        with api.cluster.lock:
            if request.route and request.route.verb != "watch":
                api.cluster.advance(self._tick)
            yield api
            makes_namespace = request.method == "POST" and request.route and request.route.resource is NAMESPACE
            if self._is_realtime and makes_namespace:
                api.cluster.advance(_ACCOUNT_SECONDS)
            self._notify()
