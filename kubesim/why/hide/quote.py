"""Quotation of messages by an allow-list: words that aren't in kubesim.why's YAML files are left out.

A deny-list (redact.py) can miss a secret of an unknown form; this can't.
"""

from __future__ import annotations

import re

from kubesim.why.tables import vocabulary

# A run of letters and digits: a word of a message may have several, as in ghcr.io/shop.
_RUN = re.compile(r"[^\W_]+")
_FIGURE = re.compile(r"\d+(?:[kmgt]?i?b?|x|z|t\d\d)|(?:\d+m?[dhms])+|v\d|[0-9a-f]{4,}|(?:amd|arm)\d\d")
"""A number, an amount, a time, an age, a digest, a platform."""


def known(text: str, names: str) -> str:
    """`text` with "…" for every word that has other runs than those of our tables, figures and parts of `names`.

    `names` are the image and addresses of the message, already redacted.
    """
    words = vocabulary()
    parts = set(_RUN.findall(names.lower()))

    def quoted(word: re.Match[str]) -> str:
        runs = _RUN.findall(word[0].lower())
        return word[0] if all(run in words or run in parts or _FIGURE.fullmatch(run) for run in runs) else "…"

    return re.sub(r"…(?:\s+…)+", "…", re.sub(r"\S+", quoted, text))
