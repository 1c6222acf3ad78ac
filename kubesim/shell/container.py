"""A container's process: the shell and its tools on a machine of the container's own.

Nothing runs on the host. A process that loops, or writes, until its budget is spent counts as one that runs until it is
stopped.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from math import inf
from typing import NamedTuple

from kubesim.api.budget import Budget, TooMuchError
from kubesim.api.clock import SECOND, Clock, Micros, to_datetime
from kubesim.shell.bases import Base, program_name
from kubesim.shell.interpreter import Interpreter
from kubesim.shell.machine import Input, Machine, ProcessEntry, Streams
from kubesim.shell.memoryfiles import Entries, MemoryFiles, mounted
from kubesim.shell.process import Process, StartError, Write
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools import TOOLS, LeaveError, Tool

# The process ID of the first `exec` in a container.
_EXEC_PID = 7
_BUILTINS = ": [ alias break cd continue echo exit export false help printf pwd read test true unset"
_UNSIMULATED_BUILTINS = ". bg eval fg getopts jobs kill let local set shift source trap type umask unalias wait"

Argv = Sequence[str]


class Outside:
    """Programs in containers that reach the cluster or a cloud, such as kubectl and curl. A session provides them."""

    def __init__(self) -> None:
        self.programs: Callable[[], Mapping[str, Tool]] = dict


class _Refusals(NamedTuple):
    """The error messages for a program that can't be started."""

    not_in_path: str
    no_program: str
    not_there: str

    def of(self, name: str, files: MemoryFiles) -> str:
        if "/" not in name:
            return self.not_in_path
        if files.exists(name):
            return self.no_program
        return self.not_there.format(name)


_BY_SHELL = _Refusals("command not found", "Permission denied", "not found")
_BY_RUNTIME = _Refusals("executable file not found in $PATH", "permission denied", "stat {}: no such file or directory")


class _Container(Machine):
    """The machine of a container: it has no terminal, and commands take no time of their own except `sleep`."""

    COMMAND_SECONDS = 0
    SECOND_COST = 2 * Budget.STEPS / (100 * 365 * 86400)  # the container's budget is worth a hundred years of sleep
    IS_TERMINAL = False
    files: MemoryFiles

    def __init__(self, place: "Place", files: MemoryFiles, started: Micros, argv: Argv, main: Argv) -> None:
        """Start `argv` as process 1. With `main`, the command of process 1, `argv` is an exec beside it."""
        clock = Clock(to_datetime(started))
        clock.now = started
        super().__init__(clock, files, dict(place.env))
        self.hostname = place.hostname
        self.base = place.base
        self.user = place.user
        self.shell_process = ProcessEntry(1, started, tuple(main or argv))
        self.next_pid = _EXEC_PID if main else 1
        self.shell.pipeline_pid = self.next_pid
        self.shell.name = next(iter(self.base.shells), "sh")
        self.dialects = self.base.shells
        self.is_busybox = self.base.is_busybox

    @property
    def login(self) -> str:
        return "root" if self.user.uid == 0 else str(self.user.uid)

    def program(self, name: str) -> str:
        return program_name(name) if self.base.can_run(name) else name

    def unknown(self, name: str, known: Iterable[str]) -> str:
        if name in _UNSIMULATED_BUILTINS.split() or self.base.has_unsimulated(name, self.files):
            raise UnsupportedError(f"'{name[:80]}'")
        return self.in_dialect(f"{self.shell.name}: {name}: {_BY_SHELL.of(name, self.files)}\n")


def _run(interpreter: Interpreter, argv: Argv, streams: Streams) -> Process:
    """Run a command to its end. `seconds` is inf if it spends its budget, which means that it never ends."""
    try:
        return Process(exit_code=interpreter.call(argv, streams))
    except LeaveError as leave:
        return Process(exit_code=leave.status)
    except UnsupportedError as error:
        streams.stderr(error.sentence)
        return Process(unsimulated=str(error))
    except (TooMuchError, RecursionError):
        return Process(seconds=inf)


def _streams(stdin: Input, clock: Clock, writes: list[Write]) -> Streams:
    """Streams that append their outputs to `writes`, with the seconds since now."""
    began = clock.now

    def write(stream: str, text: str) -> None:
        if text:
            writes.append(Write((clock.now - began) / SECOND, stream, text))

    return Streams(stdin, partial(write, "stdout"), partial(write, "stderr"))


class User(NamedTuple):
    """The user and groups of a process."""

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = (0,)


class Place(NamedTuple):
    """A container in which processes are started."""

    base: Base
    env: Mapping[str, str]
    # Its own files by path, besides those of the base.
    files: Mapping[str, str]
    hostname: str
    # Programs that reach the cluster or a cloud.
    outside: Outside
    # The working directory.
    folder: str = "/"
    user: User = User()
    # The entries of volumes by mount path.
    volumes: Mapping[str, Entries] = {}

    def run(
        self, argv: Argv, started: Micros, main: Argv = (), budget: Budget | None = None, stdin: Input | str = ""
    ) -> Process:
        """Run `argv` to its end as process 1, paid from `budget`. Raises StartError.

        With `main`, the command of process 1, `argv` is an exec beside it.
        """
        files = self.open_files()
        self.check(argv, files)
        files.cwd = files.absolute(self.folder)
        machine = _Container(self, files, started, argv, main)
        machine.budget = budget or Budget(2 * Budget.STEPS, Budget.BYTES // 4)
        interpreter = Interpreter(machine, self._tools())
        writes: list[Write] = []
        streams = _streams(Input(stdin) if isinstance(stdin, str) else stdin, machine.clock, writes)
        process = _run(interpreter, argv, streams)._replace(writes=tuple(writes))
        if process.seconds < inf:
            return process._replace(seconds=(machine.clock.now - started) / SECOND)
        return process

    def _tools(self) -> Mapping[str, Tool]:
        """The simulated programs of the image by name, those of `outside` included."""
        programs = {**TOOLS, **self.outside.programs()}
        builtins = _BUILTINS.split() if self.base.shells else ()
        return {name: programs[name] for name in (*builtins, *self.base.simulated) if name in programs}

    def open_files(self) -> MemoryFiles:
        return MemoryFiles(mounted(self.base.with_files(self.files, (*self.volumes, self.folder)), self.volumes))

    def check(self, argv: Argv, files: MemoryFiles) -> None:
        """Raise StartError if the image is known to lack the program."""
        path = argv[0] if argv else ""
        if not (self.base.can_run(path) or self.base.has_unsimulated(path, files)):
            raise StartError(f'exec: "{path}": {_BY_RUNTIME.of(path, files)}')
