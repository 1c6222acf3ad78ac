"""`kubesim lab`: copy the notebooks into a folder of the learner's, and open them in JupyterLab."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from kubesim.command import fail
from kubesim.command.copies import copy_notebooks

_PACKAGE = Path(__file__).resolve().parents[1]
_FOLDER = "kubesim-lab"


def define(command: argparse.ArgumentParser) -> None:
    """Add the options."""
    command.description = "Copy the notebooks into FOLDER, and open them in JupyterLab. Files that you've changed stay."
    command.usage = "kubesim lab [FOLDER] [-- OPTION...]"
    help_ = f"default: {_FOLDER}; after -- come options of jupyter lab"
    command.add_argument("words", nargs="*", metavar="FOLDER", help=help_)


def run(options: argparse.Namespace) -> int:
    """Run JupyterLab until it is closed. Where possible, it replaces this process."""
    if find_spec("jupyterlab") is None:
        return fail("lab needs JupyterLab: pip install 'kubesim[lab]'")
    further: list[str] = options.words
    folder = Path(_FOLDER)
    if further and not further[0].startswith("-"):  # argparse drops the --, so a first word with a dash is an option
        folder = Path(further.pop(0))
    try:
        renewal = copy_notebooks(folder)
    except OSError as error:
        return fail(f"{error.filename or folder}: {error.strerror}")
    if renewal.summary:
        print(f"kubesim: {renewal.summary}")
    first = "--LabApp.default_url=/lab/tree/notebooks/00-start.ipynb"
    # Or it names around the address the twenty language servers that it doesn't find.
    quiet = "--LanguageServerManager.autodetect=False"
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder.resolve()}", first, quiet]
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # root, as in most containers: Jupyter would refuse to start
        command.append("--allow-root")
    command += further
    if sys.platform != "win32":  # Windows can't replace a process
        sys.stdout.flush()
        # JupyterLab then gets the signals: Ctrl+C, and those of Docker
        os.execve(sys.executable, command, lab_environment())
    return subprocess.run(command, env=lab_environment(), check=False).returncode


def lab_environment() -> dict[str, str]:
    """The environment of JupyterLab: the lesson's settings, its extension, and the start of its kernels."""
    folder = _PACKAGE / "jupyter"
    environment = {"PYTHONSTARTUP": str(folder / "startup.py")} | os.environ  # variables of the user take precedence
    for name in ("JUPYTER_CONFIG_PATH", "JUPYTER_PATH"):
        places = [str(folder), os.environ.get(name, "")]
        environment[name] = os.pathsep.join(filter(None, places))
    return environment
