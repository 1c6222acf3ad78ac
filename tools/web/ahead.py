"""Runs first in the page's Python, before JupyterLite mounts the notebook's folder.

It imports what the kernel and a notebook's first cells need. Later, each import that looks into that folder would be a
request to the page; IPython lets all of them look there first.
"""

import sys

import piplite.piplite  # noqa: F401 (the worker would)
import pyodide_kernel.kernel

import kubesim.jupyter.workbench  # noqa: F401


async def load_nothing(code: str) -> None:
    """Replaces Pyodide's search for the packages that a cell imports. All of them are there."""


pyodide_kernel.kernel._load_packages_from_imports = load_nothing
sys.path.remove("")
pyodide_kernel.ipython_shell.extension_manager.load_extension("kubesim.jupyter")
