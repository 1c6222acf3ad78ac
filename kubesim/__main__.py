"""`python -m kubesim`: a session at the prompt of an ordinary terminal; while it waits, time passes in the cluster.

`python -m kubesim serve` opens its API to a real kubectl as well; `python -m kubesim why -f FILE` explains what was
exported from a real cluster; `python -m kubesim grade FILE...` reads the progress files of a class; `python -m kubesim
lab` opens the notebooks in JupyterLab.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, files, version
from importlib.util import find_spec
from io import TextIOWrapper
from pathlib import Path
from stat import S_ISCHR
from tempfile import NamedTemporaryFile
from typing import NoReturn, TypeAlias

from kubesim.api.result import Result
from kubesim.cluster import AGE, BOOT
from kubesim.flow.export import explained
from kubesim.flow.load import MAX_SIZE, ExportError, decode
from kubesim.flow.redact import redact
from kubesim.flow.report import FORMS
from kubesim.lessons import gradebook, progress
from kubesim.session import Session
from kubesim.shell.passwords import hide_passwords

with suppress(ImportError):
    import readline  # gives input() its history and editing, where Python has it

    for key, search in (("A", "backward"), ("B", "forward")):  # Up and Down: what begins with what is typed
        readline.parse_and_bind(f'"\\e[{key}": history-search-{search}')

_REGISTRIES = "a YAML file of registries of your own, as docs/teaching.md describes it"
PROMPT = "$ "
CONTINUED = "> "
_NOTEBOOKS = ("notebooks/*.ipynb", "docs/*.md")  # which link to the glossary and the cheat sheet
_MOST_BYTES = 2 * MAX_SIZE + 3  # of an export: in UTF-16 with its mark, one more is too large
LONGEST_PAUSE = 600.0
"""Seconds that a pause at the prompt lets pass at most, so that Pods don't age over a lunch break."""


def main(words: Sequence[str] | None = None) -> int:
    """Run the prompt, or a command with its options; the exit status is that of the last command."""
    options = _parser().parse_args(words)
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, TextIOWrapper):  # no character that a terminal lacks ends the session
            stream.reconfigure(errors="replace")
    return int(options.run(options))


class _Parser(argparse.ArgumentParser):
    """A parser whose errors repeat no password of a command that was pasted without quotes."""

    def error(self, message: str) -> NoReturn:
        super().error(redact(message))


Run = Callable[[argparse.Namespace], int]
_Commands: TypeAlias = "argparse._SubParsersAction[_Parser]"


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="kubesim", description="A simulated cluster at a prompt.")
    parser.add_argument("--version", action="version", version=f"kubesim {_version()}")
    parser.add_argument("--registries", type=Path, metavar="FILE", help=_REGISTRIES)
    parser.set_defaults(run=_run)
    commands = parser.add_subparsers()
    _add_why(commands)
    _add_lab(commands)
    _add_grade(commands)
    _add_serve(commands)
    return parser


def _add(commands: _Commands, name: str, run: Run, summary: str, description: str) -> _Parser:
    command = commands.add_parser(name, help=summary, description=description)
    command.set_defaults(run=run)
    return command


def _add_why(commands: _Commands) -> None:
    command = _add(
        commands,
        "why",
        _why,
        "explain why a Pod of a real cluster does not get its image",
        "Explain what kubectl get pod,serviceaccount,secret,events -n NAMESPACE -o yaml (or json) printed, with "
        "Deployments, CronJobs and so on if you like; or the text of kubectl describe pod or kubectl get events; or a "
        "message alone. Passwords are not shown, and nothing is sent or kept.",
    )
    source = command.add_mutually_exclusive_group(required=True)
    help_ = "- for standard input; may be repeated"
    source.add_argument("-f", "--filename", action="append", metavar="FILE", help=help_)
    source.add_argument("message", nargs="?", metavar="MESSAGE", help="what the Pod's status or an event says")
    command.add_argument("--pod", default="", metavar="NAME", help="only this Pod")
    forms = "markdown for a ticket, json for a program"
    command.add_argument("-o", "--output", default="text", choices=FORMS, help=forms)
    command.add_argument("--answer", default="", choices=("yes", "no"), help="to the question of an explanation")


def _add_lab(commands: _Commands) -> None:
    command = _add(
        commands,
        "lab",
        _lab,
        "open the notebooks in JupyterLab",
        "Copy the notebooks into FOLDER, over no file that is there, and open them in JupyterLab.",
    )
    command.add_argument("folder", nargs="?", type=Path, default="kubesim-lab", help="default: %(default)s")
    command.add_argument("options", nargs="*", metavar="-- OPTION", help="of jupyter lab")


def _add_grade(commands: _Commands) -> None:
    command = _add(
        commands,
        "grade",
        _grade,
        "read the progress files of a class",
        "Print one line for each progress file: how many answers were right, how many of them at the first try, and "
        "what was done. Every answer is judged again. Exit status 1 if a file could not be read whole.",
    )
    command.add_argument("files", nargs="+", metavar="FILE", help="what learners downloaded: kubesim-progress.json")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="print CSV, for a spreadsheet")
    help_ = "print how hard each question was, and what it tells"
    form.add_argument("--questions", action="store_true", help=help_)


def _add_serve(commands: _Commands) -> None:
    command = _add(
        commands,
        "serve",
        _serve,
        "open the API to a real kubectl",
        "Open the API of a simulated cluster over HTTPS, for a real kubectl. Each request takes a tenth of a second of "
        "the cluster's time; what is typed at the prompt, such as sleep 60, takes its own.",
    )
    help_ = "a YAML file of registries of your own"
    # the parent's value stands where the option comes before the word
    command.add_argument("--registries", type=Path, metavar="FILE", default=argparse.SUPPRESS, help=help_)
    command.add_argument("--realtime", action="store_true", help="let the wall clock move the cluster's time")
    help_ = "where to write it (default: a temporary folder)"
    command.add_argument("--kubeconfig", type=Path, metavar="FILE", help=help_)
    command.add_argument("--port", type=_port, default=0, metavar="N", help="default: a free one")
    help_ = "another address than loopback lets every machine that reaches it try the token"
    command.add_argument("--address", default="127.0.0.1", help=help_)


def _run(options: argparse.Namespace) -> int:
    try:
        session = _session(registries=options.registries)
    except OSError as error:
        return _fail(f"{options.registries}: {error.strerror}")
    except ValueError as error:
        return _fail(str(error))
    return _prompt(session)


def _version() -> str:
    with suppress(PackageNotFoundError):
        return version("kubesim")
    return "from sources"


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) < 65536):
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)


def _why(options: argparse.Namespace) -> int:
    name = "the message"
    texts: list[str] = []
    try:
        for name in options.filename or ():
            texts.append(_read_export(name))
        texts = texts or [options.message]
        said = explained(texts, options.pod, options.answer)
        print(said.told(options.output), end="")
        is_asked = said.question and not options.answer and options.output == "text" and sys.stdin.isatty()
        if is_asked and (answer := _ask()):
            print(explained(texts, options.pod, answer).told(), end="")
    except ExportError as error:
        return _fail(f"{redact(name)}: {error}")
    except OSError as error:
        return _fail(f"{redact(name)}: {error.strerror}")
    return 0


def _read_export(name: str) -> str:
    """The text of a file, or of the standard input. Raises ExportError and OSError."""
    if name == "-":  # stays open: whether it is a terminal is asked later
        return decode(sys.stdin.buffer.read(_MOST_BYTES))
    with Path(name).open("rb") as file:
        return decode(file.read(_MOST_BYTES))


def _ask() -> str:
    """The answer to the question above: "yes" or "no"; "" at the end of the input."""
    with suppress(EOFError, KeyboardInterrupt):
        while answer := input("\nYes or no? (Enter to leave it open) ").strip().lower():
            if answer in ("y", "yes", "n", "no"):
                return "yes" if answer.startswith("y") else "no"
    return ""


def _lab(options: argparse.Namespace) -> int:
    if find_spec("jupyterlab") is None:
        return _fail("lab needs JupyterLab: pip install 'kubesim[lab]'")
    try:
        kept = copy_notebooks(options.folder)
    except OSError as error:
        return _fail(f"{error.filename or options.folder}: {error.strerror}")
    for path in kept:
        print(f"kubesim: {path} is yours and stays; move it away to get the one that comes with this version")
    first = "--LabApp.default_url=/lab/tree/notebooks/00-start.ipynb"
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={options.folder.resolve()}", first]
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # as in most containers; Jupyter would refuse to start
        command.append("--allow-root")
    return subprocess.run([*command, *options.options], env=_lab_environment(), check=False).returncode


def _lab_environment() -> dict[str, str]:
    """This process's variables, with the lesson's settings for JupyterLab, and with what its kernels run first."""
    folder = Path(__file__).parent / "jupyter"
    places = [str(folder), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    start = {"PYTHONSTARTUP": str(folder / "startup.py")} | os.environ  # what someone has set stays
    return start | {"JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, places))}


def copy_notebooks(target: Path) -> list[Path]:
    """Copy the notebooks and their documents into the folder `target`, and return those that the learner has changed.

    No file is overwritten: one that is there already stays as it is. A notebook that was only run and saved isn't
    changed. OSError if the folder can't be written.
    """
    kept = []
    for name, source in _sources():
        own = target / name
        if not own.exists():
            own.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, own)
        elif _written(own) != _written(source):
            kept.append(own)
    return kept


def _written(path: Path) -> object:
    """What somebody wrote into a file: of a notebook the cells' texts, not what running and saving adds to them."""
    content = path.read_bytes()
    if path.suffix != ".ipynb":
        return content
    try:
        return ["".join(cell["source"]) for cell in json.loads(content)["cells"]]
    except (ValueError, KeyError, TypeError):  # no notebook any more
        return content


def _sources() -> list[tuple[str, Path]]:
    """Each file's name in the learner's folder, and where it is: in a checkout, or where the package was installed."""
    checkout = Path(__file__).resolve().parents[1]
    if (checkout / "notebooks").is_dir():
        paths = [path for pattern in _NOTEBOOKS for path in sorted(checkout.glob(pattern))]
        return [(path.relative_to(checkout).as_posix(), path) for path in paths]
    installed: list[Path] = []
    with suppress(PackageNotFoundError):
        installed = [Path(str(file.locate())) for file in files("kubesim") or () if "share/kubesim" in file.as_posix()]
    return [("/".join(path.parts[-2:]), path) for path in installed]


def _grade(options: argparse.Namespace) -> int:
    sheets: list[tuple[str, progress.Record]] = []
    status = 0
    for name in options.files:
        try:
            with Path(name).open("rb") as file:
                text = file.read(progress.MAX_SIZE + 1).decode(errors="surrogateescape")
        except OSError as error:
            status = _fail(f"{name}: {error.strerror}")
            continue
        reading = progress.read(text)
        if reading.trouble:
            status = _fail(f"{name} {reading.trouble}")
        if reading.record:
            sheets.append((name, reading.record))
    if not sheets:
        return status
    if options.csv:
        table = gradebook.comma_separated(sheets)
    elif options.questions:
        table = gradebook.questions(sheets)
    else:
        table = gradebook.table(sheets, width=shutil.get_terminal_size().columns)
    print(table, end="")
    return status


def _serve(options: argparse.Namespace) -> int:
    """Serve until the input ends or Ctrl+C, with a prompt at a terminal; lines from a pipe or a file are run."""
    # kubectl measures the age of events by the wall clock, so the cluster's clock starts there.
    boot = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=AGE)
    try:
        session = _session(boot, options.registries)
        keywords = {name: getattr(options, name) for name in ("address", "port", "realtime")}
        served = session.serve(options.kubeconfig, **keywords)
    except (OSError, OverflowError) as error:
        return _fail(f"cannot serve: {error}")
    except ValueError as error:
        return _fail(str(error))
    except ImportError as error:
        return _fail(f"serve needs the package {error.name}: pip install 'kubesim[serve]'")
    print(f"kubesim: a simulated cluster at {served.url}")
    print(served, flush=True)
    try:
        if not _is_empty_device(sys.stdin.fileno()):
            return _prompt(session)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
        return 0
    finally:
        served.close()


def _is_empty_device(descriptor: int) -> bool:
    """Whether that is /dev/null, as for a service that is to run in the background: it has ended before it begins."""
    return S_ISCHR(os.fstat(descriptor).st_mode) and not os.isatty(descriptor)


def _fail(why: str) -> int:
    print(f"kubesim: {why.removeprefix('kubesim: ')}", file=sys.stderr)
    return 1


def _session(boot: datetime = BOOT, registries: Path | None = None) -> Session:
    folder = Path.cwd() / "workspace" if sys.stdin.isatty() else None
    return Session(folder, boot=boot, registries=registries)


def _prompt(session: Session) -> int:
    """Run lines until the end of the input or `exit`. A bug of kubesim costs one line, not the cluster."""
    status = 0
    typed: list[str] = []
    if sys.stdin.isatty():
        print(f"kubesim: a simulated cluster. Files live in {session.workspace.root}. Type help, or exit to leave.")
    for line, pause in _lines(session):
        if line.strip() in ("exit", "logout"):
            break
        typed.append(line)
        try:
            session.advance(min(pause, LONGEST_PAUSE))
            result = session.run(line)
        except KeyboardInterrupt:
            result = Result([(False, "\n")], 130)
        except Exception:
            result = Result([(True, _report(typed))], 70)
        print(result.screen, end="")
        status = result.exit_code
    return status


def _report(typed: Sequence[str]) -> str:
    """Keep what was typed, which makes the same cluster again, and what went wrong, without passwords; say where."""
    text = hide_passwords("\n".join(typed) + f"\n\n{traceback.format_exc()}")
    with NamedTemporaryFile(
        "w", prefix="kubesim-", suffix=".txt", delete=False, encoding="utf-8", errors="replace"
    ) as file:
        file.write(text)
    where = f"what you typed, without passwords, is in {file.name}, so that you can report it"
    return f"kubesim: internal error. The cluster is kept; {where}\n"


def _lines(session: Session) -> Iterator[tuple[str, float]]:
    """Complete command lines, each with the seconds for which the prompt was waiting."""
    is_terminal = sys.stdin.isatty()
    while True:
        since = time.monotonic()
        try:
            line = input(PROMPT if is_terminal else "")
            while not session.shell.is_complete(line):
                line += "\n" + input(CONTINUED if is_terminal else "")
        except EOFError:
            return
        except KeyboardInterrupt:
            print()
            continue
        pause = 0.0
        if is_terminal:
            pause = time.monotonic() - since
        yield line, pause


if __name__ == "__main__":
    sys.exit(main())
