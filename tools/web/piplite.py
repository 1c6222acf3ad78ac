"""Replaces JupyterLite's module of that name, which installs packages. This page has its own, and gets no others.

The kernel's worker sets two names of the module, and `%pip install` calls `install`.
"""

import sys


async def install(*packages: str, **options: object) -> None:
    """Say that nothing is installed."""
    print("kubesim: nothing can be installed in this page", file=sys.stderr)
