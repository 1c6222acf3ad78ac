"""kubesim's kubectl and the real one answer generated lines alike; `tools/differential.py --count N` tries more."""

from __future__ import annotations

import os

import pytest

from tools import differential
from tools.realkubectl import find_kubectl

COUNT = int(os.environ.get("KUBESIM_LINES", "60"))
SEED = int(os.environ.get("KUBESIM_SEED", "2027"))


@pytest.mark.skipif(find_kubectl() is None, reason="there is no real kubectl")
def test_the_kubectls_agree() -> None:
    typed = list(differential.lines(COUNT, SEED))
    compared = list(differential.compared(typed, processes=2))
    differences = [f"$ {outcome.line}\n{outcome.difference}" for outcome in compared if outcome.difference]
    assert {outcome.line for outcome in compared} == set(typed)
    if len(differences) > COUNT // 100:  # a line may have two mistakes that cannot be told apart
        pytest.fail("\n".join(differences), pytrace=False)


def test_lines_depend_on_the_seed_alone() -> None:
    assert list(differential.lines(20, 1)) == list(differential.lines(20, 1)) != list(differential.lines(20, 2))
