"""Tools for the machine that they run on: its files and folders, processes, users, names; and a shell in the shell."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator

from kubesim.api.clock import to_datetime
from kubesim.api.result import Edit
from kubesim.shell.machine import Invocation, ToolError, lines
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools import Options, Tool, below, for_each, hint, inputs, need_operands, tool, whole_number
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


@tool("cat [-n] [FILE]...", "n", {"number": "n"}, example="cat pod.yaml")
def cat(operands: list[str], options: Options, io: Invocation) -> None:
    count = 0
    for _, text in inputs(io, operands):
        if "n" in options:
            content = lines(text)
            text = "".join(f"{index:6}\t{line}" for index, line in enumerate(content, count + 1))
            count += len(content)
        io.out(text)


@tool("tee [-a] [FILE]...", "a", {"append": "a"}, example="kubectl get pods | tee out.txt")
def tee(operands: list[str], options: Options, io: Invocation) -> None:
    text = io.read()
    io.out(text)
    write = io.files.append_text if "a" in options else io.files.write_text
    for_each(io, operands, "", lambda name: write(name, text))


@tool("ls [-1Aadl] [FILE]...", "1Aadl", {"all": "a", "almost-all": "A", "directory": "d"}, example="ls -l", trouble=2)
def ls(operands: list[str], options: Options, io: Invocation) -> None:
    present: list[str] = []
    for name in sorted(operands or ["."]):
        try:
            io.files.size(name)
            present.append(name)
        except OSError as error:
            io.fail(f"cannot access '{name}': {error.strerror}", 1 if io.machine.is_busybox else 2)
    folders = [] if "d" in options else [name for name in present if io.files.is_dir(name)]
    files = "".join(_entry(name, name, options, io) for name in present if name not in folders)
    blocks = [files] if files else []
    for folder in folders:
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


pwd = tool("pwd", builtin=True, example="pwd")(lambda operands, options, io: io.out(f"{io.files.cwd}\n"))


@tool("cd [FOLDER]", builtin=True, example="cd app")
def cd(operands: list[str], options: Options, io: Invocation) -> None:
    if len(operands) > 1:
        raise ToolError("too many arguments")
    target, before = operands[0] if operands else io.machine.lookup("HOME") or "/", str(io.files.cwd)
    if target == "-":
        target = io.machine.lookup("OLDPWD") or "."
        io.out(f"{io.files.absolute(target)}\n")
    io.files.chdir(target)
    io.machine.assign("OLDPWD", before)


@tool("mkdir [-p] FOLDER...", "p", {"parents": "p"}, example="mkdir -p app/config")
def mkdir(operands: list[str], options: Options, io: Invocation) -> None:
    need_operands(io, operands)
    make = io.files.mkdir
    for_each(io, operands, "cannot create directory", lambda name: make(name, parents="p" in options))


@tool("touch FILE...", "", example="touch notes.txt")
def touch(operands: list[str], options: Options, io: Invocation) -> None:
    need_operands(io, operands, "file operand")
    names = [name for name in operands if not io.files.is_dir(name)]
    for_each(io, names, "cannot touch", lambda name: io.files.append_text(name, ""))


@tool("rm [-rf] FILE...", "rRf", {"recursive": "r", "force": "f"}, example="rm old.yaml")
def rm(operands: list[str], options: Options, io: Invocation) -> None:
    force, recursive = "f" in options, "r" in options or "R" in options
    need_operands(io, operands or ["-f"] * force)

    def remove(name: str) -> None:
        if recursive and name.rstrip("/").rpartition("/")[2] in (".", ".."):
            io.fail(f"refusing to remove '.' or '..' directory: skipping '{name}'")
        elif io.files.is_dir(name) and not recursive:
            io.fail(f"cannot remove '{name}': Is a directory")
        elif io.files.exists(name) or not force:
            io.files.remove(name, recursive=recursive)

    for_each(io, operands, "cannot remove", remove)


def _pairs(operands: list[str], io: Invocation) -> Iterator[tuple[str, str]]:
    """Each source of cp or mv, with the path that it goes to."""
    need_operands(io, operands, "file operand")
    *sources, target = operands
    if not sources:
        raise ToolError(f"missing destination file operand after '{target}'\n{hint(io.name)}")
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


@tool("cp [-r] SOURCE... TARGET", "rR", {"recursive": "r"}, example="cp pod.yaml pod2.yaml")
def cp(operands: list[str], options: Options, io: Invocation) -> None:
    for source, target in _pairs(operands, io):
        if not io.files.is_dir(source) or (options and not _within(io, target, source)):
            _copy(source, target, io)
        elif options:
            io.fail(f"cannot copy a directory, '{source}', into itself, '{target}'")
        else:
            io.fail(f"-r not specified; omitting directory '{source}'")


def _copy(source: str, target: str, io: Invocation) -> None:
    try:
        if io.files.is_dir(source):
            io.files.mkdir(target, parents=True)
            for path in below(io, source):
                _copy(path, f"{target}/{path.rpartition('/')[2]}", io)
        else:
            io.spend(io.files.size(source))
            io.files.copy(source, target)
    except OSError as error:
        io.fail(f"cannot create regular file '{target}': {error.strerror}")


@tool("mv SOURCE... TARGET", "f", example="mv pod.yaml web.yaml")
def mv(operands: list[str], options: Options, io: Invocation) -> None:
    for source, target in _pairs(operands, io):
        if _within(io, target, source):
            io.fail(f"cannot move '{source}' to a subdirectory of itself, '{target}'")
            continue
        try:
            io.files.rename(source, target)
        except OSError as error:
            io.fail(f"cannot move '{source}' to '{target}': {error.strerror}")


@tool("diff [-uN] FILE1 FILE2", "uN", {"unified": "u"}, example="diff -u a.yaml b.yaml", trouble=2)
def diff(operands: list[str], options: Options, io: Invocation) -> int:
    if len(operands) < 2:
        raise ToolError(f"missing operand after '{['diff', *operands][-1]}'\ndiff: {hint(io.name)}")
    if len(operands) > 2:
        raise ToolError(f"extra operand '{operands[2]}'\ndiff: {hint(io.name)}")
    names = [name for name in operands if "N" not in options or io.files.exists(name)]
    found = dict(inputs(io, names, trouble=2))
    if io.status:
        return io.status
    before, after = (lines(found.get(name, "")) for name in operands)
    io.spend(8 * len(before) * len(after))
    changes = list(difflib.unified_diff(before, after, operands[0], operands[1]))
    io.out("".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in changes))
    return int(bool(changes))


@tool("nano FILE", example="nano pod.yaml")
def nano(operands: list[str], options: Options, io: Invocation) -> None:
    if len(operands) != 1 or operands[0].startswith("-"):
        raise ToolError("name one file, as in: nano pod.yaml")
    if io.stdin is not None:
        raise UnsupportedError("'nano' where another command is its terminal")
    if not isinstance(io.files, Workspace) or io.files.is_dir(operands[0]):
        raise ToolError(f"{operands[0]}: Is a directory")
    io.edit = Edit(io.files.relative(operands[0]))
    io.err(f"kubesim: the editor opens in the live terminal; elsewhere write the file: cat > {operands[0]} <<'EOF'\n")


def _editor(name: str) -> Tool:
    def run(arguments: list[str], io: Invocation) -> int:
        io.err(f"kubesim: '{name}' is not part of this simulator; its editor is nano, as in: nano pod.yaml\n")
        return 127

    return Tool(name, run)


vi, vim, vimtutor, emacs = map(_editor, ("vi", "vim", "vimtutor", "emacs"))
