"""What all tests share."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from tests.learner import Learner

# The same examples on every machine and every run: a red build is about the change, not about luck or a slow disk.
settings.register_profile("kubesim", derandomize=True, deadline=None)
# HYPOTHESIS_PROFILE=large: many more examples, and other ones each time.
settings.register_profile("large", max_examples=5000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "kubesim"))

SLOWEST = (
    *("test_site", "test_notebooks", "test_visit", "test_workbench"),
    *("test_delivery", "test_exercises", "test_real_kubectl", "test_both_kubectls", "test_robustness", "test_bounds"),
)
"""The modules that several processes begin with, so that none is busy with one when the others have nothing to do."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    items.sort(key=lambda item: SLOWEST.index(item.path.stem) if item.path.stem in SLOWEST else len(SLOWEST))


@pytest.fixture
def learner() -> Learner:
    """Somebody in front of a fresh cluster."""
    return Learner()
