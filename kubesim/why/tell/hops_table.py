"""The texts about a pull: hops.yaml as a record."""

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
    """hops.yaml, read once."""
    return read_hops(content(__file__, "hops.yaml"))


def read_hops(table: Any) -> Hops:
    """The record of a parsed hops.yaml. Raises ValueError, which names the unknown or missing field."""
    hops: Hops = typed.read(Hops, table, "hops.yaml")
    return hops
