"""What a registry, or the way to it, answered: the kinds of refusal, told from the container runtime's words.

The words are those of containerd; where another runtime or registry has its own, they stand beside them.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple


class Kind(Enum):
    """A kind of refusal, with what it means."""

    NOT_FOUND = "It let the kubelet in, but has nothing of that name and tag."
    NO_HOST = "There is no host of that name, as seen from the node."
    CLOSED = "Nobody listens at that address and port."
    TIMEOUT = "No answer came in time: is there a firewall or a proxy between the node and the registry?"
    PLAIN_HTTP = "The registry speaks HTTP, and the node asks by HTTPS."
    CERTIFICATE = "The node does not trust the certificate of the registry."
    LIMIT = "Too many pulls from this address or account: wait, or pull with an account that may do more."
    PLATFORM = "The image is there, but not for the kind of machine that the node is."
    ANONYMOUS = "It wants a user and a password, and got none."
    UNAUTHORIZED = "It does not know this user with this password."
    UNTOLD = "It does not say whether the image is not there or this user may not have it."
    FORBIDDEN = "This user may not have the image. (Some registries say so of a wrong password, too.)"
    OTHER = ""


WHO = (Kind.ANONYMOUS, Kind.UNAUTHORIZED, Kind.UNTOLD, Kind.FORBIDDEN, Kind.OTHER)
"""Refusals that another user and password could change."""


class Reply(NamedTuple):
    """The kind of an answer, and the part of it that says so."""

    kind: Kind
    words: str


# Asked from above; what stands in an address is left out before.
_SIGNS = (
    (Kind.NOT_FOUND, r"not found$|manifest unknown|name unknown|404 Not Found"),
    (Kind.NO_HOST, r"no such host|server misbehaving"),
    (Kind.CLOSED, r"connection refused"),
    (
        Kind.TIMEOUT,
        r"i/o timeout|TLS handshake timeout|deadline exceeded|Client\.Timeout|no route to host|network is unreachable",
    ),
    (Kind.PLAIN_HTTP, r"server gave HTTP response to HTTPS client"),
    (Kind.CERTIFICATE, r"x509: |tls: "),
    (Kind.LIMIT, r"429 Too Many Requests|toomanyrequests"),
    (Kind.PLATFORM, r"no match for platform"),
    (Kind.ANONYMOUS, r"no basic auth credentials|fetch anonymous token"),
    (Kind.UNAUTHORIZED, r"401 Unauthorized|unauthorized: |incorrect username or password"),
    (Kind.UNTOLD, r"insufficient_scope"),
    (Kind.UNTOLD, r"pull access denied"),
    (Kind.FORBIDDEN, r"403 Forbidden|denied: "),
)
_LONGEST = 90


def reply(answer: str, with_credentials: bool) -> Reply:
    """What kind of refusal `answer` is. A registry may tell those who bring no credentials the same as the others."""
    bare = re.sub(r'"?https?://[^\s"]+"?:?', "", answer).rstrip("]")
    for kind, sign in _SIGNS:
        if found := re.search(sign, bare, re.IGNORECASE):
            anonymous = kind is Kind.UNAUTHORIZED and not with_credentials
            return Reply(Kind.ANONYMOUS if anonymous else kind, bare[found.start() :][:_LONGEST])
    return Reply(Kind.OTHER, bare[-_LONGEST:])
