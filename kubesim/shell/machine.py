"""What a shell works on: files, variables, processes, a clock, a budget; and what a command is given to run with."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from kubesim.api.budget import Budget
from kubesim.api.clock import Clock, Micros
from kubesim.api.result import Edit, Result
from kubesim.shell.syntax import UnsupportedError
from kubesim.workspace import MemoryFiles, Workspace

if TYPE_CHECKING:
    from kubesim.shell.interpreter import Interpreter
    from kubesim.shell.tools import Tool

Sink = Callable[[str], object]

_LONGEST_SLEEP = 3600
COMMAND_COST = 4000


Files = Workspace | MemoryFiles


class ToolError(Exception):
    """A tool gives up; the message is what it prints after its name. Status 0 stands for the tool's usual one."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Input:
    """What a command reads. The commands of a loop or a group share one, and `read` takes lines away from it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    @property
    def text(self) -> str:
        return self._text[self._at :]

    def line(self) -> str:
        start = self._at
        self._at = self._text.find("\n", start) + 1 or len(self._text)
        return self._text[start : self._at]


class Started(NamedTuple):
    """A process that was started, with its arguments as it got them: variables are filled in, quotes are gone."""

    pid: int
    time: Micros
    arguments: tuple[str, ...]

    @property
    def line(self) -> str:
        return " ".join(self.arguments)


@dataclass
class Machine:
    """Where commands run: the learner's terminal, or (a subclass) a container.

    `env` holds the exported variables, `parameters` those of the script from `$0` on. `processes` are the last that
    were started, of which those from the pid `first_alive` on belong to the pipeline that runs; a builtin is none.
    """

    LONGEST_ARGUMENT = 4096  # of what is kept of a process
    COMMAND_SECONDS = 0.1  # as in the recordings
    IS_TERMINAL = True

    clock: Clock
    files: Files
    env: dict[str, str]
    hostname: str = "kubesim"
    user: str = "uid=1000(learner) gid=1000(learner) groups=1000(learner)"
    shell: str = "bash"
    parameters: Sequence[str] = ("bash",)
    bash: Started = field(init=False)
    variables: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    history: list[str] = field(default_factory=list)
    processes: deque[Started] = field(default_factory=lambda: deque(maxlen=1000))
    first_alive: int = 0
    jobs: list[float] = field(default_factory=list)  # when what runs in the background ends
    status: int = 0
    budget: Budget = field(default_factory=Budget)

    def __post_init__(self) -> None:
        self.bash = Started(10000, self.clock.now, ("bash",))

    @property
    def is_busybox(self) -> bool:
        return False

    @property
    def user_name(self) -> str:
        return re.sub(r"uid=(\d+)(?:\((\w+)\))?.*", lambda match: match[2] or match[1], self.user)

    @property
    def next_pid(self) -> int:
        return (self.processes[-1] if self.processes else self.bash).pid + 1

    def start(self, arguments: Sequence[str]) -> None:
        kept = tuple(text[: self.LONGEST_ARGUMENT] for text in arguments[: self.LONGEST_ARGUMENT])
        self.processes.append(Started(self.next_pid, self.clock.now, kept))

    def lookup(self, name: str) -> str:
        if name.isdecimal():
            return self.parameters[int(name)] if int(name) < len(self.parameters) else ""
        special = {
            "?": str(self.status),
            "#": str(len(self.parameters) - 1),
            "$": str(self.bash.pid),
            "@": " ".join(self.parameters[1:]),
            "*": " ".join(self.parameters[1:]),
            "PWD": str(self.files.cwd),
        }
        return self.variables.get(name) or self.env.get(name) or special.get(name, "")

    def assign(self, name: str, value: str) -> None:
        (self.env if name in self.env else self.variables)[name] = value

    def phrase(self, message: str) -> str:
        """An error message of bash or a GNU tool as the programs here put it."""
        return message

    def cannot_open(self, path: str, error: OSError, *, write: bool) -> str:
        return f"{path}: {error.strerror}"

    def program(self, name: str) -> str:
        return name

    def unknown(self, name: str, known: Iterable[str]) -> str:
        """What is said about a command that is not there."""
        shown = " ".join(name[:80].split())
        near = get_close_matches(shown, known, n=1, cutoff=0.8)
        advice = f"did you mean {near[0]}?" if near else "type help to see what is"
        return f"kubesim: '{shown}' is not part of this simulator; {advice}\n"

    def sleep(self, seconds: float) -> None:
        """Let time pass. Raises UnsupportedError where that is too long."""
        if seconds > _LONGEST_SLEEP:
            raise UnsupportedError("a sleep of more than an hour")
        self.budget.spend(round(seconds) * 100)
        self.clock.advance(seconds)


class Streams(NamedTuple):
    """Where a command reads and writes; stdin is None at a terminal."""

    stdin: Input | None
    stdout: Sink
    stderr: Sink


@dataclass
class Invocation:
    """One run of one command: its name, its streams and the shell that runs it.

    `edit` is the Result's; `status` is the highest that `fail` was given.
    """

    name: str
    shell: Interpreter
    streams: Streams
    prefix: str = ""
    edit: Edit | None = None
    status: int = 0

    def run(self, words: Sequence[str], stdin: str) -> int:
        """Run another command with the same outputs."""
        self.spend(COMMAND_COST)
        return self.shell.call(words, self.streams._replace(stdin=Input(stdin)))

    def script(self, text: str, parameters: Sequence[str], stdin: Input | None) -> int:
        """Run a script in a shell of this name, with its `$0`, `$1` …"""
        return self.shell.run_child(self.name, text, parameters, self.streams._replace(stdin=stdin))

    @property
    def machine(self) -> Machine:
        return self.shell.machine

    @property
    def tools(self) -> Mapping[str, Tool]:
        return self.shell.tools

    @property
    def stdin(self) -> str | None:
        return self.streams.stdin.text if self.streams.stdin else None

    @property
    def files(self) -> Files:
        return self.machine.files

    @property
    def env(self) -> dict[str, str]:
        return self.machine.env

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
        self.err(self.machine.phrase(f"{self.prefix}{self.name}: {message}\n"))
        return status

    def show(self, result: Result) -> int:
        """Write what another command's Result holds, in its order; give its exit status back."""
        self.edit = result.edit
        for is_error, text in _pieces(result):
            (self.err if is_error else self.out)(text)
        return result.exit_code

    def read(self, name: str = "-") -> str:
        """The text of a file, or of stdin for "-". Raises OSError; UnsupportedError at a terminal."""
        text = self.stdin if name == "-" else self.files.read_text(name)
        if text is None:
            raise UnsupportedError(f"typing the input of '{self.name}'")
        self.spend(len(text))
        return text


def lines(text: str) -> list[str]:
    """The lines of `text`, each with its newline, if it has one."""
    *whole, last = text.split("\n")
    return [line + "\n" for line in whole] + ([last] if last else [])


def _pieces(result: Result) -> Iterator[tuple[bool, str]]:
    """The lines of both streams in the order of the screen: (belongs to stderr, text)."""
    if not (result.stdout and result.stderr) or result.screen == result.stdout + result.stderr:
        yield from ((False, result.stdout), (True, result.stderr))
        return
    out, err = lines(result.stdout)[::-1], lines(result.stderr)[::-1]
    for line in lines(result.screen):
        if out and out[-1] == line:
            yield False, out.pop()
        elif err and err[-1] == line:
            yield True, err.pop()
    yield from ((False, line) for line in reversed(out))
    yield from ((True, line) for line in reversed(err))
