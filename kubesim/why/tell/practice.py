"""For each cause a broken cluster to practice on: practice.json.

Its `clusters` are templates of kubesim/lessons/challenges, by the name of a cause: the check of its row in causes.yaml,
or the kind of its message in signs.yaml. `without` lists the causes that have none, by what they lack.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from kubesim.api import typed
from kubesim.why.judge.causes import Cause


class Practice(NamedTuple):
    """practice.json."""

    clusters: Mapping[str, str]
    without: Mapping[str, tuple[str, ...]]


@cache
def practice() -> Practice:
    """practice.json, read once."""
    table: Practice = typed.read_table(__file__, "practice.json", Practice)
    return table


def practice_of(cause: Cause) -> str:
    """The word for `kubesim practice` that opens a cluster with this cause; "" if there's none."""
    return cause.name.replace("_", "-") if cause.name in practice().clusters else ""
