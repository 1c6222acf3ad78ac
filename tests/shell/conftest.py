"""A fresh shell for each test."""

from __future__ import annotations

import pytest

from kubesim.shell import Shell
from tests.shell.shells import new_shell


@pytest.fixture
def shell() -> Shell:
    return new_shell()
