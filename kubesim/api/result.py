"""What one command leaves behind: two streams and an exit status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Edit(NamedTuple):
    """A command asks an interactive front end to open a file in its editor.

    `path` is relative to the workspace. A new file starts as `draft`. Once the learner has saved and
    closed it, the command line `then` is to be run, if there is one.
    """

    path: str
    draft: str = ""
    then: str = ""


@dataclass(frozen=True)
class Result:
    """The outcome of a command, as a process would leave it.

    `screen` is what a terminal shows: both streams in the order in which they were written. It is stdout followed by
    stderr unless the command says otherwise (a shell line of several commands does).
    `edit` is what an interactive front end should now open in its editor.
    """

    stdout: str = ""
    stderr: str = ""
    exit_code: int = 0
    screen: str = ""
    edit: Edit | None = None

    def __post_init__(self) -> None:
        if not self.screen:
            object.__setattr__(self, "screen", self.stdout + self.stderr)
