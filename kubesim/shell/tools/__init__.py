"""The tools of the shell: the Tool type, its Invocation, the table of tools, and helpers that several tools share.

A row of tools.json is a `Declaration`. The rows are grouped by module. A module has a function with each tool's name
(or with the row's `function`), and is imported when one of its tools is first used.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from math import inf
from typing import Any, NamedTuple, cast

from kubesim.api import load_table, typed
from kubesim.api.result import Result
from kubesim.shell.machine import Input, Machine, Streams
from kubesim.shell.syntax import UnsupportedError
from kubesim.workspace import ProtectedError, Workspace

COMMAND_COST = 4000

Operands = list[str]
Options = dict[str, str]
# A function that runs the words of a command with streams, and returns the exit status.
RunWords = Callable[[Sequence[str], Streams], int]
# A function that runs a script in a child shell: the shell's name, the script, `$0`, `$1` … and the streams.
RunScript = Callable[[str, str, Sequence[str], Streams], int]


class ToolError(Exception):
    """The failure of a tool. The message is printed after the tool's name; status 0 means its usual failure status."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class LeaveError(Exception):
    """Ends the shell, as `exit` does, with this status.

    Its subclasses end a loop. A subshell and a pipe catch all of them, so `break` ends a subshell, too.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class BreakError(LeaveError):
    """Ends a loop: `break`."""


class ContinueError(BreakError):
    """Ends a round of a loop: `continue`. In the loop's condition it ends the whole loop."""


class Tool(NamedTuple):
    """A command of the shell.

    `run` takes the arguments after the name and returns the exit status. `complete` takes those arguments up to the
    cursor, the unfinished word last, and returns the words that may replace it. `builtin` tools belong to bash, whose
    name begins their error messages.
    """

    name: str
    run: "Callable[[list[str], Invocation], int]"
    usage: str = ""
    example: str = ""
    builtin: bool = False
    complete: Callable[[list[str]], Iterable[str]] | None = None


Tools = Mapping[str, Tool]


class Invocation:
    """One run of a command: its name, streams and machine, and functions that run other commands.

    `status` is the highest status of `fail`.
    """

    def __init__(
        self,
        tool: Tool,
        machine: Machine,
        tools: Tools,
        streams: Streams,
        run_words: RunWords,
        run_script: RunScript,
    ) -> None:
        self.name = tool.name
        self.machine = machine
        self.files = machine.files
        self.shell = machine.shell
        self.env = machine.shell.env
        self.tools = tools
        self.streams = streams
        self.run_script = run_script
        self._run_words = run_words
        self._prefix = f"{machine.shell.name}: {tool.name}" if tool.builtin else tool.name
        self.status = 0

    @property
    def workspace(self) -> Workspace:
        """The learner's files, to tools that change them: no image has these tools."""
        return cast(Workspace, self.files)

    def read_stdin(self) -> str:
        """The rest of stdin, which is consumed. "" at a terminal."""
        return self.streams.stdin.rest() if self.streams.stdin else ""

    def run(self, words: Sequence[str], stdin: str | None = None) -> int:
        """Run another command with the same streams, but with the input `stdin` if given. Returns its exit status."""
        self.spend(COMMAND_COST)
        streams = self.streams if stdin is None else self.streams._replace(stdin=Input(stdin))
        return self._run_words(words, streams)

    def spend(self, steps: int) -> None:
        self.machine.budget.spend(steps)

    def out(self, text: str) -> None:
        self.machine.budget.produce(len(text))
        self.streams.stdout(text)

    def err(self, text: str) -> None:
        self.machine.budget.produce(len(text))
        self.streams.stderr(text)

    def fail(self, message: str, status: int = 1) -> int:
        """Write `message` to stderr after the command's name, as GNU's tools do, and return `status`."""
        self.status = max(self.status, status)
        self.err(self.machine.in_dialect(f"{self._prefix}: {message}\n"))
        return status

    def refuse(self, error: ProtectedError) -> int:
        """Report a file that is protected here (GNU's tools would change it), and return the exit status."""
        self.status = max(self.status, 1)
        self.err(f"kubesim: {error.filename}: {error.strerror}\n")
        return 1

    def show(self, result: Result) -> int:
        """Write the output of a Result in its order, and return its exit status."""
        self.machine.edit = result.edit or self.machine.edit
        for is_error, text in result.written:
            if is_error:
                self.err(text)
            else:
                self.out(text)
        return result.exit_code

    def read(self, name: str = "-") -> str:
        """Read a file, or stdin for "-". Raises OSError, and UnsupportedError at a terminal."""
        if name != "-":
            self.spend(self.files.size(name))
            return self.files.read_text(name)
        if self.streams.stdin is None:
            raise UnsupportedError(f"typing the input of '{self.name}'")
        text = self.read_stdin()
        self.spend(len(text))
        return text


def lines(text: str) -> list[str]:
    """The lines of `text` with their newlines. The last one may have none."""
    return re.findall(r"[^\n]*+\n|[^\n]++", text)


def bare_lines(text: str) -> list[str]:
    """The lines of `text` without their newlines."""
    return [line.removesuffix("\n") for line in lines(text)]


# The function of a declared tool. It writes to its Invocation, and returns an exit status, or None for 0.
Function = Callable[[Operands, Options, Invocation], int | None]


class Declaration(NamedTuple):
    """The declaration of a tool: a row of tools.json, or of a program such as kubectl."""

    usage: str
    # The options of the tool as words; None is for a tool that reads its arguments itself.
    # `ad` are the flags -a and -d. `k:` takes a value. `e*` takes a value and may be repeated: the values are joined by
    # newlines. `w:/wrap` has the long form --wrap. The value of `n#` may be a first word itself, as in `head -12` and
    # `tail -12f`; no other letter can have a #. After a `+` at the beginning, the first operand ends the options, as
    # xargs needs for its command. "" takes no options.
    options: str | None = None
    example: str = ""
    builtin: bool = False
    failure_status: int = 1  # the exit status of a failure, such as a wrong option
    needs: str = ""  # the name of a required operand in GNU's message, "" if none is required
    most: float = inf  # the largest number of operands
    function: str = ""  # the function's name, if it isn't the tool's

    def tool(self, function: Function) -> Tool:
        """The tool that calls `function` with operands and options. The function may return an exit status."""
        run = partial(self._run, function)
        return Tool(self.usage.split()[0], run, self.usage, self.example, self.builtin)

    def _run(self, function: Function, arguments: list[str], io: Invocation) -> int:
        """Parse the arguments, call `function`, and return the exit status. Errors become messages on stderr."""
        if arguments == ["--help"]:
            io.out(f"Usage: {self.usage}\n")
            return 0
        try:
            options, operands = self._parse(arguments, io.name)
            status = function(operands, options, io) or 0
            return max(status, io.status)
        except ToolError as error:
            return io.fail(str(error), error.status or self.failure_status)
        except UnsupportedError as error:
            if not io.machine.IS_TERMINAL:  # ends the container's process
                raise
            io.err(error.sentence)
            return self.failure_status
        except ProtectedError as error:
            return io.refuse(error)
        except OSError as error:
            return io.fail(f"{error.filename}: {error.strerror}", self.failure_status)

    def _parse(self, arguments: list[str], name: str) -> tuple[Options, Operands]:
        """Parse the arguments of a call. Raises ToolError and UnsupportedError."""
        options: Options = {}
        operands = arguments
        if self.options is not None:
            options, operands = _parse_options(self.options, arguments, name)
        if self.needs and not operands:
            raise misused(name, f"missing {self.needs}")
        if len(operands) > self.most:
            raise misused(name, f"extra operand '{operands[int(self.most)]}'")
        return options, operands


def _parse_options(declared: str, arguments: list[str], name: str) -> tuple[Options, Operands]:
    """Parse arguments into options by short name, and operands. Values of a repeated option are joined by newlines."""
    import getopt  # late: kubectl, the commonest tool, reads its flags itself

    if "n#" in declared:
        first = [re.sub(r"\A-([0-9]+)(f?)\Z", r"-\2n\1", word) for word in arguments[:1]]
        arguments = first + arguments[1:]
    # getopt wants the short options as one text, and the long names as a list, with = if they take a value.
    letters = re.sub("[*#]", ":", re.sub(r"/\S+|\s", "", declared))
    long_ones = re.findall(r"(\w)([:*#]?)/(\S+)", declared)
    long_names = [f"{long_name}=" if takes_value else long_name for _, takes_value, long_name in long_ones]
    try:
        pairs, operands = getopt.gnu_getopt(arguments, letters, long_names)
    except getopt.GetoptError as error:
        raise _option_error(error.opt, error.msg, name) from None
    letter_of = {long_name: letter for letter, _, long_name in long_ones}
    options: Options = {}
    for option, value in pairs:
        option_name = option.lstrip("-")
        letter = letter_of.get(option_name, option_name)
        if letter in options and f"{letter}*" in declared:
            value = f"{options[letter]}\n{value}"
        options[letter] = value
    return options, operands


def _option_error(option: str, problem: str, name: str) -> Exception:
    """The error about an option of the tool `name`; `problem` is the message of getopt."""
    is_long = len(option) > 1
    if "requires argument" in problem:
        needed = (
            f"option '--{option}' requires an argument" if is_long else f"option requires an argument -- '{option}'"
        )
        return misused(name, needed)
    if "must not have an argument" in problem:
        return misused(name, f"option '--{option}' doesn't allow an argument")
    return UnsupportedError(f"'{name} {'--' if is_long else '-'}{option}'")


def values_of(options: Options, letter: str) -> list[str]:
    """The values of an option that may be repeated, in their order; empty if it wasn't typed."""
    return options[letter].split("\n") if letter in options else []


def misused(name: str, problem: str) -> ToolError:
    """The error of a wrong call, with the second line of GNU's tools."""
    return ToolError(f"{problem}\nTry '{name} --help' for more information.")


def _import_and_call(module: str, name: str, operands: Operands, options: Options, io: Invocation) -> int | None:
    """Call a function of a module of this package, which is imported now."""
    function: Function = getattr(import_module(f"{__name__}.{module}"), name)
    return function(operands, options, io)


def read_tools(table: Any) -> dict[str, Tool]:
    """The tools of a table, by name. Raises ValueError for wrong fields of a row."""
    tools: dict[str, Tool] = {}
    for module, rows in typed.read(Mapping[str, Mapping[str, Declaration]], table, "tools.json").items():
        for name, row in rows.items():
            tools[name] = row.tool(partial(_import_and_call, module, row.function or name))
    return tools


TOOLS = read_tools(load_table(__file__, "tools.json"))


@contextmanager
def reported(io: Invocation, complaint: str, status: int = 1) -> Iterator[None]:
    """A context that reports an OSError of its block as `complaint` with the reason, and goes on after the block."""
    try:
        yield
    except ProtectedError as error:
        io.refuse(error)
    except OSError as error:
        io.fail(f"{complaint}: {error.strerror}", status)


def inputs(
    io: Invocation, names: Sequence[str], complaint: str = "{}", failure_status: int = 1
) -> Iterator[tuple[str, str]]:
    """The name and text of each input; stdin if `names` is empty.

    An unreadable input is left out and reported with `complaint`, in which `{}` stands for its name.
    """
    for name in names or ["-"]:
        with reported(io, complaint.replace("{}", name), failure_status):
            yield name, io.read(name)  # an OSError of the caller's loop body isn't raised in here


def whole_number(text: str, complaint: str) -> int:
    """Parse a whole number. Raises ToolError with `complaint` and the text."""
    if not re.fullmatch(r"[+-]?[0-9]{1,15}", text):
        raise ToolError(f"{complaint}: '{text}'")
    return int(text)
