"""The process list: as `ps` shows it now, and as somebody has seen it who never stopped looking."""

from __future__ import annotations

from collections.abc import Callable

from kubesim.api.clock import to_datetime
from kubesim.shell.state import Invocation, Process
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools.tool import Options, tool

_Row = Callable[[str, Process, int], str]  # of user, process and the parent's pid


def _short(user: str, process: Process, parent: int) -> str:
    return f"{process.pid:7} pts/0    00:00:00 {process.arguments[0]}"


def _full(user: str, process: Process, parent: int) -> str:
    return f"{user:8} {process.pid:7} {parent:7}  0 {_time(process, '%H:%M')} pts/0    00:00:00 {process.line}"


def _sized(user: str, process: Process, parent: int) -> str:
    return (
        f"{user:8} {process.pid:7}  0.0  0.0   8000  4000 pts/0    S    {_time(process, '%H:%M')}   0:00 {process.line}"
    )


# The formats by the letter that asks for them. No sizes and no processor times are simulated.
_FORMATS: dict[str, tuple[str, _Row]] = {
    "u": ("USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND", _sized),
    "f": ("UID          PID    PPID  C STIME TTY          TIME CMD", _full),
    "": ("    PID TTY          TIME CMD", _short),
}


@tool("ps [-ef|aux]", example="ps -ef")
def ps(operands: list[str], options: Options, io: Invocation) -> None:
    """Print the processes that run at this moment: the shell and the pipeline that `ps` is part of."""
    letters = "".join(operands).replace("-", "")
    if set(letters) - set("Aaefuxw"):
        raise UnsupportedError(f"'ps {' '.join(operands)}'")
    state = io.state
    header, row = next(_FORMATS[letter] for letter in _FORMATS if letter in letters)
    alive = [process for process in state.processes if process.pid >= state.first_alive]
    rows = [row(_user(io), state.bash, state.bash.pid - 1)]
    rows += [row(_user(io), process, state.bash.pid) for process in alive]
    io.out("\n".join([header, *rows]) + "\n")


@tool("neighbour", "", example="neighbour | grep docker")
def neighbour(operands: list[str], options: Options, io: Invocation) -> None:
    """Print every command line that another user of this machine has seen in the process list, with its time."""
    for process in io.state.processes:
        if process.arguments[0] != io.name:
            io.out(f"{_time(process, '%H:%M:%S')} {process.line}\n")


def _user(io: Invocation) -> str:
    return io.state.lookup("USER") or "learner"


def _time(process: Process, template: str) -> str:
    return to_datetime(process.started).strftime(template)
