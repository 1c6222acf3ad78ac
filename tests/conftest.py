"""What all tests share."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.learner import Learner

# The same examples on every machine and every run: a red build is about the change, not about luck or a slow disk.
settings.register_profile("kubesim", derandomize=True, deadline=None)
settings.load_profile("kubesim")


@pytest.fixture
def learner() -> Learner:
    """Somebody in front of a fresh cluster."""
    return Learner()
