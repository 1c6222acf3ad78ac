"""`kubesim lab`: copy the notebooks into a folder of the learner's, and open them in JupyterLab."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, files
from importlib.util import find_spec
from pathlib import Path

from kubesim.command import fail

_PACKAGE = Path(__file__).resolve().parents[1]
_FOLDER = "kubesim-lab"
_NOTEBOOKS = ("notebooks/*.ipynb", "docs/*.md")  # which link to the glossary and the cheat sheet


def define(command: argparse.ArgumentParser) -> None:
    """Add the options."""
    command.description = "Copy the notebooks into FOLDER, and open them in JupyterLab. Files that are there stay."
    command.usage = "kubesim lab [FOLDER] [-- OPTION...]"
    help_ = f"default: {_FOLDER}; after -- come options of jupyter lab"
    command.add_argument("words", nargs="*", metavar="FOLDER", help=help_)


def run(options: argparse.Namespace) -> int:
    """Run JupyterLab until it is closed: this process becomes it."""
    if find_spec("jupyterlab") is None:
        return fail("lab needs JupyterLab: pip install 'kubesim[lab]'")
    further: list[str] = options.words
    folder = Path(_FOLDER)
    if further and not further[0].startswith("-"):  # argparse keeps no trace of the --
        folder = Path(further.pop(0))
    try:
        kept = copy_notebooks(folder)
    except OSError as error:
        return fail(f"{error.filename or folder}: {error.strerror}")
    for path in kept:
        print(f"kubesim: {path} is yours and stays; move it away to get the one that comes with this version")
    first = "--LabApp.default_url=/lab/tree/notebooks/00-start.ipynb"
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder.resolve()}", first]
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # as in most containers; Jupyter would refuse to start
        command.append("--allow-root")
    command += further
    if sys.platform != "win32":  # where no process becomes another
        sys.stdout.flush()
        os.execve(sys.executable, command, lab_environment())  # which gets the signals: Ctrl+C, and those of Docker
    return subprocess.run(command, env=lab_environment(), check=False).returncode


def lab_environment() -> dict[str, str]:
    """This process's variables, with the lesson's settings for JupyterLab and its extension, and its kernels' start."""
    folder = _PACKAGE / "jupyter"
    environment = {"PYTHONSTARTUP": str(folder / "startup.py")} | os.environ  # what someone has set stays
    for name in ("JUPYTER_CONFIG_PATH", "JUPYTER_PATH"):
        places = [str(folder), os.environ.get(name, "")]
        environment[name] = os.pathsep.join(filter(None, places))
    return environment


def copy_notebooks(target: Path) -> list[Path]:
    """Copy the notebooks and their documents into the folder `target`, and return those that the learner has changed.

    No file is overwritten: one that is there already stays as it is. A notebook that was only run and saved isn't
    changed. One that only says where its lessons are now is for links from outside, and isn't copied.
    OSError if the folder can't be written.
    """
    kept = []
    for name, source in _sources():
        own = target / name
        if not own.exists() and _leads_on(source):
            continue
        if not own.exists():
            own.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, own)
        elif _written(own) != _written(source):
            kept.append(own)
    return kept


def _leads_on(path: Path) -> bool:
    """Whether a file of the package is a notebook of one cell, which says what became of an old name."""
    return path.suffix == ".ipynb" and len(json.loads(path.read_bytes())["cells"]) == 1


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
    checkout = _PACKAGE.parent
    if (checkout / "notebooks").is_dir():
        paths = [path for pattern in _NOTEBOOKS for path in sorted(checkout.glob(pattern))]
        return [(path.relative_to(checkout).as_posix(), path) for path in paths]
    installed: list[Path] = []
    with suppress(PackageNotFoundError):
        installed = [Path(str(file.locate())) for file in files("kubesim") or () if "share/kubesim" in file.as_posix()]
    return [("/".join(path.parts[-2:]), path) for path in installed]
