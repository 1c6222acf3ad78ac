"""kubesim's kubectl and the real one answer generated lines alike; `tools/differential.py --count N` tries more."""

from __future__ import annotations

import pytest

from tools import differential
from tools.realkubectl import find_kubectl

COUNT = 40


@pytest.mark.skipif(find_kubectl() is None, reason="there is no real kubectl")
def test_the_kubectls_agree() -> None:
    compared = list(differential.compared(differential.lines(COUNT, seed=21)))
    differences = [f"$ {line}\n{found}" for line, found in compared if found]
    assert len(compared) == COUNT
    if differences:
        pytest.fail("\n".join(differences), pytrace=False)


def test_lines_depend_on_the_seed_alone() -> None:
    assert list(differential.lines(20, 1)) == list(differential.lines(20, 1)) != list(differential.lines(20, 2))
