"""What a shell remembers between commands, and what a command is given to run with."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from kubesim.api.clock import Clock, Micros
from kubesim.api.result import Edit, Result
from kubesim.shell.syntax import UnsupportedError
from kubesim.workspace import HOME, Workspace

Sink = Callable[[str], object]


class TooMuchError(Exception):
    """A line did more than one line may."""


class ToolError(Exception):
    """A tool gives up; the message is what it prints after its name. Status 0 stands for the tool's usual one."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Budget:
    """The work that one line may do, so that none hangs: about one unit for each character that is moved."""

    LIMIT = 4_000_000

    def __init__(self) -> None:
        self._left = self.LIMIT

    def spend(self, units: int) -> None:
        """Take `units` away. Raises TooMuchError when nothing is left."""
        self._left -= units
        if self._left < 0:
            raise TooMuchError


class Input:
    """What a command reads. The commands of a loop or a group share one, and `read` takes lines away from it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    @property
    def text(self) -> str:
        """What is left."""
        return self._text[self._at :]

    def line(self) -> str:
        """Take the first line of what is left, with its newline; empty at the end."""
        start = self._at
        self._at = self._text.find("\n", start) + 1 or len(self._text)
        return self._text[start : self._at]


@dataclass(frozen=True)
class Process:
    """A process that was started, with its arguments as it got them: variables are filled in, quotes are gone."""

    pid: int
    started: Micros
    arguments: tuple[str, ...]

    @property
    def line(self) -> str:
        """Its arguments as the process list shows them."""
        return " ".join(self.arguments)


@dataclass
class State:
    """Variables, aliases, history, processes and the last exit status; `env` holds the exported variables.

    `processes` are the last that were started, of which those from the pid `first_alive` on belong to the pipeline that
    runs. A builtin is no process.
    """

    LONGEST_ARGUMENT = 4096  # of what is kept of a process

    clock: Clock
    workspace: Workspace
    env: dict[str, str] = field(
        default_factory=lambda: {
            "HOME": str(HOME),
            "USER": "learner",
            "SHELL": "/bin/bash",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "EDITOR": "nano",
        }
    )
    variables: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    history: list[str] = field(default_factory=list)
    processes: deque[Process] = field(default_factory=lambda: deque(maxlen=1000))
    first_alive: int = 0
    status: int = 0
    budget: Budget = field(default_factory=Budget)

    def __post_init__(self) -> None:
        self.bash = self.last = Process(1000, self.clock.now, ("bash",))

    def start(self, arguments: Sequence[str]) -> None:
        """Note that a process is started."""
        kept = tuple(text[: self.LONGEST_ARGUMENT] for text in arguments[: self.LONGEST_ARGUMENT])
        self.last = Process(self.last.pid + 1, self.clock.now, kept)
        self.processes.append(self.last)

    def lookup(self, name: str) -> str:
        """The value of a variable, or an empty string."""
        special = {"?": str(self.status), "#": "0", "0": "bash", "-": "", "PWD": str(self.workspace.cwd)}
        return self.variables.get(name) or self.env.get(name) or special.get(name, "")

    def assign(self, name: str, value: str) -> None:
        """Set a variable; it stays exported if it is."""
        (self.env if name in self.env else self.variables)[name] = value

    def export(self, name: str) -> None:
        """Hand a variable on to commands."""
        if name in self.variables:
            self.env[name] = self.variables.pop(name)

    def unset(self, name: str) -> None:
        """Forget a variable."""
        self.variables.pop(name, None)
        self.env.pop(name, None)


@dataclass
class Invocation:
    """One run of one command: its name, its streams (no input at a terminal) and the shell around it.

    `run` runs another command with the same outputs and returns its exit status. `edit` is the Result's;
    `status` is the highest that `fail` was given.
    """

    name: str
    state: State
    input: Input | None
    stdout: Sink
    stderr: Sink
    run: Callable[[Sequence[str], str], int]
    prefix: str = ""
    edit: Edit | None = None
    status: int = 0

    @property
    def stdin(self) -> str | None:
        """What there is to read; None at a terminal."""
        return self.input.text if self.input else None

    @property
    def workspace(self) -> Workspace:
        """The learner's files."""
        return self.state.workspace

    @property
    def env(self) -> dict[str, str]:
        """The exported variables."""
        return self.state.env

    def out(self, text: str) -> None:
        """Write to stdout."""
        self.state.budget.spend(len(text))
        self.stdout(text)

    def err(self, text: str) -> None:
        """Write to stderr."""
        self.state.budget.spend(len(text))
        self.stderr(text)

    def fail(self, message: str, status: int = 1) -> int:
        """Write `message` to stderr after the command's name, as GNU's tools do; give `status` back."""
        self.status = max(self.status, status)
        self.err(f"{self.prefix}{self.name}: {message}\n")
        return status

    def show(self, result: Result) -> int:
        """Write what another command's Result holds, in its order; give its exit status back."""
        self.edit = result.edit
        for is_error, text in _pieces(result):
            (self.err if is_error else self.out)(text)
        return result.exit_code

    def read(self, name: str = "-") -> str:
        """The text of a file, or of stdin for "-". Raises OSError; UnsupportedError at a terminal."""
        text = self.stdin if name == "-" else self.workspace.read_text(name)
        if text is None:
            raise UnsupportedError(f"typing the input of '{self.name}'")
        self.state.budget.spend(len(text))
        return text


def _lines(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end


def _pieces(result: Result) -> Iterator[tuple[bool, str]]:
    """The lines of both streams in the order of the screen: (belongs to stderr, text)."""
    if not (result.stdout and result.stderr) or result.screen == result.stdout + result.stderr:
        yield from ((False, result.stdout), (True, result.stderr))
        return
    out, err = list(_lines(result.stdout))[::-1], list(_lines(result.stderr))[::-1]
    for line in _lines(result.screen):
        if out and out[-1] == line:
            yield False, out.pop()
        elif err and err[-1] == line:
            yield True, err.pop()
    yield from ((False, line) for line in reversed(out))
    yield from ((True, line) for line in reversed(err))
