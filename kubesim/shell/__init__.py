"""A small shell: the subset of bash 5.2 and the GNU tools that lessons use. It never starts a process of the host."""

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
    """The learner's shell: runs command lines and returns Results.

    `programs` are commands besides the shell's own tools, such as kubectl. Simulated time passes with each pipeline.
    """

    def __init__(self, clock: Clock, workspace: Workspace, programs: Iterable[Tool] = ()) -> None:
        self.workspace = workspace
        self._machine = Machine(clock, workspace, dict(_ENVIRONMENT))
        self._tools = {**TOOLS, **{program.name: program for program in programs}}
        self._interpreter = Interpreter(self._machine, self._tools)
        self.aliases = self._machine.shell.aliases
        self.history = self._machine.history
        # True after a line that ran `exit`. A real shell would be gone then.
        self.has_exited = False

    def set_clock(self, clock: Clock) -> None:
        """Take the clock of the cluster that has replaced the one before."""
        clock.plans = self._machine.clock.plans
        self._machine.clock = clock

    def add(self, tool: Tool) -> None:
        """Add a command, or replace the one of that name."""
        self._tools[tool.name] = tool

    def adopt_history(self, other: Shell) -> None:
        """Append the history and the processes of `other`, so that `history` and `ps` show them here."""
        self._machine.history.extend(other._machine.history)
        self._machine.processes.extend(other._machine.processes)
        self._machine.next_pid = other._machine.next_pid

    def run(self, line: str) -> Result:
        """Run a command line, or a block of several, and add it to the history. No input raises an exception."""
        text = _clean(line)
        if not text.strip():
            return Result()
        self._remember(text.rstrip("\n"))
        return self._result(text)

    def _remember(self, line: str) -> None:
        """Add a line to the history, unless $HISTCONTROL keeps it out."""
        control = self._machine.value_or_empty("HISTCONTROL")
        if line.startswith(" ") and re.search("ignorespace|ignoreboth", control):
            return
        if self.history[-1:] == [line] and re.search("ignoredups|ignoreboth", control):
            return
        self.history.append(line)

    def call(self, line: str) -> Result:
        """As `run`, for a line that the learner did not type. It is not added to the history."""
        return self._result(_clean(line))

    def _result(self, text: str) -> Result:
        """Run `text` with a fresh budget. Exceptions become messages and an exit status."""
        machine = self._machine
        written: list[Written] = []
        streams = Streams(
            None,
            stdout=lambda text: written.append(Written(is_error=False, text=text)),
            stderr=lambda text: written.append(Written(is_error=True, text=text)),
        )
        machine.budget = Budget()
        machine.edit = None
        self.has_exited = False
        try:
            self._interpreter.interpret(text, streams)
            self._wait(streams)
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
        finally:
            machine.clock.plans.clear()
        return Result(written, machine.status, machine.edit)

    def _wait(self, streams: Streams) -> None:
        """Let the jobs of a line end with it. A real shell would let them go on."""
        if self._machine.clock.plans:
            streams.stderr("kubesim: the line ends when what '&' has started is over\n")
            self._machine.wait()

    def is_complete(self, text: str) -> bool:
        """True for a whole command: no open quote, here-document or loop, and no backslash at its end."""
        return self._missing(text) is None

    def end_mark(self, text: str) -> str:
        """The delimiter of the here-document that is open at the end of `text`, "" without one."""
        error = self._missing(text)
        return error.end_mark if error else ""

    def _missing(self, text: str) -> IncompleteError | None:
        """The error of parsing `text` that more text would fix, or None."""
        # A last backslash continues the line like an open $(, except in a comment, so the parser is given a $( instead.
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
        """The sorted completions of line[word_start(line, cursor):cursor].

        A completion that ends with "/" is a folder. After any other single one, a front end may add a space.
        """
        from kubesim.shell.completion import complete  # late: only Tab needs it

        return complete(line[:cursor], self._machine, self._tools)


def _clean(line: str) -> str:
    """`line` without NULs, carriage returns before newlines, and lone surrogates, which no terminal sends."""
    text = line.replace("\0", "").replace("\r\n", "\n")
    return text.encode("utf-8", "replace").decode("utf-8")
