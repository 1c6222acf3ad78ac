"""The notebook's one seat, created when first needed, and the magics that change its cluster as a whole.

Its files are in the folder KUBESIM_WORKSPACE, else in `workspace/` beside the notebook.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

from kubesim.gotext.pflag import parse_duration
from kubesim.jupyter.refusal import Refusal
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
        raise Refusal("which file? %registries FILE, as docs/authoring.md describes it")
    try:
        seat.restart(Path(file))
    except OSError as error:
        raise Refusal(f"{file}: {error.strerror}") from None
    except ValueError as error:
        raise Refusal(str(error).removeprefix("kubesim: ")) from None
    print(f"A fresh cluster with the registries of {file} is ready; your files are still there.")  # noqa: T201


def advance(line: str, seat: Seat) -> None:
    """Let as much simulated time pass as `line` says ("30s", "1h30m" or plain "30"). Raises Refusal."""
    text = line.strip()
    try:
        seconds = parse_duration(f"{text}s" if text.isdecimal() else text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= LONGEST_ADVANCE:
        raise Refusal(f"how long? %advance 30s or %advance 5m, at most 24h (not {text!r})")
    print(seat.advance(seconds))  # noqa: T201  # a cell's output


def serve(line: str, seat: Seat) -> None:
    """Let a real kubectl use the cluster, and print how; with --realtime its clock runs. Raises Refusal."""
    if line.strip() not in ("", "--realtime"):
        raise Refusal(f"%serve takes no options but --realtime, and here is {line.strip()!r}")
    if sys.platform == "emscripten":
        raise Refusal("this page has no server. To use your own kubectl, open this notebook in JupyterLab.")
    try:
        server = seat.serve(realtime=bool(line.strip()))
    except (ImportError, OSError) as error:
        raise Refusal(f"the cluster cannot be served here: {error}") from None
    folder = seat.session.workspace.root.absolute().parent
    if not server.kubeconfig.is_relative_to(folder):  # it was served before, with a file elsewhere
        print(f"In a terminal:\n\n{server}")  # noqa: T201
        return
    path = server.kubeconfig.relative_to(folder)
    variable = "$env:KUBECONFIG = " if os.name == "nt" else "export KUBECONFIG="
    print(f'In a terminal, in the folder of this notebook:\n\n{variable}"$PWD/{path}"')  # noqa: T201
