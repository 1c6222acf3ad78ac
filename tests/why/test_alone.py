"""What explains a message is small and quick to start: it loads no cluster, no shell and no kubectl."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

ROOMS = {"api", "gotext", "pull", "why"}
# The most nodes in the syntax trees of all modules of kubesim that are loaded.
MOST_NODES = 60_000
EXPLAINS = """
import json
import sys
from kubesim.why.export import explain_as_text
assert "401 Unauthorized" in explain_as_text('Failed to pull image "r.example/web:1": 401 Unauthorized')
print(json.dumps({name: module.__file__ for name, module in sys.modules.items() if name.startswith("kubesim.")}))
"""


def loaded() -> dict[str, Path]:
    """The modules of kubesim that a fresh process has loaded once it has explained a message, with their files."""
    done = subprocess.run([sys.executable, "-c", EXPLAINS], check=True, capture_output=True, text=True)
    return {name: Path(file) for name, file in json.loads(done.stdout).items()}


def test_four_rooms_are_loaded() -> None:
    assert {name.split(".")[1] for name in loaded()} == ROOMS


def test_little_code_is_loaded() -> None:
    nodes = [len(list(ast.walk(ast.parse(path.read_text("utf-8"))))) for path in loaded().values()]
    assert sum(nodes) <= MOST_NODES


def test_the_program_that_explains_ends_with_its_answer_and_its_status(tmp_path: Path) -> None:
    """It leaves at once, without what Python does at its end: nothing that it has printed may get lost."""
    case = tmp_path / "case.txt"
    for text, status in (('Failed to pull image "r.example/web:1": 401 Unauthorized\n' * 50, 0), ("nothing", 1)):
        case.write_text(text)
        command = [sys.executable, "-m", "kubesim", "why", "-f", str(case)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == status
        assert (done.stdout if status == 0 else done.stderr).endswith("\n")
