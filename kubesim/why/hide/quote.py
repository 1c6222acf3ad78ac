"""Quotes a message by allow-list: of what it says only the words are repeated that this room's tables have."""

from __future__ import annotations

import re

from kubesim.why.tables import vocabulary

_RUN = re.compile(r"[^\W_]+")
_FIGURE = re.compile(r"\d+(?:[kmgt]?i?b?|x|z|t\d\d)|(?:\d+m?[dhms])+|v\d|[0-9a-f]{4,}|(?:amd|arm)\d\d")
"""A number, an amount, a time, an age, a digest, a platform."""


def known(text: str, names: str) -> str:
    """What is quoted of a message: words of this room's tables, figures and parts of `names`, "…" for the rest."""
    words = vocabulary()
    parts = set(_RUN.findall(names.lower()))

    def quoted(word: re.Match[str]) -> str:
        runs = _RUN.findall(word[0].lower())
        return word[0] if all(run in words or run in parts or _FIGURE.fullmatch(run) for run in runs) else "…"

    return re.sub(r"…(?:\s+…)+", "…", re.sub(r"\S+", quoted, text))
