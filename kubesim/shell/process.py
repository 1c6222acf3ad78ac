"""The outcome of a process in a container: its timed output and exit code, or the error of its start."""

import re
from collections.abc import Iterable
from math import inf
from typing import NamedTuple

from kubesim.api.budget import TooMuchError
from kubesim.api.clock import Micros, to_datetime
from kubesim.shell.machine import Input
from kubesim.shell.tools import lines

_TIME = re.compile(r"\{time(?::([^}]*))?\}")


class Write(NamedTuple):
    """One write of a process."""

    seconds: float  # from the process's start
    stream: str  # "stdout" or "stderr"
    text: str


class Line(NamedTuple):
    """A line of a process's output."""

    seconds: float  # from the process's start to the end of the line
    text: str


class Process(NamedTuple):
    """The output and the end of a process."""

    writes: tuple[Write, ...] = ()
    exit_code: int = 0
    # The duration; inf for a process that runs until it is stopped.
    seconds: float = 0
    # The exit code after SIGTERM. None: it ignores SIGTERM.
    stop_code: int | None = None
    # The runtime's error if the process could not be started, else "".
    failure: str = ""
    # The feature that isn't simulated and at which the process stopped, else "".
    unsimulated: str = ""

    def written(self, stream: str) -> str:
        return "".join(write.text for write in self.writes if write.stream == stream)

    def lines_by(self, seconds: float) -> list[Line]:
        """The lines written in the first `seconds`: whole lines in order, then each stream's unfinished line."""
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
    """The runtime can't start a command. The message is runc's: `exec: "foo": executable file not found in $PATH`."""

    def of_container(self) -> str:
        """The kubelet's error for a container's own command."""
        runtime = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create"
        return f"{runtime} failed: unable to start container process: {self}"

    def of_exec(self, exec_id: str) -> str:
        """The API server's error for the command of an exec.

        `exec_id` has 64 hexadecimal digits. The runtime's streaming server and the API server's translator of streams
        each add a prefix.
        """
        prefix = "Internal error occurred: Internal error occurred: error executing command in container"
        runtime = f'failed to exec in container: failed to start exec "{exec_id}": OCI runtime exec failed: exec failed'
        return f"{prefix}: {runtime}: unable to start container process: {self}"


class Awaited(Input):
    """The stdin of a process that nobody has attached to yet. A process that reads it waits forever."""

    def __init__(self) -> None:
        super().__init__("")

    def rest(self) -> str:
        """Raises TooMuchError, as all endless work does."""
        raise TooMuchError

    def line(self) -> str:
        return self.rest()


def server(log: Iterable[str], started: Micros, stop_code: int | None) -> Process:
    """A process that writes the lines of `log` at once and runs until it is stopped.

    In a line, `{time}` is the start time in nginx's format, `{time:%H:%M}` in that of strftime.
    """

    def start(match: re.Match[str]) -> str:
        return to_datetime(started).strftime(match[1] or "%Y/%m/%d %H:%M:%S")

    writes = tuple(Write(0, "stdout", _TIME.sub(start, line) + "\n") for line in log)
    return Process(writes, seconds=inf, stop_code=stop_code)
