"""kubesim in Jupyter: `%load_ext kubesim.jupyter` brings the cell magics.

`Terminal` is the live terminal, and `session()` is what the cells work on.

The cluster is made when the first cell needs it, not by this import.
"""

from __future__ import annotations

import logging

from IPython.core.interactiveshell import InteractiveShell

from kubesim.jupyter.current import session
from kubesim.jupyter.magics import KubesimMagics
from kubesim.jupyter.terminal import Terminal

logging.getLogger("kubesim").addHandler(logging.NullHandler())  # or Python writes tracebacks into the page

__all__ = ["Terminal", "load_ipython_extension", "session"]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics. Loading the extension again keeps the notebook's cluster."""
    shell.register_magics(KubesimMagics)
