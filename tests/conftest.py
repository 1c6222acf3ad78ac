"""What all tests share."""

from __future__ import annotations

import gc
import os
import sys

import pytest
from hypothesis import settings

from tests.learner import Learner

# jsonschema takes it if it is there, and it then compiles its grammars of IRIs, of which no test has any: for a second
# and a half in each process.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

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


SEARCHED_AFTER = 20_000
"""New objects: the cluster of a small test has half as many."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    items.sort(key=lambda item: SLOWEST.index(item.path.stem) if item.path.stem in SLOWEST else len(SLOWEST))


def pytest_collection() -> None:
    """Search no garbage among the tests, all of which stay to the end."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Leave them out of each later search, which begins after more objects than Python's usual 700."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(SEARCHED_AFTER)
    gc.enable()


@pytest.fixture
def learner() -> Learner:
    """Somebody in front of a fresh cluster."""
    return Learner()
