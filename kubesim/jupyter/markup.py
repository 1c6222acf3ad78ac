"""The little markup of lesson texts: `code`, **bold** and paragraphs, as HTML and as plain text."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

LINE = 84
"""Characters in a line of a command that is shown."""


def inline(text: str) -> str:
    """One paragraph as HTML; everything in `text` but the markup is escaped."""
    spans = re.split(r"`([^`]+)`", html.escape(text.strip(), quote=False))
    return "".join(_bold(span) if number % 2 == 0 else f"<code>{span}</code>" for number, span in enumerate(spans))


def paragraphs(text: str) -> str:
    """Paragraphs, which blank lines part, as HTML."""
    return "".join(f"<p>{inline(part)}</p>" for part in re.split(r"\n\s*\n", text.strip()))


def listed(items: Iterable[str], tag: str = "ul") -> str:
    lines = "".join(f"<li>{item}</li>" for item in items)
    return lines and f"<{tag}>{lines}</{tag}>"


def details(summary: str, body: str) -> str:
    return f"<details><summary>{summary}</summary>{body}</details>"


def listing(commands: Iterable[str]) -> str:
    lines = [line for command in commands for line in folded(command)]
    return f"<pre><code>{html.escape(chr(10).join(lines), quote=False)}</code></pre>"


def folded(command: str) -> list[str]:
    """A long command in several lines that mean the same: cut before pipes, and before options where need be."""
    stages = _packed(re.split(r" (?=\| )", command))
    lines = [
        line for stage in stages for line in ([stage] if len(stage) <= LINE else _packed(re.split(r" (?=--)", stage)))
    ]
    return [f"{'    ' if number else ''}{line}{end}" for number, (line, end) in enumerate(_with_ends(lines))]


def _packed(pieces: list[str]) -> list[str]:
    lines = pieces[:1]
    for piece in pieces[1:]:
        together = f"{lines[-1]} {piece}"
        lines = [*lines[:-1], together] if len(together) <= LINE else [*lines, piece]
    return lines


def _with_ends(lines: list[str]) -> list[tuple[str, str]]:
    return [(line, " \\" if number < len(lines) else "") for number, line in enumerate(lines, 1)]


def plain(text: str) -> str:
    """The text as a reader without HTML sees it: markup stays, line ends within a paragraph go."""
    return "\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip()))


def _bold(text: str) -> str:
    return re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)
