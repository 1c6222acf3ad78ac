"""Base64 with Go's errors. Mirrors encoding/base64 base64.go, Go 1.26."""

from __future__ import annotations

from base64 import b64decode
from string import ascii_letters, digits

_ALPHABET = f"{ascii_letters}{digits}+/"


def decode(text: str, padded: bool = True) -> bytes:
    """Decode `text`, ignoring line ends. If `padded` is False, the text must have no padding.

    Raises ValueError: "illegal base64 data at input byte 3".
    """
    bare = text.replace("\r", "").replace("\n", "")
    end = len(bare) - len(bare.lstrip(_ALPHABET))  # the end of the digits
    padding = "=" * (-end % 4)
    is_right = bare[end:] == (padding if padded else "") and len(padding) < 3
    if not is_right:
        raise ValueError(f"illegal base64 data at input byte {_stop(text, bare, end, padded)}")
    return b64decode(bare[:end] + padding)


def text_of(encoded: str) -> str:
    """Decode a text leniently: standard or URL alphabet, with or without padding. "" if it is no base64 or no UTF-8."""
    try:
        return decode(encoded.strip().rstrip("=").replace("-", "+").replace("_", "/"), padded=False).decode()
    except ValueError:
        return ""


def _stop(text: str, bare: str, end: int, padded: bool) -> int:
    """The offset in Go's error, which isn't always that of the wrong byte."""
    last_group = end % 4  # digits of the group that isn't full
    if end == len(bare):
        return len(text) - last_group  # "YWJjZA" stops at 4
    wrong = end  # "YW*=" stops at 2, "Y===" at 1
    places = [place for place, letter in enumerate(text) if letter not in "\r\n"]
    if padded and last_group > 1 and bare[end] == "=":
        wrong += 4 - last_group  # "YW==x" stops at 4
        if last_group == 2 and bare[end + 1 : wrong] != "=":
            return places[end + 1] - 1 if end + 1 < len(bare) else len(text)  # "YW=x" stops at 2, "YW=" at 3
    return places[wrong]
