"""Writes README's pictures of widgets, light and dark, into docs/screenshots/ (`make screenshots`).

tests/browser/test_gallery.py takes them, which shows all widgets in one notebook.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "screenshots"
# The environment variable with which the test writes pictures.
RENEW = "KUBESIM_RENEW_SCREENSHOTS"
# The command that runs a Pod whose pull secret is missing.
_POD = (
    "kubectl run web --image=registry.example.com/myapp:1.0 "
    """--overrides='{"spec":{"imagePullSecrets":[{"name":"regcred"}]}}'"""
)


class Widget(NamedTuple):
    """A widget of the gallery. The last of the `cells` shows it, and the CSS selector `root` finds it.

    README has a picture of those that are photographed.
    """

    name: str
    cells: tuple[str, ...]
    root: str
    is_photographed: bool = False


WIDGETS = (
    Widget(
        "workbench",
        (
            "%workbench",
            "%%kubectl\n" + _POD + "\nsleep 5\nkubectl get pods",
        ),
        ".ks-bench",
        is_photographed=True,
    ),
    Widget("flow", ("%flow web",), ".ks-flow", is_photographed=True),
    Widget("quiz", ("%quiz start-no-secret",), ".ks-card"),
    Widget("task", ("%task store-credentials",), ".ks-card"),
    Widget("progress", ("%progress",), ".ks-progress"),
    Widget("challenge", ("%flow web", "%challenge 7"), ".ks-card"),  # the task has replaced the path
)


def picture_path(widget: Widget, theme: str) -> Path:
    """The file of a widget's picture in a theme."""
    return FOLDER / f"{widget.name}-{theme}.png"


def main() -> int:
    """Take all pictures. Returns pytest's exit status."""
    command = [sys.executable, "-m", "pytest", "tests/browser/test_gallery.py", "-k", "readme"]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, RENEW: "yes"}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
