"""`python -m kubesim`: a session at the prompt of an ordinary terminal; while it waits, time passes in the cluster.

`python -m kubesim serve` opens its API to a real kubectl as well; `python -m kubesim why -f FILE` explains what was
exported from a real cluster; `python -m kubesim grade FILE...` reads the progress files of a class; `python -m kubesim
lab` opens the notebooks in JupyterLab. Each is a module of `kubesim/command/`, which is imported when it is called.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NoReturn

from kubesim.command import REGISTRIES, fail, finish
from kubesim.why.hide.redact import printable

COMMANDS = {
    "why": "explain why a Pod of a real cluster does not get its image",
    "lab": "open the notebooks in JupyterLab",
    "grade": "read the progress files of a class",
    "serve": "open the API to a real kubectl",
}
"""The modules of kubesim/command/ that have `define` and `run`, and what each does."""


def main(words: Sequence[str] | None = None) -> int:
    """Run the prompt, or a command with its options; the exit status is that of the last command."""
    given = sys.argv[1:] if words is None else words

    def run() -> int:
        options = _parser(given).parse_args(given)
        return int(options.run(options))

    return finish(run)


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
