"""`kubesim why`: explain exports from a real cluster, or a message."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from kubesim.api.garbage import uncollected
from kubesim.command import fail
from kubesim.why.export import explain_export
from kubesim.why.hide.redact import printable
from kubesim.why.read.load import MAX_SIZE, ExportError
from kubesim.why.tell.report import FORMS

# Bytes of an export that are read: UTF-16 with its mark, and one byte more, which is too large.
_MOST_BYTES = 2 * MAX_SIZE + 3
# The keys that end typed input.
_END_KEYS = "Ctrl+Z and Enter" if sys.platform == "win32" else "Ctrl+D"
_ABOUT = (
    "Explain what kubectl get pod,serviceaccount,secret,events -n NAMESPACE -o yaml (or json) printed, with "
    "Deployments, CronJobs and so on if you like; or the text of kubectl describe pod or kubectl get events; or a "
    "message alone. Passwords are not shown, and nothing is sent or kept."
)

# A message that may be the name of a file, by mistake.
_FILE_NAME = re.compile(r"\S{1,200}")
# A message that may be the name of a Pod, by mistake.
_POD = re.compile(r"(pods?/|po/)?[a-z0-9][a-z0-9.-]*")
ALL_HELP = "also the checks and fixes of what else it may be, and each step"


def define(command: argparse.ArgumentParser) -> None:
    """Add the options."""
    command.description = _ABOUT
    source = command.add_mutually_exclusive_group()
    help_ = "may be repeated; without one, what is piped in is read"
    source.add_argument("-f", "--filename", action="append", metavar="FILE", help=help_)
    source.add_argument("message", nargs="?", metavar="MESSAGE", help="what the Pod's status or an event says")
    command.add_argument("--pod", default="", metavar="NAME", help="only this Pod")
    forms = "markdown for a ticket, json for a program"
    command.add_argument("-o", "--output", default="text", choices=FORMS, help=forms)
    command.add_argument("--all", action="store_true", help=ALL_HELP)
    command.add_argument("--answer", default="", choices=("yes", "no"), help="to the question of an explanation")


def run(options: argparse.Namespace) -> int:
    """Explain the files or the message of a command line. At a terminal, ask the explanation's question."""
    message = options.message or ""
    if _FILE_NAME.fullmatch(message) and Path(message).is_file():
        return fail(f"{printable(message)} is a file: put -f before its name")
    try:
        texts = _texts(options)
    except OSError as error:
        return fail(f"{printable(error.filename)}: {error.strerror}")
    if not any(text.strip() for text in texts.values()):
        return fail("nothing was read: pipe in what kubectl printed, or name a file with -f")
    try:
        with uncollected():
            print_explanation(list(texts.values()), options.pod, options.answer, options.output, whole=options.all)
    except ExportError as error:
        if _POD.fullmatch(message):
            return fail("a name alone is no message: kubectl why POD asks your own cluster about a Pod")
        return fail(f"{printable(error.blamed(list(texts)))}: {error}")
    return 0


def print_explanation(
    texts: Sequence[str | bytes],
    pod: str,
    answer: str,
    form: str,
    *,
    whole: bool = False,
    has_secrets: bool = False,
) -> None:
    """Print the explanation. If it has a question, ask that at a terminal, and print the explanation with the answer.

    Raises ExportError.
    """
    explanation = explain_export(texts, pod, answer, has_secrets=has_secrets)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    print(explanation.render(form, whole=whole, width=width), end="")
    may_ask = not answer and form == "text" and sys.stdin.isatty()
    if explanation.question and may_ask and (given := _ask()):
        print(explain_export(texts, pod, given, has_secrets=has_secrets).render(whole=whole, width=width), end="")


def _texts(options: argparse.Namespace) -> dict[str, str | bytes]:
    """The texts to explain, by their names in error messages. Raises OSError with the name of the file."""
    if options.message is not None:
        return {"the message": options.message}
    names = list(dict.fromkeys(options.filename or ["-"]))
    if names == ["-"] and sys.stdin.isatty():
        print(f"kubesim: paste what kubectl printed, then press {_END_KEYS}", file=sys.stderr)
    return {name: _read_export(name) for name in names}


def _read_export(name: str) -> bytes:
    """Read a file, or stdin for "-". Raises OSError with its name."""
    try:
        if name == "-":  # stdin isn't closed: later code asks whether it is a terminal
            return sys.stdin.buffer.read(_MOST_BYTES)
        with Path(name).open("rb") as file:
            return file.read(_MOST_BYTES)
    except OSError as error:
        raise OSError(error.errno, error.strerror, name) from None


def _ask() -> str:
    """The reader's answer: "yes" or "no", "" at the end of the input."""
    with suppress(EOFError, KeyboardInterrupt):
        while answer := input("\nYes or no? (Enter to leave it open) ").strip().lower():
            if answer in ("y", "yes", "n", "no"):
                return "yes" if answer.startswith("y") else "no"
    return ""
