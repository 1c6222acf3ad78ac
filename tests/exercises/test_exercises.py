"""Lines along the chapters of the CKA and CKAD outlines: line, stdout, stderr, exit, as the real kubectl says."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kubesim import Session

CHAPTERS = {
    f"{path.stem}: {title}": lines
    for path in sorted(Path(__file__).parent.glob("*.yaml"))
    for title, lines in yaml.safe_load(path.read_text(encoding="utf-8")).items()
}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter(chapter: str) -> None:
    """The lines of a chapter follow each other in one session."""
    session = Session()
    played = [[row[0], session.run(row[0])] for row in CHAPTERS[chapter]]
    answers = [[line, result.stdout, result.stderr, result.exit_code] for line, result in played]
    assert answers == CHAPTERS[chapter]
