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


class Oddities(NamedTuple):
    """What is known of a Secret's entries, by address; "" is the address of the whole."""

    flaws: dict[str, list[Flaw]]
    expires: dict[str, int]
    """In seconds of the epoch; 0 if that isn't known."""


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
