"""What is shown and said of a pull: the rows of hops.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from kubesim.api import typed
from kubesim.why.tables import Sentences, content


class Hops(NamedTuple):
    """hops.yaml."""

    hops: Mapping[str, Mapping[str, tuple[str, ...]]]
    no_pod: Mapping[str, tuple[str, str]]
    outcome: Sentences
    image: Sentences
    list: Sentences
    secret: Sentences
    asked: Sentences
    who: Sentences
    right: Sentences
    reported: Sentences
    limits: Sentences


@cache
def hops() -> Hops:
    """What hops.yaml holds."""
    return read_hops(content(__file__, "hops.yaml"))


def read_hops(table: Any) -> Hops:
    """What hops.yaml holds. Raises ValueError, whose sentence names what it shouldn't have or lacks."""
    hops: Hops = typed.read(Hops, table, "hops.yaml")
    return hops
