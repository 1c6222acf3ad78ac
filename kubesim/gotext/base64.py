"""Base64 as Go decodes it, with the byte at which it gives up. Mirrors encoding/base64, Go 1.26."""

from __future__ import annotations

import re
from base64 import b64decode

_DIGITS = re.compile(r"[A-Za-z0-9+/\r\n]*")
_LINE_ENDS = re.compile(r"[\r\n]*")


def decode(text: str, padded: bool = True) -> bytes:
    """The bytes of `text`; line ends in it don't count. Without `padded` the text ends where its digits end.

    Raises ValueError: "illegal base64 data at input byte 3".
    """
    wrong = _misplaced(text, padded)
    if wrong is not None:
        raise ValueError(f"illegal base64 data at input byte {wrong}")
    digits = re.sub(r"[\r\n=]", "", text)
    return b64decode(digits + "=" * (-len(digits) % 4))


def _misplaced(text: str, padded: bool) -> int | None:
    """Where Go's decoder stops, which is not always the byte that is wrong; None where nothing is."""
    at = _end(_DIGITS, text, 0)
    pending = len(_LINE_ENDS.sub("", text[:at])) % 4
    if at == len(text):
        return at - pending if pending == 1 or (pending and padded) else None
    if text[at] != "=" or not padded or pending < 2:
        return at
    at = _end(_LINE_ENDS, text, at + 1)
    if pending == 2:
        if text[at : at + 1] != "=":
            return at - 1 if at < len(text) else at
        at = _end(_LINE_ENDS, text, at + 1)
    return at if at < len(text) else None


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.match(text, start)
    return match.end() if match else start
