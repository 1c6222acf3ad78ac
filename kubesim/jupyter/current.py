"""The notebook's one seat, created when first needed, and the magics that change its cluster as a whole.

Its files are in the folder KUBESIM_WORKSPACE, else in `workspace/` beside the notebook.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from kubesim.gotext.pflag import parse_duration
from kubesim.jupyter.seat import Seat
from kubesim.session import Session

LONGEST_ADVANCE = 24 * 3600


@cache
def seat() -> Seat:
    """The notebook's seat, created when first needed."""
    folder = Path(os.environ.get("KUBESIM_WORKSPACE") or "workspace").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return Seat(Session(folder))


def restart(seat: Seat) -> None:
    seat.restart()
    print("A fresh cluster is ready; your files are still there.")  # noqa: T201  # a cell's output


def registries(line: str, seat: Seat) -> None:
    """A fresh cluster that can reach the registries of a file, which a path from the notebook's folder names."""
    file = line.strip().strip("'\"")
    if not file:
        print("kubesim: which file? %registries FILE, as docs/teaching.md describes it")  # noqa: T201
        return
    try:
        seat.restart(Path(file))
    except OSError as error:
        print(f"kubesim: {file}: {error.strerror}")  # noqa: T201
    except ValueError as error:
        print(error)  # noqa: T201
    else:
        print(f"A fresh cluster with the registries of {file} is ready; your files are still there.")  # noqa: T201


def advance(line: str, seat: Seat) -> None:
    """Let as much simulated time pass as `line` says ("30s", "1h30m" or plain "30"), or print how to say it."""
    text = line.strip()
    try:
        seconds = parse_duration(f"{text}s" if text.isdecimal() else text)
    except ValueError:
        seconds = 0.0
    if 0 < seconds <= LONGEST_ADVANCE:
        print(seat.advance(seconds))  # noqa: T201  # a cell's output
    else:
        print(f"kubesim: how long? %advance 30s or %advance 5m, at most 24h (not {text!r})")  # noqa: T201
