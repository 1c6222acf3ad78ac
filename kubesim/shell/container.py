"""A container's process: the shell and its tools on a machine of the container's own.

Nothing of it is ever run on the host, and no script keeps it busy: what goes on and on, or writes without end, counts
as a process that runs until it is stopped.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from math import inf
from typing import NamedTuple

from kubesim.api.budget import Budget, TooMuchError
from kubesim.api.clock import SECOND, Clock, Micros, to_datetime
from kubesim.shell.containerfiles import ContainerFiles
from kubesim.shell.interpreter import Interpreter
from kubesim.shell.machine import Files, Input, Machine, Started, Streams
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools import TOOLS, LeaveError, Tool
from kubesim.workspace import Entries, MemoryFiles

_LISTED = {*TOOLS, "tar"}  # the programs that every base lists whose images have them
_EXEC_PID = 7
# Of a shell, those that are simulated and those that aren't.
_BUILTINS = ": [ alias break cd continue echo exit export false help printf pwd read test trap true unset"
_LACKING_BUILTINS = ". bg eval fg getopts jobs kill let local set shift source type umask unalias wait"


class Write(NamedTuple):
    """What a process writes at once."""

    seconds: float  # after its start
    stream: str  # "stdout" or "stderr"
    text: str

    def later(self, seconds: float) -> Write:
        """The same, some seconds later."""
        return self._replace(seconds=self.seconds + seconds)


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


class BaseRow(NamedTuple):
    """What bases.json says of a base."""

    paths: Sequence[str]
    shells: Mapping[str, Mapping[str, str]]
    programs: str
    lacking: str = ""
    has_more: bool = False
    is_unknown: bool = False
    user: str = "uid=0 gid=0 groups=0"
    files: Mapping[str, str] = {}
    folders: Sequence[str] = ()
    log: Sequence[str] = ()
    is_busybox: bool = False


class Base(BaseRow):
    """What images of one base hold.

    `paths` are the folders of $PATH, of which the first one shows the programs; `shells` has the dialect of each: how
    it puts what bash and GNU's tools say, by patterns in which `<` and `>` are redirections that fail. `programs` can
    be run besides them, by name or path. Those that are `lacking` are in the real image and say that they aren't
    simulated, as does any other name where the image `has_more` than is listed, and any at all where what it holds
    `is_unknown`. `user` is what `id` prints; `files` and `folders` come besides the image's own; `log` is what its
    server writes when it starts, where {time} is that time.
    """

    @property
    def names(self) -> list[str]:
        """The programs that can be run."""
        return [*self.shells, *map(_last, self.programs.split())]

    def has(self, path: str) -> bool:
        """Whether a program can be run by this name or path."""
        return self._is_in_path(path) and _last(path) in self.names

    def lacks(self, path: str, files: Files) -> bool:
        """Whether the real image has, or may have, a program of this name or path that isn't simulated.

        What is among the container's `files` is no program.
        """
        if self.is_unknown:
            return not files.exists(path)
        if self._is_in_path(path) and _last(path) in map(_last, self.lacking.split()):
            return True
        return self.has_more and _last(path) not in _LISTED and not files.exists(path)

    def _is_in_path(self, path: str) -> bool:
        folder, slash, _ = path.rpartition("/")
        return not slash or folder in self.paths

    @cached_property
    def _entries(self) -> Entries:
        """What every container has: the programs, its files and folders."""
        programs: dict[str, str] = {}
        for name in (*self.shells, *self.programs.split(), *self.lacking.split()):
            path = name if "/" in name else f"{self.paths[0]}/{name}"
            programs[path] = ""
        return MemoryFiles().fill({**programs, **self.files}, self.folders)

    def with_files(self, image_files: Mapping[str, str], folders: Iterable[str] = ()) -> Entries:
        """What a container of an image holds, with more `folders` where there is nothing else."""
        return MemoryFiles(self._entries).fill(image_files, folders)

    def new_files(self, image_files: Mapping[str, str], folders: Sequence[str] = ()) -> ContainerFiles:
        """The files of a fresh container."""
        return ContainerFiles(partial(self.with_files, image_files, folders))


def _last(path: str) -> str:
    return path.rpartition("/")[2]


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
    """What a process wrote and how it ended; `seconds` is how long it ran (inf: until it is stopped).

    `stop_code` is the status with which it ends after SIGTERM, in `stop_seconds` and with `last_words`; None where it
    ignores that signal. `failure` is why it never started, in the
    runtime's words; `unsimulated` is what it needed that isn't simulated, and then it stopped there.
    """

    writes: tuple[Write, ...] = ()
    exit_code: int = 0
    seconds: float = 0
    stop_code: int | None = None
    failure: str = ""
    unsimulated: str = ""
    stop_seconds: float = 0
    last_words: tuple[Write, ...] = ()

    def written(self, stream: str) -> str:
        return "".join(write.text for write in self.writes if write.stream == stream)

    def lines_by(self, seconds: float) -> list[tuple[float, str]]:
        """The lines of both streams written in the first `seconds`, each with the second when it was started."""
        lines: list[tuple[float, str]] = []
        for write in [write for write in self.writes if write.seconds <= seconds]:
            for piece in re.findall(r"[^\n]*\n|[^\n]+", write.text):
                if lines and not lines[-1][1].endswith("\n"):
                    started, before = lines.pop()
                    lines.append((started, before + piece))
                else:
                    lines.append((write.seconds, piece))
        return lines


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

    def __init__(self, clock: Clock, files: Files, env: dict[str, str], hostname: str, base: Base) -> None:
        super().__init__(clock, files, env)
        self.hostname = hostname
        self.base = base
        self.user = base.user
        self.shell = next(iter(base.shells), "sh")
        self.sentences = base.shells
        self.is_busybox = base.is_busybox

    def program(self, name: str) -> str:
        return _last(name) if self.base.has(name) else name

    def unknown(self, name: str, known: Iterable[str]) -> str:
        if name in _LACKING_BUILTINS.split() or self.base.lacks(name, self.files):
            raise UnsupportedError(f"'{name[:80]}'")
        if "/" not in name:
            problem = "command not found"
        elif self.files.exists(name):
            problem = "Permission denied"
        else:
            problem = "not found"
        return self.phrase(f"{self.shell}: {name}: {problem}\n")


class Outside:
    """Programs that ask the cluster or the cloud. A session sets them."""

    programs: Programs | None = None

    def tools(self, namespace: str, account: str) -> Mapping[str, Tool]:
        return self.programs(namespace, account) if self.programs else {}


class Place(NamedTuple):
    """The container that a process is started in: its base, variables, files and name, and what reaches out of it.

    That is `outside`, for the Pod's namespace and ServiceAccount. Processes start in `folder`.
    """

    base: Base
    env: Mapping[str, str]
    files: ContainerFiles
    hostname: str
    outside: Outside = Outside()
    namespace: str = ""
    account: str = ""
    folder: str = "/"

    def run(
        self, argv: Argv, started: Micros, main: Argv = (), budget: Budget | None = None, stdin: Input | str = ""
    ) -> Process:
        """Run `argv` as the container's process, or beside its process `main`, out of `budget`. Raises StartError."""
        machine = self._machine(started, argv, main)
        self.files.show(machine.clock)
        self.check(argv)
        machine.budget = budget or Budget(2 * Budget.STEPS, Budget.BYTES // 4)
        writes: list[Write] = []

        def write(stream: str, text: str) -> None:
            if text:
                writes.append(Write((machine.clock.now - started) / SECOND, stream, text))

        interpreter = Interpreter(machine, self._tools())
        source = Input(stdin) if isinstance(stdin, str) else stdin
        streams = Streams(source, partial(write, "stdout"), partial(write, "stderr"))
        code = 0
        unsimulated = ""
        has_ended = True
        try:
            code = interpreter.call(argv, streams)
        except LeaveError as leave:
            code = leave.status
        except UnsupportedError as error:
            write("stderr", f"kubesim: {error} is not part of this simulator\n")
            unsimulated = str(error)
        except (TooMuchError, RecursionError):
            has_ended = False
        self.files.tell()
        seconds = (machine.clock.now - started) / SECOND if has_ended else inf
        ran = Process(tuple(writes), code, seconds, unsimulated=unsimulated)
        is_looping = not has_ended and machine.nap < inf  # and not within one command that never ends
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
        delay = machine.nap / 2  # until the command ends that runs when the signal comes
        words: list[Write] = []

        def write(stream: str, text: str) -> None:
            words.append(Write(0, stream, text))

        streams = Streams(Input(""), partial(write, "stdout"), partial(write, "stderr"))
        try:
            status = interpreter.handle(trap.action, streams)
        except (TooMuchError, RecursionError, UnsupportedError):
            return ran
        finally:
            self.files.forget()
        seconds = delay + (machine.clock.now - began) / SECOND
        return ran._replace(stop_code=status, stop_seconds=seconds, last_words=tuple(words))

    def _machine(self, started: Micros, argv: Argv, main: Argv) -> _Container:
        clock = Clock(to_datetime(started))
        clock.now = started
        base = self.base
        machine = _Container(clock, self.files, dict(self.env), self.hostname, base)
        machine.bash = Started(1, started, tuple(main or argv))
        machine.processes = deque([Started(_EXEC_PID - 1 if main else 0, started, ("",))], 1000)
        machine.first_alive = machine.next_pid
        self.files.cwd = self.files.absolute(self.folder)
        return machine

    def _tools(self) -> Mapping[str, Tool]:
        """The programs of the image that are simulated, here or by what reaches out of the container."""
        programs = {**TOOLS, **self.outside.tools(self.namespace, self.account)}
        builtins = _BUILTINS.split() if self.base.shells else ()
        return {name: programs[name] for name in (*builtins, *self.base.names) if name in programs}

    def check(self, argv: Argv) -> None:
        """Raise StartError for a program that the image is known not to hold."""
        path = argv[0] if argv else ""
        if self.base.has(path) or self.base.lacks(path, self.files):
            return
        if "/" not in path:
            raise StartError(f'exec: "{path}": executable file not found in $PATH')
        if self.files.exists(path):
            raise StartError(f'exec: "{path}": permission denied')
        raise StartError(f'exec: "{path}": stat {path}: no such file or directory')
