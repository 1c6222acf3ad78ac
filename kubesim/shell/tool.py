"""What a tool is: a function, the options that it takes and the words that explain it; and one run of it."""

from __future__ import annotations

import getopt
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf
from typing import NamedTuple

from kubesim.api.result import Result
from kubesim.shell.machine import Input, Machine, Streams
from kubesim.shell.syntax import UnsupportedError

COMMAND_COST = 4000

Options = dict[str, str]
Call = Callable[[Sequence[str], Streams], int]
Child = Callable[[str, str, Sequence[str], Streams], int]


class ToolError(Exception):
    """A tool gives up; the message is what it prints after its name. Status 0 stands for the tool's usual one."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Tool(NamedTuple):
    """A command of the shell.

    `run` takes the arguments after the name and returns the exit status. `complete`, if there is one, takes those
    arguments up to the cursor, the unfinished word last, and returns the words that may replace it.
    `builtin` tools belong to bash: errors begin with its name.
    """

    name: str
    run: Callable[[list[str], Invocation], int]
    usage: str = ""
    example: str = ""
    builtin: bool = False
    complete: Callable[[list[str]], Iterable[str]] | None = None


Tools = Mapping[str, Tool]


class Invocation:
    """One run of one command: its name and streams, the machine, and what the interpreter lends to run others.

    `status` is the highest that `fail` was given.
    """

    def __init__(self, tool: Tool, machine: Machine, tools: Tools, streams: Streams, call: Call, child: Child) -> None:
        self.name, self.machine, self.tools, self.streams = tool.name, machine, tools, streams
        self._call, self._child = call, child
        self.files, self.env = machine.files, machine.env
        self._prefix = f"{machine.shell}: {tool.name}" if tool.builtin else tool.name
        self.status = 0

    @property
    def stdin(self) -> str | None:
        return self.streams.stdin.text if self.streams.stdin else None

    def run(self, words: Sequence[str], stdin: str) -> int:
        """Run another command with the same outputs."""
        self.spend(COMMAND_COST)
        return self._call(words, self.streams._replace(stdin=Input(stdin)))

    def script(self, text: str, parameters: Sequence[str], stdin: Input | None) -> int:
        """Run a script in a shell of this name, with its `$0`, `$1` …"""
        return self._child(self.name, text, parameters, self.streams._replace(stdin=stdin))

    def shell(self, text: str, streams: Streams) -> int:
        """Run a script in a `sh` with streams of its own."""
        return self._child("sh", text, ["sh"], streams)

    def spend(self, steps: int) -> None:
        self.machine.budget.spend(steps)

    def out(self, text: str) -> None:
        self.machine.budget.produce(len(text))
        self.streams.stdout(text)

    def err(self, text: str) -> None:
        self.machine.budget.produce(len(text))
        self.streams.stderr(text)

    def fail(self, message: str, status: int = 1) -> int:
        """Write `message` to stderr after the command's name, as GNU's tools do; give `status` back."""
        self.status = max(self.status, status)
        self.err(self.machine.phrase(f"{self._prefix}: {message}\n"))
        return status

    def show(self, result: Result) -> int:
        """Write what another command's Result holds, in its order; give its exit status back."""
        self.machine.edit = result.edit or self.machine.edit
        for is_error, text in result.written:
            (self.err if is_error else self.out)(text)
        return result.exit_code

    def read(self, name: str = "-") -> str:
        """The text of a file, or of stdin for "-". Raises OSError; UnsupportedError at a terminal."""
        if name != "-":
            self.spend(self.files.size(name))
            return self.files.read_text(name)
        if self.stdin is None:
            raise UnsupportedError(f"typing the input of '{self.name}'")
        self.spend(len(self.stdin))
        return self.stdin


def lines(text: str) -> list[str]:
    """The lines of `text`, each with its newline, if it has one."""
    *whole, last = text.split("\n")
    return [line + "\n" for line in whole] + ([last] if last else [])


Function = Callable[[list[str], Options, Invocation], int | None]


def tool(
    usage: str,
    options: str | None = None,
    *,
    example: str = "",
    builtin: bool = False,
    trouble: int = 1,
    needs: str = "",
    most: float = inf,
) -> Callable[[Function], Tool]:
    """Make a Tool of a function that takes operands, options and the invocation, and may return an exit status.

    `options` are words such as `ad` (flags -a and -d), `k:` (it takes a value) and `n:/lines` (--lines is the same as
    -n); None is for a tool that reads its arguments itself. `needs` is what is missing where there is no operand, and
    `most` how many there may be. `trouble` is the exit status of a wrong call.
    """

    def decorate(function: Function) -> Tool:
        def run(arguments: list[str], io: Invocation) -> int:
            try:
                if arguments == ["--help"]:
                    io.out(f"Usage: {usage}\n")
                    return 0
                found, operands = ({}, arguments) if options is None else _parsed(options, arguments, io.name)
                if needs and not operands:
                    raise misused(io.name, f"missing {needs}")
                if len(operands) > most:
                    raise misused(io.name, f"extra operand '{operands[int(most)]}'")
                return max(function(operands, found, io) or 0, io.status)
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


def _parsed(declared: str, arguments: list[str], name: str) -> tuple[Options, list[str]]:
    """Options by their short names, the values of one that is repeated on lines of their own; and the operands."""
    words = [word.partition("/") for word in declared.split()]
    long = {f"--{name}": letters for letters, _, name in words if name}
    try:
        names = [option[2:] + "=" * letters.endswith(":") for option, letters in long.items()]
        found, operands = getopt.gnu_getopt(arguments, "".join(letters for letters, _, _ in words), names)
    except getopt.GetoptError as error:
        if "requires argument" in error.msg:
            raise misused(name, f"option requires an argument -- '{error.opt}'") from None
        dashes = "--" if len(error.opt) > 1 else "-"
        raise UnsupportedError(f"'{name} {dashes}{error.opt}'") from None
    options: Options = {}
    for option, value in found:
        letter = long.get(option, option).strip("-:")
        options[letter] = f"{options[letter]}\n{value}" if value and letter in options else value
    return options, operands


def misused(name: str, problem: str) -> ToolError:
    """A wrong call, with GNU's second line."""
    return ToolError(f"{problem}\nTry '{name} --help' for more information.")
