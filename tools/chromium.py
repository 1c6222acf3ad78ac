"""Where the browser is that tests and tools drive."""

from __future__ import annotations

import os
import shutil

# Debian's, and those that Ubuntu and GitHub's machines have instead.
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """The path of Chromium, or of a browser that is one; None where there is none."""
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/bin"])
    return next(filter(None, (shutil.which(name, path=places) for name in NAMES)), None)
