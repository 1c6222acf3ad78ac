"""The address of a JupyterLab server that chooses a free port itself."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.patience import eventually


def _told(runtime: Path) -> str:
    """The address in the file that the server writes into its JUPYTER_RUNTIME_DIR; "" as long as none is complete."""
    for file in runtime.glob("jpserver-*.json"):
        try:
            return str(json.loads(file.read_text())["url"]).removesuffix("/")
        except ValueError:
            pass  # the server is still writing the file
    return ""


def address(server: subprocess.Popen[bytes], runtime: Path) -> str:
    """Wait until the server listens. Returns its address without a slash at the end; "" if it ends or takes too long.

    `runtime` is the server's JUPYTER_RUNTIME_DIR.
    """
    eventually(lambda: server.poll() is not None or bool(_told(runtime)), True)
    return _told(runtime)
