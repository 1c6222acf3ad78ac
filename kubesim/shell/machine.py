"""The machine of a shell: files, variables, processes, a clock and a budget."""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from typing import NamedTuple

from kubesim.api.budget import Budget, TooMuchError
from kubesim.api.clock import SECOND, Clock, Micros
from kubesim.api.result import Edit
from kubesim.shell.memoryfiles import MemoryFiles
from kubesim.workspace import Workspace

Sink = Callable[[str], object]
Files = Workspace | MemoryFiles

# Advice for programs that a learner may try and that aren't simulated.
_ADVICE = {
    "emacs": "its editor is nano, as in: nano pod.yaml",
    "vimtutor": "its editor is nano, as in: nano pod.yaml",
    "jq": "kubectl picks fields itself, as in: kubectl get pod web -o jsonpath='{.status.phase}'",
    "watch": "kubectl watches itself, as in: kubectl get pods --watch",
    "find": "list files with ls, or with a pattern, as in: ls app/*.yaml",
    "diff": "kubectl compares a file with the cluster, as in: kubectl diff -f pod.yaml",
}


_PIPE_STATUS = re.compile(r"PIPESTATUS(?:\[([0-9]{1,5})\])?")


class Input:
    """The stdin of a command. The commands of a loop or a group share one, so text read by one is gone for the next."""

    def __init__(self, text: str, path: str = "") -> None:
        self.path = path  # "" unless the input is a file
        self._text = text
        self._at = 0

    @property
    def is_file(self) -> bool:
        return self.path != ""

    def rest(self) -> str:
        """Read all that is left."""
        begin = self._at
        self._at = len(self._text)
        return self._text[begin:]

    def line(self) -> str:
        """Read a line with its newline; "" at the end."""
        start = self._at
        self._at = self._text.find("\n", start) + 1 or len(self._text)
        return self._text[start : self._at]


class Streams(NamedTuple):
    """The streams of a command. stdin is None at a terminal."""

    stdin: Input | None
    stdout: Sink
    stderr: Sink


class ShellState:
    """The state of one shell. A subshell works on a copy."""

    def __init__(self, name: str, env: dict[str, str], parameters: Sequence[str]) -> None:
        self.name = name
        # The exported variables.
        self.env = env
        # The variables that aren't exported.
        self.variables: dict[str, str] = {}
        # The positional parameters, from `$0` on.
        self.parameters = parameters
        self.aliases: dict[str, str] = {}
        # True if the shell runs a script, or the text of `sh -c`, rather than typed lines.
        self.runs_script = False
        # The number of loops around the running command.
        self.loops = 0
        # The process ID of the first process of the running pipeline.
        self.pipeline_pid = 0

    def copy(self) -> "ShellState":
        other = copy(self)
        other.env = self.env.copy()
        other.variables = self.variables.copy()
        other.aliases = self.aliases.copy()
        return other


class ProcessEntry(NamedTuple):
    """An entry of `ps`: a process that was started. Its arguments are expanded and unquoted."""

    pid: int
    time: Micros
    arguments: tuple[str, ...]

    @property
    def line(self) -> str:
        return " ".join(self.arguments)


class Machine:
    """The machine on which commands run: the learner's terminal, or (a subclass) a container."""

    LONGEST_ARGUMENT = 4096  # kept of each process: so many arguments, of so many characters
    COMMAND_SECONDS = 0.1  # the duration of a command, as in the recordings of real sessions
    SECOND_COST = 20.0  # steps of the budget for a second of sleep, on top of the cluster's work in that second
    IS_TERMINAL = True

    hostname = "kubesim"
    # For each shell that isn't bash, the rewriting of bash's and the GNU tools' messages, as in BaseRow.shells.
    dialects: Mapping[str, Mapping[str, str]] = {}
    is_busybox = False

    def __init__(self, clock: Clock, files: Files, env: dict[str, str]) -> None:
        self.clock = clock
        self.files = files
        # The running shell. `subshell` replaces it for a while.
        self.shell = ShellState("bash", env, ("bash",))
        self.history: list[str] = []
        self.shell_process = ProcessEntry(10000, clock.now, ("bash",))
        # The last processes that were started. Builtins start none.
        self.processes: deque[ProcessEntry] = deque(maxlen=1000)
        self.next_pid = self.shell_process.pid + 1
        self.status = 0
        # The exit statuses of the last pipeline's commands: $PIPESTATUS.
        self.pipe_statuses: Sequence[int] = (0,)
        # The file that the command line wants a front end to open in its editor.
        self.edit: Edit | None = None
        self.budget = Budget()

    @property
    def is_dash(self) -> bool:
        """True for a script in Debian's sh, dash, whose messages and builtins differ."""
        has_dash = not self.IS_TERMINAL and not self.is_busybox
        return has_dash and self.shell.runs_script and self.shell.name == "sh"

    @property
    def login(self) -> str:
        """The user's name."""
        return self.value_or_empty("USER") or "learner"

    @contextmanager
    def subshell(self) -> Iterator[None]:
        """A context in a copy of the shell. At its end, variables and the current folder are as before."""
        before = self.shell
        cwd = self.files.cwd
        self.shell = before.copy()
        try:
            yield
        finally:
            self.shell = before
            self.files.cwd = cwd

    def start(self, arguments: Sequence[str]) -> None:
        """Record a started process for `ps`, and count its process ID."""
        kept = tuple(text[: self.LONGEST_ARGUMENT] for text in arguments[: self.LONGEST_ARGUMENT])
        self.processes.append(ProcessEntry(self.next_pid, self.clock.now, kept))
        self.next_pid += 1

    def value(self, name: str) -> str | None:
        """The value of a variable or parameter, or None if it isn't set. "#name" is the length of `name`'s value."""
        shell = self.shell
        if name.isdecimal():
            index = int(name)
            return shell.parameters[index] if index < len(shell.parameters) else None
        if name.startswith("#") and len(name) > 1:
            return str(len(self.value_or_empty(name[1:])))
        if match := _PIPE_STATUS.fullmatch(name):
            index = int(match[1] or 0)
            return str(self.pipe_statuses[index]) if index < len(self.pipe_statuses) else None
        parameters = " ".join(shell.parameters[1:]) or None
        special = {
            "@": parameters,
            "*": parameters,
            "#": str(len(shell.parameters) - 1),
            "?": str(self.status),
            "$": str(self.shell_process.pid),
            "PWD": str(self.files.cwd),
            "PIPESTATUS[@]": " ".join(map(str, self.pipe_statuses)),
        }
        return shell.variables.get(name, shell.env.get(name, special.get(name)))

    def value_or_empty(self, name: str) -> str:
        """As `value`, with "" for a variable that isn't set."""
        return self.value(name) or ""

    def assign(self, name: str, value: str) -> None:
        """Set a variable. One that is exported stays exported."""
        is_exported = name in self.shell.env
        variables = self.shell.env if is_exported else self.shell.variables
        variables[name] = value

    def in_dialect(self, message: str) -> str:
        """Rewrite an error message of bash or a GNU tool for the running shell, and drop the marks `<` and `>`."""
        for pattern, sentence in self.dialects.get(self.shell.name, {}).items():
            message = re.sub(pattern, sentence, message)
        return re.sub(r"^(\w+(: line 1)?): [<>] ", r"\1: ", message)

    def program(self, name: str) -> str:
        """The tool's name for a command's first word. A container also accepts paths."""
        return name

    def unknown(self, name: str, known: Iterable[str]) -> str:
        """The error message for a command that doesn't exist here. A container may raise UnsupportedError instead."""
        printable = " ".join(name[:80].split())
        advice = _ADVICE.get(name)
        if not advice:
            from difflib import get_close_matches  # late: only for what isn't there

            near = get_close_matches(printable, known, n=1, cutoff=0.8)
            advice = f"did you mean {near[0]}?" if near else "type help to see what is"
        return f"kubesim: '{printable}' is not part of this simulator; {advice}\n"

    def wait(self) -> None:
        """Let time pass until all jobs are over. Raises TooMuchError, as `sleep` does."""
        while self.clock.plans:
            self.sleep(max(0, self.clock.plans[0].moment - self.clock.now) / SECOND)

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass. Raises TooMuchError if the budget doesn't cover them."""
        steps = round(min(seconds, 1e12) * self.SECOND_COST)
        if steps > self.budget.steps:
            raise TooMuchError("sleeping for so long is more than one command line may do here")
        self.budget.spend(steps)
        self.clock.advance(seconds, self.budget)
