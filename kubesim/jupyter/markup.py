"""The little markup of the lessons as HTML and as plain text, and the HTML that the cards and pages share.

Whatever comes from outside is escaped here: a text with `inline` and `paragraphs`, commands with `listing`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

LINE = 84
"""Characters in a line of a command that is shown."""
_CODE_PLACE = "\0"  # where a code was, while its surroundings are marked up
_QUOTED = r"""\\.|'[^']*'|"(?:\\.|[^"\\])*\""""
_CODE = re.compile(r"`([^`]+)`")


def inline(text: str) -> str:
    """One paragraph as HTML; everything in `text` but the markup is escaped, and in a code a star is no markup."""
    escaped = html.escape(text.strip().replace(_CODE_PLACE, ""), quote=False)
    marked = _bold(_CODE.sub(_CODE_PLACE, escaped))
    for code in _CODE.findall(escaped):
        marked = marked.replace(_CODE_PLACE, f"<code>{code}</code>", 1)
    return marked


def paragraphs(text: str) -> str:
    """Paragraphs, which blank lines part, as HTML."""
    return "".join(f"<p>{inline(part)}</p>" for part in re.split(r"\n\s*\n", text.strip()))


def listed(items: Iterable[str], tag: str = "ul") -> str:
    """A list of `items`, which are HTML already; "" for none."""
    lines = "".join(f"<li>{item}</li>" for item in items)
    return lines and f"<{tag}>{lines}</{tag}>"


def details(summary: str, body: str) -> str:
    """What is folded away under its summary; both are HTML already."""
    return f"<details><summary>{summary}</summary>{body}</details>"


def listing(commands: Iterable[str]) -> str:
    return f"<pre><code>{html.escape(chr(10).join(map(folded, commands)), quote=False)}</code></pre>"


def folded(command: str) -> str:
    """A long command in several lines that mean the same: cut before pipes, and before options where need be.

    A file that has to be changed is in several lines already.
    """
    if "\n" in command:
        return command
    stages = _packed(_pieces(command, r"\| "))
    return " \\\n    ".join(line for stage in stages for line in _packed(_pieces(stage, "--")))


def _pieces(command: str, before: str) -> list[str]:
    """The command cut at each space that `before` follows, but for those that are quoted."""
    return re.findall(rf"(?:{_QUOTED}|(?! {before}).)+", command)


def _packed(pieces: list[str]) -> list[str]:
    """As many pieces in each line as it has room for."""
    lines: list[str] = []
    for piece in pieces:
        if lines and len(f"{lines[-1]} {piece}") <= LINE:
            lines[-1] += f" {piece}"
        else:
            lines.append(piece)
    return lines


def plain_text(text: str) -> str:
    """The text as a reader without HTML sees it: markup stays, line ends within a paragraph go."""
    return "\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip()))


def _bold(text: str) -> str:
    """The text with its `**bold**` and `*italic*` parts as HTML."""
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)
    return re.sub(r"(?<![\w*])\*(?=[^\s*])([^*]*[^\s*])\*(?![\w*])", r"<i>\1</i>", text)
