"""The screen of a terminal: what it shows, which of that the page has, and the colours of its words."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

from kubesim.api import load_yaml
from kubesim.jupyter.card import Message

LARGEST_TRANSCRIPT = 200_000
"""Characters; older entries go when there are more."""
_TABLES = load_yaml(Path(__file__).with_suffix(".yaml"))
_WORDS = {word: code for code, words in _TABLES["words"].items() for word in words}
_OPENINGS = {word: code for code, words in _TABLES["openings"].items() for word in words}
_CODES = _OPENINGS | _WORDS
_SIGNS = {32: "✓", 33: "…", 31: "✗"}
_MARKED = re.compile(
    rf"^(?:{'|'.join(map(re.escape, _OPENINGS))})|(?:^|(?<=  )|(?<=:)|(?<=: ))(?:{'|'.join(_WORDS)})(?=  |[ ]?$)",
    re.MULTILINE,
)
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


class Entry(NamedTuple):
    kind: str
    """A "command", the "output" of one (with colours), or a "note"."""
    text: str


class Screen:
    """What the screen shows, and which of it the page was sent.

    Entries have numbers, from 0 for the first that was ever written. So what is dropped and what is sent don't have to
    know of each other.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._first = 0  # the number of the first of them
        self._sent = range(0)  # the numbers of those that the page has
        self._size = 0  # characters of their texts

    def write(self, kind: str, text: str) -> None:
        """Add an entry; the oldest go where there is too much."""
        self.entries.append(Entry(kind, text))
        self._size += len(text)
        while len(self.entries) > 1 and self._size > LARGEST_TRANSCRIPT:
            self._drop_first()

    def clear(self) -> None:
        while self.entries:
            self._drop_first()

    def _drop_first(self) -> None:
        self._size -= len(self.entries.pop(0).text)
        self._first += 1

    def whole(self) -> Message:
        """All entries, for a page that has none."""
        self._sent = range(0)
        return {"entries": self.news()["entries"]}

    def news(self) -> Message:
        """What is new since this was asked last: how many entries have `gone` from the beginning, and new `entries`."""
        gone = min(self._first, self._sent.stop) - self._sent.start
        unsent = max(0, self._sent.stop - self._first)
        self._sent = range(self._first, self._first + len(self.entries))
        return {"gone": gone, "entries": self.entries[unsent:]}


def colour(text: str) -> str:
    """`text` with colour escapes around its statuses and refusals; text that has its own escapes is left as it is."""
    if "\x1b" in text:
        return text
    return _MARKED.sub(lambda match: f"\x1b[{_CODES[match[0]]}m{match[0]}\x1b[0m", text)


def colors() -> str:
    """The same for the page, as a line of JavaScript: what is colored, and the code of each word."""
    return f"const COLORS = {json.dumps({'pattern': _MARKED.pattern, 'codes': _CODES})};\n"


def sign(status: str) -> str:
    """✓, … or ✗ for a status that is good, waiting or bad, as its colour says too."""
    return _SIGNS.get(_WORDS.get(status.removeprefix("Init:"), 0), "")


def strip(text: str) -> str:
    """`text` without colours."""
    return _ESCAPE.sub("", text)
