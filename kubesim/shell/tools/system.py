"""Tools for the machine that they run on: its processes, users, names; and a shell in the shell."""

from __future__ import annotations

import re
from collections.abc import Callable

from kubesim.api.clock import to_datetime
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tool import Function, Invocation, Options, ToolError

KERNEL = "6.12.0-simulated"

# The formats by the letter that asks for them. No sizes and no processor times are simulated.
_FORMATS = {
    "u": (
        "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND",
        "{0:8} {1:7}  0.0  0.0   8000  4000 pts/0    S    {2:%H:%M}   0:00 {4}",
    ),
    "f": (
        "UID          PID    PPID  C STIME TTY          TIME CMD",
        "{0:8} {1:7} {3:7}  0 {2:%H:%M} pts/0    00:00:00 {4}",
    ),
    "": ("    PID TTY          TIME CMD", "{1:7} pts/0    00:00:00 {5}"),
}
_BUSYBOX = ("PID   USER     TIME  COMMAND", "{1:5} {0:<8}  0:00 {4}")
_DISKS = """\
Filesystem           {:>9}      Used Available Use% Mounted on
overlay              {:>9} {:>9} {:>9}  32% /
tmpfs                {:>9} {:>9} {:>9}   0% /dev
"""
_BLOCKS = ("1K-blocks", 20511312, 6205184, 13238816, 65536, 0, 65536)
_SIZES = ("Size", "19.6G", "5.9G", "12.6G", "64.0M", "0", "64.0M")


def ps(operands: list[str], options: Options, io: Invocation) -> None:
    letters = "".join(operands).replace("-", "")
    if set(letters) - set("Aaefuxw"):
        raise UnsupportedError(f"'ps {' '.join(operands)}'")
    machine = io.machine
    header, row = _BUSYBOX if machine.is_busybox else next(_FORMATS[key] for key in _FORMATS if key in letters)
    shell, first = machine.bash, max(machine.first_alive, machine.bash.pid + 1)
    rows = [header, row.format(_user(io), shell.pid, to_datetime(shell.time), shell.pid - 1, shell.line, shell.line)]
    for one in machine.processes:
        if one.pid >= first:
            rows.append(row.format(_user(io), one.pid, to_datetime(one.time), shell.pid, one.line, one.arguments[0]))
    io.out("\n".join(rows) + "\n")


def neighbour(operands: list[str], options: Options, io: Invocation) -> None:
    """Print every command line that another user of this machine has seen in the process list, with its time."""
    for process in io.machine.processes:
        if process.arguments[0] != io.name:
            io.out(f"{to_datetime(process.time):%H:%M:%S} {process.line}\n")


def _user(io: Invocation) -> str:
    return (io.machine.IS_TERMINAL and io.machine.lookup("USER")) or io.machine.user_name


def id_(operands: list[str], options: Options, io: Invocation) -> None:
    number = "".join(re.findall(r"uid=(\d+)", io.machine.user))
    io.out(f"{(_user(io) if 'n' in options else number) if options else io.machine.user}\n")


def uname(operands: list[str], options: Options, io: Invocation) -> None:
    facts = {"s": "Linux", "n": io.machine.hostname, "r": KERNEL, "v": "#1 SMP", "m": "x86_64"}
    shown = facts if "a" in options else {letter: fact for letter, fact in facts.items() if letter in options}
    io.out(" ".join(shown.values()) + (" GNU/Linux" if "a" in options else "") + "\n" if shown else "Linux\n")


def _printing(text: Callable[[Invocation], object]) -> Function:
    return lambda operands, options, io: io.out(f"{text(io)}\n")


whoami = _printing(_user)
hostname = _printing(lambda io: io.machine.hostname)
pwd = _printing(lambda io: io.files.cwd)


def clear(operands: list[str], options: Options, io: Invocation) -> None:
    io.out("\x1b[H\x1b[2J\x1b[3J")


def df(operands: list[str], options: Options, io: Invocation) -> None:
    io.out(_DISKS.format(*(_SIZES if "h" in options else _BLOCKS)))


def env(operands: list[str], options: Options, io: Invocation) -> None:
    if operands:
        raise UnsupportedError("'env' with arguments")
    io.out("".join(f"{name}={value}\n" for name, value in io.env.items()))


def printenv(operands: list[str], options: Options, io: Invocation) -> int:
    if not operands:
        env(operands, options, io)
    io.out("".join(f"{io.env[name]}\n" for name in operands if name in io.env))
    return int(any(name not in io.env for name in operands))


def bash(operands: list[str], options: Options, io: Invocation) -> int:
    if not operands or operands[0] == "-":
        return io.script(io.read(), [io.name], None)
    if re.fullmatch("-[li]*c", operands[0]):
        if len(operands) == 1:
            raise ToolError("-c: option requires an argument", 2)
        return io.script(operands[1], operands[2:] or [io.name], io.streams.stdin)
    if operands[0].startswith("-"):
        raise UnsupportedError(f"'{io.name} {operands[0]}'")
    try:
        text = io.read(operands[0])
    except OSError as error:
        return io.fail(f"{operands[0]}: {error.strerror}", 127)
    return io.script(text, operands, io.streams.stdin)
