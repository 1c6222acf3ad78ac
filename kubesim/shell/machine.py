"""What a shell works on: files, variables, processes, a clock and a budget."""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from typing import NamedTuple

from kubesim.api.budget import Budget, TooMuchError
from kubesim.api.clock import Clock, Micros
from kubesim.api.result import Edit
from kubesim.shell.containerfiles import ContainerFiles
from kubesim.shell.users import Accounts, Owner, User, accounts_of
from kubesim.workspace import Workspace

Sink = Callable[[str], object]
Files = Workspace | ContainerFiles

_ADVICE = {
    "emacs": "its editor is nano, as in: nano pod.yaml",
    "vimtutor": "its editor is nano, as in: nano pod.yaml",
    "jq": "kubectl picks fields itself, as in: kubectl get pod web -o jsonpath='{.status.phase}'",
    "watch": "kubectl watches itself, as in: kubectl get pods --watch",
    "find": "list files with ls, or with a pattern, as in: ls app/*.yaml",
    "diff": "kubectl compares a file with the cluster, as in: kubectl diff -f pod.yaml",
}
"""What to use instead of a program that is not there."""


_PIPE_STATUS = re.compile(r"PIPESTATUS(?:\[([0-9]{1,5})\])?")


class Input:
    """What a command reads. The commands of a loop or a group share one: what one reads is gone for the next."""

    def __init__(self, text: str, path: str = "") -> None:
        self.path = path  # of the file that it is
        self._text = text
        self._at = 0

    @property
    def is_file(self) -> bool:
        return self.path != ""

    def rest(self) -> str:
        begin = self._at
        self._at = len(self._text)
        return self._text[begin:]

    def line(self) -> str:
        start = self._at
        self._at = self._text.find("\n", start) + 1 or len(self._text)
        return self._text[start : self._at]


class Streams(NamedTuple):
    """Where a command reads and writes; stdin is None at a terminal."""

    stdin: Input | None
    stdout: Sink
    stderr: Sink


class ShellState:
    """What belongs to one shell; a subshell has a copy of it."""

    def __init__(self, name: str, env: dict[str, str], parameters: Sequence[str]) -> None:
        self.name = name
        self.env = env
        """The exported variables."""
        self.variables: dict[str, str] = {}
        """The others."""
        self.parameters = parameters
        """Those of the script, from `$0` on."""
        self.aliases: dict[str, str] = {}
        self.runs_script = False
        """Whether it runs a script, or a text of `sh -c`, and not what is typed."""
        self.loops = 0
        """How many loops are around the command that runs."""
        self.pipeline_pid = 0
        """Where the processes begin that belong to the pipeline that runs."""

    def copy(self) -> "ShellState":
        other = copy(self)
        other.env = self.env.copy()
        other.variables = self.variables.copy()
        other.aliases = self.aliases.copy()
        return other


class Trap(NamedTuple):
    """What a shell does when a signal comes."""

    action: str
    shell: ShellState


class Started(NamedTuple):
    """A process that was started, with its arguments as it got them: variables are filled in, quotes are gone."""

    pid: int
    time: Micros
    arguments: tuple[str, ...]

    @property
    def line(self) -> str:
        return " ".join(self.arguments)


class Machine:
    """Where commands run: the learner's terminal, or (a subclass) a container."""

    LONGEST_ARGUMENT = 4096  # of what is kept of a process, in characters, and in arguments
    COMMAND_SECONDS = 0.1  # as in the recordings
    SECOND_COST = 20.0  # steps for a second of sleep, besides what a cluster does in it
    IS_TERMINAL = True

    hostname = "kubesim"
    user = User(1000, 1000, (1000,))
    dialects: Mapping[str, Mapping[str, str]] = {}
    """How each shell that is not bash puts what bash and GNU's tools say: patterns, and what replaces them."""
    is_busybox = False

    def __init__(self, clock: Clock, files: Files, env: dict[str, str]) -> None:
        self.clock = clock
        self.files = files
        self.shell = ShellState("bash", env, ("bash",))
        """The shell that runs; `subshell` puts another one in its place."""
        self.history: list[str] = []
        self.shell_process = Started(10000, clock.now, ("bash",))
        self.processes: deque[Started] = deque(maxlen=1000)
        """The last that were started; a builtin is none."""
        self.next_pid = self.shell_process.pid + 1
        self.traps: dict[str, Trap] = {}
        """By signal, which a shell notices only between two commands."""
        self.last_wait = 0.0
        """How many seconds the last command took that took its time."""
        self.status = 0
        self.pipe_statuses: Sequence[int] = (0,)
        """Those of the commands of the last pipeline."""
        self.edit: Edit | None = None
        """What the command line asks a front end to open in its editor."""
        self.budget = Budget()

    @property
    def is_dash(self) -> bool:
        """Whether a script of Debian's sh runs, and not only a program of such a container."""
        has_dash = not self.IS_TERMINAL and not self.is_busybox
        return has_dash and self.shell.runs_script and self.shell.name == "sh"

    @property
    def accounts(self) -> Accounts:
        """Whom the machine has names for."""
        return accounts_of("learner:x:1000:1000::/workspace:/bin/bash", "learner:x:1000:")

    def owner(self, path: str, usual: Owner) -> Owner:
        """Whose a file or folder is that is there: at a terminal the learner's, with the mode that is usual."""
        return Owner(usual.mode, self.user.uid, self.user.gid)

    @property
    def login(self) -> str:
        """The name of the user, or without one the number; at a terminal a variable says it."""
        user = self.lookup("USER") if self.IS_TERMINAL else ""
        return user or self.accounts.user_name(self.user.uid)

    @contextmanager
    def subshell(self) -> Iterator[None]:
        """Undo at the end what the block does to the shell and the current folder."""
        before = self.shell
        cwd = self.files.cwd
        self.shell = before.copy()
        try:
            yield
        finally:
            self.shell = before
            self.files.cwd = cwd

    def start(self, arguments: Sequence[str]) -> None:
        kept = tuple(text[: self.LONGEST_ARGUMENT] for text in arguments[: self.LONGEST_ARGUMENT])
        self.processes.append(Started(self.next_pid, self.clock.now, kept))
        self.next_pid += 1

    def value(self, name: str) -> str | None:
        """The value of a variable or parameter, None for one that isn't set; "#name" is the length of one."""
        shell = self.shell
        if name.isdecimal():
            index = int(name)
            return shell.parameters[index] if index < len(shell.parameters) else None
        if name.startswith("#") and len(name) > 1:
            return str(len(self.lookup(name[1:])))
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

    def lookup(self, name: str) -> str:
        """The same, "" for one that isn't set."""
        return self.value(name) or ""

    def assign(self, name: str, value: str) -> None:
        """Set a variable, which stays exported if it is."""
        is_exported = name in self.shell.env
        variables = self.shell.env if is_exported else self.shell.variables
        variables[name] = value

    def in_dialect(self, message: str) -> str:
        """An error message of bash or a GNU tool as the programs here put it; `<` and `>` mark redirections."""
        for pattern, sentence in self.dialects.get(self.shell.name, {}).items():
            message = re.sub(pattern, sentence, message)
        return re.sub(r"^(\w+(: line 1)?): [<>] ", r"\1: ", message)

    def program(self, name: str) -> str:
        """The name of the tool that a command names."""
        return name

    def unknown(self, name: str, known: Iterable[str]) -> str:
        """What is said about a command that is not there."""
        printable = " ".join(name[:80].split())
        advice = _ADVICE.get(name)
        if not advice:
            from difflib import get_close_matches  # late: only for what isn't there

            near = get_close_matches(printable, known, n=1, cutoff=0.8)
            advice = f"did you mean {near[0]}?" if near else "type help to see what is"
        return f"kubesim: '{printable}' is not part of this simulator; {advice}\n"

    def sleep(self, seconds: float) -> None:
        """Let time pass. Raises TooMuchError where that is too long."""
        self.last_wait = seconds
        steps = round(min(seconds, 1e12) * self.SECOND_COST)
        if steps > self.budget.steps:
            raise TooMuchError("sleeping for so long is more than one command line may do here")
        self.budget.spend(steps)
        self.clock.advance(seconds, self.budget)
