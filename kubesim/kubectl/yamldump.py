"""YAML as kubectl writes it.

Mirrors encode.go and sorter.go of goyaml.v2 (sigs.k8s.io/yaml v1.6), whose emitter is a port of the libyaml that PyYAML
uses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

import yaml

from kubesim.gotext import gojson
from kubesim.kubectl.documents import plain

_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_MAP_START = yaml.MappingStartEvent(None, None, True, flow_style=False)
_MAP_END = yaml.MappingEndEvent()
_LIST_START = yaml.SequenceStartEvent(None, None, True, flow_style=False)
_LIST_END = yaml.SequenceEndEvent()


def dump(value: Any) -> str:
    """Plain values as a YAML document with its line end.

    PyYAML's own way from values to events takes four times as long.
    """
    start = (yaml.StreamStartEvent(), yaml.DocumentStartEvent(explicit=False))
    end = (yaml.DocumentEndEvent(explicit=False), yaml.StreamEndEvent())
    text: str = yaml.emit(chain(start, _events(value), end), Dumper=_DUMPER, allow_unicode=True)
    return text.removesuffix("...\n")


def _events(value: Any) -> Iterator[yaml.Event]:
    """The events of a value, in the styles that goyaml asks its emitter for."""
    if isinstance(value, dict):
        yield _MAP_START
        for key in sorted_keys(value):
            yield _text(key)
            yield from _events(value[key])
        yield _MAP_END
    elif isinstance(value, list):
        yield _LIST_START
        for item in value:
            yield from _events(item)
        yield _LIST_END
    elif isinstance(value, str):
        yield _text(value)
    else:
        yield yaml.ScalarEvent(None, None, (True, True), json.dumps(gojson.whole(value)))


@lru_cache(maxsize=4096)
def _text(text: str) -> yaml.Event:
    style = None
    if "\n" in text:
        style = "|"
    elif resolves(text):
        style = '"'
    return yaml.ScalarEvent(None, None, (True, True), gojson.valid(text), style=style)


# Numbers in base 60 and times, which YAML 1.1 has and goyaml only writes around.
_AMBIGUOUS = re.compile(
    r"[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?"
    r"|\d{4}-\d\d?-\d\d?(?:[Tt]\d\d?:\d\d?:\d\d?(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)| \d\d?:\d\d?:\d\d?(?:\.\d+)?)?"
)


def resolves(text: str) -> bool:
    """Would a reader take the plain text for something else than a string?"""
    return not isinstance(plain(text), str) or bool(_AMBIGUOUS.fullmatch(text))


def sorted_keys(mapping: dict[str, Any]) -> list[str]:
    """The keys in the order in which goyaml writes them: numbers by their value, letters after other characters."""
    return sorted(mapping) if all(map(str.isalpha, mapping)) else sorted(mapping, key=_natural)


class _Rank(NamedTuple):
    """Where a letter, another character or a number stands among others at the same place of a key."""

    group: int
    digits: int = 0  # of a number, so that 9 comes before 10
    text: str = ""
    length: int = 0  # of a number with the zeros before it, so that 1 comes before 01


_AFTER_NUMBER, _OTHER, _LETTER = range(3)  # a letter comes last, but first right behind a number


def _natural(key: str) -> list[_Rank]:
    ranks: list[_Rank] = []
    is_after_number = False
    for part in re.findall(r"[0-9]+|[^0-9]", key):
        if part.isalpha():
            ranks.append(_Rank(_AFTER_NUMBER if is_after_number else _LETTER, text=part))
        elif part.isdecimal():
            number = part.lstrip("0")
            ranks.append(_Rank(_OTHER, len(number), number, len(part)))
        else:
            ranks.append(_Rank(_OTHER, -1, part, len(part)))
        is_after_number = part.isdecimal()
    return ranks
