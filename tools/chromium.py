"""The browser for tests and tools."""

from __future__ import annotations

import os
import shutil

# The program's names on Debian, on Ubuntu and on GitHub's machines.
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """The path of Chromium or Chrome, or None."""
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/bin"])
    return next(filter(None, (shutil.which(name, path=places) for name in NAMES)), None)
