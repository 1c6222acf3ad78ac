"""Each kernel of `kubesim lab` runs this file first, so that a cell works before the one that loads kubesim has run.

It is named by PYTHONSTARTUP, which a Python without Jupyter runs, too: then there is nothing to do.
"""

import sys

if "ipykernel" in sys.modules:
    from IPython.core.getipython import get_ipython

    if shell := get_ipython():
        shell.run_line_magic("load_ext", "kubesim.jupyter")
