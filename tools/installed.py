"""Installs kubesim as people do who only want to use it, and uses it: `python tools/installed.py [PACKAGE]`.

It installs the package (by default, this checkout) with JupyterLab into a new environment, on any system, and runs the
commands of USES. It ends at the first command that fails or gives another answer.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# A message of a failed pull.
MESSAGE = 'Failed to pull image "x.example.com/a:1": dial tcp: lookup x.example.com on 10.0.0.10:53: no such host'
# The arguments of `kubesim`, the text on its stdin, and a text that its stdout must contain.
USES: tuple[tuple[list[str], str, str], ...] = (
    (["--version"], "", "kubesim "),
    (["why", MESSAGE], "", "x.example.com"),
    ([], "kubectl create namespace team\necho a > b\ncat b\n", "namespace/team created\na\n"),
    (["lab", "--help"], "", "Copy the notebooks into FOLDER"),
)


def main(words: list[str]) -> int:
    """Install and use the package. Returns 0 if every command gave the expected answer."""
    package = Path(words[0]).resolve() if words else ROOT
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        programs = Path(folder) / ("Scripts" if os.name == "nt" else "bin")
        subprocess.run([programs / "python", "-m", "pip", "install", "--quiet", f"{package}[lab]"], check=True)
        for arguments, typed, expected in USES:
            done = subprocess.run(
                [programs / "kubesim", *arguments],
                input=typed,
                capture_output=True,
                encoding="utf-8",
                env=os.environ | {"PYTHONUTF8": "1"},
                cwd=folder,
                check=False,
            )
            print("$ kubesim", *arguments)
            print(done.stdout + done.stderr)
            if done.returncode or expected not in done.stdout:
                print(f"exit status {done.returncode}; expected {expected!r}", file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
