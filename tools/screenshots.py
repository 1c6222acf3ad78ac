"""Photographs each widget, light and dark, into docs/screenshots/, and writes docs/screenshots.md (`make screenshots`).

The camera is tests/browser/test_screenshots.py, which has the browser. Beside the two pictures of a widget is what
it shows as text: what a screen reader finds on it, and a sum of its style sheets. The test fails where that is another
now. Pixels are not compared: fonts and browsers differ from machine to machine.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "screenshots"
PAGE = ROOT / "docs" / "screenshots.md"
STATIC = ROOT / "kubesim" / "jupyter" / "static"
THEMES = ("light", "dark")
RENEW = "KUBESIM_RENEW_SCREENSHOTS"


class Picture(NamedTuple):
    """A widget: its name, the cells that lead to it (it is the last one's), its styles, and what there is to see."""

    name: str
    title: str
    cells: tuple[str, ...]
    root: str
    styles: tuple[str, ...]
    alt: str


PICTURES = (
    Picture(
        "workbench",
        "Workbench",
        (
            "%workbench",
            "%%kubectl\nkubectl run web --image=registry.example.com/myapp:1.0\nsleep 5\nkubectl get pods",
        ),
        ".ks-bench",
        ("flow", "terminal", "workbench"),
        "The workbench beside a notebook: the path of an image from kubectl to the node with the Pod spec failed, "
        "what is wrong and the commands that fix it, the cluster with its Pod and ServiceAccount, a terminal, buttons "
        "that let time pass, and the simulated time.",
    ),
    Picture(
        "flow",
        "Flow picture",
        ("%flow web",),
        ".ks-flow",
        ("flow",),
        "Six boxes in two rows, from kubectl to the image. The Pod spec is a stop sign and says failed: no "
        "imagePullSecrets; the registry wants credentials. Unfolded below, what's wrong and the commands that fix it.",
    ),
    Picture(
        "quiz",
        "Quiz",
        ("%quiz start-who-pulls",),
        ".ks-card",
        ("card",),
        "A question with lettered choices. A wrong one is chosen; the card says Not yet and why, and offers a hint.",
    ),
    Picture(
        "task",
        "Task",
        ("%task store-credentials",),
        ".ks-card",
        ("card", "flow", "task"),
        "A task: what to do, a list of what is to be reached with a circle before each, and buttons for a hint, the "
        "goal beside the state, undo, starting over and a solution.",
    ),
    Picture(
        "timeline",
        "Timeline",
        ("%advance 12m", "%timeline web"),
        ".ks-flow",
        ("flow",),
        "A table of what happened to a Pod, and when, and under it a staircase of bars: each back-off twice as long as "
        "the one before, up to five minutes.",
    ),
    Picture(
        "progress",
        "Progress",
        ("%progress",),
        ".ks-progress",
        ("progress",),
        "A table with a row for each notebook: questions answered, tasks done and its state, and buttons to download "
        "and upload the progress.",
    ),
    Picture(
        "challenge",
        "Challenge",
        ("%flow web", "%challenge 7"),  # the task has taken that path away
        ".ks-card",
        ("card", "task", "challenge"),
        "The challenge: a score, a simulated and a real clock, twelve numbered clusters, and the first one: what is "
        "broken, what is to be reached, and buttons for help that costs points.",
    ),
)


_INTRODUCTION = """# What it looks like

Each widget in JupyterLab's light and dark theme, made of [the same tokens](design.md). `make screenshots` renews them.
"""


def shown(picture: Picture, tree: str) -> str:
    """What is kept beside the pictures of a widget: its accessibility tree, and the sum of its style sheets."""
    styles = b"".join((STATIC / f"{name}.css").read_bytes() for name in ("tokens", "base", *picture.styles))
    return f"{tree}\n# styles {hashlib.sha256(styles).hexdigest()[:16]}\n"


def record(picture: Picture) -> Path:
    """The file that `shown` is kept in."""
    return FOLDER / f"{picture.name}.txt"


def photograph(picture: Picture, theme: str) -> Path:
    """The file of one picture."""
    return FOLDER / f"{picture.name}-{theme}.png"


def page() -> str:
    """docs/screenshots.md."""
    parts = [_INTRODUCTION]
    for picture in PICTURES:
        parts.append(f"\n## {picture.title}\n\n{picture.alt}\n")
        parts += [
            f"\n![{picture.title}, {theme}. {picture.alt}](screenshots/{photograph(picture, theme).name})\n"
            for theme in THEMES
        ]
    return "".join(parts)


def main() -> int:
    """Take all pictures and write the page; the exit status of the camera."""
    FOLDER.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    camera = [sys.executable, "-m", "pytest", "tests/browser/test_screenshots.py"]
    return subprocess.run(camera, cwd=ROOT, env={**os.environ, RENEW: "yes"}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
