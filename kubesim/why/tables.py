"""Reading of the YAML tables of kubesim.why, each beside the module that owns it, and the records that they share.

Each row becomes a NamedTuple, so an unknown or missing field raises ValueError when the file is read. The comment at
the top of each file explains the fields.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from kubesim.api import load_yaml

Sentences = Mapping[str, str]
"""Texts by keys: sentences by their conditions, or words by the names of their placeholders."""
NONE: Mapping[str, Any] = MappingProxyType({})
"""An empty mapping that can't be changed, for defaults."""


class Question(NamedTuple):
    """A yes-or-no question that only the reader can answer, with the verdict for each answer."""

    text: str
    yes: Verdict
    no: Verdict


class Verdict(NamedTuple):
    """A cause and its fix: a row of causes.yaml, a kind of signs.yaml, or an alternative (`others`) of one.

    judge/causes.py reads the fields; causes.yaml explains them.
    """

    problem: str
    fix: tuple[tuple[str, ...], ...]
    hop: str = ""
    check: str = ""
    needs: tuple[str, ...] = ()
    of_sign: bool = False
    also: tuple[str, ...] = ()
    grade: str = "certain"
    tell: str = ""
    ask: Question | None = None
    others: tuple[Verdict, ...] = ()
    recipe: str = ""


def content(module: str, name: str) -> Any:
    """Read a YAML file beside a module, given by its `__file__`."""
    return load_yaml(Path(module).with_name(name))


@cache
def vocabulary() -> frozenset[str]:
    """Every word in the YAML files of kubesim.why, comments included, in lower case: the allow-list for quotations."""
    texts = (path.read_text("utf-8").lower() for path in Path(__file__).parent.rglob("*.yaml"))
    return frozenset(word for text in texts for word in re.findall(r"[^\W_]+", text))
