"""The tools of the shell, and what several of them need.

tools.json declares them: a row has what `kubesim.shell.tool.tool` takes, under the module with the function of the
tool's name (or of `function`), which is imported when one of its tools is first used. A tool that always `prints` the
same needs none: by option the text, in which {0} is the machine.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from kubesim.api import load_table
from kubesim.api.budget import Budget
from kubesim.shell.tool import Function, Invocation, Options, Tool, ToolError, tool

_ENTRY_COST = Budget.STEPS // 1000


def _declared(module: str, name: str, row: Mapping[str, Any]) -> Tool:
    function, prints, exits = row.get("function", name), row.get("prints", {}), row.get("exits", 0)

    def run(operands: list[str], options: Options, io: Invocation) -> int | None:
        if not prints:
            found: Function = getattr(import_module(f"{__name__}.{module}"), function)
            return found(operands, options, io)
        io.out(prints[next((letter for letter in options if letter in prints), "")].format(io.machine))
        return int(exits)

    return tool(**{key: value for key, value in row.items() if key not in ("function", "prints", "exits")})(run)


_ROWS = load_table(__file__, "tools.json")
TOOLS = {name: _declared(module, name, row) for module, rows in _ROWS.items() for name, row in rows.items()}


@contextmanager
def reported(io: Invocation, complaint: str, status: int = 1) -> Iterator[None]:
    """Say `complaint` and why where the file system refuses what the block does, and go on behind it."""
    try:
        yield
    except OSError as error:
        io.fail(f"{complaint}: {error.strerror}", status)


def below(io: Invocation, folder: str) -> Iterator[str]:
    """The paths of what a folder contains. It costs something, because links may lead round in circles."""
    for name in io.files.listdir(folder):
        io.spend(_ENTRY_COST)
        yield f"{folder.rstrip('/')}/{name}"


def inputs(io: Invocation, names: Iterable[str], verb: str = "", trouble: int = 1) -> Iterator[tuple[str, str]]:
    """Name and text of each input, stdin where no file is named; what cannot be read is reported and left out.

    The report is `verb`, with the name for its {} or else behind it, and why.
    """
    for name in names or ["-"]:
        try:
            if name != "-" and io.files.is_dir(name):
                raise OSError(errno.EISDIR, "Is a directory")
            text = io.read(name)
        except OSError as error:
            said = verb.replace("{}", name) if "{}" in verb else verb + name
            io.fail(f"{said}: {error.strerror}", trouble)
        else:
            yield name, text


def whole_number(text: str, complaint: str) -> int:
    """The whole number that `text` is. Raises ToolError with `complaint` and the text."""
    if not re.fullmatch(r"[+-]?[0-9]{1,15}", text):
        raise ToolError(f"{complaint}: '{text}'")
    return int(text)
