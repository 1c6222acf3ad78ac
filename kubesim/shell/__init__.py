"""A small shell: enough of bash 5.2 and of the GNU tools for a lesson, without ever starting a process."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from kubesim.api.budget import Budget, TooMuchError
from kubesim.api.clock import Clock
from kubesim.api.result import Result, Written
from kubesim.shell.interpreter import Interpreter
from kubesim.shell.machine import Files, Machine, Streams
from kubesim.shell.parser import parse
from kubesim.shell.syntax import IncompleteError, ShellSyntaxError, UnsupportedError
from kubesim.shell.tools import TOOLS, Declaration, Invocation, Options, Tool
from kubesim.workspace import HOME, Workspace

__all__ = ["Declaration", "Invocation", "Options", "Shell", "Tool", "UnsupportedError", "word_start"]

# Of a line that may still be unfinished: what ends a command, what begins a redirection, a word with its quotes, a
# variable at the end of one, what quotes in it, and what has to be quoted in the name of a file.
_SEPARATORS = r"\|\||&&|[|;&\n(]"
_REDIRECT = r"[0-9&]?>>?[ \t]*|<[ \t]*"
_WORD = r"(?s)(?:'[^']*+'?|\"(?:[^\"\\]|\\.)*+\"?|\\.|[^\s'\"\\]|\\)++"
_VARIABLE = r"\$(\{?)([A-Za-z_0-9]*)$"
_QUOTE = r"(?s)\\(.)|['\"]"
_SPECIAL = r"[\s'\"\\$`|&;()<>*?\[\]#~]"
_MAX_COMPLETED = 10_000  # characters before the cursor that are looked at
_ENVIRONMENT = {
    "HOME": str(HOME),
    "USER": "learner",
    "SHELL": "/bin/bash",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "EDITOR": "nano",
}


class Shell:
    """What a learner types into: command lines in, Results out.

    `programs` are commands beside the shell's own tools, such as kubectl. Simulated time passes with each pipeline.
    """

    def __init__(self, clock: Clock, workspace: Workspace, programs: Iterable[Tool] = ()) -> None:
        self.workspace = workspace
        self._machine = Machine(clock, workspace, dict(_ENVIRONMENT))
        self._tools = {**TOOLS, **{program.name: program for program in programs}}
        self._interpreter = Interpreter(self._machine, self._tools)
        self.aliases = self._machine.aliases
        self.history = self._machine.history

    def set_clock(self, clock: Clock) -> None:
        self._machine.clock = clock

    def add(self, tool: Tool) -> None:
        self._tools[tool.name] = tool

    def recall(self, other: Shell) -> None:
        """Know what the history of `other` has kept, and what a neighbor has seen of it."""
        self._machine.history.extend(other._machine.history)
        self._machine.processes.extend(other._machine.processes)

    def run(self, line: str) -> Result:
        """Run a command line, or a block of several; nothing that is typed raises."""
        text = _clean(line)
        if not text.strip():
            return Result()
        self._remember(text.rstrip("\n"))
        return self._result(text)

    def _remember(self, line: str) -> None:
        """Add a line to the history, unless $HISTCONTROL keeps it out."""
        control = self._machine.lookup("HISTCONTROL")
        if line.startswith(" ") and re.search("ignorespace|ignoreboth", control):
            return
        if self.history[-1:] == [line] and re.search("ignoredups|ignoreboth", control):
            return
        self.history.append(line)

    def call(self, line: str) -> Result:
        """As `run`, for a line that the learner did not type: it enters no history."""
        return self._result(_clean(line))

    def _result(self, text: str) -> Result:
        machine = self._machine
        written: list[Written] = []

        def write_error(text: str) -> None:
            written.append((True, text))

        streams = Streams(None, lambda text: written.append((False, text)), write_error)
        machine.budget = Budget()
        machine.edit = None
        try:
            self._interpreter.interpret(text, streams)
        except UnsupportedError as error:
            write_error(f"kubesim: {error} is not part of this simulator\n")
            machine.status = 2
        except TooMuchError as error:
            write_error(f"{error}\n")
            machine.status = 1
        except RecursionError:
            write_error(f"{TooMuchError()}\n")
            machine.status = 1
        return Result(written, machine.status, machine.edit)

    def is_complete(self, text: str) -> bool:
        """Whether `text` can be run, or must be continued: an open quote, here-document, loop, or a last backslash."""
        return self._missing(text) is None

    def end_mark(self, text: str) -> str:
        """The line that ends the here-document which is open at the end of `text`, or an empty string."""
        error = self._missing(text)
        return error.end_mark if error else ""

    def _missing(self, text: str) -> IncompleteError | None:
        """Why `text` must be continued."""
        text = _clean(text)
        stripped = text.rstrip("\n")
        if (len(stripped) - len(stripped.rstrip("\\"))) % 2 and text == stripped:
            return IncompleteError("a last backslash")
        try:
            for _ in parse(text, self.aliases, Budget()):
                pass
        except IncompleteError as error:
            return error
        except (ShellSyntaxError, UnsupportedError, TooMuchError):
            pass
        return None

    def complete(self, line: str, cursor: int) -> list[str]:
        """The words, sorted, that may replace line[word_start(line, cursor):cursor].

        A folder ends with "/"; after anything else a space may follow if there is only one candidate.
        """
        machine = self._machine
        before = line[:cursor][-_MAX_COMPLETED:]
        word = before[word_start(before, len(before)) :]
        if variable := re.search(_VARIABLE, word):
            return _completed_variables(word, variable, {**machine.env, **machine.variables})
        command = _words(re.split(_SEPARATORS, before)[-1], machine.aliases)
        if len(command) == 1 and "/" not in word:
            return sorted(name for name in {*self._tools, *machine.aliases} if name.startswith(word))
        program = self._tools.get(command[0])
        is_redirected = re.search(_REDIRECT, before[: len(before) - len(word)][-3:])
        if program and program.complete and not is_redirected:
            words = set(program.complete(command[1:]))
            if words:
                return sorted(words)
        return sorted(_files(word, machine.files))


def _completed_variables(word: str, variable: re.Match[str], names: Iterable[str]) -> list[str]:
    """A word that ends within `$NAME` or `${NAME`, with each name that it may become."""
    brace, start = variable.groups()
    before_name = word[: variable.start(2)]
    end = "}" if brace else ""
    return [f"{before_name}{name}{end}" for name in sorted(names) if name.startswith(start)]


def _clean(line: str) -> str:
    """The line without what no terminal could send."""
    text = line.replace("\0", "").replace("\r\n", "\n")
    return text.encode("utf-8", "replace").decode("utf-8")


def word_start(line: str, cursor: int) -> int:
    """Where the word that ends at `cursor` begins: after the last blank, separator or redirection."""
    before = line[:cursor]
    return len(before) - len(re.split(r"(?<!\\)[\s|;&<>(]", before[-_MAX_COMPLETED:])[-1])


def _words(command: str, aliases: Mapping[str, str]) -> list[str]:
    """The words of an unfinished command, the last one being the one to complete; an alias at its head is replaced."""
    typed = re.findall(_WORD, command)
    words = [re.sub(_QUOTE, r"\1", word) for word in typed]
    if not typed or not command.endswith(typed[-1]):
        words.append("")
    while len(words) > 1 and re.match(r"[A-Za-z_]\w*=", words[0]):
        words.pop(0)
    if len(words) > 1 and words[0] in aliases:
        return [*aliases[words[0]].split(), *words[1:]]
    return words


def _files(word: str, files: Files) -> Iterable[str]:
    folder, slash, start = re.sub(r"\\(.)", r"\1", word).rpartition("/")
    place = folder + slash or "."
    if not files.is_dir(place):
        return
    for name in files.listdir(place):
        if name.startswith(start) and (start or not name.startswith(".")):
            path = re.sub(_SPECIAL, r"\\\g<0>", f"{folder}{slash}{name}")
            yield f"{path}/" if files.is_dir(f"{place}/{name}") else path
