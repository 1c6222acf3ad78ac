"""The documentation of the API's types, as the package lightkube-models has it in the docstrings of its classes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from kubesim.api.schema import ENUMS, GAPS, Type, fields, source

_PARAMETER = re.compile(r"^ {6}\* \*\*(\w+)\*\* ``[^`]*`` ?-? ?", re.M)
_ITEM = re.compile(r"(?:[-*]|\w{1,2}[.)]) ")
_WIDTH = 78  # of the package's docstrings


class Description(NamedTuple):
    """The prose of a struct: its own and that of each field, each paragraph on one line."""

    text: str
    fields: Mapping[str, str]


@cache
def describe(struct: Type) -> Description:
    """The documentation of `struct` and its fields, with what the values of an enumeration mean."""
    head, *parameters = _PARAMETER.split(source(struct).split('"""')[1])
    names = parameters[::2]
    texts = {name: _unwrap(text, 8) for name, text in zip(names, parameters[1::2], strict=True)}
    for name, field in fields(struct).items():
        if gap := GAPS.get(f"{struct.name}.{name}"):
            words = r"\s+".join(map(re.escape, gap.split()))
            texts[name] = re.sub(words, gap, texts[name], count=1)
        if meanings := ENUMS.get(field.type.go):
            values = [f' - `"{value}"` {meaning}'.rstrip() for value, meaning in meanings.items()]
            texts[name] = "\n".join([f"{texts[name]}\n\nPossible enum values:", *values])
    return Description(_unwrap(head.split("**parameters**")[0], 6), texts)


def _unwrap(text: str, margin: int) -> str:
    """Undo the package's line breaks.

    A line ended where it had room for the next word, or where the next one is indented; in a list it ends a line,
    elsewhere a paragraph.
    """
    whole = ""
    last_width = 0  # of the line before, 0 for an empty one
    is_in_list = False
    for line in text.splitlines():
        words = line.strip()
        if not words:
            last_width = 0
            continue
        indent = line[margin : len(line) - len(line.lstrip())] if whole else ""
        has_room_before = last_width + 1 + len(words.split()[0]) <= _WIDTH
        if not indent and not has_room_before:
            gap = " "
        else:
            gap = "\n" if last_width and (is_in_list or indent) else "\n\n"
            is_in_list = bool(indent) or _ITEM.match(words) is not None
        if whole:
            whole += gap + indent
        whole += words
        last_width = len(indent) + len(words)
    return whole
