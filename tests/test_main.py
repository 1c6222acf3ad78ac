"""`python -m kubesim`: a session on standard input."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    ("typed", "shown", "status"),
    [
        ("kubectl create ns team\nkubectl get ns team -o name\n", "namespace/team created\nnamespace/team\n", 0),
        ("cat <<END | wc -l\none\ntwo\nEND\n", "2\n", 0),
        ("kubectl get nope\n", 'error: the server doesn\'t have a resource type "nope"\n', 1),
        ("false\nexit\necho not reached\n", "", 1),
        ("", "", 0),
    ],
)
def test_lines_in_screens_out(typed: str, shown: str, status: int, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "kubesim"],
        input=typed,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert (ran.stdout, ran.stderr, ran.returncode) == (shown, "", status)
    assert list(tmp_path.iterdir()) == []
