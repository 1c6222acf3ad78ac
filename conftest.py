"""Settings for nbval: it compares every output but pictures, and runs each notebook in an empty workspace."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

NOTEBOOK = ".ipynb"
# Pictures, which versions of Graphviz lay out differently. Their text beside them is compared.
SVG = "image/svg+xml"

# A folder for the notebooks' workspaces and settings, removed when the process ends.
_empty = tempfile.TemporaryDirectory(prefix="kubesim-")


@pytest.hookimpl(tryfirst=True)
def pytest_collectstart(collector: pytest.Collector) -> None:
    """Exclude pictures from nbval's comparison."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += (SVG,)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Start a notebook's kernel with an empty workspace, and without the user's IPython settings."""
    with pytest.MonkeyPatch.context() as patch:
        if item.path.suffix == NOTEBOOK:
            folder = Path(_empty.name, item.path.stem)
            patch.setenv("KUBESIM_WORKSPACE", str(folder / "workspace"))
            patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        yield
