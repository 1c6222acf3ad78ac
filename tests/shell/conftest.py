"""A fresh shell for each test."""

from __future__ import annotations

import pytest
from shells import new_shell

from kubesim.shell import Shell


@pytest.fixture
def shell() -> Shell:
    return new_shell()
