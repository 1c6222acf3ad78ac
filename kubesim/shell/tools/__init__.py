"""What a tool is: a function, the options that it takes, and the words that explain it; and where each one is."""

from __future__ import annotations

import errno
import getopt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import NamedTuple

from kubesim.api.budget import Budget
from kubesim.shell.machine import Invocation, ToolError
from kubesim.shell.syntax import UnsupportedError

_ENTRY_COST = Budget.STEPS // 1000

Options = dict[str, str]
Function = Callable[[list[str], Options, Invocation], int | None]


class Tool(NamedTuple):
    """A command of the shell.

    `run` takes the arguments after the name and returns the exit status. `complete`, if there is one, takes those
    arguments up to the cursor, the unfinished word last, and returns the words that may stand in its place.
    `builtin` tools belong to bash: errors begin with its name.
    """

    name: str
    run: Callable[[list[str], Invocation], int]
    usage: str = ""
    example: str = ""
    builtin: bool = False
    complete: Callable[[list[str]], Iterable[str]] | None = None


def tool(
    usage: str,
    short: str | None = None,
    long: Mapping[str, str] | None = None,
    *,
    example: str = "",
    trouble: int = 1,
    builtin: bool = False,
) -> Callable[[Function], Tool]:
    """Make a Tool of a function that takes operands, options and the invocation, and may return an exit status.

    `short` is getopt's string of options ("n:v"), or None for a tool that reads its arguments itself; `long` maps
    long options to short ones, with "=" where they take a value. `trouble` is the exit status of a wrong call.
    """

    def decorate(function: Function) -> Tool:
        def run(arguments: list[str], io: Invocation) -> int:
            try:
                if arguments == ["--help"]:
                    io.out(f"Usage: {usage}\n")
                    return 0
                options, operands = ({}, arguments) if short is None else _parse(short, long or {}, arguments, io.name)
                return max(function(operands, options, io) or 0, io.status)
            except ToolError as error:
                return io.fail(str(error), error.status or trouble)
            except UnsupportedError as error:
                if not io.machine.IS_TERMINAL:
                    raise
                io.err(f"kubesim: {error} is not part of this simulator\n")
                return trouble
            except OSError as error:
                return io.fail(f"{error.filename}: {error.strerror}", trouble)

        return Tool(usage.split()[0], run, usage, example, builtin)

    return decorate


def _parse(short: str, long: Mapping[str, str], arguments: list[str], name: str) -> tuple[Options, list[str]]:
    """Options by their short names, the values of one that is repeated on lines of their own; and the operands."""
    try:
        found, operands = getopt.gnu_getopt(arguments, short, list(long))
    except getopt.GetoptError as error:
        if "requires argument" in error.msg:
            raise ToolError(f"option requires an argument -- '{error.opt}'\n{hint(name)}") from None
        dashes = "--" if len(error.opt) > 1 else "-"
        raise UnsupportedError(f"'{name} {dashes}{error.opt}'") from None
    letters = {f"--{option.rstrip('=')}": letter for option, letter in long.items()}
    options: Options = {}
    for option, value in found:
        letter = letters.get(option, option.lstrip("-"))
        options[letter] = f"{options[letter]}\n{value}" if value and letter in options else value
    return options, operands


def hint(name: str) -> str:
    """GNU's second line after a wrong call."""
    return f"Try '{name} --help' for more information."


def need_operands(io: Invocation, operands: Sequence[str], what: str = "operand") -> None:
    """Raise GNU's ToolError where there is none."""
    if not operands:
        raise ToolError(f"missing {what}\n{hint(io.name)}")


def for_each(io: Invocation, names: Iterable[str], complaint: str, action: Callable[[str], object]) -> None:
    """Do `action` on each name; where that is refused, say `complaint`, the name and why, and go on."""
    for name in names:
        try:
            action(name)
        except OSError as error:
            io.fail(f"{complaint} '{name}': {error.strerror}" if complaint else f"{name}: {error.strerror}")


def below(io: Invocation, folder: str) -> Iterator[str]:
    """The paths of what a folder contains. It costs something, because links may lead round in circles."""
    for name in io.files.listdir(folder):
        io.spend(_ENTRY_COST)
        yield f"{folder.rstrip('/')}/{name}"


def inputs(io: Invocation, names: Iterable[str], verb: str = "", trouble: int = 1) -> Iterator[tuple[str, str]]:
    """Name and text of each input, stdin where no file is named; what cannot be read is reported and left out."""
    for name in names or ["-"]:
        try:
            if name != "-" and io.files.is_dir(name):
                raise OSError(errno.EISDIR, "Is a directory")
            text = io.read(name)
        except OSError as error:
            io.fail(f"{verb}{name}: {error.strerror}", trouble)
        else:
            yield name, text


def whole_number(text: str, complaint: str) -> int:
    """The whole number that `text` is. Raises ToolError with `complaint` and the text."""
    if not re.fullmatch(r"[+-]?[0-9]{1,15}", text):
        raise ToolError(f"{complaint}: '{text}'")
    return int(text)


# Where the tools are: a module is imported when one of its tools is first used.
_MODULES = {
    "control": "[ : alias clear date echo env export false help history printf read sleep test true type unalias unset"
    " which xargs",
    "sed": "sed",
    "system": "bash cat cd cp df diff emacs hostname id ls mkdir mv nano neighbour printenv ps pwd rm seq sh tee touch"
    " uname vi vim vimtutor whoami",
    "text": "base64 cut grep head sort tail tr uniq wc",
}
PLACES = {name: module for module, names in _MODULES.items() for name in names.split()}


@cache
def _tools_of(module: str) -> dict[str, Tool]:
    found = vars(import_module(f"{__name__}.{module}")).values()
    return {tool.name: tool for tool in found if isinstance(tool, Tool)}


class Toolbox(Mapping[str, Tool]):
    """Tools by name: those of this package that `names` lists, and `programs` besides."""

    def __init__(self, names: Iterable[str], programs: Iterable[Tool] = ()) -> None:
        self._tools: dict[str, Tool | None] = dict.fromkeys(names)
        for program in programs:
            self.add(program)

    def add(self, program: Tool) -> None:
        self._tools[program.name] = program

    def __getitem__(self, name: str) -> Tool:
        return self._tools[name] or _tools_of(PLACES[name])[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tools)

    def __len__(self) -> int:
        return len(self._tools)
