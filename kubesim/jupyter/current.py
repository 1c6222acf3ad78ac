"""The kernel's one Seat, and the magics that act on its cluster as a whole: restart, registries, advance, serve.

The learner's files are in the folder that the variable KUBESIM_WORKSPACE names, else in `workspace/` beside the
notebook. Magics print with `print`, because their output is the cell's.
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

LONGEST_ADVANCE = 24 * 3600  # seconds


@cache
def seat() -> Seat:
    """The kernel's seat, created by the first call together with its cluster and the folder for files."""
    folder = Path(os.environ.get("KUBESIM_WORKSPACE") or "workspace").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return Seat(Session(folder))


def restart(seat: Seat) -> None:
    seat.restart()
    print("A fresh cluster is ready; your files are still there.")  # noqa: T201  # a cell's output


def registries(line: str, seat: Seat) -> None:
    """Replace the cluster with a fresh one that reaches the registries in a YAML file (`%registries FILE`).

    The path is relative to the notebook's folder. Raises Refusal for a file that can't be read or has mistakes.
    """
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
    """Let simulated time pass: "30s", "1h30m", or "30" for seconds. Raises Refusal for any other `line`."""
    text = line.strip()
    try:
        seconds = parse_duration(f"{text}s" if text.isdecimal() else text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= LONGEST_ADVANCE:
        raise Refusal(f"how long? %advance 30s or %advance 5m, at most 24h (not {text!r})")
    print(seat.advance(seconds))  # noqa: T201  # a cell's output


def serve(line: str, seat: Seat) -> None:
    """Serve the cluster to a real kubectl, and print the command that sets KUBECONFIG.

    With `--realtime`, simulated time follows the wall clock. Raises Refusal if no server can run here.
    """
    if line.strip() not in ("", "--realtime"):
        raise Refusal(f"%serve takes no options but --realtime, and here is {line.strip()!r}")
    if sys.platform == "emscripten":
        raise Refusal("this page has no server. To use your own kubectl, open this notebook in JupyterLab.")
    try:
        server = seat.serve(realtime=bool(line.strip()))
    except (ImportError, OSError) as error:
        raise Refusal(f"the cluster cannot be served here: {error}") from None
    folder = seat.session.workspace.root.absolute().parent
    if not server.kubeconfig.is_relative_to(folder):  # an earlier call served it, with its kubeconfig elsewhere
        print(f"In a terminal:\n\n{server}")  # noqa: T201
        return
    path = server.kubeconfig.relative_to(folder)
    variable = "$env:KUBECONFIG = " if os.name == "nt" else "export KUBECONFIG="
    print(f'In a terminal, in the folder of this notebook:\n\n{variable}"$PWD/{path}"')  # noqa: T201
