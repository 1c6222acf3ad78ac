"""A shell with a kubectl that only echoes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from kubesim.api.clock import Clock
from kubesim.api.result import Edit, Result, Written
from kubesim.shell import Invocation, Shell, Tool
from kubesim.workspace import Workspace

VERBS = ("delete", "describe", "get")


def _kubectl(arguments: list[str], io: Invocation) -> int:
    """Echo the arguments, or read stdin (`-`), print to both streams (`both`) or open the editor (`edit`)."""
    if "-" in arguments:
        io.out(io.read())
        return 0
    if "both" in arguments:
        return io.show(Result([Written(True, "err 1\n"), Written(False, "out 1\nout 2\n")], 1))
    if "edit" in arguments:
        return io.show(Result(edit=Edit("object.yaml")))
    io.out(" ".join(["kubectl", *arguments]) + "\n")
    return 0


def _verbs(words: list[str]) -> list[str]:
    """The verbs that complete the first word."""
    return [verb for verb in VERBS if verb.startswith(words[0])] if len(words) == 1 else []


def new_shell(root: Path | None = None) -> Shell:
    """A shell in the folder `root`, or in a temporary one, at 14:00 on 24 November 2026."""
    clock = Clock(datetime(2026, 11, 24, 14, tzinfo=UTC))
    return Shell(clock, Workspace(root), [Tool("kubectl", _kubectl, "kubectl COMMAND", complete=_verbs)])
