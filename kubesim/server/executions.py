"""`kubectl exec` over a WebSocket: the command's output, and a Status for its end.

A command without stdin runs before the upgrade; one with stdin runs once its whole input has arrived. Mirrors
k8s.io/streaming pkg/httpstream/wsstream and k8s.io/apimachinery pkg/util/remotecommand (v5.channel.k8s.io), v1.36.
Terminals and their sizes are left out.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import NamedTuple

from tornado import websocket

from kubesim.api import errors
from kubesim.api.objects import Object
from kubesim.server.handlers import MAX_BODY, BaseHandler
from kubesim.server.views import status_of
from kubesim.shell.process import Process, StartError

EXEC_PATH = r"/api/v1/namespaces/[^/]+/pods/[^/]+/exec"
_PROTOCOL = "v5.channel.k8s.io"
# Channels: the first byte of each message.
_STDIN = b"\x00"
_STDOUT = b"\x01"
_STDERR = b"\x02"
_STATUS = b"\x03"
_CLOSE = b"\xff"
_TOO_MUCH_INPUT = errors.not_simulated(
    f"exec with an input of more than {MAX_BODY // 2**20} MiB is not part of this simulator"
)


class _Outcome(NamedTuple):
    """A command's output, and the Status that reports its exit code."""

    process: Process
    status: Object


class Exec(BaseHandler, websocket.WebSocketHandler):
    """The handler of one exec."""

    def check_origin(self, origin: str) -> bool:
        """Refuse browsers, which send an Origin header."""
        return False

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """Choose v5.channel.k8s.io, the only protocol served."""
        return _PROTOCOL if _PROTOCOL in subprotocols else None

    async def get(self) -> None:
        """Run the command before the connection is upgraded, so that a refusal is an ordinary response."""
        if self._finished:
            return
        words = self.request.query_arguments.get("command", [])
        self._argv = [word.decode("utf-8", "replace") for word in words]
        self._input = bytearray()
        self._outcome: _Outcome | None = None  # None until the command has run
        try:
            self._start()
        except errors.StatusError as error:
            self.refuse(error)
        else:
            await super().get()

    post = get

    def _start(self) -> None:
        """Run the command. If it has stdin, only check that commands can run in the container. Raises StatusError."""
        if self._is_set("tty"):
            raise errors.not_simulated("exec -t over the API is not part of this simulator")
        if self.request.method == "GET" and not self._is_set("stdin"):
            self._outcome = self._run(self._argv)
            return
        self._run(["true"])
        # A client whose WebSocket was refused asks again by POST (SPDY) and shows that answer. Older clients only use
        # POST.
        if self.request.method == "POST":
            raise errors.not_simulated("exec is served over WebSockets only, which kubectl uses since v1.30")

    def _is_set(self, name: str) -> bool:
        return self.get_query_argument(name, "") in ("1", "true")

    async def on_message(self, message: str | bytes) -> None:
        """Collect input, and run the command at the end of the input."""
        if self._outcome:
            return
        data = message if isinstance(message, bytes) else message.encode()
        if data == _CLOSE + _STDIN:
            try:
                self._outcome = self._run(self._argv)
            except errors.StatusError as error:  # such as: the Pod was deleted meanwhile
                self._outcome = _Outcome(Process(), status_of(error))
        elif data[:1] == _STDIN:
            self._input += data[1:]
            if len(self._input) > MAX_BODY:
                self._outcome = _Outcome(Process(), status_of(_TOO_MUCH_INPUT))
        await self._send()

    def _run(self, argv: list[str]) -> _Outcome:
        """Run a command and return its outcome. Raises StatusError."""
        try:
            process = self.server.execute(self.as_request(b""), argv, self._input.decode("utf-8", "replace"))
        except StartError as error:
            exec_id = hashlib.sha256(repr((self.request.uri, argv)).encode()).hexdigest()
            not_started = errors.StatusError(500, "InternalError", error.of_exec(exec_id))
            return _Outcome(Process(), status_of(not_started))
        return _Outcome(process, _status(process))

    async def open(self) -> None:
        """Send the outcome, unless the command waits for input."""
        await self._send()

    async def _send(self) -> None:
        """Send the output and the Status once the command has run. A client that has gone is ignored."""
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
    """The Status for the end of a process: Success, or Failure with the exit code."""
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
