"""A session at a prompt, or fed by a pipe or a file."""

from __future__ import annotations

import errno
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

from kubesim.api.result import Result, Written
from kubesim.cluster import BOOT
from kubesim.session import Session
from kubesim.shell.passwords import hide_passwords

with suppress(ImportError):
    import readline  # readline gives input() history and editing

    # Up and Down search for lines that begin as the typed text
    for key, search in (("A", "backward"), ("B", "forward")):
        readline.parse_and_bind(f'"\\e[{key}": history-search-{search}')

PROMPT = "$ "
CONTINUED = "> "
# The longest pause at the prompt, in seconds, that counts as simulated time. Pods don't age over a lunch break.
LONGEST_PAUSE = 600.0


def open_session(boot: datetime = BOOT, registries: Path | None = None) -> Session:
    """Open a session. At a terminal, its files stay in the folder `workspace`.

    Raises OSError and ValueError for `registries`, and ValueError if nothing can be written to the folder.
    """
    folder = _workspace() if sys.stdin.isatty() else None
    return Session(folder, boot=boot, registries=registries)


def _workspace() -> Path:
    """The folder `workspace` in the current folder, created if necessary."""
    folder = Path.cwd() / "workspace"
    try:
        folder.mkdir(exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise ValueError(f"can't keep files in {folder}: {error.strerror}") from error
    return folder


def prompt(session: Session, after: Callable[[], str] = lambda: "") -> int:
    """Run commands until the end of the input or `exit`, and return the last exit status.

    The text from `after` is printed after each. A bug of kubesim costs one command, not the cluster.
    """
    status = 0
    typed: list[str] = []
    if sys.stdin.isatty():
        print(f"kubesim: a simulated cluster. Files live in {session.workspace.root}. Type help, or exit to leave.")
    for line, pause in _read_commands(session):
        if line.strip() == "logout":
            break
        typed.append(line)
        try:
            session.advance(min(pause, LONGEST_PAUSE))
            result = session.run(line)
        except KeyboardInterrupt:
            result = Result([Written(False, "\n")], 130)
        except Exception:
            result = Result([Written(True, _report(typed))], 70)
        print(result.screen, end=after(), flush=True)
        status = result.exit_code
        if session.shell.has_exited:
            break
    return status


def _report(typed: Sequence[str]) -> str:
    """Write the typed lines and the traceback to a file without passwords, and return a message with its name.

    The lines make the same cluster again, so they reproduce the bug.
    """
    text = hide_passwords("\n".join(typed) + f"\n\n{traceback.format_exc()}")
    with NamedTemporaryFile(
        "w", prefix="kubesim-", suffix=".txt", delete=False, encoding="utf-8", errors="replace"
    ) as file:
        file.write(text)
    where = f"what you typed, without passwords, is in {file.name}, so that you can report it"
    return f"kubesim: internal error. The cluster is kept; {where}\n"


def _read_line(prompt: str) -> str:
    """Read a line, without the carriage return of a file from Windows."""
    return input(prompt).removesuffix("\r")


def _read_rest(line: str, session: Session, prompt: str) -> str:
    """Read the lines that continue `line`, and return the whole command.

    At the end of the input the command stays incomplete, which the shell reports.
    """
    lines = [line]
    with suppress(EOFError):
        while not session.shell.is_complete(text := "\n".join(lines)):
            end_mark = session.shell.end_mark(text)
            lines.append(_read_line(prompt))
            while end_mark and lines[-1] != end_mark:  # don't parse a here-document anew for each of its lines
                lines.append(_read_line(prompt))
    return "\n".join(lines)


def _read_commands(session: Session) -> Iterator[tuple[str, float]]:
    """Yield complete commands, each with the seconds that the prompt waited for it (0 without a terminal)."""
    is_terminal = sys.stdin.isatty()
    while True:
        since = time.monotonic()
        try:
            line = _read_line(PROMPT if is_terminal else "")
            line = _read_rest(line, session, CONTINUED if is_terminal else "")
        except EOFError:
            return
        except KeyboardInterrupt:
            print()
            continue
        yield line, time.monotonic() - since if is_terminal else 0.0
