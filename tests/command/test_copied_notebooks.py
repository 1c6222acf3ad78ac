"""A learner's own copy of the notebooks."""

from __future__ import annotations

from pathlib import Path

from kubesim.command.lab import copy_notebooks

ROOT = Path(__file__).resolve().parents[2]
START = "notebooks/00-start.ipynb"


def test_every_lesson_and_document_is_copied(tmp_path: Path) -> None:
    """But not the notebooks at old addresses, which only say where their lessons are now."""
    assert copy_notebooks(tmp_path / "learn") == []
    copied = {path.relative_to(tmp_path / "learn") for path in tmp_path.rglob("*.*")}
    files = {path.relative_to(ROOT) for pattern in ("notebooks/*.ipynb", "docs/*.md") for path in ROOT.glob(pattern)}
    left_out = files - copied
    assert copied <= files
    assert left_out
    assert all("# Moved" in (ROOT / path).read_text() for path in left_out)
    assert not any("# Moved" in (ROOT / path).read_text() for path in copied)
    assert (tmp_path / "learn" / START).read_bytes() == (ROOT / START).read_bytes()


def test_a_learners_file_stays_as_it_is_and_is_named(tmp_path: Path) -> None:
    copy_notebooks(tmp_path)
    (tmp_path / START).write_text("mine")
    assert copy_notebooks(tmp_path) == [tmp_path / START]
    assert (tmp_path / START).read_text() == "mine"
