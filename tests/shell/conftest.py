"""A fresh shell for each test."""

from __future__ import annotations

import pytest

from kubesim.shell import Shell
from tests.shell.shells import new_shell


@pytest.fixture
def shell() -> Shell:
    """A shell in a temporary folder, whose kubectl only echoes."""
    return new_shell()
