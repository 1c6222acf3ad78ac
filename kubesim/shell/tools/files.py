"""Tools for files and folders."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from kubesim.api.result import Edit
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tool import Invocation, Options, ToolError, lines, misused
from kubesim.shell.tools import below, for_each, inputs
from kubesim.workspace import Workspace


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
    for_each(io, operands, "", lambda name: write(name, text))


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
    make = io.files.mkdir
    for_each(io, operands, "cannot create directory", lambda name: make(name, parents="p" in options))


def touch(operands: list[str], options: Options, io: Invocation) -> None:
    names = [name for name in operands if not io.files.is_dir(name)]
    for_each(io, names, "cannot touch", lambda name: io.files.append_text(name, ""))


def rm(operands: list[str], options: Options, io: Invocation) -> None:
    force, recursive = "f" in options, "r" in options or "R" in options
    if not (operands or force):
        raise misused(io.name, "missing operand")

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


def mv(operands: list[str], options: Options, io: Invocation) -> None:
    for source, target in _pairs(operands, io):
        if _within(io, target, source):
            io.fail(f"cannot move '{source}' to a subdirectory of itself, '{target}'")
            continue
        try:
            io.files.rename(source, target)
        except OSError as error:
            io.fail(f"cannot move '{source}' to '{target}': {error.strerror}")


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
    changes = list(difflib.unified_diff(before, after, operands[0], operands[1]))
    io.out("".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in changes))
    return int(bool(changes))


def nano(operands: list[str], options: Options, io: Invocation) -> None:
    if len(operands) != 1 or operands[0].startswith("-"):
        raise ToolError("name one file, as in: nano pod.yaml")
    if io.stdin is not None:
        raise UnsupportedError("'nano' where another command is its terminal")
    if not isinstance(io.files, Workspace) or io.files.is_dir(operands[0]):
        raise ToolError(f"{operands[0]}: Is a directory")
    io.machine.edit = Edit(io.files.relative(operands[0]))
    io.err(f"kubesim: the editor opens in the live terminal; elsewhere write the file: cat > {operands[0]} <<'EOF'\n")
