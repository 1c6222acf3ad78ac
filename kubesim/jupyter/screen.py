"""The terminal's screen: its entries, the delivery of new ones to the page, and the colours of statuses and errors.

screen.yaml has the coloured words. Python colours output, and the page colours what it draws itself by the same table.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

from kubesim.api import load_yaml
from kubesim.jupyter.card import Message

# Characters of all entries together; the oldest entries beyond are dropped.
LARGEST_TRANSCRIPT = 200_000
_TABLES = load_yaml(Path(__file__).with_suffix(".yaml"))
# Codes of SGR colours by word, and by the beginning of a line.
_WORDS = {word: code for code, words in _TABLES["words"].items() for word in words}
_OPENINGS = {word: code for code, words in _TABLES["openings"].items() for word in words}
_CODES = _OPENINGS | _WORDS
_SIGNS = {32: "✓", 33: "…", 31: "✗"}  # by green, yellow and red
# A coloured beginning of a line, or a coloured word that is a whole cell of a table or follows a colon.
_MARKED = re.compile(
    rf"^(?:{'|'.join(map(re.escape, _OPENINGS))})|(?:^|(?<=  )|(?<=:)|(?<=: ))(?:{'|'.join(_WORDS)})(?=  |[ ]?$)",
    re.MULTILINE,
)
# An ANSI escape sequence (CSI).
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


class Entry(NamedTuple):
    # "command"; "output", with colour escapes; or "note", a line of kubesim's own.
    kind: str
    text: str


class Screen:
    """The entries on the screen, and a record of those that the page has.

    Entries have consecutive numbers, from 0 for the first one ever written. Dropping and sending each keep a range of
    numbers, so neither needs to update the other.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._first = 0  # the number of entries[0]
        self._sent = range(0)  # the numbers of the entries that the page has
        self._size = 0  # characters in the texts of `entries`

    def write(self, kind: str, text: str) -> None:
        """Add an entry, and drop the oldest ones beyond LARGEST_TRANSCRIPT; the new one stays in any case."""
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

    def take_all(self) -> Message:
        """All entries, for a page that has none yet. They count as sent."""
        self._sent = range(0)
        return {"entries": self.take_news()["entries"]}

    def take_news(self) -> Message:
        """The changes since the last call: `gone`, the number of entries to remove at the top, and new `entries`.

        They count as sent, so each result must reach the page.
        """
        gone = min(self._first, self._sent.stop) - self._sent.start
        unsent = max(0, self._sent.stop - self._first)
        self._sent = range(self._first, self._first + len(self.entries))
        return {"gone": gone, "entries": self.entries[unsent:]}


def colour_statuses(text: str) -> str:
    """`text` with colour escapes around statuses and errors. Text with escapes of its own is returned unchanged."""
    if "\x1b" in text:
        return text
    return _MARKED.sub(lambda match: f"\x1b[{_CODES[match[0]]}m{match[0]}\x1b[0m", text)


def colour_constants() -> str:
    """The colour table as a line of JavaScript: the constant COLORS with the pattern and the code of each word."""
    return f"const COLORS = {json.dumps({'pattern': _MARKED.pattern, 'codes': _CODES})};\n"


def status_sign(status: str) -> str:
    """✓, … or ✗ for a Pod's STATUS that is coloured green, yellow or red; "" for one without a colour."""
    return _SIGNS.get(_WORDS.get(status.removeprefix("Init:"), 0), "")


def strip_escapes(text: str) -> str:
    """`text` without escape sequences."""
    return _ESCAPE.sub("", text)
