"""Writes text and commands as Markdown in which names mark nothing up: no mention, picture, comment or link."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"""["'(]*-{0,2}[^\W_](?:[^\W_]|[-.,:;/=+?%()'"…]|_(?=[^\W_]))*|[-\u2013\u2014]""")
"""A word of which Markdown, GitHub and GitLab make nothing but a word."""
_LINK = re.compile(r"://|\bwww\.", re.IGNORECASE)


def prose(text: str) -> str:
    """A text whose words stay as they are, each that could be markup as code."""
    words: list[str] = []
    code: list[str] = []
    for word in text.split():
        if _PLAIN.fullmatch(word) and not _LINK.search(word):
            words += [span(" ".join(code))] if code else []
            words.append(word)
            code = []
        else:
            code.append(word)
    return " ".join([*words, span(" ".join(code))] if code else words)


def span(text: str) -> str:
    """A text as code within a line."""
    ticks = "`" * (_most_ticks(text) + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def block(text: str, language: str) -> str:
    """Lines of code."""
    fence = "`" * max(3, _most_ticks(text) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _most_ticks(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
