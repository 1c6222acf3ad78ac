"""A small shell: enough of bash 5.2 and of the GNU tools for a lesson, without ever starting a process."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kubesim.api.budget import Budget, TooMuchError
from kubesim.api.clock import Clock
from kubesim.api.result import Result, Written
from kubesim.shell.interpreter import Interpreter
from kubesim.shell.machine import Machine, Streams
from kubesim.shell.parser import parse
from kubesim.shell.syntax import IncompleteError, ShellSyntaxError, UnsupportedError
from kubesim.shell.tools import TOOLS, Declaration, Invocation, LeaveError, Operands, Options, Tool, ToolError
from kubesim.workspace import HOME, Workspace

__all__ = ["Declaration", "Invocation", "Operands", "Options", "Shell", "Tool", "ToolError", "UnsupportedError"]

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
        self.aliases = self._machine.shell.aliases
        self.history = self._machine.history
        self.has_exited = False
        """Whether the last line ended with `exit`, after which there would be no shell any more."""

    def set_clock(self, clock: Clock) -> None:
        self._machine.clock = clock

    def add(self, tool: Tool) -> None:
        self._tools[tool.name] = tool

    def recall(self, other: Shell) -> None:
        """Know what the history of `other` has kept, and what a neighbor has seen of it."""
        self._machine.history.extend(other._machine.history)
        self._machine.processes.extend(other._machine.processes)
        self._machine.next_pid = other._machine.next_pid

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
        streams = Streams(
            None,
            stdout=lambda text: written.append((False, text)),
            stderr=lambda text: written.append((True, text)),
        )
        machine.budget = Budget()
        machine.edit = None
        self.has_exited = False
        try:
            self._interpreter.interpret(text, streams)
        except LeaveError as leave:
            machine.status = leave.status
            self.has_exited = True
        except UnsupportedError as error:
            streams.stderr(error.sentence)
            machine.status = 2
        except (TooMuchError, RecursionError) as error:
            complaint = error if isinstance(error, TooMuchError) else TooMuchError()
            streams.stderr(f"{complaint}\n")
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
        # A last backslash leaves a line open as $( does: everywhere but in a comment.
        text = re.sub(r"(?<!\\)((?:\\\\)*)\\\Z", r"\1 $(", _clean(text))
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
        from kubesim.shell.completion import complete  # late: only Tab needs it

        return complete(line[:cursor], self._machine, self._tools)


def _clean(line: str) -> str:
    """The line without what no terminal could send."""
    text = line.replace("\0", "").replace("\r\n", "\n")
    return text.encode("utf-8", "replace").decode("utf-8")
