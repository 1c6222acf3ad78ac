"""The commands of `python -m kubesim`, each a module: `define` adds its options, and `run` returns the exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn

# The commands, and their summaries for --help.
COMMANDS = {
    "why": "explain why a Pod of a real cluster does not get its image",
    "practice": "open a broken cluster with the cause that why has named",
    "lab": "open the notebooks in JupyterLab",
    "grade": "read the progress files of a class",
    "serve": "open the API to a real kubectl",
    "completion": "print a script for the completion of a shell",
}
# The help of the option --registries.
REGISTRIES = "a YAML file of registries of your own"


def fail(why: str) -> int:
    """Print the reason of a failure, and return the exit status 1."""
    print(f"kubesim: {why.removeprefix('kubesim: ')}", file=sys.stderr)
    return 1


def run_guarded(run: Callable[[], int]) -> int:
    """Run a command and return its exit status. Interrupts, closed pipes and OSErrors end it without a traceback.

    Streams that the parent process has closed are replaced by /dev/null.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by the parent process
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  # open to the end
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, TextIOWrapper):  # a character that the terminal's encoding lacks must not end the session
            stream.reconfigure(errors="replace")
    try:
        status = run()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130  # as in a shell: 128 plus the signal's number
    except BrokenPipeError:  # the reader, such as `head`, has closed the pipe
        # or Python's own flush at the end fails
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        return fail(str(error.strerror or error))
    return status


def leave(status: int) -> NoReturn:
    """End the process without Python's teardown, which takes a fifth of a short command's time."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # the reader has gone; `run_guarded` has reported it
            stream.flush()
    os._exit(status)
