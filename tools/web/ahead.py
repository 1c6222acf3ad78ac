"""Imports the modules of the kernel and of a notebook's first cells, as the first program of the site's Python.

JupyterLite has not mounted the notebook's folder yet. Later, IPython would look for each module there first, and each
look would be a request to the page.
"""

import sys

import piplite.piplite  # noqa: F401 (the worker would)
import pyodide_kernel.kernel

import kubesim.jupyter.workbench  # noqa: F401


async def load_nothing(code: str) -> None:
    """Load no packages, in place of Pyodide's search for those that a cell imports: all of them are there."""


pyodide_kernel.kernel._load_packages_from_imports = load_nothing
sys.path.remove("")
pyodide_kernel.ipython_shell.extension_manager.load_extension("kubesim.jupyter")
