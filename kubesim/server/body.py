"""The body of a request as a value: JSON, and no more of it than a simulator can cope with."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from kubesim.api import errors
from kubesim.gotext import gojson

# As many as in a file of kubectl.
MAX_DEPTH = 100
MAX_VALUES = 30_000


def parse(body: bytes) -> Any:
    """The value. Raises ValueError in the decoder's words, and StatusError for too much of it."""
    value = gojson.loads(body.decode())
    _check_size(value)
    return value


def _check_size(value: Any) -> None:
    count, level = 0, [value]
    for _ in range(MAX_DEPTH):
        count += len(level)
        if not level or count > MAX_VALUES:
            break
        if any(isinstance(item, float) and not math.isfinite(item) for item in level):
            raise ValueError("json: a number is out of range")
        level = [part for item in level if isinstance(item, dict | list) for part in _parts(item)]
    if level:
        limits = f"{MAX_VALUES} values, or of more than {MAX_DEPTH} one in the other,"
        raise errors.not_simulated(f"a body of more than {limits} is not part of this simulator")


def _parts(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value
