"""Tools for files and folders."""

from __future__ import annotations

import errno
from itertools import count

from kubesim.api.result import Edit
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools import Invocation, Operands, Options, ToolError, inputs, lines, misused, reported
from kubesim.workspace import file_error

_FILE_COST = 500  # steps to look at a file


def cat(operands: Operands, options: Options, io: Invocation) -> None:
    numbers = count(1)
    for _, text in inputs(io, operands):
        if "n" in options:
            text = "".join(f"{next(numbers):6}\t{line}" for line in lines(text))
        io.out(text)


def tee(operands: Operands, options: Options, io: Invocation) -> None:
    text = io.read()
    write = io.workspace.append_text if "a" in options else io.workspace.write_text
    for name in operands:
        with reported(io, name):
            write(name, text)
    io.out(text)  # last: all files are opened before anything is written


def ls(operands: Operands, options: Options, io: Invocation) -> None:
    """List files, then the content of folders, each block after an empty line."""
    failure_status = 1 if io.machine.is_busybox else 2
    files: list[str] = []
    folders: list[str] = []
    for name in sorted(operands or ["."]):
        io.spend(_FILE_COST)
        with reported(io, f"cannot access '{name}'", failure_status):
            io.files.size(name)  # raises OSError if there is no such file
            if io.files.is_dir(name) and "d" not in options:
                folders.append(name)
            else:
                files.append(name)
    blocks = ["".join(_entry(name, name, options, io) for name in files)] if files else []
    for folder in folders:
        title = f"{folder}:\n" if len(operands) > 1 else ""
        with reported(io, f"cannot open directory '{folder}'", failure_status):
            blocks.append(title + _content(folder, options, io))
    io.out("\n".join(blocks))


def _content(folder: str, options: Options, io: Invocation) -> str:
    names = io.files.listdir(folder)
    if "a" in options:
        names = [".", "..", *names]
    else:
        names = [name for name in names if not name.startswith(".")]
    return "".join(_entry(f"{folder}/{name}", name, options, io) for name in names)


def _entry(path: str, name: str, options: Options, io: Invocation) -> str:
    """The line about a file or folder: its `name`, with -l after its mode, links, owner, group and size."""
    if "l" not in options:
        return f"{name}\n"
    if not io.machine.IS_TERMINAL:
        raise UnsupportedError("'ls -l' in a container")
    mode, size = "drwxr-xr-x", 4096
    if name not in (".", "..") and not io.files.is_dir(path):
        mode = "-rw-r--r--"
        try:
            size = io.files.size(path)
        except OSError:  # a symbolic link out of the workspace, or to nothing
            mode, size = "lrwxrwxrwx", 0
    return f"{mode} 1 learner learner {size:>8} {name}\n"


def pwd(operands: Operands, options: Options, io: Invocation) -> None:
    io.out(f"{io.files.cwd}\n")


def cd(operands: Operands, options: Options, io: Invocation) -> None:
    if len(operands) > 1:
        raise ToolError("too many arguments")
    before = str(io.files.cwd)
    target = operands[0] if operands else io.machine.value_or_empty("HOME") or "/"
    if target == "-":
        target = io.machine.value_or_empty("OLDPWD")
        stays = io.machine.is_dash or io.machine.is_busybox  # both descend from ash, whose cd differs
        if not target and not stays:
            raise ToolError("OLDPWD not set")
        io.out(f"{io.files.absolute(target)}\n")
    io.files.chdir(target or ".")
    io.machine.assign("OLDPWD", before)


def mkdir(operands: Operands, options: Options, io: Invocation) -> None:
    for name in operands:
        with reported(io, f"cannot create directory '{name}'"):
            io.workspace.mkdir(name, parents="p" in options)


def touch(operands: Operands, options: Options, io: Invocation) -> None:
    for name in operands:
        if name.endswith("/"):
            with reported(io, f"setting times of '{name}'"):
                io.workspace.size(name)  # raises OSError if there is no such file
            continue
        with reported(io, f"cannot touch '{name}'"):
            if not io.workspace.is_dir(name):
                io.workspace.append_text(name, "")


def rm(operands: Operands, options: Options, io: Invocation) -> None:
    is_forced = "f" in options
    is_recursive = "r" in options
    if not operands and not is_forced:
        raise misused(io.name, "missing operand")
    for name in operands:
        if is_recursive and name.rstrip("/").rpartition("/")[2] in (".", ".."):
            io.fail(f"refusing to remove '.' or '..' directory: skipping '{name}'")
        elif is_recursive and name == "/":
            io.fail("it is dangerous to operate recursively on '/'")
            io.fail("use --no-preserve-root to override this failsafe")
        elif io.workspace.is_dir(name) and not is_recursive:
            io.fail(f"cannot remove '{name}': Is a directory")
        elif io.workspace.exists(name) or not is_forced:
            with reported(io, f"cannot remove '{name}'"):
                io.workspace.remove(name, recursive=is_recursive)


def cp(operands: Operands, options: Options, io: Invocation) -> None:
    source, target = _source_and_target(operands, io)
    if io.workspace.is_dir(source):
        raise ToolError(f"-r not specified; omitting directory '{source}'")
    with reported(io, f"cannot open '{source}' for reading"):
        text = io.workspace.read_text(source)  # here `-` is a file's name, not stdin
        with reported(io, f"cannot create regular file '{target}'"):
            _require_name_of_a_file(target, io)
            io.workspace.write_text(target, text)


def mv(operands: Operands, options: Options, io: Invocation) -> None:
    """Move a file by writing its copy and removing it. A protected source or target is refused before."""
    source, target = _source_and_target(operands, io)
    if io.workspace.is_dir(source):
        raise UnsupportedError("'mv' of a folder")
    with reported(io, f"cannot move '{source}' to '{target}'"):
        io.workspace.require_removable(source)  # checked first, so that a refusal leaves no copy
        if io.workspace.exists(target):
            io.workspace.require_removable(target)
        _require_name_of_a_file(target, io)
        io.workspace.write_text(target, io.workspace.read_text(source))
        io.workspace.remove(source)


def _source_and_target(operands: Operands, io: Invocation) -> tuple[str, str]:
    """The source and the target of a copy or move. In a target folder, the file keeps its name."""
    if len(operands) == 1:
        raise misused(io.name, f"missing destination file operand after '{operands[0]}'")
    if len(operands) > 2:
        raise UnsupportedError(f"'{io.name}' of several files at once")
    source, target = operands
    try:
        io.spend(io.workspace.size(source))
    except OSError as error:
        raise ToolError(f"cannot stat '{source}': {error.strerror}") from None
    if io.workspace.is_dir(target):
        target = f"{target.rstrip('/')}/{io.workspace.absolute(source).name}"
        if io.workspace.is_dir(target) and not io.workspace.is_dir(source):
            raise ToolError(f"cannot overwrite directory '{target}' with non-directory '{source}'")
    elif target.endswith("/") and io.workspace.exists(target.rstrip("/")):
        raise ToolError(f"cannot stat '{target}': Not a directory")
    if io.workspace.absolute(source) == io.workspace.absolute(target):
        raise ToolError(f"'{source}' and '{target}' are the same file")
    return source, target


def _require_name_of_a_file(target: str, io: Invocation) -> None:
    """Raise OSError for a target such as `new/` that isn't a folder yet."""
    if target.endswith("/") and io.workspace.is_dir(target.rstrip("/").rpartition("/")[0] or "."):
        raise file_error(errno.ENOTDIR, target)


def nano(operands: Operands, options: Options, io: Invocation) -> None:
    """Ask the front end to open a file in its editor. `vi` and `vim` open the same editor."""
    if len(operands) != 1 or operands[0].startswith("-"):
        raise ToolError(f"name one file, as in: {io.name} pod.yaml")
    path = operands[0]
    if io.streams.stdin is not None:
        raise UnsupportedError(f"'{io.name}' where another command is its terminal")
    if io.workspace.is_dir(path):
        raise ToolError(f"{path}: Is a directory")
    workspace = io.workspace
    io.machine.edit = Edit(workspace.relative(path), editor=io.name)
    io.err(f"kubesim: the editor opens in the live terminal; elsewhere write the file: cat > {path} <<'EOF'\n")
