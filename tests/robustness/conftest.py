"""Tells after a run how many inputs were tried."""

from __future__ import annotations

import pytest

from . import probe


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if probe.inputs:
        terminalreporter.write_line(f"robustness: {probe.inputs} inputs tried")
