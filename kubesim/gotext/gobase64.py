"""Base64 as Go decodes it. Mirrors encoding/base64 base64.go, Go 1.26."""

from __future__ import annotations

import re
from base64 import b64decode

_DIGITS = re.compile(r"[A-Za-z0-9+/\r\n]*")
_LINE_ENDS = re.compile(r"[\r\n]*")


def decode(text: str, padded: bool = True) -> bytes:
    """The bytes of `text`; line ends in it don't count. Without `padded` the text ends where its digits end.

    Raises ValueError: "illegal base64 data at input byte 3".
    """
    stop = _stop(text, padded)
    if stop is not None:
        raise ValueError(f"illegal base64 data at input byte {stop}")
    digits = text.replace("\r", "").replace("\n", "").replace("=", "")
    return b64decode(digits + "=" * (-len(digits) % 4))


def text_of(encoded: str) -> str:
    """The text that base64 stands for, also its form for URLs and without padding; "" where it is none."""
    try:
        return decode(encoded.strip().rstrip("=").replace("-", "+").replace("_", "/"), padded=False).decode()
    except ValueError:
        return ""


def _stop(text: str, padded: bool) -> int | None:
    """Where Go's decoder gives up, which is not always the byte that is wrong; None where nothing is."""
    at = _end(_DIGITS, text, 0)
    line_ends = text.count("\r", 0, at) + text.count("\n", 0, at)
    last_group = (at - line_ends) % 4  # digits of the group that isn't full
    if at == len(text):
        is_cut = last_group == 1 or (padded and last_group > 0)
        return at - last_group if is_cut else None  # "YWJjZA" stops at 4
    if text[at] != "=" or not padded or last_group < 2:
        return at  # "YW*=" stops at 2, "Y===" at 1
    at = _end(_LINE_ENDS, text, at + 1)
    if last_group == 2:  # a second "=" has to follow
        if at == len(text):
            return at  # "YW=" stops at 3
        if text[at] != "=":
            return at - 1  # "YW=x" stops at 2
        at = _end(_LINE_ENDS, text, at + 1)
    return at if at < len(text) else None  # "YW==x" stops at 4


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.match(text, start)
    return match.end() if match else start
