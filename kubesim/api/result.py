"""What one command leaves behind: two streams and an exit status."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Edit(NamedTuple):
    """A command asks an interactive front end to open a file in its editor.

    `path` is relative to the workspace. A new file starts as `draft`. Once the learner has saved and
    closed it, the command line `then` is to be run, if there is one. `editor` is the program that was asked for.
    """

    path: str
    draft: str = ""
    then: str = ""
    editor: str = "nano"


Written = tuple[bool, str]
"""A text, and whether it went to stderr."""


@dataclass(frozen=True)
class Result:
    """The outcome of a command, as a process would leave it.

    `screen` is what a terminal shows, and `written` what it is made of: both streams in the order in which they were
    written. It is stdout followed by stderr unless the command says otherwise (see `of`).
    `edit` is what an interactive front end should now open in its editor.
    """

    stdout: str = ""
    stderr: str = ""
    exit_code: int = 0
    screen: str = ""
    edit: Edit | None = None
    written: Sequence[Written] = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.written:
            object.__setattr__(self, "screen", self.stdout + self.stderr)
            object.__setattr__(self, "written", ((False, self.stdout), (True, self.stderr)))

    @classmethod
    def of(cls, written: Sequence[Written], exit_code: int, edit: Edit | None = None) -> Result:
        """The outcome of what was written; in its texts, bytes that are no UTF-8 are shown as U+FFFD."""
        stdout = _decoded(text for is_error, text in written if not is_error)
        stderr = _decoded(text for is_error, text in written if is_error)
        screen = _decoded(text for _, text in written)
        return cls(stdout, stderr, exit_code, screen, edit, written)


def _decoded(texts: Iterable[str]) -> str:
    text = "".join(texts)
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
