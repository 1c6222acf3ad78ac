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


@pytest.fixture
def learner() -> Learner:
    """Somebody in front of a fresh cluster."""
    return Learner()
