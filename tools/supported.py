"""Writes docs/supported.md from the code (`make docs`); with `--check` only says whether it is fresh."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "supported.md"
sys.path.insert(0, str(ROOT))

from kubesim.session import supported  # noqa: E402 (kubesim need not be installed)


def is_fresh() -> bool:
    """Whether the page is what the code says."""
    return PAGE.is_file() and PAGE.read_text(encoding="utf-8") == supported.page()


def main() -> int:
    """Write the page, or check it; the exit status is 1 where it is stale."""
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(supported.page(), encoding="utf-8")
        return 0
    if is_fresh():
        return 0
    print(f"{PAGE.relative_to(ROOT)} is stale: make docs")
    return 1


if __name__ == "__main__":
    sys.exit(main())
