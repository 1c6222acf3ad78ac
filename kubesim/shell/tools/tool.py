"""What a tool is: a function, the options that it takes, and the words that explain it."""

from __future__ import annotations

import errno
import getopt
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from kubesim.shell.state import Invocation, ToolError
from kubesim.shell.syntax import UnsupportedError

Options = dict[str, str]
Function = Callable[[list[str], Options, Invocation], int]


@dataclass(frozen=True)
class Tool:
    """A command of the shell.

    `run` takes the arguments after the name and returns the exit status. `complete`, if there is one, takes those
    arguments up to the cursor, the unfinished word last, and returns the words that may stand in its place.
    `builtin` tools belong to bash and speak in its name.
    """

    name: str
    run: Callable[[list[str], Invocation], int]
    usage: str = ""
    example: str = ""
    builtin: bool = False
    complete: Callable[[list[str]], Iterable[str]] | None = None


def tool(
    usage: str,
    short: str | None = "",
    long: dict[str, str] | None = None,
    *,
    example: str = "",
    trouble: int = 1,
    builtin: bool = False,
) -> Callable[[Function], Tool]:
    """Make a Tool of a function that takes operands, options and the invocation.

    `short` is getopt's string of options ("n:v"), or None for a tool that reads its arguments itself; `long` maps
    long options to short ones, with "=" where they take a value. `trouble` is the exit status of a wrong call.
    """
    name, long = usage.split()[0], long or {}

    def decorate(function: Function) -> Tool:
        def run(arguments: list[str], io: Invocation) -> int:
            if arguments == ["--help"]:
                io.out(f"Usage: {usage}\n")
                return 0
            try:
                options, operands = ({}, arguments) if short is None else _parse(short, long, arguments, io)
                return max(function(operands, options, io), io.status)
            except ToolError as error:
                return io.fail(str(error), error.status or trouble)
            except UnsupportedError as error:
                io.err(f"kubesim: {error} is not part of this simulator\n")
                return trouble
            except OSError as error:
                return io.fail(f"{error.filename}: {error.strerror}", trouble)

        return Tool(name, run, usage, example, builtin)

    return decorate


def _parse(short: str, long: dict[str, str], arguments: list[str], io: Invocation) -> tuple[Options, list[str]]:
    try:
        found, operands = getopt.gnu_getopt(arguments, short, long.keys())
    except getopt.GetoptError as error:
        dashes = "--" if len(error.opt) > 1 else "-"
        if "requires argument" in error.msg:
            raise ToolError(f"option requires an argument -- '{error.opt}'\n{hint(io.name)}") from None
        raise UnsupportedError(f"'{io.name} {dashes}{error.opt}'") from None
    shorts = {f"--{name.rstrip('=')}": letter for name, letter in long.items()}
    options: Options = {}
    for option, value in found:
        key = shorts.get(option, option.lstrip("-"))
        options[key] = f"{options[key]}\n{value}" if value and key in options else value
    return options, operands


def hint(name: str) -> str:
    """GNU's second line after a wrong call."""
    return f"Try '{name} --help' for more information."


def operands_needed(io: Invocation, operands: Sequence[str], count: int = 1, what: str = "operand") -> None:
    """Raise GNU's ToolError where there are fewer than `count` operands."""
    if len(operands) < count:
        raise ToolError(f"missing {what}\n{hint(io.name)}")


def lines(text: str) -> list[str]:
    """The lines of `text`, each with its newline, if it has one."""
    parts = text.split("\n")
    return [part + "\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def inputs(io: Invocation, names: Iterable[str], verb: str = "", trouble: int = 1) -> Iterator[tuple[str, str]]:
    """Name and text of each input, stdin where no file is named; what cannot be read is told and left out."""
    for name in names or ["-"]:
        try:
            if name != "-" and io.workspace.is_dir(name):
                raise OSError(errno.EISDIR, "Is a directory")
            yield name, io.read(name)
        except OSError as error:
            io.fail(f"{verb}{name}: {error.strerror}", trouble)


def number(text: str, complaint: str) -> int:
    """The whole number that `text` is. Raises ToolError with `complaint` and the text."""
    if not re.fullmatch(r"[+-]?[0-9]{1,15}", text):
        raise ToolError(f"{complaint}: '{text}'")
    return int(text)
