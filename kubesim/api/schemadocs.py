"""The documentation of the API's types, from the docstrings of the package lightkube-models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from kubesim.api.schema import ENUMS, GAPS, Type, fields, source

_PARAMETER = re.compile(r"^ {6}\* \*\*(\w+)\*\* ``[^`]*`` ?-? ?", re.M)
_ITEM = re.compile(r"(?:[-*]|\w{1,2}[.)]) ")
_WIDTH = 78  # the width of the package's docstrings


class Description(NamedTuple):
    """The descriptions of a struct and of its fields, each paragraph on one line."""

    text: str
    fields: Mapping[str, str]


@cache
def describe(struct: Type) -> Description:
    """The descriptions of `struct` and its fields, with the meanings of enum values."""
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


class _Line(NamedTuple):
    """A line of a docstring."""

    indent: str  # beyond the margin
    words: str

    def continues(self, previous: _Line) -> bool:
        """True if the line continues the paragraph: its first word had no room on the line before."""
        first, *_ = self.words.split()
        return not self.indent and len(previous.indent + previous.words) + 1 + len(first) > _WIDTH


def _unwrap(text: str, margin: int) -> str:
    """Undo the package's line wrapping.

    A real line break is where the next word would have fit, or before an indented line. In a list it ends a line,
    elsewhere a paragraph.
    """
    unwrapped = ""
    previous = _Line("", "")
    is_in_list = False
    for line_of_text in text.splitlines():
        words = line_of_text.strip()
        line = _Line(line_of_text[margin : line_of_text.find(words)], words)
        if words and line.continues(previous):
            unwrapped += f" {words}"
        elif words:
            gap = "\n" if previous.words and (is_in_list or line.indent) else "\n\n"
            unwrapped += gap + line.indent + words
            is_in_list = bool(line.indent or _ITEM.match(words))
        previous = line
    return unwrapped.lstrip()
