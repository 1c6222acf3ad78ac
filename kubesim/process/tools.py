"""The tools that every image holds, in the manner of busybox 1.36; each returns its exit status."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import inf

from kubesim.process.machine import Endless, Machine, Tool


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


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b", "\\": "\\"}


def _unescape(text: str) -> str:
    return re.sub(r"\\([ntrabfve\\])", lambda match: _ESCAPES[match[1]], text)


def _echo(machine: Machine, args: Sequence[str], stdin: str) -> int:
    rest, flags = list(args), ""
    while rest and re.fullmatch(r"-[neE]+", rest[0]):
        flags += rest.pop(0)
    text = " ".join(rest)
    machine.write((_unescape(text) if "e" in flags else text) + ("" if "n" in flags else "\n"))
    return 0


def printf(machine: Machine, args: Sequence[str]) -> int:
    """The shell's printf, with %s, %d and %%; the format is used again until no argument is left."""
    if not args:
        return machine.complain("printf: usage: printf FORMAT [ARG]...", 2)
    template, values = _unescape(args[0]), list(args[1:])
    pattern = re.compile(r"%([sd%])")

    def next_value(match: re.Match[str]) -> str:
        if match[1] == "%":
            return "%"
        return values.pop(0) if values else "0" if match[1] == "d" else ""

    left = -1
    while left == -1 or (values and len(values) < left):
        left = len(values)
        machine.write(pattern.sub(next_value, template))
    return 0


def _cat(machine: Machine, args: Sequence[str], stdin: str) -> int:
    status = 0
    for path in [arg for arg in args if arg == "-" or not arg.startswith("-")] or ["-"]:
        content = stdin if path == "-" else machine.files.get(absolute(path))
        if content is not None:
            machine.write(content)
        elif _listing(machine, path):
            status = machine.complain("cat: read error: Is a directory")
        else:
            status = machine.complain(f"cat: can't open '{path}': No such file or directory")
    return status


def absolute(path: str) -> str:
    """A path from the root, without "." and ".."."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


# What every container has besides the files of its image.
_FOLDERS = ("/bin", "/dev", "/etc", "/proc", "/sys", "/var")
_RUNTIME_FILES = ("/etc/hostname", "/etc/hosts", "/etc/resolv.conf")


def _listing(machine: Machine, path: str) -> list[str]:
    """The names in a folder; none when there is no such folder."""
    prefix = absolute(path).rstrip("/") + "/"
    known = [*machine.files, *_FOLDERS, *_RUNTIME_FILES, *(f"/bin/{name}" for name in TOOLS)]
    return sorted({name[len(prefix) :].partition("/")[0] for name in known if name.startswith(prefix)})


def exists(machine: Machine, path: str) -> bool:
    """Whether there is a file or folder of this name."""
    return absolute(path) in machine.files or absolute(path) in _FOLDERS or bool(_listing(machine, path))


def _ls(machine: Machine, args: Sequence[str], stdin: str) -> int:
    paths = [arg for arg in args if not arg.startswith("-")] or ["/"]
    status = 0
    for path in paths:
        if not exists(machine, path):
            status = machine.complain(f"ls: {path}: No such file or directory")
            continue
        names = [path] if absolute(path) in machine.files else _listing(machine, path)
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
    if args and re.fullmatch(r"-[ugG]", args[0]):
        machine.write("0\n")
    else:
        named = "(root)" if "/etc/passwd" in machine.files else ""
        machine.write(f"uid=0{named} gid=0{named} groups=0{named}\n")
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
