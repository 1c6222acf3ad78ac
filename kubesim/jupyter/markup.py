"""The little markup of lesson texts: `code`, **bold** and paragraphs, as HTML and as plain text."""

from __future__ import annotations

import html
import re


def inline(text: str) -> str:
    """One paragraph as HTML; everything in `text` but the markup is escaped."""
    spans = re.split(r"`([^`]+)`", html.escape(text.strip(), quote=False))
    return "".join(_bold(span) if number % 2 == 0 else f"<code>{span}</code>" for number, span in enumerate(spans))


def paragraphs(text: str) -> str:
    """Paragraphs, which blank lines part, as HTML."""
    return "".join(f"<p>{inline(part)}</p>" for part in re.split(r"\n\s*\n", text.strip()))


def listing(lines: str) -> str:
    """Shell lines as HTML."""
    return f"<pre><code>{html.escape(lines, quote=False)}</code></pre>"


def plain(text: str) -> str:
    """The text as a reader without HTML sees it: markup stays, line ends within a paragraph go."""
    return "\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip()))


def _bold(text: str) -> str:
    return re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)
