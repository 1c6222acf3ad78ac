"""Oddities of a Secret: facts about its passwords that an explanation needs and that reveal nothing.

masks.py records them before it removes the passwords.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from kubesim.gotext import gobase64
from kubesim.pull.keyring import Credential

WHOLE = ""
"""The key of a whole Secret's flaws."""
_MASK = re.compile(
    r"[<\[(]?(?:redacted|masked|hidden|removed|censored|omitted|sanitized)[>\])]?|\*{3,}|x{3,}|-{3,}|\.{3,}|\u2026+|",
    re.IGNORECASE,
)
"""Words and signs with which people replace a value before pasting; "" as well."""
_NO_BASE64 = re.compile(r"[^\w+/=\s-]")


class Flaw(StrEnum):
    """A flaw of a credential or of a whole Secret. Rows of causes.yaml and judge/credentials.py use the values."""

    TWICE = "twice"  # the Secret is encoded in base64 twice
    HELPER = "helper"  # the config names a credential helper, and has no passwords
    NEWLINE = "newline"  # whitespace at the beginning or end of user or password
    VARIABLE = "variable"  # an unexpanded variable or placeholder, such as $PASSWORD
    QUOTES = "quotes"  # quotes around user or password
    ENCODED = "encoded"  # the password is the value of "auth": base64 of user:password
    MASKED = "masked"  # the values were removed by hand before pasting, so nothing is known about them


class Oddities(NamedTuple):
    """Facts about a Secret's entries, by their address in the config. Masks fills the dicts."""

    flaws: dict[str, list[Flaw]]
    expires: dict[str, int]
    """The time at which a token expires, in seconds of the epoch; 0 if unknown."""


def is_masked(value: object) -> bool:
    """True if a value that should be base64 was removed by hand: it is none, or a mask, or encodes a mask."""
    if not isinstance(value, str) or _NO_BASE64.search(value) or _MASK.fullmatch(value.strip()):
        return True
    return bool(_MASK.fullmatch(gobase64.text_of(value).strip()))


def is_masked_entry(entry: object) -> bool:
    """True if the credentials of an entry of a Docker config were removed by hand, or are missing altogether."""
    if not isinstance(entry, dict):
        return False
    fields = {str(key).lower(): value for key, value in entry.items()}
    if "auth" in fields:
        return isinstance(fields["auth"], str) and bool(_MASK.fullmatch(fields["auth"].strip()))
    password = fields.get("password")
    return password is None or (isinstance(password, str) and bool(password and _MASK.fullmatch(password.strip())))


def flaws_of(credential: Credential) -> Iterator[Flaw]:
    """The flaws of a user and a password."""
    for word in (credential.username, credential.password):
        if word != word.strip():
            yield Flaw.NEWLINE
        elif re.fullmatch(r"\$\{?\w+\}?|\$\(.*\)|\{\{.*\}\}|<.+>", word):
            yield Flaw.VARIABLE
        elif re.fullmatch(r"'.*'|\".*\"", word):
            yield Flaw.QUOTES
    if gobase64.text_of(credential.password).startswith(f"{credential.username}:"):
        yield Flaw.ENCODED
