"""The commands of `python -m kubesim`, each a module: `define` adds its options, and `run` returns the exit status."""

from __future__ import annotations

import sys

REGISTRIES = "a YAML file of registries of your own"


def fail(why: str) -> int:
    """Print why a command can't do what it was asked, and return its exit status."""
    print(f"kubesim: {why.removeprefix('kubesim: ')}", file=sys.stderr)
    return 1
