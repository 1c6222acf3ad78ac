"""Reads what a runtime, a registry or the kubelet said: the kind of trouble, and whose registry it is.

The sentences are rows of signs.yaml, most specific first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase
from typing import NamedTuple

from kubesim.pull.keyring import split_port
from kubesim.why.hide.quote import known
from kubesim.why.hide.redact import MOST
from kubesim.why.read import signs_table
from kubesim.why.read.names import image_of
from kubesim.why.read.signs_table import Kind, Registry, Sign
from kubesim.why.tables import NONE, Sentences

_LONGEST = 400
"""Characters of a sentence that is quoted."""
_WORD = 1000
"""Characters of a word of a message."""
_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)
_URL = re.compile(r"https?://[^\s\"'<>\\]*[^\s\"'<>\\:]")
_LOOKUP = re.compile(r"lookup [^\s:]+")
"""What Go says of a name that it asked a DNS server for."""
REQUEST = re.compile(
    r'(?:(?:request to|status code|Head|Get|Post)[: ]+\\?"?https?://|pulling from host |(?:dialing|connecting to) )'
    r'(?:[^/\s"\\@]*@)?(?P<host>[^/\s"\\]+)(?P<rest>[^\s"\\]*)',
    re.I,
)
"""A request that a message tells of: its host, and the rest of its URL."""
_CODES = re.compile(r"((unauthorized|denied|\w+ unknown): )+$", re.IGNORECASE)
"""Codes of the distribution API, which belong to the sentence after them."""
_MARKS = (": ", "desc = ")
"""What a sentence of an error begins after."""


class Reply(NamedTuple):
    """An answer: its kind, where the sign is in it, what that means and what it does not.

    `row` is the kind's in signs.yaml, and `words` are those of the sign's named groups, for placeholders.
    """

    kind: str
    answer: str
    match: re.Match[str] | None = None
    means: str = ""
    isnt: str = ""
    row: Kind = Kind("", credentials=True)
    words: Sentences = NONE
    grade: str = ""  # how sure the sign is, where that is less than its kind

    @property
    def sentence(self) -> str:
        """The decisive sentence, as far as its words may be repeated."""
        return _sentence(self.answer, self.match)

    @property
    def credentials(self) -> bool:
        """Whether different ones could help."""
        return self.row.credentials

    @property
    def transport(self) -> bool:
        """Whether no credentials would help."""
        return self.row.verdict is not None


@lru_cache(maxsize=16_384)
def read(answer: str, *, with_credentials: bool = True) -> Reply:
    """What `answer` amounts to; what is part of an address in it does not count.

    Without credentials, a refusal of unknown users says that some are needed.
    """
    text = " ".join(word[:_WORD] for word in answer[:MOST].split()).rstrip("]")
    without_urls = _URL.sub(lambda url: "\0" * len(url[0]), text)  # as long as before: a match is at the same place
    image = image_of(text)
    if "/" in image and "pause" not in image:  # a part of a name is no sign, but that of a sandbox
        without_urls = without_urls.replace(image, "\0" * len(image))
    matches = _matches(without_urls)
    sign, match = next(matches, (None, None))
    if sign is None or match is None:
        return Reply("other", text)
    kinds = signs_table.signs().kinds
    name = _kind(sign, text, with_credentials)
    kind = kinds[name]
    words = {group: without_urls[slice(*match.span(group))] for group, word in match.groupdict().items() if word}
    if kind.for_others:
        inner = (later.means or kinds[later.kind].means for later, _ in matches if not kinds[later.kind].for_others)
        words["inner"] = next(inner, "")
    means = kind.means
    if sign.means and name == sign.kind:
        means = sign.means
    isnt = sign.isnt
    if not isnt and kind.verdict:  # of kinds that credentials decide, each sign says it itself
        isnt = kind.isnt
    return Reply(name, text, match, means, isnt, kind, words, sign.grade)


def _matches(text: str) -> Iterator[tuple[Sign, re.Match[str]]]:
    """The signs in a text, most specific first, each with its place."""
    first = _first(re.sub("\0+", "\0", text))
    small = text.translate(_SMALL)  # Python looks for letters of either case four times as slowly
    for sign in signs_table.signs().signs[first:]:
        for expression in sign.sign:
            searched = text if expression.startswith("(?-i:") else small
            if match := re.search(expression, searched):
                yield sign, match
                break


@lru_cache(maxsize=4096)
def _first(text: str) -> int:
    """The number of the first sign in a text; many messages differ in their names alone, which aren't in it."""
    small = text.translate(_SMALL)
    signs = signs_table.signs().signs
    for number, sign in enumerate(signs):
        if any(re.search(each, text if each.startswith("(?-i:") else small) for each in sign.sign):
            return number
    return len(signs)


def _kind(sign: Sign, text: str, with_credentials: bool) -> str:
    """The name of the kind that a sign is of at this registry, for someone who sent credentials or none."""
    table = signs_table.signs()
    name = sign.kind
    if public := table.kinds[name].in_public:
        host = _public_host(text)
        is_given = any(registry_of(host).parts.values())  # a customer's of a cloud, which may not exist
        if host and not (name == "no_host" and is_given):
            name = public
    if with_credentials:
        return name
    registry = table.registries.get(sign.registry)
    knows_nodes = registry is not None and bool(registry.who)  # a cloud's, which asks its nodes for no credentials
    if name == "unauthorized" or (name == "permission" and not knows_nodes):
        return "anonymous"
    return name


def _public_host(text: str) -> str:
    """The host that was asked, says the message, if it is one that the internet knows; else ""."""
    last = ""
    for request in REQUEST.finditer(text):
        last = request["host"]
    return last if re.fullmatch(signs_table.signs().public, split_port(last)[0], re.IGNORECASE | re.VERBOSE) else ""


@lru_cache(maxsize=4096)
def _sentence(text: str, match: re.Match[str] | None) -> str:
    """The sentence of an error (what follows a colon) that has the match, up to the end, in whole words."""
    if match is None:
        return known(_cut(text), _names(text))
    at = match.start()
    starts = (text.rfind(mark, 0, at) + len(mark) for mark in _MARKS if mark in text[:at])
    start = max(starts, default=0)
    code = _CODES.search(text[:start])
    groups = " ".join(filter(None, match.groupdict().values()))
    return known(_cut(text[code.start() if code else start :]), f"{_names(text)} {groups}")


def _names(text: str) -> str:
    """The image and the addresses that a message names."""
    return " ".join([image_of(text), *_URL.findall(text), *_LOOKUP.findall(text)])


def _cut(sentence: str) -> str:
    """A sentence that is not too long, cut between words."""
    if len(sentence) <= _LONGEST:
        return sentence
    return f"{sentence[:_LONGEST].rpartition(' ')[0]} …"


@lru_cache(maxsize=4096)
def client_of(text: str) -> str:
    """The program on a person's machine (docker, helm, …) that a text shows at work; "" if it shows none."""
    for name, client in signs_table.signs().clients.items():
        if re.search(client.sign, text[:MOST]):
            return name
    return ""


class Owner(NamedTuple):
    """Whose registry it is, and the named parts of its host, such as the account of Amazon ECR."""

    registry: Registry
    parts: Sentences = NONE


@lru_cache(maxsize=256)
def registry_of(host: str, message: str = "") -> Owner:
    """Whose registry it is, by its host, or else by the words of a message."""
    registries = signs_table.signs().registries
    name, _port = split_port(host)
    for registry in registries.values():
        match = re.fullmatch(registry.hosts, name, re.IGNORECASE) if registry.hosts else None
        if match:
            return Owner(registry, match.groupdict(""))
    for registry in registries.values():
        if registry.message and re.search(registry.message, message, re.IGNORECASE):
            return Owner(registry)
    return Owner(registries["other"])


@lru_cache(maxsize=256)
def runtime_of(message: str) -> str:
    """The container runtime that words its errors so, by the name of its systemd unit."""
    for unit, sign in signs_table.signs().runtimes.items():
        if re.search(sign, message, re.IGNORECASE):
            return unit
    return "containerd"
