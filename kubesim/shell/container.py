"""A container's process: the shell and its tools on a machine of the container's own.

Nothing of it is ever run on the host, and no script keeps it busy: what goes on and on, or writes without end, counts
as a process that runs until it is stopped.
"""

from __future__ import annotations

import errno
import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from math import inf
from typing import NamedTuple

from kubesim.api.budget import Budget, TooMuchError
from kubesim.api.clock import SECOND, Clock, Micros, to_datetime
from kubesim.shell.interpreter import Interpreter
from kubesim.shell.machine import Files, Input, Machine, Started, Streams
from kubesim.shell.syntax import UnsupportedError
from kubesim.shell.tools import TOOLS, LeaveError, Tool
from kubesim.workspace import Entries, MemoryFiles

REFUSED = 126
"""The exit status of a process that needs what is not simulated."""
_EXEC_PID = 7
_BUILTINS = ": [ alias break cd continue echo exit export false help printf pwd read test true unset"
_LACKING_BUILTINS = ". bg eval fg getopts jobs kill let local set shift source trap type umask unalias wait"


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


class Change(NamedTuple):
    """Something that is done to an entry."""

    at: Micros
    path: str
    text: str | None
    kind: str  # "set", "added" (text to what is there) or "gone"


@dataclass
class Folder:
    """Entries by their paths, "" for the folder itself; `later` is what processes, which run ahead of time, will do."""

    entries: Entries = field(default_factory=lambda: {"": None})
    is_read_only: bool = False
    later: list[Change] = field(default_factory=list)

    def copy(self) -> Folder:
        return Folder(self.entries.copy(), self.is_read_only, self.later.copy())

    def by(self, now: Micros) -> Entries:
        """What it holds at a moment; time goes on."""
        due = sorted((change for change in self.later if change.at <= now), key=lambda change: change.at)
        self.later = [change for change in self.later if change.at > now]
        for change in due:
            if change.kind == "gone":
                del self.entries[change.path]
            elif change.kind == "added":
                self.entries[change.path] = (self.entries.get(change.path) or "") + str(change.text)
            else:
                self.entries[change.path] = change.text
        return self.entries


class _RecordedEntries(dict[str, str | None]):
    """Entries that note in `changes` what is done to them, and when."""

    def __init__(self, entries: Entries, clock: Clock, changes: list[Change]) -> None:
        super().__init__(entries)
        self._clock = clock
        self._changes = changes

    def __setitem__(self, path: str, text: str | None) -> None:
        before = self.get(path)
        change = Change(self._clock.now, path, text, "set")
        if before and text and text.startswith(before):
            change = Change(self._clock.now, path, text[len(before) :], "added")
        self._changes.append(change)
        super().__setitem__(path, text)

    def __delitem__(self, path: str) -> None:
        self._changes.append(Change(self._clock.now, path, None, "gone"))
        super().__delitem__(path)


class ContainerFiles(MemoryFiles):
    """The files of a container as they are at a moment: its own folder "", and by mount path those of volumes.

    `own` makes what it begins with, and isn't asked before something looks: in most containers nothing does.
    """

    def __init__(self, own: Callable[[], Entries]) -> None:
        super().__init__()
        self.folders: dict[str, Folder] = {}
        self._own = own
        self._changes: list[Change] = []

    def twin(self, folders: Mapping[int, Folder]) -> ContainerFiles:
        """Other files that hold the same. `folders` has the copies of those that several containers share, by id."""
        other = ContainerFiles(self._own)
        other.folders = {place: folders.get(id(folder)) or folder.copy() for place, folder in self.folders.items()}
        other._changes = self._changes.copy()
        return other

    def mount(self, volumes: Mapping[str, Mapping[str, str]]) -> None:
        """Show volumes, read-only, by the path where each is mounted; a file mounted alone has the name ""."""
        for place, files in volumes.items():
            inside = MemoryFiles().fill({f"/{name}": text for name, text in files.items() if name})
            del inside["/"]
            self.folders[place] = Folder({"": files.get(""), **inside}, is_read_only=True)

    def show(self, clock: Clock) -> None:
        """Be as of now for what works by `clock`."""
        if "" not in self.folders:
            self.folders[""] = Folder(self._own())
        self.tell()
        visible: Entries = {}
        for place, folder in self.folders.items():
            for path, text in folder.by(clock.now).items():
                if self._place(place + path) == place:  # and no volume is mounted over it
                    visible[place + path] = text
        self.entries = _RecordedEntries(visible, clock, self._changes)

    def written(self, path: str, now: Micros) -> str:
        """What a file holds, "" for none; where nothing has looked at the files, nothing has written one."""
        if "" not in self.folders:
            return ""
        self.tell()
        place = self._place(path)
        return self.folders[place].by(now).get(path[len(place) :]) or ""

    def tell(self) -> None:
        """Tell the folders what has been done to them here."""
        for change in self._changes:
            place = self._place(change.path)
            self.folders[place].later.append(change._replace(path=change.path[len(place) :]))
        self._changes.clear()

    def _place(self, path: str) -> str:
        return max((place for place in self.folders if f"{path}/".startswith(f"{place}/")), key=len)

    def _writable(self, path: str) -> str:
        key = super()._writable(path)
        if self.folders[self._place(key)].is_read_only:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
        if key in self.folders:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), path)
        return key


@dataclass(frozen=True)
class Base:
    """What images of one base hold, as bases.json has it.

    `paths` are the folders of $PATH, of which the first one shows the programs; `shells` has the dialect of each: how
    it puts what bash and GNU's tools say, by patterns in which `<` and `>` are redirections that fail. `programs` can
    be run besides them, by name or path. Those that are `lacking` are in the real image and say that they aren't
    simulated, as does any other name where the image `has_more` than is listed. `user` is what `id` prints; `files` and
    `folders` come besides the image's own; `log` is what its server writes when it starts, where {time} is that time.
    """

    paths: Sequence[str]
    shells: Mapping[str, Mapping[str, str]]
    programs: str
    lacking: str = ""
    has_more: bool = False
    user: str = "uid=0 gid=0 groups=0"
    files: Mapping[str, str] = field(default_factory=dict)
    folders: Sequence[str] = ()
    log: Sequence[str] = ()
    is_busybox: bool = False

    @property
    def names(self) -> list[str]:
        """The programs that can be run."""
        return [*self.shells, *map(_last, self.programs.split())]

    def has(self, path: str) -> bool:
        """Whether a program can be run by this name or path."""
        return self._is_in_path(path) and _last(path) in self.names

    def lacks(self, path: str, files: Files) -> bool:
        """Whether the real image has, or may have, a program of this name or path that isn't simulated.

        An image that has one of kubesim's own tools lists it, and what is among the container's `files` is a file.
        """
        if self._is_in_path(path) and _last(path) in map(_last, self.lacking.split()):
            return True
        return self.has_more and _last(path) not in TOOLS and not files.exists(path)

    def _is_in_path(self, path: str) -> bool:
        folder, slash, _ = path.rpartition("/")
        return not slash or folder in self.paths

    @cached_property
    def _entries(self) -> Entries:
        """What every container has: the programs, its files and folders."""
        names = (*self.shells, *self.programs.split(), *self.lacking.split())
        programs = {name if "/" in name else f"{self.paths[0]}/{name}": "" for name in names}
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
        self.is_read = False

    @property
    def text(self) -> str:
        """Raises TooMuchError, as anything that never ends."""
        self.is_read = True
        raise TooMuchError

    def line(self) -> str:
        return self.text


class Process(NamedTuple):
    """What a process wrote and how it ended; `seconds` is how long it ran (inf: until it is stopped).

    `stop_code` is the status with which it ends soon after SIGTERM; None where it ignores that signal. It `awaits`
    input that nobody has given it yet. `failure` is why it never started, in the runtime's words; `unsimulated` is what
    it needed that isn't simulated, and then it stopped there.
    """

    writes: tuple[Write, ...] = ()
    exit_code: int = 0
    seconds: float = 0
    stop_code: int | None = None
    awaits: bool = False
    failure: str = ""
    unsimulated: str = ""

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
    time = to_datetime(started)
    texts = [_TIME.sub(lambda match: time.strftime(match[1] or "%Y/%m/%d %H:%M:%S"), line) for line in lines]
    return Process(tuple(Write(0, "stdout", f"{text}\n") for text in texts), seconds=inf, stop_code=stop_code)


@dataclass
class _Container(Machine):
    """The machine of a container: no terminal, and commands take no time but their own."""

    COMMAND_SECONDS = 0
    SECOND_COST = 2 * Budget.STEPS / (100 * 365 * 86400)  # a sleep of a hundred years is all that it may do
    IS_TERMINAL = False

    base: Base = field(kw_only=True)

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

    That is `outside`, for the Pod's namespace and ServiceAccount.
    """

    base: Base
    env: Mapping[str, str]
    files: ContainerFiles
    hostname: str
    outside: Outside = Outside()
    namespace: str = ""
    account: str = ""

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

        source = Input(stdin) if isinstance(stdin, str) else stdin
        streams = Streams(source, partial(write, "stdout"), partial(write, "stderr"))
        code = 0
        unsimulated = ""
        has_ended = True
        try:
            code = Interpreter(machine, self._tools()).call(argv, streams)
        except LeaveError as leave:
            code = leave.status
        except UnsupportedError as error:
            write("stderr", f"kubesim: {error} is not part of this simulator\n")
            code = REFUSED
            unsimulated = str(error)
        except (TooMuchError, RecursionError):
            has_ended = False
        self.files.tell()
        seconds = (machine.clock.now - started) / SECOND if has_ended else inf
        awaits = isinstance(source, Awaited) and source.is_read
        return Process(tuple(writes), code, seconds, awaits=awaits, unsimulated=unsimulated)

    def _machine(self, started: Micros, argv: Argv, main: Argv) -> _Container:
        clock = Clock(to_datetime(started))
        clock.now = started
        base = self.base
        machine = _Container(
            clock,
            self.files,
            env=dict(self.env),
            hostname=self.hostname,
            user=base.user,
            shell=next(iter(base.shells), "sh"),
            sentences=base.shells,
            is_busybox=base.is_busybox,
            base=base,
        )
        machine.bash = Started(1, started, tuple(main or argv))
        machine.processes = deque([Started(_EXEC_PID - 1 if main else 0, started, ("",))], 1000)
        machine.first_alive = machine.next_pid
        self.files.cwd = self.files.absolute("/")
        return machine

    def _tools(self) -> Mapping[str, Tool]:
        own = self.outside.tools(self.namespace, self.account)
        return {name: own.get(name) or TOOLS[name] for name in (*_BUILTINS.split(), *self.base.names)}

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
