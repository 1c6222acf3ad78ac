"""Fills the commands of the tables with names: no part of a name is run, read as an option, or changed.

What a shell does with a name depends on where in the command it stands:

* bare, as in `kubectl delete pod {pod}`: it goes into single quotes, unless every character is harmless
* in single quotes: the script of a sed, JSON, or a plain word, each with its own special characters
* in double quotes, mostly in a file: it stays, if it has none of a shell's special characters
* behind a #: it stays

A name that can't stand there, or of which a part was masked, is left to the reader: '<pod>'.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from string import Formatter
from typing import Any

from kubesim.why.hide.redact import MASK

_SLOT = re.compile(r"\{(\w+)\}")
_MASKED = re.compile(rf"\b{MASK}\b")
_OPEN = re.compile(r"'(<[^'\n]*>)'")
"""A name that is left to the reader, in quotes."""
_ARGUMENTS = "abc"
"""Slots for the arguments of a row of `commands`."""
_PLAIN_IN_DOUBLE_QUOTES = re.compile(r"[^\"$`\\\n]*")
_SPECIAL_IN_SED = re.compile(r"([/.*\[\]^$&\\])")


class Command(str):
    """A text for a shell, in which names are quoted already."""

    __slots__ = ()


def fill(template: str, words: Mapping[str, Any]) -> Command:
    """A command with the words in place of its {slots}; a word that is a Command is put in as it is."""
    filled = ""
    written = ""  # the same with a letter for each word, which changes no quoting
    for literal, slot, _, _ in Formatter().parse(template):
        filled += literal
        written += literal
        if slot is not None:
            word, _ = Formatter().get_field(slot, (), words)
            filled += word if isinstance(word, Command) else _quoted(str(word), slot, written)
            written += "x"
    return Command(filled)


def argument(template: str, words: Mapping[str, Any]) -> str:
    """An argument of a command, which is quoted where the command is filled."""
    slot = _SLOT.fullmatch(template)
    if slot and isinstance(words[slot[1]], Command):
        return words[slot[1]]  # type: ignore[no-any-return]
    return template.format_map({name: _told(str(words[name]), name) for name in _SLOT.findall(template)})


def quote(name: str, slot: str) -> Command:
    """A name as one word of a command."""
    text = _told(name, slot)
    return Command(shlex.quote(_left_out(slot) if text.startswith("-") else text) if text else "")


def _told(name: str, slot: str) -> str:
    """A name without quotes; what the reader fills in where a part of it is masked."""
    if _MASKED.search(name):
        return _left_out(slot)
    opened = _OPEN.fullmatch(name)
    return opened[1] if opened else name


def _left_out(slot: str) -> str:
    return f"<{'name' if slot in _ARGUMENTS else slot}>"


def _quoted(name: str, slot: str, written: str) -> str:
    """A name as it may stand behind what is written of a command."""
    quotes, start = _place(written)
    text = _told(name, slot)
    inside = written[start + 1 :]
    if quotes == "#":
        return text
    if quotes == '"' and "$(" not in inside:
        return text if _PLAIN_IN_DOUBLE_QUOTES.fullmatch(text) else _left_out(slot)
    if quotes == "'":
        if written[:start].endswith("sed "):
            text = _SPECIAL_IN_SED.sub(r"\\\1", text)
        elif inside.startswith("{"):
            text = json.dumps(text, ensure_ascii=False)[1:-1]
        return text.replace("'", "'\\''")
    is_in_word = written[-1:].strip() != ""
    return shlex.quote(text) if text and is_in_word else quote(text, slot)


def _place(written: str) -> tuple[str, int]:
    """In what a command goes on (quotes, a comment that begins with #, or ""), and where that begins."""
    quotes = ""
    start = 0
    for at, char in enumerate(written):
        if quotes:
            is_end = char == ("\n" if quotes == "#" else quotes)
            quotes = "" if is_end else quotes
        elif char in "'\"" or (char == "#" and not written[:at][-1:].strip()):
            quotes = char
            start = at
    return quotes, start
