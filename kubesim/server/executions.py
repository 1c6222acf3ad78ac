"""`kubectl exec` over a WebSocket: what a command wrote, and how it ended. One that reads runs when all input is there.

Mirrors k8s.io/streaming pkg/httpstream/wsstream and k8s.io/apimachinery pkg/util/remotecommand (v5.channel.k8s.io),
v1.36.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import NamedTuple

from tornado import websocket

from kubesim.api import errors
from kubesim.api.objects import Object
from kubesim.server.handlers import MAX_BODY, Listener
from kubesim.server.views import status_of
from kubesim.shell.process import Process, StartError

EXEC_PATH = r"/api/v1/namespaces/[^/]+/pods/[^/]+/exec"
_PROTOCOL = "v5.channel.k8s.io"
# What the first byte of a message says it is.
_STDIN = b"\x00"
_STDOUT = b"\x01"
_STDERR = b"\x02"
_STATUS = b"\x03"
_CLOSE = b"\xff"
_TOO_MUCH_INPUT = errors.not_simulated(
    f"exec with an input of more than {MAX_BODY // 2**20} MiB is not part of this simulator"
)


class _Outcome(NamedTuple):
    """What a command wrote, and the Status that tells how it ended."""

    process: Process
    status: Object


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
        words = self.request.query_arguments.get("command", [])
        self._argv = [word.decode("utf-8", "replace") for word in words]
        self._input = bytearray()
        self._outcome: _Outcome | None = None  # none while input is read
        try:
            self._start()
        except errors.StatusError as error:
            self.refuse(error)
        else:
            await super().get()

    post = get

    def _start(self) -> None:
        """Run the command or, where it reads, see whether a command can run at all. Raises StatusError."""
        if self._is_set("tty"):
            raise errors.not_simulated("exec -t over the API is not part of this simulator")
        if self.request.method == "GET" and not self._is_set("stdin"):
            self._outcome = self._run(self._argv)
            return
        self._run(["true"])
        # A client that was refused asks once more, by POST, and shows that answer. Older ones only ask in this way.
        if self.request.method == "POST":
            raise errors.not_simulated("exec is served over WebSockets only, which kubectl uses since v1.30")

    def _is_set(self, name: str) -> bool:
        return self.get_query_argument(name, "") in ("1", "true")

    async def on_message(self, message: str | bytes) -> None:
        """Gather what the command will read, and run it at the end of that."""
        if self._outcome:
            return
        data = message if isinstance(message, bytes) else message.encode()
        if data == _CLOSE + _STDIN:
            try:
                self._outcome = self._run(self._argv)
            except errors.StatusError as error:  # the Pod has gone meanwhile
                self._outcome = _Outcome(Process(), status_of(error))
        elif data[:1] == _STDIN:
            self._input += data[1:]
            if len(self._input) > MAX_BODY:
                self._outcome = _Outcome(Process(), status_of(_TOO_MUCH_INPUT))
        await self._send()

    def _run(self, argv: list[str]) -> _Outcome:
        """Run a command. Raises StatusError."""
        try:
            process = self.server.execute(self.as_request(b""), argv, self._input.decode("utf-8", "replace"))
        except StartError as error:
            exec_id = hashlib.sha256(repr((self.request.uri, argv)).encode()).hexdigest()
            not_started = errors.StatusError(500, "InternalError", error.of_exec(exec_id))
            return _Outcome(Process(), status_of(not_started))
        return _Outcome(process, _status(process))

    async def open(self) -> None:
        """Send everything at once, unless input comes first."""
        await self._send()

    async def _send(self) -> None:
        """Send what the command wrote, and how it ended, once it has run; unless the client has gone."""
        if self._outcome is None:
            return
        process, status = self._outcome
        with suppress(websocket.WebSocketClosedError):
            for channel, text in ((_STDOUT, process.written("stdout")), (_STDERR, process.written("stderr"))):
                if text:
                    await self.write_message(channel + text.encode("utf-8", "replace"), binary=True)
            await self.write_message(_STATUS + json.dumps(status).encode(), binary=True)
        self.close(1000)


def _status(process: Process) -> Object:
    if process.unsimulated:
        return status_of(errors.not_simulated("this command was stopped there"))
    if not process.exit_code:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "reason": "NonZeroExitCode",
        "message": f"command terminated with non-zero exit code: exit status {process.exit_code}",
        "details": {"causes": [{"reason": "ExitCode", "message": str(process.exit_code)}]},
    }
