"""What the command of a container does: a tiny shell with the few tools that the images hold.

Nothing of it is ever run on the machine, and no script keeps it busy: what goes on and on, or writes without end,
counts as a process that runs until it is stopped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from kubesim.api.process import ash
from kubesim.api.process.tools import TOOLS, Endless, Machine, Write


class StartError(Exception):
    """The runtime could not start the command; runc's words: `exec: "foo": executable file not found in $PATH`."""

    def of_container(self) -> str:
        """What the kubelet says when it was a container's own command."""
        runtime = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create"
        return f"{runtime} failed: unable to start container process: error during container init: {self}: unknown"

    def of_exec(self, exec_id: str) -> str:
        """What the API server says when it was the command of an exec; `exec_id` is 64 hexadecimal digits."""
        runtime = f'failed to exec in container: failed to start exec "{exec_id}": OCI runtime exec failed: exec failed'
        return f"error executing command in container: {runtime}: unable to start container process: {self}: unknown"


@dataclass(frozen=True)
class Process:
    """What a process wrote and how it ended; `seconds` is how long it ran (inf: until it is stopped).

    `writes` are (seconds after the start, "stdout" or "stderr", text).
    """

    writes: tuple[Write, ...] = ()
    exit_code: int = 0
    seconds: float = 0

    @property
    def output(self) -> str:
        """Both streams in the order in which they were written, as a log shows them."""
        return self.output_by(inf)

    @property
    def stdout(self) -> str:
        """What went to the standard output."""
        return "".join(text for _, stream, text in self.writes if stream == "stdout")

    @property
    def stderr(self) -> str:
        """What went to the standard error."""
        return "".join(text for _, stream, text in self.writes if stream == "stderr")

    def lines_by(self, seconds: float) -> list[tuple[float, str]]:
        """The lines of both streams written in the first `seconds`, each with the second when it was begun."""
        lines: list[tuple[float, str]] = []
        for at, _, text in [write for write in self.writes if write[0] <= seconds]:
            for piece in re.findall(r"[^\n]*\n|[^\n]+", text):
                begun, before = lines.pop() if lines and not lines[-1][1].endswith("\n") else (at, "")
                lines.append((begun, before + piece))
        return lines

    def output_by(self, seconds: float) -> str:
        """What was written in the first `seconds`."""
        return "".join(text for at, _, text in self.writes if at <= seconds)


def endless(lines: Sequence[str]) -> Process:
    """A process that writes `lines` at its start and runs until it is stopped."""
    return Process(tuple((0.0, "stdout", f"{line}\n") for line in lines), 0, inf)


def run(
    argv: Sequence[str], env: Mapping[str, str], files: Mapping[str, str], hostname: str, stdin: str = ""
) -> Process:
    """Run a command in a container that holds `files` (contents by absolute path). Raises StartError."""
    name = _executable(argv[0] if argv else "", files)
    machine = Machine(dict(env), dict(files), hostname, {**TOOLS, "sh": ash.sh})
    try:
        code = machine.tools[name](machine, argv[1:], stdin)
    except (Endless, RecursionError):
        machine.clock, code = inf, 0
    return Process(tuple(machine.writes), code, machine.clock)


def _executable(path: str, files: Mapping[str, str]) -> str:
    folder, slash, name = path.rpartition("/")
    if (name == "sh" or name in TOOLS) and (not slash or folder == "/bin"):
        return name
    if not slash:
        raise StartError(f'exec: "{path}": executable file not found in $PATH')
    if path in files:
        raise StartError(f'exec: "{path}": permission denied')
    raise StartError(f'exec: "{path}": stat {path}: no such file or directory')
