"""What one command leaves behind: two streams and an exit status."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


class Result(NamedTuple):
    """The outcome of a command, as a process would leave it.

    `written` is both streams in the order in which they were written; in the texts that are made of it, bytes that are
    no UTF-8 are shown as U+FFFD. `edit` is what an interactive front end should now open in its editor.
    """

    written: Sequence[Written] = ()
    exit_code: int = 0
    edit: Edit | None = None

    @property
    def stdout(self) -> str:
        return _decoded(text for is_error, text in self.written if not is_error)

    @property
    def stderr(self) -> str:
        return _decoded(text for is_error, text in self.written if is_error)

    @property
    def screen(self) -> str:
        """What a terminal shows."""
        return _decoded(text for _, text in self.written)


def _decoded(texts: Iterable[str]) -> str:
    text = "".join(texts)
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
