"""The page's halves of the widgets: the scripts and styles in static/."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent / "static"


def static(*names: str) -> str:
    """These files, one after the other, as one script or style sheet: a widget has no other way to share parts."""
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)
