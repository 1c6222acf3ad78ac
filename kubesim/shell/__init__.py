"""A small shell: enough of bash 5.2 and of the GNU tools for a lesson, without ever starting a process."""

from __future__ import annotations

from collections.abc import Iterable

from kubesim.api.clock import Clock
from kubesim.api.result import Result
from kubesim.shell.complete import complete, word_start
from kubesim.shell.interpreter import Interpreter, Streams
from kubesim.shell.parser import parse
from kubesim.shell.state import Budget, Invocation, State, TooMuchError
from kubesim.shell.syntax import IncompleteError, ShellSyntaxError, UnsupportedError
from kubesim.shell.tools import toolbox
from kubesim.shell.tools.tool import Tool
from kubesim.workspace import Workspace

__all__ = ["Invocation", "Shell", "Tool", "word_start"]

_MAX_LINE = 1_100_000


class Shell:
    """What a learner types into: command lines in, Results out.

    `programs` are commands beside the shell's own tools, such as kubectl. Simulated time passes with each pipeline.
    """

    def __init__(self, clock: Clock, workspace: Workspace, programs: Iterable[Tool] = ()) -> None:
        self.workspace = workspace
        self._state = State(clock, workspace)
        self._tools = toolbox(programs)
        self._interpreter = Interpreter(self._state, self._tools)

    def set_clock(self, clock: Clock) -> None:
        """Let time pass on another clock from now on."""
        self._state.clock = clock

    def add(self, tool: Tool) -> None:
        """Know one more command."""
        self._tools[tool.name] = tool

    def recall(self, other: Shell) -> None:
        """Know what the history of `other` has kept, and what a neighbour has seen of it."""
        self._state.history.extend(other._state.history)
        self._state.processes.extend(other._state.processes)

    @property
    def env(self) -> dict[str, str]:
        """The exported variables."""
        return self._state.env

    @property
    def aliases(self) -> dict[str, str]:
        """What `alias` has defined."""
        return self._state.aliases

    @property
    def history(self) -> list[str]:
        """The lines that were run and are remembered, the oldest first."""
        return self._state.history

    def run(self, line: str) -> Result:
        """Run a command line, or a block of several; nothing that is typed raises."""
        text = _clean(line)
        if not text.strip():
            return Result()
        self._remember(text.rstrip("\n"))
        return self._result(text)

    def _remember(self, line: str) -> None:
        """Add a line to the history, if HISTCONTROL does not forbid it."""
        control = self._state.lookup("HISTCONTROL").replace("ignoreboth", "ignorespace:ignoredups").split(":")
        if "ignorespace" in control and line.startswith(" "):
            return
        if "ignoredups" in control and self.history[-1:] == [line]:
            return
        self.history.append(line)

    def call(self, line: str) -> Result:
        """As `run`, for a line that the learner did not type: it enters no history."""
        return self._result(_clean(line))

    def _result(self, text: str) -> Result:
        if len(text) > _MAX_LINE:
            return Result(
                stderr=f"kubesim: a line of more than {_MAX_LINE} characters is not part of this simulator\n",
                exit_code=2,
            )
        out, err, screen = list[str](), list[str](), list[str]()

        def sink(stream: list[str], text: str) -> None:
            stream.append(text)
            screen.append(text)

        streams = Streams(None, lambda text: sink(out, text), lambda text: sink(err, text))
        status = self._interpreter.run(text, streams)
        stdout, stderr, shown = (_printable("".join(stream)) for stream in (out, err, screen))
        return Result(stdout, stderr, status, shown, self._interpreter.edit)

    def is_complete(self, text: str) -> bool:
        """Whether `text` can be run, or must be continued: an open quote, here-document, loop, or a last backslash."""
        text = _clean(text)
        stripped = text.rstrip("\n")
        if (len(stripped) - len(stripped.rstrip("\\"))) % 2 and text == stripped:
            return False
        try:
            for _ in parse(text, self.aliases, Budget()):
                pass
        except IncompleteError:
            return False
        except (ShellSyntaxError, UnsupportedError, TooMuchError):
            pass
        return True

    def complete(self, line: str, cursor: int) -> list[str]:
        """The words that may replace line[word_start(line, cursor):cursor]; see `complete.complete`."""
        return complete(line, cursor, self._state, self._tools)


def _clean(line: str) -> str:
    """The line without what no terminal could send."""
    text = line.replace("\0", "").replace("\r\n", "\n")
    return text.encode("utf-8", "surrogateescape" if text.isascii() else "replace").decode("utf-8")


def _printable(text: str) -> str:
    """Text that can be shown: bytes that were no UTF-8 become replacement characters."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
