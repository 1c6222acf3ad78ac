"""The program `kubesim`, also `python -m kubesim`: a prompt in a terminal, and the commands in COMMANDS.

Each command is a module of kubesim/command with `define(parser)` and `run(options)`. It is imported only if its name is
on the command line, so that `kubesim why` starts fast.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from kubesim.api.garbage import uncollected
from kubesim.command import COMMANDS, REGISTRIES, fail, leave, run_guarded
from kubesim.why.hide.redact import printable


def main(words: Sequence[str] | None = None) -> int:
    """Run the prompt, or a command with its options. Returns the exit status, that of the last command at a prompt."""
    given = _spelled_out(sys.argv[1:] if words is None else words)

    def run() -> int:
        options = _parser(given).parse_args(given)
        return int(options.run(options))

    return run_guarded(run)


def _spelled_out(words: Sequence[str]) -> Sequence[str]:
    """The words with `help`, `help COMMAND` and `version` as the options that they stand for."""
    match words:
        case ["help", *rest]:
            return [*rest[:1], "--help"]
        case ["version"]:
            return ["--version"]
        case _:
            return words


class _Parser(argparse.ArgumentParser):
    """A parser with redacted errors: pasted words, such as a kubectl command without quotes, may have a password."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """The parser of the command line. Only commands named in `words` get their options, to import no other module."""
    parser = _Parser(prog="kubesim", description="A simulated cluster at a prompt.")
    parser.add_argument("-V", "--version", action=_Version, nargs=0, help="show program's version number and exit")
    help_ = f"{REGISTRIES}, as docs/authoring.md describes it"
    parser.add_argument("--registries", type=Path, metavar="FILE", help=help_)
    parser.set_defaults(run=_run)
    commands = parser.add_subparsers()
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary)
        if name in words:
            with uncollected():
                module = import_module(f"kubesim.command.{name}")
            module.define(command)
            command.set_defaults(run=module.run)
    return parser


class _Version(argparse.Action):
    """The option --version. It looks the version up only when given, which takes 10 ms."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import PackageNotFoundError, version

        number = "from sources"
        with suppress(PackageNotFoundError):
            number = version("kubesim")
        sys.stdout.write(f"kubesim {number}\n")
        parser.exit()


def _run(options: argparse.Namespace) -> int:
    """Run the prompt. The imports are late, because they load the whole simulator."""
    from kubesim.command.prompt import open_session, prompt

    try:
        session = open_session(registries=options.registries)
    except OSError as error:
        return fail(f"{options.registries}: {error.strerror}")
    except ValueError as error:
        return fail(str(error))
    return prompt(session)


def start() -> NoReturn:
    """The entry point of the program. `why` ends at once, without freeing objects: it has nothing to close."""
    status = main()
    if sys.argv[1:2] == ["why"]:
        leave(status)
    sys.exit(status)


if __name__ == "__main__":
    start()
