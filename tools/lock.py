"""Writes the locks: requirements.txt and its copy for Binder, those for development and for the site (`make lock`).

One lock serves Python 3.11 and later on every platform; markers say what differs. The ranges, and why each
package was chosen, are in pyproject.toml.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("--extra", "lab", "--extra", "serve")
COMMAND = (
    *("uv", "pip", "compile", "pyproject.toml"),
    *("--universal", "--python-version", "3.11"),
    *("--upgrade", "--generate-hashes", "--quiet", "--no-config"),
    # pip before 23.3 looks for the newest release of a package with extras, unless the lock names them.
    "--no-strip-extras",
    *("--annotation-style", "line", "--custom-compile-command", "make lock"),
)


def compile_lock(target: str, *options: str) -> None:
    """Resolve the package and the groups in `options` into the file `target`; CalledProcessError if no set matches."""
    subprocess.run([sys.executable, "-m", *COMMAND, *options, "--output-file", target], cwd=ROOT, check=True)


def main() -> None:
    """Resolve for learners first; developers get the same releases and their tools beside them."""
    compile_lock("requirements.txt", *EXTRAS, "--group", "lab")
    compile_lock("requirements-dev.txt", *EXTRAS, "--group", "dev", "--constraints", "requirements.txt")
    compile_lock("requirements-site.txt", "--group", "site", "--constraints", "requirements.txt")
    shutil.copyfile(ROOT / "requirements.txt", ROOT / "binder" / "requirements.txt")


if __name__ == "__main__":
    main()
