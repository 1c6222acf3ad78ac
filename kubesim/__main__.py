"""`python -m kubesim`: a session at the prompt of an ordinary terminal; while it waits, time passes in the cluster.

`python -m kubesim serve` opens its API to a real kubectl as well; `python -m kubesim why -f FILE` explains what was
exported from a real cluster; `python -m kubesim grade FILE...` reads the progress files of a class; `python -m kubesim
lab` opens the notebooks in JupyterLab. Each is a module of `kubesim/command/`, which is imported when it is called.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn

from kubesim.command import REGISTRIES, fail
from kubesim.flow.redact import printable

COMMANDS = {
    "why": "explain why a Pod of a real cluster does not get its image",
    "lab": "open the notebooks in JupyterLab",
    "grade": "read the progress files of a class",
    "serve": "open the API to a real kubectl",
}
"""The modules of kubesim/command/ that have `define` and `run`, and what each does."""


def main(words: Sequence[str] | None = None) -> int:
    """Run the prompt, or a command with its options; the exit status is that of the last command."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # whoever started this closed it
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  # open to the end
    if words is None:
        words = sys.argv[1:]
    options = _parser(words).parse_args(words)
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, TextIOWrapper):  # no character that a terminal lacks ends the session
            stream.reconfigure(errors="replace")
    try:
        status = int(options.run(options))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130  # as a shell has it: 128 and the signal's number
    except BrokenPipeError:  # whoever read the output has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        return fail(str(error.strerror or error))
    return status


class _Parser(argparse.ArgumentParser):
    """A parser whose errors repeat no password of a command that was pasted without quotes."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """The parser, which knows the options of those commands whose names are among the words, be it as a value."""
    parser = _Parser(prog="kubesim", description="A simulated cluster at a prompt.")
    parser.add_argument("--version", action="version", version=f"kubesim {_version()}")
    help_ = f"{REGISTRIES}, as docs/teaching.md describes it"
    parser.add_argument("--registries", type=Path, metavar="FILE", help=help_)
    parser.set_defaults(run=_run)
    commands = parser.add_subparsers()
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary)
        if name in words:
            module = import_module(f"kubesim.command.{name}")
            module.define(command)
            command.set_defaults(run=module.run)
    return parser


def _version() -> str:
    with suppress(PackageNotFoundError):
        return version("kubesim")
    return "from sources"


def _run(options: argparse.Namespace) -> int:
    from kubesim.command.prompt import open_session, prompt

    try:
        session = open_session(registries=options.registries)
    except OSError as error:
        return fail(f"{options.registries}: {error.strerror}")
    except ValueError as error:
        return fail(str(error))
    return prompt(session)


if __name__ == "__main__":
    sys.exit(main())
