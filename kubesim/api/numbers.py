"""Integers in texts."""

from __future__ import annotations

import re


def integer(text: str) -> int | None:
    """The 64-bit integer in `text`, with or without a sign. None for any other text, and for more than 63 digits."""
    number = int(text) if re.fullmatch("[-+]?[0-9]{1,63}", text) else 2**63
    return number if -(2**63) <= number < 2**63 else None


def cut_to_int64(digits: str) -> int:
    """The number with these decimal digits, cut to its first 18 digits so that it fits an int64."""
    return int(digits.lstrip("0")[:18] or 0)
