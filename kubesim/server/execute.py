"""`kubectl exec` over a WebSocket: the output of one command, and how it ended.

The commands here read no input, so that nothing is expected from the client. Mirrors k8s.io/streaming
pkg/httpstream/wsstream and k8s.io/apimachinery pkg/util/remotecommand (v5.channel.k8s.io), v1.36.
"""

from __future__ import annotations

import hashlib
import json

from tornado import websocket

from kubesim.api import errors
from kubesim.api.objects import Object
from kubesim.server.http import Listener
from kubesim.server.representation import status_of
from kubesim.shell.container import Process, StartError

PATH = r"/api/v1/namespaces/[^/]+/pods/[^/]+/exec"
_PROTOCOL = "v5.channel.k8s.io"
_STDOUT, _STDERR, _STATUS = b"\x01", b"\x02", b"\x03"


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
        argv = [word.decode("utf-8", "replace") for word in self.request.query_arguments.get("command", [])]
        try:
            self._outcome = self._run(argv)
        except errors.StatusError as error:
            self.refuse(error)
            return
        if self.request.method == "GET":
            await super().get()
        else:
            self.refuse(errors.not_simulated("exec is served over WebSockets only"))

    post = get

    def on_message(self, message: str | bytes) -> None:
        """Nothing here reads its input."""

    def _run(self, argv: list[str]) -> tuple[Process, Object]:
        try:
            ran = self.execute_command(self.as_request(b""), argv)
        except StartError as error:
            exec_id = hashlib.sha256(repr((self.request.uri, argv)).encode()).hexdigest()
            why = f"Internal error occurred: {error.of_exec(exec_id)}"
            return Process(), status_of(errors.StatusError(500, "InternalError", why))
        return ran, _status(ran.exit_code)

    def open(self) -> None:
        """Send everything and hang up."""
        ran, status = self._outcome
        for channel, text in ((_STDOUT, ran.written("stdout")), (_STDERR, ran.written("stderr"))):
            if text:
                self.write_message(channel + text.encode("utf-8", "replace"), binary=True)
        self.write_message(_STATUS + json.dumps(status).encode(), binary=True)
        self.close(1000)


def _status(exit_code: int) -> Object:
    if not exit_code:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "reason": "NonZeroExitCode",
        "message": f"command terminated with non-zero exit code: exit status {exit_code}",
        "details": {"causes": [{"reason": "ExitCode", "message": str(exit_code)}]},
    }
