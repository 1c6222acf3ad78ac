"""A container's process: the shell and its tools on a machine of the container's own.

Nothing of it is ever run on the host, and no script keeps it busy: what goes on and on, or writes without end, counts
as a process that runs until it is stopped.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from math import inf
from typing import NamedTuple

from kubesim.api.budget import Budget, TooMuchError
from kubesim.api.clock import SECOND, Clock, Micros, to_datetime
from kubesim.shell.bases import Base, last_part
from kubesim.shell.containerfiles import ContainerFiles
from kubesim.shell.interpreter import Interpreter
from kubesim.shell.machine import Input, Machine, Started, Streams
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools import TOOLS, LeaveError, Tool, lines
from kubesim.shell.users import Accounts, Owner, accounts_of

_EXEC_PID = 7
"""The first process beside that of the container."""
_BUILTINS = ": [ alias break cd continue echo exit export false help printf pwd read test trap true unset"
_UNSIMULATED_BUILTINS = ". bg eval fg getopts jobs kill let local set shift source type umask unalias wait"


class Write(NamedTuple):
    """What a process writes at once."""

    seconds: float  # after its start
    stream: str  # "stdout" or "stderr"
    text: str

    def later(self, seconds: float) -> "Write":
        """The same, some seconds later."""
        return self._replace(seconds=self.seconds + seconds)


class Line(NamedTuple):
    """A line of what a process writes."""

    seconds: float  # after its start, when the line was whole
    text: str


Argv = Sequence[str]
Programs = Callable[[str, str], Mapping[str, Tool]]
"""What of a container asks the cluster or the cloud, given the Pod's namespace and ServiceAccount."""


class StartError(Exception):
    """The runtime could not start the command; runc's words: `exec: "foo": executable file not found in $PATH`."""

    def of_container(self) -> str:
        """What the kubelet says when it was a container's own command."""
        runtime = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create"
        return f"{runtime} failed: unable to start container process: {self}"

    def of_exec(self, exec_id: str) -> str:
        """What the API server says when it was the command of an exec; `exec_id` is 64 hexadecimal digits.

        The runtime's streaming server and the API server's translator of streams each put their prefix before it.
        """
        prefix = "Internal error occurred: Internal error occurred: error executing command in container"
        runtime = f'failed to exec in container: failed to start exec "{exec_id}": OCI runtime exec failed: exec failed'
        return f"{prefix}: {runtime}: unable to start container process: {self}"


class Awaited(Input):
    """The input of a process to which nobody is attached yet: one that reads it goes on and on."""

    def __init__(self) -> None:
        super().__init__("")

    @property
    def text(self) -> str:
        """Raises TooMuchError, as anything that never ends."""
        raise TooMuchError

    def line(self) -> str:
        return self.text


class Process(NamedTuple):
    """What a process wrote and how it ended."""

    writes: tuple[Write, ...] = ()
    exit_code: int = 0
    seconds: float = 0
    """How long it ran; inf: until it is stopped."""
    stop_code: int | None = None
    """The status with which it ends after SIGTERM, in `stop_seconds` and with `last_words`; None: it ignores that."""
    failure: str = ""
    """Why it never started, in the runtime's words."""
    unsimulated: str = ""
    """What it needed that isn't simulated; there it stopped."""
    stop_seconds: float = 0
    last_words: tuple[Write, ...] = ()

    def written(self, stream: str) -> str:
        return "".join(write.text for write in self.writes if write.stream == stream)

    def lines_by(self, seconds: float) -> list[Line]:
        """The lines written in the first `seconds`: each stream's, as they end, and behind them what has begun."""
        ended: list[Line] = []
        begun: dict[str, Line] = {}  # by stream
        for write in self.writes:
            if write.seconds > seconds:
                continue
            before = begun.pop(write.stream).text if write.stream in begun else ""
            for text in lines(before + write.text):
                line = Line(write.seconds, text)
                if text.endswith("\n"):
                    ended.append(line)
                else:
                    begun[write.stream] = line
        return [*ended, *begun.values()]


_TIME = re.compile(r"\{time(?::([^}]*))?\}")


def server(lines: Iterable[str], started: Micros, stop_code: int | None) -> Process:
    """A process that writes `lines` and then runs until it is stopped.

    `{time}` is its start, written as the log of nginx does or by the format of strftime after a colon: `{time:%H:%M}`.
    """

    def written(match: re.Match[str]) -> str:
        return to_datetime(started).strftime(match[1] or "%Y/%m/%d %H:%M:%S")

    writes = tuple(Write(0, "stdout", _TIME.sub(written, line) + "\n") for line in lines)
    return Process(writes, seconds=inf, stop_code=stop_code)


class _Container(Machine):
    """The machine of a container: no terminal, and commands take no time but their own."""

    COMMAND_SECONDS = 0
    SECOND_COST = 2 * Budget.STEPS / (100 * 365 * 86400)  # a sleep of a hundred years is all that it may do
    IS_TERMINAL = False
    files: ContainerFiles

    def __init__(self, place: "Place", started: Micros, argv: Argv, main: Argv) -> None:
        """For `argv` as process 1, or, where `main` is that, as the first process that an exec starts beside it."""
        clock = Clock(to_datetime(started))
        clock.now = started
        super().__init__(clock, place.files, dict(place.env))
        self.hostname = place.hostname
        self.base = base = place.base
        self.user = place.files.user
        self.shell_process = Started(1, started, tuple(main or argv))
        first_pid = _EXEC_PID if main else 1
        self.processes.append(Started(first_pid - 1, started, ("",)))  # the next one is the first
        self.pipeline_pid = self.next_pid
        self.shell = next(iter(base.shells), "sh")
        self.dialects = base.shells
        self.is_busybox = base.is_busybox

    @property
    def accounts(self) -> Accounts:
        passwd, group = (self.files.entries.get(path) or "" for path in ("/etc/passwd", "/etc/group"))
        self.budget.spend(len(passwd) + len(group))
        return accounts_of(passwd, group)

    def owner(self, path: str, usual: Owner) -> Owner:
        return self.files.owner(path)

    def program(self, name: str) -> str:
        return last_part(name) if self.base.can_run(name) else name

    def unknown(self, name: str, known: Iterable[str]) -> str:
        if name in _UNSIMULATED_BUILTINS.split() or self.base.has_unsimulated(name, self.files):
            raise UnsupportedError(f"'{name[:80]}'")
        if "/" not in name:
            problem = "command not found"
        elif self.files.exists(name):
            problem = "Permission denied"
        else:
            problem = "not found"
        return self.in_dialect(f"{self.shell}: {name}: {problem}\n")


def _streams(stdin: Input, write: Callable[[str, str], None]) -> Streams:
    """Streams whose outputs `write` gets, each text behind its stream's name."""
    return Streams(stdin, partial(write, "stdout"), partial(write, "stderr"))


class _Outcome(NamedTuple):
    """How a command ended, if it did."""

    code: int = 0
    unsimulated: str = ""  # what it needed that isn't simulated
    has_ended: bool = True


def _outcome(interpreter: Interpreter, argv: Argv, streams: Streams) -> _Outcome:
    """Run a command until it ends, or has done more than one may do."""
    try:
        return _Outcome(interpreter.call(argv, streams))
    except LeaveError as leave:
        return _Outcome(leave.status)
    except UnsupportedError as error:
        streams.stderr(f"kubesim: {error} is not part of this simulator\n")
        return _Outcome(unsimulated=str(error))
    except (TooMuchError, RecursionError):
        return _Outcome(has_ended=False)


class Outside:
    """Programs that ask the cluster or the cloud. A session sets them."""

    programs: Programs | None = None

    def tools(self, namespace: str, account: str) -> Mapping[str, Tool]:
        return self.programs(namespace, account) if self.programs else {}


class Place(NamedTuple):
    """The container that a process is started in."""

    base: Base
    env: Mapping[str, str]
    files: ContainerFiles
    hostname: str
    outside: Outside
    """What reaches out of the container, for the Pod's namespace and ServiceAccount."""
    namespace: str = ""
    account: str = ""
    folder: str = "/"
    """Where processes start."""

    def run(
        self, argv: Argv, started: Micros, main: Argv = (), budget: Budget | None = None, stdin: Input | str = ""
    ) -> Process:
        """Run `argv` as the container's process, or beside its process `main`, out of `budget`. Raises StartError."""
        machine = _Container(self, started, argv, main)
        self.files.cwd = self.files.absolute(self.folder)
        self.files.open_at(machine.clock)
        self.check(argv)
        machine.budget = budget or Budget(2 * Budget.STEPS, Budget.BYTES // 4)
        writes: list[Write] = []

        def write(stream: str, text: str) -> None:
            if text:
                writes.append(Write((machine.clock.now - started) / SECOND, stream, text))

        interpreter = Interpreter(machine, self._tools())
        streams = _streams(Input(stdin) if isinstance(stdin, str) else stdin, write)
        outcome = _outcome(interpreter, argv, streams)
        self.files.hand_over()
        seconds = (machine.clock.now - started) / SECOND if outcome.has_ended else inf
        ran = Process(tuple(writes), outcome.code, seconds, unsimulated=outcome.unsimulated)
        is_looping = not outcome.has_ended and machine.last_wait < inf  # and not within one command that never ends
        if is_looping and "TERM" in machine.traps:
            return self._with_trap(ran, interpreter)
        return ran

    def _with_trap(self, ran: Process, interpreter: Interpreter) -> Process:
        """A process that loops and has a trap for SIGTERM, with what it will say then and how it will end."""
        machine = interpreter.machine
        trap = machine.traps["TERM"]
        machine.variables = trap.variables
        machine.env = trap.env
        machine.budget = Budget(Budget.STEPS // 4, Budget.BYTES // 4)
        began = machine.clock.now
        delay = machine.last_wait / 2  # until the command ends that runs when the signal comes
        words: list[Write] = []

        def write(stream: str, text: str) -> None:
            words.append(Write(0, stream, text))

        try:
            status = interpreter.handle(trap.action, _streams(Input(""), write))
        except (TooMuchError, RecursionError, UnsupportedError):
            return ran
        finally:
            self.files.discard()
        seconds = delay + (machine.clock.now - began) / SECOND
        return ran._replace(stop_code=status, stop_seconds=seconds, last_words=tuple(words))

    def _tools(self) -> Mapping[str, Tool]:
        """The programs of the image that are simulated, here or by what reaches out of the container."""
        programs = {**TOOLS, **self.outside.tools(self.namespace, self.account)}
        builtins = _BUILTINS.split() if self.base.shells else ()
        return {name: programs[name] for name in (*builtins, *self.base.names) if name in programs}

    def check(self, argv: Argv) -> None:
        """Raise StartError for a program that the image is known not to hold."""
        path = argv[0] if argv else ""
        if self.base.can_run(path) or self.base.has_unsimulated(path, self.files):
            return
        if "/" not in path:
            raise StartError(f'exec: "{path}": executable file not found in $PATH')
        if self.files.exists(path):
            raise StartError(f'exec: "{path}": permission denied')
        raise StartError(f'exec: "{path}": stat {path}: no such file or directory')
