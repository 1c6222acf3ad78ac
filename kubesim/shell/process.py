"""What a process in a container wrote, when, and how it ended; and why one could not be started."""

import re
from collections.abc import Iterable
from math import inf
from typing import NamedTuple

from kubesim.api.budget import TooMuchError
from kubesim.api.clock import Micros, to_datetime
from kubesim.shell.machine import Input
from kubesim.shell.tools import lines


class Write(NamedTuple):
    """What a process writes at once."""

    seconds: float  # after its start
    stream: str  # "stdout" or "stderr"
    text: str

    def later(self, seconds: float) -> "Write":
        """The same, some seconds later."""
        return self._replace(seconds=self.seconds + seconds)


class Line(NamedTuple):
    """A line of what a process writes."""

    seconds: float  # after its start, when the line was whole
    text: str


class Process(NamedTuple):
    """What a process wrote and how it ended."""

    writes: tuple[Write, ...] = ()
    exit_code: int = 0
    seconds: float = 0
    """How long it ran; inf: until it is stopped."""
    stop_code: int | None = None
    """The status with which it ends after SIGTERM, in `stop_seconds` and with `last_words`; None: it ignores that."""
    failure: str = ""
    """Why it never started, in the runtime's words."""
    unsimulated: str = ""
    """What it needed that isn't simulated; there it stopped."""
    stop_seconds: float = 0
    last_words: tuple[Write, ...] = ()

    def written(self, stream: str) -> str:
        return "".join(write.text for write in self.writes if write.stream == stream)

    def lines_by(self, seconds: float) -> list[Line]:
        """The lines written in the first `seconds`: each stream's, as they end, and behind them what has begun."""
        ended: list[Line] = []
        begun: dict[str, Line] = {}  # by stream
        for write in self.writes:
            if write.seconds > seconds:
                continue
            before = begun.pop(write.stream, Line(0, "")).text
            for text in lines(before + write.text):
                line = Line(write.seconds, text)
                if text.endswith("\n"):
                    ended.append(line)
                else:
                    begun[write.stream] = line
        return [*ended, *begun.values()]


class StartError(Exception):
    """The runtime could not start the command; runc's words: `exec: "foo": executable file not found in $PATH`."""

    def of_container(self) -> str:
        """What the kubelet says when it was a container's own command."""
        runtime = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create"
        return f"{runtime} failed: unable to start container process: {self}"

    def of_exec(self, exec_id: str) -> str:
        """What the API server says when it was the command of an exec; `exec_id` is 64 hexadecimal digits.

        The runtime's streaming server and the API server's translator of streams each put their prefix before it.
        """
        prefix = "Internal error occurred: Internal error occurred: error executing command in container"
        runtime = f'failed to exec in container: failed to start exec "{exec_id}": OCI runtime exec failed: exec failed'
        return f"{prefix}: {runtime}: unable to start container process: {self}"


class Awaited(Input):
    """The input of a process to which nobody is attached yet: one that reads it goes on and on."""

    def __init__(self) -> None:
        super().__init__("")

    def rest(self) -> str:
        """Raises TooMuchError, as anything that never ends."""
        raise TooMuchError

    def line(self) -> str:
        return self.rest()


_TIME = re.compile(r"\{time(?::([^}]*))?\}")


def server(log: Iterable[str], started: Micros, stop_code: int | None) -> Process:
    """A process that writes the lines of `log` and then runs until it is stopped.

    `{time}` is its start, written as the log of nginx does or by the format of strftime after a colon: `{time:%H:%M}`.
    """

    def start(match: re.Match[str]) -> str:
        return to_datetime(started).strftime(match[1] or "%Y/%m/%d %H:%M:%S")

    writes = tuple(Write(0, "stdout", _TIME.sub(start, line) + "\n") for line in log)
    return Process(writes, seconds=inf, stop_code=stop_code)
