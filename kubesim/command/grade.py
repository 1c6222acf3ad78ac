"""`kubesim grade`: read the progress files of a class."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from kubesim.command import fail
from kubesim.lessons import gradebook
from kubesim.lessons.record import MAX_SIZE, read

_ABOUT = (
    "Print one line for each progress file: how many answers were right, how many of them at the first try, and what "
    "was done. Every answer is judged again. Exit status 1 if a file could not be read whole."
)


def define(command: argparse.ArgumentParser) -> None:
    """Add the options."""
    command.description = _ABOUT
    command.add_argument("files", nargs="+", metavar="FILE", help="what learners downloaded: kubesim-progress.json")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="print CSV, for a spreadsheet")
    help_ = "print how hard each question was"
    form.add_argument("--questions", action="store_true", help=help_)


def run(options: argparse.Namespace) -> int:
    """Print the table of all readable files."""
    sheets: list[gradebook.Sheet] = []
    status = 0
    for name in options.files:
        try:
            with Path(name).open("rb") as file:
                text = file.read(MAX_SIZE + 1).decode(errors="surrogateescape")
        except OSError as error:
            status = fail(f"{name}: {error.strerror}")
            continue
        reading = read(text)
        if reading.trouble:
            status = fail(f"{name} {reading.trouble}")
        if reading.record:
            sheets.append((name, reading.record))
    if not sheets:
        return status
    if options.csv:
        table = gradebook.comma_separated(sheets)
    elif options.questions:
        table = gradebook.questions(sheets)
    else:
        table = gradebook.table(sheets, width=shutil.get_terminal_size().columns)
    print(table, end="")
    return status
