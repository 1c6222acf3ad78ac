"""Every word that hops.yaml, causes.yaml and signs.yaml ask for is one that somebody gives.

What nobody gives is "" (`Words.__missing__`), so that a misspelled word would never hold, and in silence.
"""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from kubesim import flow
from kubesim.cluster.kubelet.imagepull import Attempt
from kubesim.flow import facts
from kubesim.flow.facts import Facts
from kubesim.flow.scene import ROLLED_OUT
from kubesim.flow.signs import Asked, Reply, table

ARGUMENTS = set("abcABC")
"""Those of a row of `commands`."""


def placeholders(text: str) -> set[str]:
    """The words that a text has in {braces}; {owner[name]} is one of the owner."""
    return {name.partition("[")[0] for _, name, _, _ in string.Formatter().parse(text) if name}


def of_rows(rows: dict[str, Any]) -> Iterator[str]:
    """The words of rows "words: texts"."""
    for needs, texts in rows.items():
        yield from needs.split()
        for text in [texts] if isinstance(texts, str) else texts:
            yield from placeholders(text)


def of_cause(row: dict[str, Any]) -> Iterator[str]:
    """The words of a row of causes.yaml, or of a kind of signs.yaml, and of what else it may be."""
    yield from row.get("needs", ())
    yield from of_rows(row.get("also", {}))
    for key in ("problem", "tell", "ask"):
        yield from placeholders(row.get(key, ""))
    for call in row.get("fix", ()):
        for argument in call:
            yield from placeholders(argument)
    for other in row.get("or", ()):
        yield from of_cause(other)


def asked_for(hops: Any, causes: Any, signs: Any) -> Iterator[tuple[str, str]]:
    """Each word that the tables ask for, and where."""
    parts = hops["hops"] | {name: rows for name, rows in hops.items() if name not in ("hops", "titles", "right")}
    for part, rows in parts.items():
        yield from ((f"hops.yaml, {part}", word) for word in of_rows(rows))
    for command, rows in causes["commands"].items():
        yield from ((f"causes.yaml, {command}", word) for word in of_rows(rows))
    for row in causes["before_the_pull"] + causes["after_a_failed_pull"]:
        yield from ((f"causes.yaml, {row['check']}", word) for word in of_cause(row))
    for kind, row in signs["kinds"].items():
        yield from ((f"signs.yaml, {kind}", word) for word in of_cause(row))
    for name, row in signs["registries"].items():
        yield from ((f"signs.yaml, {name}", word) for word in placeholders(row.get("how", "")))


@cache
def given() -> set[str]:
    """Each word that code or a table gives."""
    words = {*facts._WORDS, *vars(Facts), *(field.name for field in fields(Facts))}
    words |= {*Attempt._fields, *Asked._fields, *Reply._fields}
    words |= {kind.lower() for kind in (*ROLLED_OUT, "Job")}
    signs = table("signs")
    words |= {*signs["runtimes"], *signs["nodes"]}
    for row in signs["signs"]:
        words |= {name.rstrip("234") for name in re.compile(row["sign"]).groupindex}
    for row in signs["registries"].values():
        words |= {*row, *re.compile(row.get("hosts", "")).groupindex}
    for path in Path(flow.__file__).parent.glob("*.py"):
        words |= set(_in_code(path))
    return words | ARGUMENTS


def _in_code(path: Path) -> Iterator[str]:
    """The keys of the dictionaries that a file makes; in masks.py, the flaws that it yields."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        texts: list[ast.expr | None] = []
        if isinstance(node, ast.Dict):
            texts = [*node.keys]
        elif isinstance(node, ast.Yield) and path.name == "masks.py":
            texts = [node.value]
        for text in texts:
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield text.value


def unknown(**changed: Any) -> list[tuple[str, str]]:
    tables = {name: table(name) for name in ("hops", "causes", "signs")} | changed
    return [(where, word) for where, word in asked_for(**tables) if word not in given()]


def test_somebody_gives_every_word_that_the_tables_ask_for() -> None:
    assert unknown() == []


def test_a_misspelled_word_is_refused_wherever_it_stands() -> None:
    hops, causes, signs = (deepcopy(table(name)) for name in ("hops", "causes", "signs"))
    hops["outcome"]["recoverz"] = ""
    hops["hops"]["kubelet"]["keys"] = ["passed", "asked with {keyz}"]
    causes["commands"]["recreate"]["ownerz"] = ""
    causes["before_the_pull"][0]["needs"] = ["imagez"]
    signs["kinds"]["not_found"]["or"] = [{"problem": "", "fix": [["set_image", "{validz}"]]}]
    refused = {word for _, word in unknown(hops=hops, causes=causes, signs=signs)}
    assert refused == {"recoverz", "keyz", "ownerz", "imagez", "validz"}
