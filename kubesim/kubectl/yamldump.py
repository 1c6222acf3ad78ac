"""YAML as kubectl writes it.

Mirrors encode.go and sorter.go of goyaml.v2 (sigs.k8s.io/yaml v1.6), whose emitter is a port of the libyaml that PyYAML
uses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cmp_to_key, lru_cache
from itertools import chain
from typing import Any, NamedTuple

import yaml

from kubesim.gotext import gojson
from kubesim.kubectl.scalars import plain

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
    if all(map(str.isalpha, mapping)):
        return sorted(mapping)
    return sorted(mapping, key=cmp_to_key(_compare))


def _compare(one: str, other: str) -> int:
    """Which of two different keys comes first: `one` where the number is below 0. Mirrors keyList.Less of sorter.go."""
    if one.startswith(other) or other.startswith(one):
        return len(one) - len(other)
    place = next(place for place, pair in enumerate(zip(one, other, strict=False)) if len({*pair}) > 1)
    # A zero within a number isn't one before it.
    head = "1" if "0" in (one[place], other[place]) and re.search("[1-9][0-9]*$", one[:place]) else ""
    return -1 if _rank(head, one[place:]) < _rank(head, other[place:]) else 1


class _Rank(NamedTuple):
    """Where a text stands among others with another first character."""

    is_letter: bool
    size: int  # of the number that it begins with, so that 9 comes before 10
    number: str
    digits: int  # with the zeros before the number, so that 1 comes before 01
    text: str


def _rank(head: str, text: str) -> _Rank:
    rest = text.lstrip("0123456789")
    digits = head + text.removesuffix(rest)
    number = digits.lstrip("0")
    return _Rank(text[0].isalpha(), len(number), number, len(digits), text)
