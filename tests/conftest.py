"""Settings of all tests: Hypothesis, their order, garbage collection, and a learner."""

from __future__ import annotations

import gc
import os
import sys

import pytest
from hypothesis import settings

from tests.learner import Learner

# jsonschema imports this package if it is installed. No test has an IRI, and its grammars take 1.5 s to compile in each
# process. With None, the import fails.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

# The same examples on every machine and every run: a red build is about the change, not about luck or a slow disk.
settings.register_profile("kubesim", derandomize=True, deadline=None)
# HYPOTHESIS_PROFILE=large: many more examples, and other ones each time.
settings.register_profile("large", max_examples=5000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "kubesim"))

# The modules that run first, so that no process still has a long one when the others are done.
SLOWEST = (
    *("test_site", "test_notebooks", "test_visit", "test_workbench"),
    *("test_delivery", "test_exercises", "test_real_kubectl", "test_both_kubectls", "test_robustness", "test_bounds"),
)
# New objects after which Python collects garbage. Its default is 700, and the cluster of a small test has 10,000.
OBJECTS_BEFORE_COLLECTION = 20_000


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move the tests of SLOWEST to the front."""
    items.sort(key=lambda item: SLOWEST.index(item.path.stem) if item.path.stem in SLOWEST else len(SLOWEST))


def pytest_collection() -> None:
    """Collect no garbage while pytest collects tests, because it keeps all of them."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Exclude the collected tests from later garbage collections, and make those rarer."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BEFORE_COLLECTION)
    gc.enable()


@pytest.fixture
def learner() -> Learner:
    """A session with a fresh cluster, to be called with the lines that a learner types."""
    return Learner()
