"""Tools for files and folders."""

from __future__ import annotations

from collections.abc import Mapping

from kubesim.api.result import Edit
from kubesim.shell.containerfiles import ContainerFiles
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools import Invocation, Options, ToolError, inputs, lines, misused, reported
from kubesim.shell.tools.owners import long_listing
from kubesim.workspace import Workspace

_FILE_COST = 500  # steps for looking at a file


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


def ls(operands: list[str], options: Options, io: Invocation) -> None:
    trouble = 1 if io.machine.is_busybox else 2
    is_long = "l" in options
    files: list[str] = []
    folders: list[str] = []
    for name in sorted(operands or ["."]):
        io.spend(_FILE_COST)
        with reported(io, f"cannot access '{name}'", trouble):
            io.files.size(name)
            is_opened = io.files.is_dir(name) and "d" not in options
            if is_opened and not (is_long and isinstance(io.files, ContainerFiles) and io.files.target(name)):
                folders.append(name)
            else:
                files.append(name)
    blocks: list[str] = []
    if files:
        blocks.append(_rows(dict(zip(files, files, strict=True)), is_long, io))
    for folder in folders:
        with reported(io, f"cannot open directory '{folder}'", trouble):
            names = [name for name in (".", "..", *io.files.listdir(folder)) if "a" in options or name[0] != "."]
            heading = f"{folder}:\n" if len(operands) > 1 else ""
            paths = {f"{folder}/{name}": name for name in names}
            blocks.append(heading + _rows(paths, is_long, io, is_folder=True))
    io.out("\n".join(blocks))


def _rows(names: Mapping[str, str], is_long: bool, io: Invocation, *, is_folder: bool = False) -> str:
    """What `ls` says of files and folders, whose `names` it has by their paths."""
    if not is_long:
        return "".join(f"{name}\n" for name in names.values())
    if isinstance(io.files, ContainerFiles):
        return long_listing(names, io.files, io, has_total=is_folder)
    user = io.machine.user_name
    rows = []
    for path, name in names.items():
        if name in (".", "..") or io.files.is_dir(path):
            rows.append(f"drwxr-xr-x 1 {user} {user}     4096 {name}\n")
        else:
            rows.append(f"-rw-r--r-- 1 {user} {user} {io.files.size(path):>8} {name}\n")
    return "".join(rows)


def pwd(operands: list[str], options: Options, io: Invocation) -> None:
    io.out(f"{io.files.cwd}\n")


def cd(operands: list[str], options: Options, io: Invocation) -> None:
    if len(operands) > 1:
        raise ToolError("too many arguments")
    before = str(io.files.cwd)
    target = operands[0] if operands else io.machine.lookup("HOME") or "/"
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
    is_forced = "f" in options
    is_recursive = "r" in options
    if not operands and not is_forced:
        raise misused(io.name, "missing operand")
    for name in operands:
        if is_recursive and name.rstrip("/").rpartition("/")[2] in (".", ".."):
            io.fail(f"refusing to remove '.' or '..' directory: skipping '{name}'")
        elif io.files.is_dir(name) and not is_recursive:
            io.fail(f"cannot remove '{name}': Is a directory")
        elif io.files.exists(name) or not is_forced:
            with reported(io, f"cannot remove '{name}'"):
                io.files.remove(name, recursive=is_recursive)


def cp(operands: list[str], options: Options, io: Invocation) -> None:
    source, target = _source_and_target(operands, io)
    if io.files.is_dir(source):
        raise ToolError(f"-r not specified; omitting directory '{source}'")
    with reported(io, f"cannot open '{source}' for reading"):
        text = io.read(source)
        with reported(io, f"cannot create regular file '{target}'"):
            io.files.write_text(target, text)


def mv(operands: list[str], options: Options, io: Invocation) -> None:
    source, target = _source_and_target(operands, io)
    if io.files.is_dir(source):
        raise UnsupportedError("'mv' of a folder")
    io.spend(io.files.size(source))
    with reported(io, f"cannot move '{source}' to '{target}'"):
        io.files.copy(source, target)
        io.files.remove(source)


def _source_and_target(operands: list[str], io: Invocation) -> tuple[str, str]:
    """The file to copy or move, and the path that it goes to: in a folder it keeps its name."""
    if len(operands) == 1:
        raise misused(io.name, f"missing destination file operand after '{operands[0]}'")
    if len(operands) > 2:
        raise UnsupportedError(f"'{io.name}' of several files at once")
    source, target = operands
    try:
        io.files.size(source)
    except OSError as error:
        raise ToolError(f"cannot stat '{source}': {error.strerror}") from None
    if io.files.is_dir(target):
        target = f"{target.rstrip('/')}/{io.files.absolute(source).name}"
    if io.files.absolute(source) == io.files.absolute(target):
        raise ToolError(f"'{source}' and '{target}' are the same file")
    return source, target


def nano(operands: list[str], options: Options, io: Invocation) -> None:
    """Ask the front end to open a file; `vi` and `vim` ask for the same editor by their own names."""
    if len(operands) != 1 or operands[0].startswith("-"):
        raise ToolError(f"name one file, as in: {io.name} pod.yaml")
    path = operands[0]
    if io.stdin is not None:
        raise UnsupportedError(f"'{io.name}' where another command is its terminal")
    if not isinstance(io.files, Workspace) or io.files.is_dir(path):
        raise ToolError(f"{path}: Is a directory")
    io.machine.edit = Edit(io.files.relative(path), editor=io.name)
    io.err(f"kubesim: the editor opens in the live terminal; elsewhere write the file: cat > {path} <<'EOF'\n")
