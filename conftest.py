"""How nbval runs the notebooks: every output is compared but pictures, and each notebook starts from nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

NOTEBOOK = ".ipynb"
SVG = "image/svg+xml"  # each version of `dot` lays out a little differently; the words beside it are compared

_empty = tempfile.TemporaryDirectory(prefix="kubesim-")


@pytest.hookimpl(tryfirst=True)
def pytest_collectstart(collector: pytest.Collector) -> None:
    """Leave pictures out of the comparison."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += (SVG,)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Let nbval start a notebook's kernel with an empty workspace, and without the reader's own IPython settings."""
    with pytest.MonkeyPatch.context() as patch:
        if item.path.suffix == NOTEBOOK:
            folder = Path(_empty.name, item.path.stem)
            patch.setenv("KUBESIM_WORKSPACE", str(folder / "workspace"))
            patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        yield
