"""The YAML of `kubectl get -o yaml`: order of keys, quotes and block scalars.

PyYAML's emitter writes the text from events that are built here. Mirrors encode.go and sorter.go of goyaml.v2
(sigs.k8s.io/yaml v1.6), whose emitter is a port of libyaml, which PyYAML uses.
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
from kubesim.kubectl.scalars import plain_value

_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_MAP_START = yaml.MappingStartEvent(None, None, True, flow_style=False)
_MAP_END = yaml.MappingEndEvent()
_LIST_START = yaml.SequenceStartEvent(None, None, True, flow_style=False)
_LIST_END = yaml.SequenceEndEvent()
# Numbers in base 60 and times. Other readers of YAML 1.1 convert them, and so goyaml quotes them.
_AMBIGUOUS = re.compile(
    r"[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?"
    r"|\d{4}-\d\d?-\d\d?(?:[Tt]\d\d?:\d\d?:\d\d?(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)| \d\d?:\d\d?:\d\d?(?:\.\d+)?)?"
)


def dump(value: Any) -> str:
    """A value of JSON's types as a YAML document with its line end.

    The events are built by hand, because PyYAML's representers take four times as long.
    """
    start = (yaml.StreamStartEvent(), yaml.DocumentStartEvent(explicit=False))
    end = (yaml.DocumentEndEvent(explicit=False), yaml.StreamEndEvent())
    text: str = yaml.emit(chain(start, _events(value), end), Dumper=_DUMPER, allow_unicode=True)
    return text.removesuffix("...\n")  # PyYAML ends a document that is a plain scalar with this line


def _events(value: Any) -> Iterator[yaml.Event]:
    """The emitter's events for a value, in goyaml's styles: blocks, sorted keys."""
    if isinstance(value, dict):
        yield _MAP_START
        for key in sorted_keys(value):
            yield _string_event(key)
            yield from _events(value[key])
        yield _MAP_END
    elif isinstance(value, list):
        yield _LIST_START
        for item in value:
            yield from _events(item)
        yield _LIST_END
    elif isinstance(value, str):
        yield _string_event(value)
    else:
        yield yaml.ScalarEvent(None, None, (True, True), json.dumps(gojson.whole(value)))


@lru_cache(maxsize=4096)  # keys and common values repeat in every object
def _string_event(text: str) -> yaml.Event:
    """The event for a string: a block for several lines, quoted if it needs quotes."""
    style = None
    if "\n" in text:
        style = "|"
    elif needs_quotes(text):
        style = '"'
    return yaml.ScalarEvent(None, None, (True, True), gojson.without_surrogates(text), style=style)


def needs_quotes(text: str) -> bool:
    """True if YAML without quotes would read the text as something other than a string."""
    return not isinstance(plain_value(text), str) or bool(_AMBIGUOUS.fullmatch(text))


def sorted_keys(mapping: dict[str, Any]) -> list[str]:
    """The keys in goyaml's order: numbers within keys by their value, letters after other characters."""
    if all(map(str.isalpha, mapping)):  # the common case, in which both orders are the same
        return sorted(mapping)
    return sorted(mapping, key=cmp_to_key(_compare))


def _compare(one: str, other: str) -> int:
    """Compare two different keys: negative if `one` comes first. Mirrors keyList.Less of sorter.go."""
    if one.startswith(other) or other.startswith(one):
        return len(one) - len(other)
    place = next(place for place, pair in enumerate(zip(one, other, strict=False)) if len({*pair}) > 1)
    # If the keys differ at a zero inside a number (10, 12), that zero isn't a leading one: keep a digit before it.
    head = "1" if "0" in (one[place], other[place]) and re.search("[1-9][0-9]*$", one[:place]) else ""
    return -1 if _rank(head, one[place:]) < _rank(head, other[place:]) else 1


class _Rank(NamedTuple):
    """The sort key of the rest of a key, from the first character in which two keys differ."""

    is_letter: bool
    size: int  # digits of the number at the beginning, without leading zeros, so that 9 comes before 10
    number: str
    digits: int  # digits with leading zeros, so that 1 comes before 01
    text: str


def _rank(head: str, text: str) -> _Rank:
    """The rank of `text`, the rest of a key; `head` is a digit before it, or ""."""
    rest = text.lstrip("0123456789")
    digits = head + text.removesuffix(rest)
    number = digits.lstrip("0")
    return _Rank(text[0].isalpha(), len(number), number, len(digits), text)
