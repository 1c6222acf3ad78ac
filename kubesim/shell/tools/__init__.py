"""The tools of the shell: what a tool is, one run of it, those that tools.json declares, and what several of them need.

A row of tools.json is a `Declaration`, under the module with the function of the tool's name (or of `function`), which
is imported when one of its tools is first used.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from math import inf
from typing import Any, NamedTuple

from kubesim.api import load_table
from kubesim.api.result import Result
from kubesim.shell.machine import Input, Machine, Streams
from kubesim.shell.syntax import UnsupportedError
from kubesim.workspace import ProtectedError

COMMAND_COST = 4000

Operands = list[str]
Options = dict[str, str]
Call = Callable[[Sequence[str], Streams], int]
Child = Callable[[str, str, Sequence[str], Streams], int]


class ToolError(Exception):
    """A tool gives up; the message is what it prints after its name. Status 0 stands for the tool's usual one."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class LeaveError(Exception):
    """What ends a script early, as `exit` does, with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class BreakError(LeaveError):
    """`break` ends a loop."""


class ContinueError(BreakError):
    """`continue` ends a round of a loop; in its condition, the whole loop."""


class Tool(NamedTuple):
    """A command of the shell.

    `run` takes the arguments after the name and returns the exit status. `complete`, if there is one, takes those
    arguments up to the cursor, the unfinished word last, and returns the words that may replace it.
    `builtin` tools belong to bash: errors begin with its name.
    """

    name: str
    run: "Callable[[list[str], Invocation], int]"
    usage: str = ""
    example: str = ""
    builtin: bool = False
    complete: Callable[[list[str]], Iterable[str]] | None = None


Tools = Mapping[str, Tool]


class Invocation:
    """One run of one command: its name and streams, the machine, and what the interpreter lends to run others.

    `script` runs a script in a shell of some name, with its `$0`, `$1` … `status` is the highest that `fail` was given.
    """

    def __init__(self, tool: Tool, machine: Machine, tools: Tools, streams: Streams, call: Call, child: Child) -> None:
        self.name = tool.name
        self.machine = machine
        self.files = machine.files
        self.shell = machine.shell
        self.env = machine.shell.env
        self.tools = tools
        self.streams = streams
        self.script = child
        self._call = call
        self._prefix = f"{machine.shell.name}: {tool.name}" if tool.builtin else tool.name
        self.status = 0

    def read_stdin(self) -> str:
        """What is left on stdin, which is gone then; nothing at a terminal."""
        return self.streams.stdin.rest() if self.streams.stdin else ""

    def run_here(self, words: Sequence[str]) -> int:
        """Run another command with the same streams."""
        self.spend(COMMAND_COST)
        return self._call(words, self.streams)

    def run(self, words: Sequence[str], stdin: str) -> int:
        """Run another command with the same outputs."""
        self.spend(COMMAND_COST)
        return self._call(words, self.streams._replace(stdin=Input(stdin)))

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
        self.err(self.machine.in_dialect(f"{self._prefix}: {message}\n"))
        return status

    def refuse(self, error: ProtectedError) -> int:
        """Write why a command may not change a file, which GNU's tools would change; give the exit status back."""
        self.status = max(self.status, 1)
        self.err(f"kubesim: {error.filename}: {error.strerror}\n")
        return 1

    def show(self, result: Result) -> int:
        """Write what another command's Result holds, in its order; give its exit status back."""
        self.machine.edit = result.edit or self.machine.edit
        for is_error, text in result.written:
            if is_error:
                self.err(text)
            else:
                self.out(text)
        return result.exit_code

    def read(self, name: str = "-") -> str:
        """The text of a file, or of stdin for "-". Raises OSError; UnsupportedError at a terminal."""
        if name != "-":
            self.spend(self.files.size(name))
            return self.files.read_text(name)
        if self.streams.stdin is None:
            raise UnsupportedError(f"typing the input of '{self.name}'")
        text = self.read_stdin()
        self.spend(len(text))
        return text


def lines(text: str) -> list[str]:
    """The lines of `text`, each with its newline, if it has one."""
    return re.findall(r"[^\n]*+\n|[^\n]++", text)


def bare_lines(text: str) -> list[str]:
    """The lines of `text` without their newlines."""
    return [line.removesuffix("\n") for line in lines(text)]


Function = Callable[[Operands, Options, Invocation], int | None]


class Declaration(NamedTuple):
    """A tool as tools.json or a program declares it."""

    usage: str
    options: str | None = None
    """Words such as `ad` (flags -a and -d), `k:` (it takes a value), `e*` (its values add up), `w:/wrap` (--wrap is the
    same as -w), and `n#` (its value may be the first word itself, as in `head -12` and `tail -12f`).

    None is for a tool that reads its arguments itself.
    """
    example: str = ""
    builtin: bool = False
    trouble: int = 1  # the exit status of a wrong call
    needs: str = ""  # what is missing where there is no operand
    most: float = inf  # how many operands there may be
    function: str = ""  # of a row of tools.json: the function's name, where that is another than the tool's

    def tool(self, function: Function) -> Tool:
        """The tool that runs a function, which is given operands and options and may return an exit status."""
        run = partial(self._run, function)
        return Tool(self.usage.split()[0], run, self.usage, self.example, self.builtin)

    def _run(self, function: Function, arguments: list[str], io: Invocation) -> int:
        if arguments == ["--help"]:
            io.out(f"Usage: {self.usage}\n")
            return 0
        try:
            options, operands = self._read(arguments, io.name)
            status = function(operands, options, io) or 0
            return max(status, io.status)
        except ToolError as error:
            return io.fail(str(error), error.status or self.trouble)
        except UnsupportedError as error:
            if not io.machine.IS_TERMINAL:  # the whole process of a container ends
                raise
            io.err(error.sentence)
            return self.trouble
        except ProtectedError as error:
            return io.refuse(error)
        except OSError as error:
            return io.fail(f"{error.filename}: {error.strerror}", self.trouble)

    def _read(self, arguments: list[str], name: str) -> tuple[Options, Operands]:
        """The options and operands of a call. Raises ToolError and UnsupportedError."""
        options: Options = {}
        operands = arguments
        if self.options is not None:
            options, operands = _parsed(self.options, arguments, name)
        if self.needs and not operands:
            raise misused(name, f"missing {self.needs}")
        if len(operands) > self.most:
            raise misused(name, f"extra operand '{operands[int(self.most)]}'")
        return options, operands


def _parsed(declared: str, arguments: list[str], name: str) -> tuple[Options, Operands]:
    """Options by their short names, those values that add up on lines of their own; and the operands."""
    import getopt  # late: kubectl has flags of its own

    if "n#" in declared:
        first = [re.sub(r"\A-([0-9]+)(f?)\Z", r"-\2n\1", word) for word in arguments[:1]]
        arguments = first + arguments[1:]
    # getopt gets `ad` and `k:` in one text, and the long names in a list, with = where they take a value
    letters = re.sub("[*#]", ":", re.sub(r"/\S+|\s", "", declared))
    long_ones = re.findall(r"(\w)([:*#]?)/(\S+)", declared)
    long_names = [f"{long_name}=" if mark else long_name for _, mark, long_name in long_ones]
    try:
        pairs, operands = getopt.gnu_getopt(arguments, letters, long_names)
    except getopt.GetoptError as error:
        if "requires argument" in error.msg:
            raise misused(name, f"option requires an argument -- '{error.opt}'") from None
        dashes = "--" if len(error.opt) > 1 else "-"
        raise UnsupportedError(f"'{name} {dashes}{error.opt}'") from None
    letter_of = {long_name: letter for letter, _, long_name in long_ones}
    options: Options = {}
    for option, value in pairs:
        option_name = option.lstrip("-")
        letter = letter_of.get(option_name, option_name)
        if letter in options and f"{letter}*" in declared:
            value = f"{options[letter]}\n{value}"
        options[letter] = value
    return options, operands


def misused(name: str, problem: str) -> ToolError:
    """A wrong call, with GNU's second line."""
    return ToolError(f"{problem}\nTry '{name} --help' for more information.")


def _call(module: str, name: str, operands: Operands, options: Options, io: Invocation) -> int | None:
    """Run a function of one of the modules here, which is imported now."""
    function: Function = getattr(import_module(f"{__name__}.{module}"), name)
    return function(operands, options, io)


def read_table(table: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, Tool]:
    """The tools of a table, by name. Raises TypeError for a word that no row has, and for a row without its usage."""
    tools: dict[str, Tool] = {}
    for module, rows in table.items():
        for name, fields in rows.items():
            row = Declaration(**fields)
            tools[name] = row.tool(partial(_call, module, row.function or name))
    return tools


TOOLS = read_table(load_table(__file__, "tools.json"))


@contextmanager
def reported(io: Invocation, complaint: str, status: int = 1) -> Iterator[None]:
    """Say `complaint` and why where the file system refuses what the block does, and go on behind it."""
    try:
        yield
    except ProtectedError as error:
        io.refuse(error)
    except OSError as error:
        io.fail(f"{complaint}: {error.strerror}", status)


def inputs(io: Invocation, names: Sequence[str], complaint: str = "{}", trouble: int = 1) -> Iterator[tuple[str, str]]:
    """Name and text of each input, stdin where no file is named.

    What can't be read is left out, and reported by the `complaint`, in which `{}` stands for its name.
    """
    for name in names or ["-"]:
        with reported(io, complaint.replace("{}", name), trouble):
            yield name, io.read(name)  # what goes wrong with these isn't raised here


def whole_number(text: str, complaint: str) -> int:
    """The whole number that `text` is. Raises ToolError with `complaint` and the text."""
    if not re.fullmatch(r"[+-]?[0-9]{1,15}", text):
        raise ToolError(f"{complaint}: '{text}'")
    return int(text)
