"""Commands with names in their {slots}: no part of a name is run by the shell, read as an option, or changed.

The quoting depends on the place of the slot in the command:

* bare, as in `kubectl delete pod {pod}`: single quotes around the name, unless every character is harmless
* inside single quotes (the script of a sed, JSON, a plain word): the special characters of that language are escaped
* inside double quotes, mostly in a file: the name as it is, if it has none of a shell's special characters
* in a comment behind a #: the name as it is

A name with characters that aren't possible there, or with a masked part, becomes a placeholder: '<pod>'.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from string import Formatter
from typing import Any, NamedTuple

from kubesim.why.hide.redact import MASK

_SLOT = re.compile(r"\{(\w+)\}")
_MASKED = re.compile(rf"\b{MASK}\b")
# A quoted placeholder, which stands for a name in the facts, too.
_PLACEHOLDER = re.compile(r"'(<[^'\n]*>)'")
# Slots for the arguments of a command, whose letters would be no help in a placeholder.
_ARGUMENTS = "abc"
_PLAIN_IN_DOUBLE_QUOTES = re.compile(r"[^\"$`\\\n]*")
_SPECIAL_IN_SED = re.compile(r"([/.*\[\]^$&\\])")


class Command(str):
    """A text for a shell, in which names are quoted already."""

    __slots__ = ()


class _Place(NamedTuple):
    """The place of a slot in a command."""

    # The open quote; "#" in a comment, and "" outside of quotes and comments.
    quote: str
    # The command up to the last quote or #, open or not.
    before: str
    # The command from there to the slot.
    after: str


def fill(template: str, words: Mapping[str, Any]) -> Command:
    """A command with the words in place of its {slots}. Words are quoted, except for those that are a Command."""
    filled = ""
    outline = ""  # the same with a letter for each word, so that quotes in a word don't count
    for literal, slot, _, _ in Formatter().parse(template):
        filled += literal
        outline += literal
        if slot is not None:
            word, _ = Formatter().get_field(slot, (), words)
            filled += word if isinstance(word, Command) else _quoted(str(word), slot, _place(outline))
            outline += "x"
    return Command(filled)


def argument(template: str, words: Mapping[str, Any]) -> str:
    """An argument for a slot of another command, which `fill` quotes there; a lone Command stays one."""
    slot = _SLOT.fullmatch(template)
    if slot and isinstance(words[slot[1]], Command):
        return words[slot[1]]  # type: ignore[no-any-return]
    return template.format_map({name: _unquoted(str(words[name]), name) for name in _SLOT.findall(template)})


def quote(name: str, slot: str) -> Command:
    """A name as one word of a command. One that begins like an option becomes a placeholder."""
    text = _unquoted(name, slot)
    return Command(shlex.quote(_placeholder(slot) if text.startswith("-") else text) if text else "")


def _unquoted(name: str, slot: str) -> str:
    """A name, or a placeholder for a masked one, without the quotes that a placeholder has in the facts."""
    if _MASKED.search(name):
        return _placeholder(slot)
    quoted = _PLACEHOLDER.fullmatch(name)
    return quoted[1] if quoted else name


def _placeholder(slot: str) -> str:
    return f"<{'name' if slot in _ARGUMENTS else slot}>"


def _quoted(name: str, slot: str, place: _Place) -> str:
    """A name quoted for its place in a command."""
    text = _unquoted(name, slot)
    if place.quote == "#":
        return text
    if place.quote == '"' and "$(" not in place.after:  # inside "$(…)" a name is bare again
        return text if _PLAIN_IN_DOUBLE_QUOTES.fullmatch(text) else _placeholder(slot)
    if place.quote == "'":
        if place.before.endswith("sed "):
            text = _SPECIAL_IN_SED.sub(r"\\\1", text)
        elif place.after.startswith("{"):
            text = json.dumps(text, ensure_ascii=False)[1:-1]
        return text.replace("'", "'\\''")
    is_in_word = place.after[-1:].strip() != ""  # behind other characters, a hyphen begins no option
    return shlex.quote(text) if text and is_in_word else quote(text, slot)


def _place(command: str) -> _Place:
    """The place at the end of a command."""
    quote = ""
    start = -1
    for at, char in enumerate(command):
        if quote:
            is_end = char == ("\n" if quote == "#" else quote)
            quote = "" if is_end else quote
        elif char in "'\"" or (char == "#" and not command[:at][-1:].strip()):
            quote = char
            start = at
    return _Place(quote, command[: max(start, 0)], command[start + 1 :])
