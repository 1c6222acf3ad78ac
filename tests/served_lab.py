"""Where a JupyterLab server listens that has chosen its port itself, so that nobody else can have taken it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.patience import eventually


def address(server: subprocess.Popen[bytes], runtime: Path) -> str:
    """Its address without a slash at the end, as soon as it listens there; "" if it ends or takes too long.

    `runtime` is its JUPYTER_RUNTIME_DIR, in which Jupyter leaves a file that tells the address.
    """
    eventually(lambda: server.poll() is not None or bool(_told(runtime)), True)
    return _told(runtime)


def _told(runtime: Path) -> str:
    for file in runtime.glob("jpserver-*.json"):
        try:
            return str(json.loads(file.read_text())["url"]).removesuffix("/")
        except ValueError:
            pass  # it is still being written
    return ""
