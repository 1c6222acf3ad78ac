"""`python -m kubesim`: a session at the prompt of an ordinary terminal; while it waits, time passes in the cluster."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from kubesim.session import Session

with suppress(ImportError):
    import readline  # noqa: F401 (importing it gives input() its history and editing, where Python has it)

PROMPT = "$ "
CONTINUED = "> "
# Seconds that a pause at the prompt lets pass at most: whoever comes back after lunch finds the Pods as they were.
LONGEST_PAUSE = 600.0


def main() -> int:
    """Read lines until the end of the input or `exit`; the exit status is that of the last command."""
    session = Session(Path.cwd() / "workspace" if sys.stdin.isatty() else None)
    status = 0
    _greet(session)
    for line, pause in _lines(session):
        if line.strip() in ("exit", "logout"):
            break
        session.advance(min(pause, LONGEST_PAUSE))
        result = session.run(line)
        print(result.screen, end="")
        status = result.exit_code
    return status


def _greet(session: Session) -> None:
    if sys.stdin.isatty():
        print(f"kubesim: a simulated cluster. Files live in {session.workspace.root}. Type help, or exit to leave.")


def _lines(session: Session) -> Iterator[tuple[str, float]]:
    """Complete command lines, each with the seconds for which the prompt was waiting."""
    while True:
        since = time.monotonic()
        try:
            line = _complete_line(session)
        except EOFError:
            return
        except KeyboardInterrupt:
            print()
            continue
        yield line, time.monotonic() - since if sys.stdin.isatty() else 0.0


def _complete_line(session: Session) -> str:
    line = input(PROMPT if sys.stdin.isatty() else "")
    while not session.shell.is_complete(line):
        line += "\n" + input(CONTINUED if sys.stdin.isatty() else "")
    return line


if __name__ == "__main__":
    sys.exit(main())
