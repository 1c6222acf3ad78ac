"""Whole numbers that stand in texts."""

from __future__ import annotations

import re


def integer(text: str) -> int | None:
    """The number of 64 bits that a text is, with or without a sign; None for another text, and beyond 63 digits."""
    number = int(text) if re.fullmatch("[-+]?[0-9]{1,63}", text) else 2**63
    return number if -(2**63) <= number < 2**63 else None


def whole(digits: str) -> int:
    """The number with these decimal digits; where it exceeds an int64, one of that size."""
    return int(digits.lstrip("0")[:18] or 0)
