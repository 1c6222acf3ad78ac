"""The tools that every image holds, in the manner of busybox 1.36, and the machine that they run on."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

# A process that needs more than this is taken for one that never ends.
MAX_COMMANDS = 2_000
MAX_SIZE = 1_000_000

Write = tuple[float, str, str]
Tool = Callable[["Machine", Sequence[str], str], int]
"""From the arguments and the standard input to the exit status."""


class Endless(Exception):
    """The process goes on until it is stopped."""


@dataclass
class Machine:
    """One container while a process runs in it; `clock` is in seconds since its start."""

    env: dict[str, str]
    files: dict[str, str]
    hostname: str
    tools: Mapping[str, Tool]
    clock: float = 0
    writes: list[Write] = field(default_factory=list)
    _commands: int = 0
    _size: int = 0

    def count(self, size: int = 0) -> None:
        """Account for a command and the characters it handles. Raises Endless when the bounds are passed."""
        self._commands += 1
        self._size += size
        if self._commands > MAX_COMMANDS or self._size > MAX_SIZE:
            raise Endless

    def write(self, text: str, stream: str = "stdout") -> None:
        """Write to a stream. Raises Endless when the bounds are passed."""
        self.count(len(text))
        if text:
            self.writes.append((self.clock, stream, text))

    def complain(self, text: str, code: int = 1) -> int:
        """Write a line to the standard error and return `code`."""
        self.write(text + "\n", "stderr")
        return code

    def listing(self, path: str) -> list[str]:
        """The names in a folder; none when there is no such folder."""
        prefix = absolute(path).rstrip("/") + "/"
        known = [*self.files, *_ALWAYS, *(f"/bin/{name}" for name in self.tools)]
        return sorted({name[len(prefix) :].partition("/")[0] for name in known if name.startswith(prefix)})


# What every container has besides the files of its image.
_ALWAYS = ("/dev", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/proc", "/sys", "/var")


def absolute(path: str) -> str:
    """A path from the root, without "." and ".."."""
    return posixpath.normpath("/" + path.lstrip("/"))


def _sleep(machine: Machine, args: Sequence[str], stdin: str) -> int:
    if not args:
        return machine.complain("BusyBox v1.36.1 multi-call binary.\n\nUsage: sleep [N]...")
    for arg in args:
        match = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+|inf(?:inity)?)([smhd]?)", arg, re.ASCII)
        if not match:
            return machine.complain(f"sleep: invalid number '{arg}'")
        machine.clock += float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]
    if machine.clock == inf:
        raise Endless
    return 0


def _echo(machine: Machine, args: Sequence[str], stdin: str) -> int:
    rest, flags = list(args), ""
    while rest and re.fullmatch(r"-[neE]+", rest[0]):
        flags += rest.pop(0)
    text = " ".join(rest)
    if "e" in flags:
        text = re.sub(r"\\([nt\\])", lambda match: {"n": "\n", "t": "\t"}.get(match[1], "\\"), text)
    machine.write(text + ("" if "n" in flags else "\n"))
    return 0


def _cat(machine: Machine, args: Sequence[str], stdin: str) -> int:
    status = 0
    for path in args or ["-"]:
        content = stdin if path == "-" else machine.files.get(absolute(path))
        if content is not None:
            machine.write(content)
        elif machine.listing(path):
            status = machine.complain("cat: read error: Is a directory")
        else:
            status = machine.complain(f"cat: can't open '{path}': No such file or directory")
    return status


def _ls(machine: Machine, args: Sequence[str], stdin: str) -> int:
    paths = [arg for arg in args if not arg.startswith("-")] or ["/"]
    status = 0
    for path in paths:
        names = [path] if absolute(path) in machine.files else machine.listing(path)
        if not names and absolute(path) not in _ALWAYS:
            status = machine.complain(f"ls: {path}: No such file or directory")
            continue
        title = f"{path}:\n" if len(paths) > 1 and names != [path] else ""
        machine.write(title + "".join(f"{name}\n" for name in names))
    return status


def _env(machine: Machine, args: Sequence[str], stdin: str) -> int:
    machine.write("".join(f"{name}={value}\n" for name, value in machine.env.items()))
    return 0


def _printenv(machine: Machine, args: Sequence[str], stdin: str) -> int:
    if not args:
        return _env(machine, args, stdin)
    values = [machine.env[name] for name in args if name in machine.env]
    machine.write("".join(f"{value}\n" for value in values))
    return 0 if len(values) == len(args) else 1


def _hostname(machine: Machine, args: Sequence[str], stdin: str) -> int:
    machine.write(machine.hostname + "\n")
    return 0


def _id(machine: Machine, args: Sequence[str], stdin: str) -> int:
    named = "(root)" if "/etc/passwd" in machine.files else ""
    is_short = bool(args) and args[0] in ("-u", "-g", "-G")
    machine.write("0\n" if is_short else f"uid=0{named} gid=0{named} groups=0{named}\n")
    return 0


def _ps(machine: Machine, args: Sequence[str], stdin: str) -> int:
    user = "root" if "/etc/passwd" in machine.files else "0"
    machine.write(f"PID   USER     TIME  COMMAND\n    1 {user:<8}  0:00 sh\n    7 {user:<8}  0:00 ps\n")
    return 0


TOOLS: dict[str, Tool] = {
    "sleep": _sleep,
    "echo": _echo,
    "cat": _cat,
    "ls": _ls,
    "env": _env,
    "printenv": _printenv,
    "hostname": _hostname,
    "id": _id,
    "ps": _ps,
}
