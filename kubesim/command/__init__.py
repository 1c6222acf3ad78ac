"""The commands of `python -m kubesim`, each a module: `define` adds its options, and `run` returns the exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn

REGISTRIES = "a YAML file of registries of your own"


def fail(why: str) -> int:
    """Print why a command can't do what it was asked, and return its exit status."""
    print(f"kubesim: {why.removeprefix('kubesim: ')}", file=sys.stderr)
    return 1


def finish(run: Callable[[], int]) -> int:
    """Run a command on streams that work, and return its exit status; what ends it early is no traceback."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # whoever started this closed it
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  # open to the end
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, TextIOWrapper):  # no character that a terminal lacks ends the session
            stream.reconfigure(errors="replace")
    try:
        status = run()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130  # as a shell has it: 128 and the signal's number
    except BrokenPipeError:  # whoever read the output has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        return fail(str(error.strerror or error))
    return status


def leave(status: int) -> NoReturn:
    """End the process at once: taking down its objects, as Python does, takes a fifth of a short command's time."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # whoever read it has gone; `finish` has said so
            stream.flush()
    os._exit(status)
