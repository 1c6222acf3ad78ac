"""Every function below the lesson is entered by what a learner types, or has a reason to be there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from kubesim.api import load_yaml
from tools import reach

REASONS: dict[str, dict[str, str]] = load_yaml(Path(__file__).with_name("unentered.yaml"))
LISTED = {f"{file}: {name}" for files in REASONS.values() for file, names in files.items() for name in names.split()}


def test_a_function_that_nothing_in_scope_enters_has_a_reason() -> None:
    """Delete it, or let a page need it first (docs/scope.md). Modules are marked in a process of their own."""
    played = subprocess.run([sys.executable, "tools/reach.py"], cwd=reach.ROOT, capture_output=True, text=True)
    assert played.returncode == 0, played.stderr[-2000:]
    assert [name for name in played.stdout.splitlines() if name not in LISTED] == []


def test_a_function_with_a_reason_exists() -> None:
    assert sorted(LISTED - set(reach.functions())) == []


def test_a_function_that_is_not_entered_is_found() -> None:
    source = (
        'class A:\n    """A."""\n\n    def f(self):\n        """F."""\n        return 1\n\n\ndef g():\n    return 2\n'
    )
    entered: list[str] = []
    space: dict[str, Any] = {reach.MARK: entered.append}
    exec(reach.marked(source, "a.py"), space)
    space["A"]().f()
    assert entered == ["a.py: A.f"]
