"""The anatomy of an error: which program wrote which part of a message. Each wraps what the one inside it returned."""

from __future__ import annotations

import re
from typing import NamedTuple


class Layer(NamedTuple):
    """A part of a message, and who wrote it."""

    who: str
    words: str


_QUOTED = r'"(?:[^"\\]|\\.)*"'
# Tried from above at the beginning of what is left of the message, each once.
_WRITERS = (
    ("kubelet", rf"Failed to pull image {_QUOTED}: "),
    ("container runtime interface", r"rpc error: code = \w+ desc = "),
    ("containerd, pulling", rf"failed to pull and unpack image {_QUOTED}: "),
    ("containerd, pulling", r"get image config descriptor: "),
    ("containerd, looking the image up", rf"failed to resolve (?:image|reference {_QUOTED}): "),
    ("containerd, downloading", r"failed to copy: (?:httpReadSeeker: failed open: )?"),
    ("the registry's refusal", r"pull access denied, repository does not exist or may require authorization: "),
    ("containerd, logging in", r"(?:failed to authorize|authorization failed): "),
    ("containerd, asking for a token", r"failed to fetch (?:anonymous|oauth) token: "),
    ("the HTTP request", rf"failed to do request: \w+ {_QUOTED}: "),
    ("the HTTP request", r"unexpected status from \w+ request to \S+: "),
    ("the network", r"(?:dial|read|write) \w+(?: \S+)?: (?:lookup \S+(?: on \S+)?: |connect: )?"),
    ("TLS", r"tls: failed to verify certificate: (?:x509: )?"),
)
_PATTERNS = [(who, re.compile(pattern)) for who, pattern in _WRITERS]
REASON = "the reason"


def anatomy(message: str) -> tuple[Layer, ...]:
    """The layers of a message from the outermost to the reason; one alone where nobody wrapped it."""
    layers: list[Layer] = []
    place = 0
    while found := _layer_at(message, place):
        layers.append(found)
        place += len(found.words)
    return (*layers, Layer(REASON, message[place:]))


def _layer_at(message: str, place: int) -> Layer | None:
    """The layer that begins at a place of a message; None at the reason."""
    for who, pattern in _PATTERNS:
        if (found := pattern.match(message, place)) and found.end() < len(message):
            return Layer(who, found[0])
    return None
