"""The result of a command: its output and exit status."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Edit(NamedTuple):
    """A command's request to a front end to open a file in its editor.

    `path` is relative to the workspace. A new file starts as `draft`. When the learner has saved and closed it, the
    front end runs the command line `then`, if there is one, which `undo` calls `label`. `editor` is the program that
    the command named.
    """

    path: str
    draft: str = ""
    then: str = ""
    label: str = ""
    editor: str = "nano"


class Written(NamedTuple):
    """A text that a command has written."""

    is_error: bool  # True for stderr, False for stdout
    text: str


class Result(NamedTuple):
    """The outcome of a command, as of a process.

    `written` holds the texts of both streams in the order of writing. In the properties, bytes that aren't UTF-8 appear
    as U+FFFD. `edit` asks a front end to open a file.
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
        """Both streams as a terminal shows them."""
        return _decoded(text for _, text in self.written)


def _decoded(texts: Iterable[str]) -> str:
    text = "".join(texts)
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
