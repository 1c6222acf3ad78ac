"""What is odd about a Secret and its entries, as far as it may be told. It is noted before passwords are taken out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from kubesim.gotext import gobase64
from kubesim.pull.keyring import Credential


class Flaw(StrEnum):
    """A word for the rows of causes.yaml and for credentials.py."""

    TWICE = "twice"  # encoded in base64 twice
    HELPER = "helper"  # without passwords, for a program has them
    NEWLINE = "newline"
    VARIABLE = "variable"
    QUOTES = "quotes"
    ENCODED = "encoded"  # the password is the field "auth"
    MASKED = "masked"  # someone took the values out before the Secret was pasted: they aren't known


class Oddities(NamedTuple):
    """What is known of a Secret's entries, by address; "" is the address of the whole."""

    flaws: dict[str, list[Flaw]]
    expires: dict[str, int]
    """In seconds of the epoch; 0 if that isn't known."""


_MASK = re.compile(
    r"[<\[(]?(?:redacted|masked|hidden|removed|censored|omitted|sanitized)[>\])]?|\*{3,}|x{3,}|-{3,}|\.{3,}|\u2026+|",
    re.IGNORECASE,
)
"""What stands for a value that someone took out."""
_NO_BASE64 = re.compile(r"[^\w+/=\s-]")


def is_masked(value: object) -> bool:
    """Whether a value in base64, or in plain, was taken out, or a part of it."""
    if not isinstance(value, str) or _NO_BASE64.search(value) or _MASK.fullmatch(value.strip()):
        return True
    return bool(_MASK.fullmatch(gobase64.text_of(value).strip()))


def is_masked_entry(entry: object) -> bool:
    """Whether the credentials of an entry of a Docker config were taken out: an API server keeps none without any."""
    if not isinstance(entry, dict):
        return False
    fields = {str(key).lower(): value for key, value in entry.items()}
    if "auth" in fields:
        return isinstance(fields["auth"], str) and bool(_MASK.fullmatch(fields["auth"].strip()))
    password = fields.get("password")
    return password is None or (isinstance(password, str) and bool(password and _MASK.fullmatch(password.strip())))


def flaws_of(credential: Credential) -> Iterator[Flaw]:
    """What is odd about a user and a password."""
    for word in (credential.username, credential.password):
        if word != word.strip():
            yield Flaw.NEWLINE
        elif re.fullmatch(r"\$\{?\w+\}?|\$\(.*\)|\{\{.*\}\}|<.+>", word):
            yield Flaw.VARIABLE
        elif re.fullmatch(r"'.*'|\".*\"", word):
            yield Flaw.QUOTES
    if gobase64.text_of(credential.password).startswith(f"{credential.username}:"):
        yield Flaw.ENCODED
