"""What one command leaves behind: two streams and an exit status."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """The outcome of a command, as a process would leave it.

    `screen` is what a terminal shows: both streams in the order in which they were written. It is stdout followed by
    stderr unless the command says otherwise (a shell line of several commands does).
    `edit` names a file (relative to the workspace) that an interactive front end should now open in its editor.
    """

    stdout: str = ""
    stderr: str = ""
    exit_code: int = 0
    screen: str = ""
    edit: str | None = None

    def __post_init__(self) -> None:
        if not self.screen:
            object.__setattr__(self, "screen", self.stdout + self.stderr)
