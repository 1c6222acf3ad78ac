"""docs/sources.md: claims by notebook, each with a source that can be opened."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs/sources.md").read_text(encoding="utf-8")
SECTIONS = {part.partition("\n")[0]: part for part in PAGE.split("\n## ")[1:]}
# A source: a file of an upstream project, or a link.
SOURCE = re.compile(r"`[\w.\-]+/[\w./\-]+\.(go|yaml)`|\]\((https://|\.\./kubesim/)\S+\)")


def rows(section: str) -> list[list[str]]:
    """The rows of a section's table: claim and source."""
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


def test_the_sections_are_notebooks_in_their_order_and_the_recipes() -> None:
    notebooks = [path.stem for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))]
    assert list(SECTIONS) == [*(name for name in notebooks if name in SECTIONS), "The recipes"]


def test_each_claim_has_a_source() -> None:
    unsourced = [claim for section in SECTIONS.values() for claim, source in rows(section) if not SOURCE.search(source)]
    assert unsourced == []


def test_each_claim_is_made_once() -> None:
    claims = [claim for section in SECTIONS.values() for claim, _ in rows(section)]
    assert sorted(set(claims)) == sorted(claims)
