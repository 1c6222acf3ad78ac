"""Writes the lock files for learners (with a copy for Binder), for developers and for the site (`make lock`).

A lock is for Python 3.11 and later on every platform, with markers where these differ. pyproject.toml has the ranges,
and the reason for each package.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The optional dependencies of learners, and the resolver.
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
    """Write the lock `target` for the package and the groups in `options`. Raises CalledProcessError without one."""
    subprocess.run([sys.executable, "-m", *COMMAND, *options, "--output-file", target], cwd=ROOT, check=True)


def main() -> None:
    """Write all locks. Developers and the site get the releases that learners have, and more."""
    compile_lock("requirements.txt", *EXTRAS, "--group", "lab")
    compile_lock("requirements-dev.txt", *EXTRAS, "--group", "dev", "--constraints", "requirements.txt")
    compile_lock("requirements-site.txt", "--group", "site", "--constraints", "requirements.txt")
    shutil.copyfile(ROOT / "requirements.txt", ROOT / "binder" / "requirements.txt")


if __name__ == "__main__":
    main()
