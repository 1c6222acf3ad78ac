"""The file that each kernel of `kubesim lab` runs first, to load the magics before the notebook's `%load_ext` cell.

`kubesim lab` names it in PYTHONSTARTUP. A plain Python prompt runs that file, too; there it does nothing.
"""

import sys

if "ipykernel" in sys.modules:
    from IPython.core.getipython import get_ipython

    if shell := get_ipython():
        shell.run_line_magic("load_ext", "kubesim.jupyter")
