"""Tools for the machine that they run on: its processes, users, names, files; and a shell in the shell."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from kubesim.api.clock import to_datetime
from kubesim.api.result import Edit
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools import Invocation, Options, ToolError, below, inputs, lines, misused, reported
from kubesim.workspace import Workspace

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


def ps(operands: list[str], options: Options, io: Invocation) -> None:
    letters = "".join(operands).replace("-", "")
    if set(letters) - set("Aaefuxw"):
        raise UnsupportedError(f"'ps {' '.join(operands)}'")
    machine = io.machine
    header, row = _BUSYBOX if machine.is_busybox else next(_FORMATS[key] for key in _FORMATS if key in letters)
    shell, first = machine.bash, max(machine.first_alive, machine.bash.pid + 1)
    rows = [header]
    for one in (shell, *(one for one in machine.processes if one.pid >= first)):
        parent = shell.pid - (one is shell)
        rows.append(row.format(machine.login, one.pid, to_datetime(one.time), parent, one.line, one.arguments[0]))
    io.out("\n".join(rows) + "\n")


def neighbour(operands: list[str], options: Options, io: Invocation) -> None:
    """Print every command line that another user of this machine has seen in the process list, with its time."""
    for process in io.machine.processes:
        if process.arguments[0] != io.name:
            io.out(f"{to_datetime(process.time):%H:%M:%S} {process.line}\n")


def id_(operands: list[str], options: Options, io: Invocation) -> None:
    number = "".join(re.findall(r"uid=(\d+)", io.machine.user))
    io.out(f"{(io.machine.login if 'n' in options else number) if options else io.machine.user}\n")


def whoami(operands: list[str], options: Options, io: Invocation) -> int:
    if io.machine.login.isdecimal():
        return io.fail(f"cannot find name for user ID {io.machine.login}")
    io.out(f"{io.machine.login}\n")
    return 0


def uname(operands: list[str], options: Options, io: Invocation) -> None:
    facts = {"s": "Linux", "n": io.machine.hostname, "r": KERNEL, "v": "#1 SMP", "m": "x86_64"}
    shown = facts if "a" in options else {letter: fact for letter, fact in facts.items() if letter in options}
    io.out(" ".join(shown.values()) + (" GNU/Linux" if "a" in options else "") + "\n" if shown else "Linux\n")


def printenv(operands: list[str], options: Options, io: Invocation) -> int:
    if operands and io.name == "env":
        raise UnsupportedError("'env' with arguments")
    io.out("" if operands else "".join(f"{name}={value}\n" for name, value in io.env.items()))
    io.out("".join(f"{io.env[name]}\n" for name in operands if name in io.env))
    return int(any(name not in io.env for name in operands))


def bash(operands: list[str], options: Options, io: Invocation) -> int:
    if not operands or operands[0] == "-":
        return io.script(io.name, io.read(), [io.name], io.streams._replace(stdin=None))
    if re.fullmatch("-[li]*c", operands[0]):
        if len(operands) == 1:
            raise ToolError("-c: option requires an argument", 2)
        return io.script(io.name, operands[1], operands[2:] or [io.name], io.streams)
    if operands[0].startswith("-"):
        raise UnsupportedError(f"'{io.name} {operands[0]}'")
    try:
        text = io.read(operands[0])
    except OSError as error:
        return io.fail(f"{operands[0]}: {error.strerror}", 127)
    return io.script(io.name, text, operands, io.streams)


def cat(operands: list[str], options: Options, io: Invocation) -> None:
    count = 0
    for _, text in inputs(io, operands):
        if "n" in options:
            content = lines(text)
            text = "".join(f"{index:6}\t{line}" for index, line in enumerate(content, count + 1))
            count += len(content)
        io.out(text)


def tee(operands: list[str], options: Options, io: Invocation) -> None:
    text = io.read()
    io.out(text)
    write = io.files.append_text if "a" in options else io.files.write_text
    for name in operands:
        with reported(io, name):
            write(name, text)


_FILE_COST = 500  # steps for looking at a file


def ls(operands: list[str], options: Options, io: Invocation) -> None:
    present: list[str] = []
    for name in sorted(operands or ["."]):
        io.spend(_FILE_COST)
        with reported(io, f"cannot access '{name}'", 1 if io.machine.is_busybox else 2):
            io.files.size(name)
            present.append(name)
    is_folder = {name: "d" not in options and io.files.is_dir(name) for name in present}
    files = "".join(_entry(name, name, options, io) for name in present if not is_folder[name])
    blocks = [files] if files else []
    for folder in filter(is_folder.get, present):
        entries = "".join(_entry(f"{folder}/{name}", name, options, io) for name in _names(folder, options, io))
        blocks.append(f"{folder}:\n{entries}" if len(operands) > 1 else entries)
    io.out("\n".join(blocks))


def _names(folder: str, options: Options, io: Invocation) -> list[str]:
    names = io.files.listdir(folder)
    if "a" in options:
        return [".", "..", *names]
    return names if "A" in options else [name for name in names if not name.startswith(".")]


def _entry(path: str, name: str, options: Options, io: Invocation) -> str:
    if "l" not in options:
        return f"{name}\n"
    folder = name in (".", "..") or io.files.is_dir(path)
    size = 4096 if folder else io.files.size(path)
    user = io.machine.user_name
    return f"{'drwxr-xr-x' if folder else '-rw-r--r--'} 1 {user} {user} {size:>8} {name}\n"


def cd(operands: list[str], options: Options, io: Invocation) -> None:
    if len(operands) > 1:
        raise ToolError("too many arguments")
    target, before = operands[0] if operands else io.machine.lookup("HOME") or "/", str(io.files.cwd)
    if target == "-":
        target = io.machine.lookup("OLDPWD") or "."
        io.out(f"{io.files.absolute(target)}\n")
    io.files.chdir(target)
    io.machine.assign("OLDPWD", before)


def mkdir(operands: list[str], options: Options, io: Invocation) -> None:
    for name in operands:
        with reported(io, f"cannot create directory '{name}'"):
            io.files.mkdir(name, parents="p" in options)


def touch(operands: list[str], options: Options, io: Invocation) -> None:
    for name in operands:
        with reported(io, f"cannot touch '{name}'"):
            if not io.files.is_dir(name):
                io.files.append_text(name, "")


def rm(operands: list[str], options: Options, io: Invocation) -> None:
    force, recursive = "f" in options, "r" in options or "R" in options
    if not (operands or force):
        raise misused(io.name, "missing operand")
    for name in operands:
        if recursive and name.rstrip("/").rpartition("/")[2] in (".", ".."):
            io.fail(f"refusing to remove '.' or '..' directory: skipping '{name}'")
        elif io.files.is_dir(name) and not recursive:
            io.fail(f"cannot remove '{name}': Is a directory")
        elif io.files.exists(name) or not force:
            with reported(io, f"cannot remove '{name}'"):
                io.files.remove(name, recursive=recursive)


def _pairs(operands: list[str], io: Invocation) -> Iterator[tuple[str, str]]:
    """Each source of cp or mv, with the path that it goes to."""
    *sources, target = operands
    if not sources:
        raise misused(io.name, f"missing destination file operand after '{target}'")
    folder = io.files.is_dir(target)
    if len(sources) > 1 and not folder:
        problem = "Not a directory" if io.files.exists(target) else "No such file or directory"
        raise ToolError(f"target '{target}': {problem}")
    for source in sources:
        path = f"{target.rstrip('/')}/{io.files.absolute(source).name}" if folder else target
        if not io.files.exists(source):
            io.fail(f"cannot stat '{source}': No such file or directory")
        elif io.files.absolute(source) == io.files.absolute(path):
            io.fail(f"'{source}' and '{path}' are the same file")
        else:
            yield source, path


def _within(io: Invocation, path: str, folder: str) -> bool:
    return io.files.absolute(path).is_relative_to(io.files.absolute(folder))


def cp(operands: list[str], options: Options, io: Invocation) -> None:
    for source, target in _pairs(operands, io):
        if not io.files.is_dir(source) or (options and not _within(io, target, source)):
            _copy(source, target, io)
        elif options:
            io.fail(f"cannot copy a directory, '{source}', into itself, '{target}'")
        else:
            io.fail(f"-r not specified; omitting directory '{source}'")


def _copy(source: str, target: str, io: Invocation) -> None:
    with reported(io, f"cannot create regular file '{target}'"):
        if io.files.is_dir(source):
            io.files.mkdir(target, parents=True)
            for path in below(io, source):
                _copy(path, f"{target}/{path.rpartition('/')[2]}", io)
        else:
            io.spend(io.files.size(source))
            io.files.copy(source, target)


def mv(operands: list[str], options: Options, io: Invocation) -> None:
    for source, target in _pairs(operands, io):
        if _within(io, target, source):
            io.fail(f"cannot move '{source}' to a subdirectory of itself, '{target}'")
            continue
        with reported(io, f"cannot move '{source}' to '{target}'"):
            io.files.rename(source, target)


def diff(operands: list[str], options: Options, io: Invocation) -> int:
    if len(operands) != 2:
        problem = (
            f"extra operand '{operands[2]}'" if operands[2:] else f"missing operand after '{[io.name, *operands][-1]}'"
        )
        raise ToolError(f"{problem}\ndiff: Try 'diff --help' for more information.")
    names = [name for name in operands if "N" not in options or io.files.exists(name)]
    found = dict(inputs(io, names, trouble=2))
    if io.status:
        return io.status
    before, after = (lines(found.get(name, "")) for name in operands)
    io.spend(8 * len(before) * len(after))
    if "u" in options:
        changes = list(difflib.unified_diff(before, after, operands[0], operands[1]))
    else:
        changes = list(_normal(before, after))
    io.out("".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in changes))
    return int(bool(changes))


def _normal(before: list[str], after: list[str]) -> Iterator[str]:
    """The changes as diff shows them without -u."""

    def span(start: int, end: int) -> str:
        return f"{start + 1},{end}" if end > start + 1 else str(end)

    for kind, *places in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        old, new = before[places[0] : places[1]], after[places[2] : places[3]]
        if kind != "equal":
            yield f"{span(*places[:2])}{'c' if old and new else 'd' if old else 'a'}{span(*places[2:])}\n"
            yield from (f"< {line}" for line in old)
            yield from ["---\n"] * (kind == "replace")
            yield from (f"> {line}" for line in new)


def nano(operands: list[str], options: Options, io: Invocation) -> None:
    if len(operands) != 1 or operands[0].startswith("-"):
        raise ToolError(f"name one file, as in: {io.name} pod.yaml")
    if io.stdin is not None:
        raise UnsupportedError(f"'{io.name}' where another command is its terminal")
    if not isinstance(io.files, Workspace) or io.files.is_dir(operands[0]):
        raise ToolError(f"{operands[0]}: Is a directory")
    io.machine.edit = Edit(io.files.relative(operands[0]), editor=io.name)
    io.err(f"kubesim: the editor opens in the live terminal; elsewhere write the file: cat > {operands[0]} <<'EOF'\n")
