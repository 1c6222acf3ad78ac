"""The bound on what comes in: so many values, so deep, that everything behind the door can work with them."""

from __future__ import annotations

from typing import Any

from kubesim.api.errors import StatusError, not_simulated

MAX_DEPTH = 100
MAX_VALUES = 30_000


def count_values(value: Any, what: str, room: int = MAX_VALUES) -> int:
    """How many values a decoded text has. Raises StatusError (501) for more than `room`, or for too deep ones.

    What is decoded holds str, int, finite float, bool, None, list and dict alone; see gojson and kubectl's documents.
    """
    count, level = 0, [value]
    for _ in range(MAX_DEPTH):
        count += len(level)
        if not level or count > room:
            break
        maps = [item for value in level if isinstance(value, dict) for item in value.values()]
        level = maps + [item for value in level if isinstance(value, list) for item in value]
    if level:
        raise too_much(what)
    return count


def too_much(what: str) -> StatusError:
    """The refusal of what has more than so many values, or too deep ones."""
    limits = f"{MAX_VALUES} values, or of more than {MAX_DEPTH} one in the other,"
    return not_simulated(f"{what} of more than {limits} is not part of this simulator")
