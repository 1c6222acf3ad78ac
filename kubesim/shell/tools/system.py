"""Tools about the machine: its processes, users and names; and `sh`, a shell in the shell."""

from __future__ import annotations

import re
from typing import NamedTuple

from kubesim.api.clock import to_datetime
from kubesim.shell.machine import ProcessEntry
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools import Invocation, Operands, Options, ToolError


class _Format(NamedTuple):
    """A format of `ps`: its heading and rows. Sizes and processor times aren't simulated."""

    header: str
    row: str


_OF_USERS = _Format(
    "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND",
    "{user:8} {pid:7}  0.0  0.0   8000  4000 pts/0    S    {time:%H:%M}   0:00 {line}",
)
_FULL = _Format(
    "UID          PID    PPID  C STIME TTY          TIME CMD",
    "{user:8} {pid:7} {parent:7}  0 {time:%H:%M} pts/0    00:00:00 {line}",
)
_SHORT = _Format("    PID TTY          TIME CMD", "{pid:7} pts/0    00:00:00 {name}")
_BUSYBOX = _Format("PID   USER     TIME  COMMAND", "{pid:5} {user:<8}  0:00 {line}")


def ps(operands: Operands, options: Options, io: Invocation) -> None:
    """Print the shell and the processes of the running pipeline."""
    letters = "".join(operands).replace("-", "")
    if set(letters) - set("Aaefuxw"):
        raise UnsupportedError(f"'ps {' '.join(operands)}'")
    machine = io.machine
    shell = machine.shell_process
    form = _SHORT
    if machine.is_busybox:
        form = _BUSYBOX
    elif "u" in letters:
        form = _OF_USERS
    elif "f" in letters:
        form = _FULL
    parent = shell.pid - 1  # the shell's parent isn't simulated
    io.out(f"{form.header}\n{_process(form.row, shell, parent, machine.login)}")
    for process in machine.processes:
        if process.pid > shell.pid and process.pid >= machine.shell.pipeline_pid:
            io.out(_process(form.row, process, shell.pid, machine.login))


def _process(row: str, process: ProcessEntry, parent: int, user: str) -> str:
    text = row.format(
        user=user,
        pid=process.pid,
        parent=parent,
        time=to_datetime(process.time),
        line=process.line,
        name=process.arguments[0],
    )
    return f"{text}\n"


def neighbor(operands: Operands, options: Options, io: Invocation) -> None:
    """Print each command line that another user of this machine could have seen with ps, with its time."""
    for process in io.machine.processes:
        if process.arguments[0] != io.name:
            io.out(f"{to_datetime(process.time):%H:%M:%S} {process.line}\n")


def hostname(operands: Operands, options: Options, io: Invocation) -> None:
    io.out(f"{io.machine.hostname}\n")


def printenv(operands: Operands, options: Options, io: Invocation) -> int:
    if operands and io.name == "env":
        raise UnsupportedError("'env' with arguments")
    if not operands:
        io.out("".join(f"{name}={value}\n" for name, value in io.env.items()))
    missing = [name for name in operands if name not in io.env]
    io.out("".join(f"{io.env[name]}\n" for name in operands if name in io.env))
    return 1 if missing else 0


def bash(operands: Operands, options: Options, io: Invocation) -> int:
    """Run a script from a file, from -c or from stdin."""
    if not operands or operands[0] == "-":
        return io.run_script(io.name, io.read(), [io.name], io.streams._replace(stdin=None))
    first, *rest = operands
    if re.fullmatch("-[li]*c", first):
        if not rest:
            raise ToolError("-c: option requires an argument", 2)
        return io.run_script(io.name, rest[0], rest[1:] or [io.name], io.streams)
    if first.startswith("-"):
        raise UnsupportedError(f"'{io.name} {first}'")
    try:
        text = io.read(first)
    except OSError as error:
        raise ToolError(f"{first}: {error.strerror}", 127) from None
    return io.run_script(io.name, text, operands, io.streams)
