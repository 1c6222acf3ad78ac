"""The shell answers as bash and the GNU tools did; bash.yaml holds what record.py heard from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from kubesim.shell import Shell

RECORDED = yaml.safe_load(Path(__file__).with_name("bash.yaml").read_text())


@pytest.mark.parametrize("entry", RECORDED["scripts"], ids=lambda entry: entry["run"][:40])
def test_as_bash_answered(shell: Shell, entry: dict[str, Any]) -> None:
    assert shell.run(RECORDED["setup"]).exit_code == 0

    result = shell.run(entry["run"])

    assert (result.stdout, result.stderr, result.exit_code) == (entry["stdout"], entry["stderr"], entry["exit"])
