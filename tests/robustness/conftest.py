"""The number of inputs that were tried, in the summary of a test run."""

from __future__ import annotations

import pytest

from . import probe


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if probe.inputs:
        terminalreporter.write_line(f"robustness: {probe.inputs} inputs tried")
