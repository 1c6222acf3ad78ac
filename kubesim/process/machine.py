"""One container while a process runs in it: its clock, its files, what was written, and the bounds of it all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

# A process that needs more than this is taken for one that never ends.
MAX_COMMANDS = 2_000
MAX_SIZE = 1_000_000
MAX_DEPTH = 30

Write = tuple[float, str, str]
Tool = Callable[["Machine", Sequence[str], str], int]


class Exit(Exception):
    """The shell was told to exit."""

    def __init__(self, code: int) -> None:
        self.code = code


class Endless(Exception):
    """The process goes on until it is stopped."""


@dataclass
class Machine:
    """The state of one process; `clock` is in seconds since its start, `tools` are its executables by name."""

    env: dict[str, str]
    files: dict[str, str]
    hostname: str
    tools: Mapping[str, Tool]
    clock: float = 0
    writes: list[Write] = field(default_factory=list)
    depth: int = 0
    _commands: int = 0
    _size: int = 0

    def count(self, size: int = 0, commands: int = 1) -> None:
        """Account for characters or words, and for commands. Raises Endless when the bounds are passed."""
        self._commands += commands
        self._size += size
        if self._commands > MAX_COMMANDS or self._size > MAX_SIZE:
            raise Endless

    def descend(self) -> None:
        """Account for one more level of nesting. Raises Endless when the bounds are passed."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Endless

    def write(self, text: str, stream: str = "stdout") -> None:
        """Write to a stream. Raises Endless when the bounds are passed."""
        self.count(len(text))
        if text:
            self.writes.append((self.clock, stream, text))

    def complain(self, text: str, code: int = 1) -> int:
        """Write a line to the standard error and return `code`."""
        self.write(text + "\n", "stderr")
        return code

    def call(self, argv: Sequence[str], stdin: str) -> int:
        """Run one of the tools to its exit status."""
        self.count()
        return self.tools[argv[0]](self, argv[1:], stdin)

    @contextmanager
    def redirected(self, targets: Mapping[str, str | list[str]]) -> Iterator[None]:
        """Send what is written meanwhile elsewhere: to the other stream, to a file by its path, or into a list."""
        outer, self.writes = self.writes, []
        try:
            yield
        finally:
            inner, self.writes = self.writes, outer
            for at, stream, text in inner:
                target = targets.get(stream, stream)
                if isinstance(target, list):
                    target.append(text)
                elif target in ("stdout", "stderr"):
                    outer.append((at, target, text))
                elif target != "/dev/null":
                    self.files[target] = self.files.get(target, "") + text
