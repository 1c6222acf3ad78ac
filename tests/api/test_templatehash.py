"""The names of ReplicaSets, as a real cluster gave them, and a template with most of what a Pod may have."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubesim.api import load_yaml
from kubesim.api.templatehash import hash_of_template

CASES = load_yaml(Path(__file__).with_name("templates.yaml"))


@pytest.mark.parametrize("expected", CASES)
def test_a_template_has_the_hash_that_a_real_cluster_gives_it(expected: str) -> None:
    assert hash_of_template(CASES[expected]) == expected
