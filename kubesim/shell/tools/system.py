"""Tools that show the machine that they run on: its processes, users, names; and a shell within the shell."""

from __future__ import annotations

import re
from collections.abc import Callable

from kubesim.api.clock import to_datetime
from kubesim.shell.machine import Invocation, ToolError
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools import Options, Tool, need_operands, tool, whole_number

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


@tool("ps [-ef|aux]", example="ps -ef")
def ps(operands: list[str], options: Options, io: Invocation) -> None:
    letters = "".join(operands).replace("-", "")
    if set(letters) - set("Aaefuxw"):
        raise UnsupportedError(f"'ps {' '.join(operands)}'")
    machine = io.machine
    header, row = next(_FORMATS[letter] for letter in _FORMATS if letter in letters)
    if machine.is_busybox:
        header, row = _BUSYBOX
    first = max(machine.first_alive, machine.bash.pid + 1)
    shell = machine.bash
    rows = [header, row.format(_user(io), shell.pid, to_datetime(shell.time), shell.pid - 1, shell.line, shell.line)]
    for one in machine.processes:
        if one.pid >= first:
            rows.append(row.format(_user(io), one.pid, to_datetime(one.time), shell.pid, one.line, one.arguments[0]))
    io.out("\n".join(rows) + "\n")


@tool("neighbour", "", example="neighbour | grep docker")
def neighbour(operands: list[str], options: Options, io: Invocation) -> None:
    """Print every command line that another user of this machine has seen in the process list, with its time."""
    for process in io.machine.processes:
        if process.arguments[0] != io.name:
            io.out(f"{to_datetime(process.time):%H:%M:%S} {process.line}\n")


def _user(io: Invocation) -> str:
    return (io.machine.IS_TERMINAL and io.machine.lookup("USER")) or io.machine.user_name


@tool("id [-ugG]", "ugGn", example="id")
def id_(operands: list[str], options: Options, io: Invocation) -> None:
    number = "".join(re.findall(r"uid=(\d+)", io.machine.user))
    io.out(f"{(_user(io) if 'n' in options else number) if options else io.machine.user}\n")


def _fact(name: str, fact: Callable[[Invocation], str]) -> Tool:
    return tool(name, "")(lambda operands, options, io: io.out(f"{fact(io)}\n"))


whoami, hostname = _fact("whoami", _user), _fact("hostname", lambda io: io.machine.hostname)


@tool("uname [-asnrm]", "asnrm")
def uname(operands: list[str], options: Options, io: Invocation) -> None:
    facts = {"s": "Linux", "n": io.machine.hostname, "r": KERNEL, "v": "#1 SMP", "m": "x86_64"}
    shown = facts if "a" in options else {letter: fact for letter, fact in facts.items() if letter in options}
    io.out(" ".join(shown.values()) + (" GNU/Linux" if "a" in options else "") + "\n" if shown else "Linux\n")


_DISKS = """\
Filesystem           {:>9}      Used Available Use% Mounted on
overlay              {:>9} {:>9} {:>9}  32% /
tmpfs                {:>9} {:>9} {:>9}   0% /dev
"""


@tool("df [-h]", "hk")
def df(operands: list[str], options: Options, io: Invocation) -> None:
    blocks = ("1K-blocks", 20511312, 6205184, 13238816, 65536, 0, 65536)
    io.out(_DISKS.format(*(("Size", "19.6G", "5.9G", "12.6G", "64.0M", "0", "64.0M") if "h" in options else blocks)))


@tool("printenv [NAME]...", "")
def printenv(operands: list[str], options: Options, io: Invocation) -> int:
    if not operands:
        io.out("".join(f"{name}={value}\n" for name, value in io.env.items()))
    io.out("".join(f"{io.env[name]}\n" for name in operands if name in io.env))
    return int(any(name not in io.env for name in operands))


@tool("seq [FIRST [STEP]] LAST", example="seq 1 5")
def seq(operands: list[str], options: Options, io: Invocation) -> None:
    need_operands(io, operands)
    if len(operands) > 3:
        raise ToolError(f"extra operand '{operands[3]}'")
    numbers = [whole_number(text, "invalid integer argument") for text in operands]
    first, step = (numbers[0] if len(numbers) > 1 else 1), (numbers[1] if len(numbers) > 2 else 1)
    if not step:
        raise ToolError("invalid Zero increment value: '0'")
    values = range(first, numbers[-1] + (1 if step > 0 else -1), step)
    io.spend(8 * len(values))
    io.out("".join(f"{value}\n" for value in values))


def _shell(name: str) -> Tool:
    @tool(f"{name} [-c SCRIPT [NAME [ARGUMENT]...]] [FILE [ARGUMENT]...]")
    def run(operands: list[str], options: Options, io: Invocation) -> int:
        if not operands or operands[0] == "-":
            return io.script(io.read(), [name], None)
        if re.fullmatch("-[li]*c", operands[0]):
            if len(operands) == 1:
                raise ToolError("-c: option requires an argument", 2)
            return io.script(operands[1], operands[2:] or [name], io.streams.stdin)
        if operands[0].startswith("-"):
            raise UnsupportedError(f"'{name} {operands[0]}'")
        try:
            text = io.read(operands[0])
        except OSError as error:
            return io.fail(f"{operands[0]}: {error.strerror}", 127)
        return io.script(text, operands, io.streams.stdin)

    return run


sh, bash = _shell("sh"), _shell("bash")
