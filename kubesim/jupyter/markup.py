"""The markup of lesson texts (`code`, **bold**, *italic*, blank lines) as HTML and as plain text; shared bits of HTML.

`inline`, `paragraphs` and `listing` escape what they get, so learners' words are safe in them. `listed` and `details`
take HTML and escape nothing.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

# Characters of a line in a listing; `folded` breaks longer commands.
LINE = 84
_CODE_PLACE = "\0"  # the placeholder of a `code` while `inline` marks up the text around it
# An escaped character or a quoted string of the shell: `folded` doesn't break inside it.
_QUOTED = r"""\\.|'[^']*'|"(?:\\.|[^"\\])*\""""
_CODE = re.compile(r"`([^`]+)`")


def inline(text: str) -> str:
    """One paragraph of markup as HTML, escaped. Inside `code`, stars are plain characters."""
    escaped = html.escape(text.strip().replace(_CODE_PLACE, ""), quote=False)
    marked = _emphasis(_CODE.sub(_CODE_PLACE, escaped))
    for code in _CODE.findall(escaped):
        marked = marked.replace(_CODE_PLACE, f"<code>{code}</code>", 1)
    return marked


def paragraphs(text: str) -> str:
    """Paragraphs of markup, separated by blank lines, as HTML."""
    return "".join(f"<p>{inline(part)}</p>" for part in re.split(r"\n\s*\n", text.strip()))


def listed(items: Iterable[str], tag: str = "ul") -> str:
    """A list of `items`, which are HTML already; "" for none."""
    lines = "".join(f"<li>{item}</li>" for item in items)
    return lines and f"<{tag}>{lines}</{tag}>"


def details(summary: str, body: str) -> str:
    """A closed <details> element. Both arguments are HTML."""
    return f"<details><summary>{summary}</summary>{body}</details>"


def listing(commands: Iterable[str]) -> str:
    """Shell commands as a block of code, escaped, with long lines broken by `folded`."""
    return f"<pre><code>{html.escape(chr(10).join(map(folded, commands)), quote=False)}</code></pre>"


def folded(command: str) -> str:
    """Break a long command into lines of the same meaning, joined by backslashes: before pipes, else before options.

    A command of several lines, such as a heredoc, stays as it is.
    """
    if "\n" in command:
        return command
    stages = _packed(_pieces(command, r"\| "))
    return " \\\n    ".join(line for stage in stages for line in _packed(_pieces(stage, "--")))


def _pieces(command: str, before: str) -> list[str]:
    """Cut a command at each unquoted space followed by `before`, a regular expression."""
    return re.findall(rf"(?:{_QUOTED}|(?! {before}).)+", command)


def _packed(pieces: list[str]) -> list[str]:
    """Join pieces to lines of at most LINE characters. A longer piece gets a line of its own."""
    lines: list[str] = []
    for piece in pieces:
        if lines and len(f"{lines[-1]} {piece}") <= LINE:
            lines[-1] += f" {piece}"
        else:
            lines.append(piece)
    return lines


def visible(text: str, keep: str = "") -> str:
    """A text with � for unprintable characters, except those in `keep`."""
    return "".join(letter if letter.isprintable() or letter in keep else "�" for letter in text)


def plain_text(text: str) -> str:
    """The text for readers without HTML: one line for each paragraph, with the markup's characters left in."""
    return "\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip()))


def _emphasis(text: str) -> str:
    """Replace `**bold**` and `*italic*` in a text that is escaped already."""
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)
    return re.sub(r"(?<![\w*])\*(?=[^\s*])([^*]*[^\s*])\*(?![\w*])", r"<i>\1</i>", text)
