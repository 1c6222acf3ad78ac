"""The meaning of an error message of a runtime, a registry or the kubelet: its kind, its registry, its sentence.

The sentences ("signs") are rows of signs.yaml, most specific first, and their fields are in signs_table.py. To teach a
new message, add a row there. Everything returned is cached by text, because messages repeat: don't change it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from string import ascii_lowercase, ascii_uppercase
from typing import NamedTuple

from kubesim.pull.keyring import split_port
from kubesim.why.hide.quote import known
from kubesim.why.hide.redact import MOST
from kubesim.why.read import signs_table
from kubesim.why.read.names import image_of
from kubesim.why.read.signs_table import Kind, Registry, Sign
from kubesim.why.tables import NONE, Sentences

# Characters of a quoted sentence.
_LONGEST = 400
# The placeholder in `plain_parts` for everything in an expression but plain characters.
_GAP = "\0"
# Characters read of a word; it bounds the time of the expressions.
_WORD = 1000
_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)
_URL = re.compile(r"https?://[^\s\"'<>\\]*[^\s\"'<>\\:]")
# Go's words for a DNS query.
_LOOKUP = re.compile(r"lookup [^\s:]+")
# A request in a message: its host, and the rest of its URL.
REQUEST = re.compile(
    r'(?:(?:request to|status code|Head|Get|Post)[: ]+\\?"?https?://|pulling from host |(?:dialing|connecting to) )'
    r'(?:[^/\s"\\@]*@)?(?P<host>[^/\s"\\]+)(?P<rest>[^\s"\\]*)',
    re.I,
)
# Error codes of the distribution API, which are part of the sentence after them.
_CODES = re.compile(r"((unauthorized|denied|\w+ unknown): )+$", re.IGNORECASE)
# Separators in a wrapped error; a sentence begins behind one.
_MARKS = (": ", "desc = ")


class Reply(NamedTuple):
    """A message and its meaning. `kind` is "other" and `match` None if no sign is in it.

    `answer` is the message in one line, and `match` the place of the sign in it. `means` and `isnt` are sentences about
    what it means and what it doesn't. `row` is the kind's row in signs.yaml, and `words` has the sign's named groups,
    for the placeholders in its sentences.
    """

    kind: str
    answer: str
    match: re.Match[str] | None = None
    means: str = ""
    isnt: str = ""
    row: Kind = Kind("", credentials=True)
    words: Sentences = NONE
    grade: str = ""  # the certainty of the sign, if it is lower than that of its kind
    sent: bool = False  # True if it shows that a login was sent
    after: bool = False  # True if the image had come before

    @property
    def sentence(self) -> str:
        """The sentence with the sign, quoted by the allow-list (quote.py)."""
        return _sentence(self.answer, self.match)

    @property
    def credentials(self) -> bool:
        """True if other credentials could help."""
        return self.row.credentials

    @property
    def transport(self) -> bool:
        """True if no credentials would help: the kind has a verdict of its own, as for a network failure."""
        return self.row.verdict is not None


@lru_cache(maxsize=16_384)
def read(answer: str, *, with_credentials: bool = True) -> Reply:
    """The meaning of a message. Signs inside URLs and the image's name don't count.

    `with_credentials` is False for the answer to an anonymous request: a refusal then asks for credentials.
    """
    text = " ".join(word[:_WORD] for word in answer[:MOST].split()).rstrip("]")
    without_urls = _URL.sub(lambda url: "\0" * len(url[0]), text)  # of equal length, so that places stay the same
    image = image_of(text)
    if (
        "/" in image and "pause" not in image and "[" not in image
    ):  # the sandbox's pause and map[…] are signs themselves
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
        words |= _inner(kind, next((later for later, _ in matches if not kinds[later.kind].for_others), None), text)
    means = kind.means
    if sign.means and name == sign.kind:
        means = sign.means
    isnt = sign.isnt
    if not isnt and kind.verdict:  # for kinds that credentials decide, only a sign has such a sentence
        isnt = kind.not_meant
    return Reply(name, text, match, means, isnt, kind, words, sign.grade, sign.sent, after=sign.after or kind.no_pull)


def _inner(kind: Kind, sign: Sign | None, text: str) -> Sentences:
    """The words on the reason of a failed pull that isn't the Pod's own: its kind and its meaning for the asker."""
    if sign is None:
        return {}
    name = _kind(sign, text, with_credentials=True)
    inner = signs_table.signs().kinds[name]
    means = (sign.means if name == sign.kind else "") or inner.unsure or inner.means
    for node in ("he node", "he kubelet") if kind.asker else ():
        means = means.replace(node, f"he {kind.asker}")
    return {"inner": means, "inner_kind": name}


def _matches(text: str) -> Iterator[tuple[Sign, re.Match[str]]]:
    """The signs in a text with their places, most specific first."""
    first = _first(re.sub("\0+", "\0", text))
    small = text.translate(_SMALL)  # re.IGNORECASE takes four times as long
    for sign in signs_table.signs().signs[first:]:
        if match := _search(sign, text, small):
            yield sign, match


@lru_cache(maxsize=4096)
def _first(text: str) -> int:
    """The index of the first sign in a text. Names are "\\0" in it, so messages with other names share the result."""
    small = text.translate(_SMALL)
    signs = signs_table.signs().signs
    return next((number for number, sign in enumerate(signs) if _search(sign, text, small)), len(signs))


def _search(sign: Sign, text: str, small: str) -> re.Match[str] | None:
    """The first match of a sign's expressions in `text`, or None. `small` is the text in lower case."""
    for expression in sign.sign:
        # `re` compiles an expression at its first use, and a hundred take 20 ms. Most texts need few of them.
        for part in plain_parts(expression):
            if part in small:
                match = re.search(expression, text if expression.startswith("(?-i:") else small)
                if match:
                    return match
                break
    return None


@cache
def plain_parts(expression: str) -> tuple[str, ...]:
    """Plain texts in lower case; every match of the expression contains one of them. "" is in any text.

    There is one for each top-level alternative: its longest run of plain characters outside of groups and sets.
    """
    plain = re.sub(r"\\.", _GAP, expression)
    plain = re.sub(r"\[[^]]*\]", _GAP, plain)
    before = ""
    while plain != before:  # groups, the inner ones first
        before = plain
        plain = re.sub(r"\([^()]*\)", _GAP, plain)
    plain = re.sub(r".(?:[?*]|\{[^}]*\})", _GAP, plain)
    return tuple(max(re.split(r"[\0.^$+?]", alternative), key=len) for alternative in plain.split("|"))


def _kind(sign: Sign, text: str, with_credentials: bool) -> str:
    """The kind of a sign, which may differ for public registries and for anonymous requests."""
    table = signs_table.signs()
    name = sign.kind
    if public := table.kinds[name].in_public:
        host = _public_host(text)
        is_given = any(registry_of(host).parts.values())  # a cloud customer's own host, which may not exist
        if host and not (name == "no_host" and is_given):
            name = public
    if with_credentials:
        return name
    registry = table.registries.get(sign.registry)
    knows_nodes = registry is not None and bool(registry.who)  # a cloud's registry, which knows its nodes' identity
    if name == "unauthorized" or (name == "permission" and not knows_nodes):
        return "anonymous"
    return name


def _public_host(text: str) -> str:
    """The host of the last request in a message, if it is a public registry's; else ""."""
    last = ""
    for request in REQUEST.finditer(text):
        last = request["host"]
    return last if re.fullmatch(signs_table.signs().public, split_port(last)[0], re.IGNORECASE | re.VERBOSE) else ""


@lru_cache(maxsize=4096)
def _sentence(text: str, match: re.Match[str] | None) -> str:
    """The text from the beginning of the sentence with the match to the end, quoted by the allow-list.

    Without a match, it is the whole text.
    """
    if match is None:
        return known(_cut(text), _names(text))
    at = match.start()
    starts = (text.rfind(mark, 0, at) + len(mark) for mark in _MARKS if mark in text[:at])
    start = max(starts, default=0)
    code = _CODES.search(text[:start])
    groups = " ".join(filter(None, match.groupdict().values()))
    return known(_cut(text[code.start() if code else start :]), f"{_names(text)} {groups}")


def _names(text: str) -> str:
    """The image and the addresses in a message, which may be quoted."""
    return " ".join([image_of(text), *_URL.findall(text), *_LOOKUP.findall(text)])


def _cut(sentence: str) -> str:
    """A sentence cut to _LONGEST characters, between words."""
    if len(sentence) <= _LONGEST:
        return sentence
    return f"{sentence[:_LONGEST].rpartition(' ')[0]} …"


@lru_cache(maxsize=4096)
def client_of(text: str) -> str:
    """The name of the client program (docker, helm, …) whose output a text is; "" if it is none's."""
    for name, client in signs_table.signs().clients.items():
        if re.search(client.sign, text[:MOST]):
            return name
    return ""


class Provider(NamedTuple):
    """A registry product or service, and the named parts of the host, such as the account of Amazon ECR."""

    registry: Registry
    parts: Sentences = NONE


@lru_cache(maxsize=256)
def registry_of(host: str, message: str = "") -> Provider:
    """The provider of a registry, by its host, else by a message; the registry `other` if neither tells."""
    registries = signs_table.signs().registries
    name, _port = split_port(host)
    for registry in registries.values():
        match = re.fullmatch(registry.hosts, name, re.IGNORECASE) if registry.hosts else None
        if match:
            return Provider(registry, match.groupdict(""))
    for registry in registries.values():
        if registry.message and re.search(registry.message, message, re.IGNORECASE):
            return Provider(registry)
    return Provider(registries["other"])


@lru_cache(maxsize=256)
def runtime_of(message: str) -> str:
    """The systemd unit of the container runtime that wrote a message; containerd if nothing tells."""
    for unit, sign in signs_table.signs().runtimes.items():
        if re.search(sign, message, re.IGNORECASE):
            return unit
    return "containerd"
