"""Reads what a runtime, a registry or the kubelet said: the kind of trouble, and whose registry it is.

The sentences are rows of signs.yaml, most specific first.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from string import ascii_lowercase, ascii_uppercase
from typing import NamedTuple
from urllib.parse import unquote

from kubesim.api.imageref import DEFAULT_REGISTRY, LEGACY_DEFAULT_REGISTRY
from kubesim.cluster.keyring import split_port
from kubesim.flow import tables
from kubesim.flow.quote import known
from kubesim.flow.tables import NONE, Kind, Registry, Sentences, Sign

MOST = 10_000
"""Characters of a message that are read."""
_LONGEST = 400
"""Characters of a sentence that is quoted."""
_WORD = 1000
"""Characters of a word of a message."""
_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)
_URL = re.compile(r"https?://[^\s\"'<>\\]*[^\s\"'<>\\:]")
_BY_NAME = re.compile(
    r"\0+|(?<![\w./:-])(?!\S*(?:pause|ghcr|s3|blob\.core|cloudf|googleapis))[\w-]+\.[\w.-]+(?::\d+)?/[\w./-]+(?::[\w.-]+)?(?![\w/])"
)
"""What no sign looks at: URLs, which are taken out, and full names of images, but for a few."""
_LOOKUP = re.compile(r"lookup [^\s:]+")
"""What Go says of a name that it asked a DNS server for."""
REQUEST = re.compile(
    r'(?:(?:request to|status code|Head|Get|Post)[: ]+\\?"?https?://|pulling from host |(?:dialing|connecting to) )'
    r'(?P<host>[^/\s"\\]+)(?P<rest>[^\s"\\]*)',
    re.I,
)
"""A request that a message tells of: its host, and the rest of its URL."""
REDACTED_PART = re.compile(
    r"<[^<>]*>|\[[a-z][^\[\]]*\]|\$?\{+[^{}]*\}+|\$[A-Z_]+|x{3,}|\*+|…|\.{3,}|redacted|censored|\bmasked\b",
    re.IGNORECASE,
)
"""What stands where someone took a part of a name out."""
REDACTED = "redacted"
"""What stands for it where a name is read."""
_CODES = re.compile(r"((unauthorized|denied|\w+ unknown): )+$", re.IGNORECASE)
"""Codes of the distribution API, which belong to the sentence after them."""
_MARKS = (": ", "desc = ")
"""What a sentence of an error begins after."""
_WHOLE_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$|^[^@]*[^/]:[\w.-]+$")
"""How a name ends that lacks nothing."""
_NAME = re.compile(r"[^\s=%&?|;]+(?=\s|\Z)")
"""What may be an image's name, placeholders and all."""
_NAME_STARTS = re.compile(r"(?<![\w.-])(?<!\w/)")
_TAG = re.compile(r"(?:@sha256:[0-9a-f]+|:[\w.-]+)(?![\w/])")
_REST_OF_DIGEST = re.compile("[0-9a-f]+")
_HUB_SERVICE = {"registry.docker.io": DEFAULT_REGISTRY}
"""Registries that don't call their token service by their own name."""
HUB = (DEFAULT_REGISTRY, LEGACY_DEFAULT_REGISTRY, "registry-1.docker.io")
"""Docker Hub's names."""


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
    first = _first_sign(without_urls)
    if first is None:
        return Reply("other", text)
    table = tables.signs()
    sign = table.signs[first.number]
    name = _kind(sign, text, with_credentials)
    kind = table.kinds[name]
    words = {}
    for group, word in first.match.groupdict().items():
        if word:
            words[group] = without_urls[slice(*first.match.span(group))]
    if kind.for_others:
        words |= {"inner": _inner(text, first.number + 1)}
    means = kind.means
    if sign.means and name == sign.kind:
        means = sign.means
    isnt = sign.isnt
    if not isnt and kind.verdict:  # of kinds that credentials decide, each sign says it itself
        isnt = kind.isnt
    return Reply(name, text, first.match, means, isnt, kind, words)


class _First(NamedTuple):
    """The number of the first sign in a text, and where it is."""

    number: int
    match: re.Match[str]


@lru_cache(maxsize=4096)
def _first_sign(text: str) -> _First | None:
    number = _first_number(_BY_NAME.sub("name", text))  # most messages differ in names alone
    if number is None:
        return None
    small = text.translate(_SMALL)
    for later, sign in enumerate(tables.signs().signs[number:], number):  # where "name" itself made a sentence
        if match := _search(sign, text, small):
            return _First(later, match)
    return None


@lru_cache(maxsize=4096)
def _first_number(text: str) -> int | None:
    """The number of the first sign in a text, None where it has none."""
    small = text.translate(_SMALL)
    matching = (number for number, sign in enumerate(tables.signs().signs) if _search(sign, text, small))
    return next(matching, None)


def _search(sign: Sign, text: str, small: str) -> re.Match[str] | None:
    """The match of the first of a sign's expressions that is in the text, which is there in `small` letters, too.

    Python looks for letters of either case four times as slowly.
    """
    for expression in sign.sign:
        searched = text if _has_capitals(expression) else small
        if match := _exactly(expression).search(searched):
            return match
    return None


@cache
def _has_capitals(expression: str) -> bool:
    return bool(re.search(r"(?<!\\)(?<!\(\?)[A-Z]", expression))  # \S and (?P< are none


@cache
def _exactly(expression: str) -> re.Pattern[str]:
    return re.compile(expression)


def _kind(sign: Sign, text: str, with_credentials: bool) -> str:
    """The name of the kind that a sign is of at this registry, for someone who sent credentials or none."""
    table = tables.signs()
    name = sign.kind
    host = _public_host(text) if table.kinds[name].in_public else ""
    is_given = any(registry_of(host).parts.values())  # a cloud's customers have hosts of their own, which may not exist
    if host and not (name == "no_host" and is_given):
        name = table.kinds[name].in_public
    if with_credentials:
        return name
    registry = table.registries.get(sign.registry)
    knows_nodes = registry is not None and bool(registry.who)  # a cloud's, which asks its nodes for no credentials
    if name == "unauthorized" or (name == "permission" and not knows_nodes):
        return "anonymous"
    return name


def _inner(text: str, since: int) -> str:
    """What is said of a pull for someone else: the meaning of the first sign from the row `since` on."""
    small = text.translate(_SMALL)
    table = tables.signs()
    for sign in table.signs[since:]:
        kind = table.kinds[sign.kind]
        if not kind.for_others and _search(sign, text, small):
            return sign.means or kind.means
    return ""


def _public_host(text: str) -> str:
    """The host that was asked, says the message, if it is one that the internet knows; else ""."""
    requests = [request["host"] for request in REQUEST.finditer(text)]
    hosts = requests[-1:] or re.findall(r'(?:(?:image|reference) "|, not )([^"/,\s]+\.[^"/,\s]+)', text)[-1:]
    public = _compiled("".join(tables.signs().public.split()))
    return next((host for host in hosts if public.fullmatch(split_port(host)[0])), "")


@cache
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.IGNORECASE)


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


def as_name(image: str) -> str:
    """What stands where an image's name should: a name, or more words, of which only known ones are repeated."""
    name = _NAME.match(image)
    end = name.end() if name else 0
    return f"{image[:end]}{known(image[end:], image[:end])}"


@lru_cache(maxsize=16_384)
def image_of(text: str) -> str:
    """The image that a text speaks of; "" if it names none."""
    text = text[:MOST]
    for expression in tables.signs().images:
        if match := re.search(expression, text, re.ASCII):
            return _whole_name(_name_in(match.groupdict()), text)
    return ""


def _name_in(parts: dict[str, str]) -> str:
    """The name of an image, put together from the named groups of a row of `images`."""
    if "image" in parts:
        return as_name(parts["image"])
    if "path" in parts:  # of the scope of a token: Docker Hub's service has a name of its own
        return f"{_HUB_SERVICE.get(parts['service'], parts['service'])}/{unquote(parts['path'])}"
    name = parts["name"]
    if "host" in parts:
        host = DEFAULT_REGISTRY if parts["host"] in HUB else parts["host"]
        name = f"{host}/{name}"
    if not parts["tag"]:  # a layer was asked for, whose digest isn't the image's
        return name
    mark = "@" if parts["tag"].startswith("sha256") else ":"
    return f"{name}{mark}{parts['tag']}"


def _whole_name(name: str, text: str) -> str:
    """An image's name with the tag, the digest, or the rest of a digest that it has elsewhere in the text."""
    if _WHOLE_DIGEST.search(name):
        return name
    rest = _REST_OF_DIGEST if "@sha256:" in name else _TAG
    longest = name
    at = text.find(name)
    while at >= 0:  # a pattern with the name in it would be compiled for each name
        end = at + len(name)
        match = rest.match(text, end)
        if match and _NAME_STARTS.match(text, at):
            longest = max(longest, text[at : match.end()], key=len)
            end = match.end()
        at = text.find(name, end)
    return longest


def _cut(sentence: str) -> str:
    """A sentence that is not too long, cut between words."""
    if len(sentence) <= _LONGEST:
        return sentence
    return f"{sentence[:_LONGEST].rpartition(' ')[0]} …"


def fullest(name: str, other: str) -> str:
    """The image, with the tag or digest that it has elsewhere; another one whose name only begins so is none of it."""
    rest = other.removeprefix(name)
    is_same = other.startswith(name) and (not name or rest[:1] in ("", ":", "@"))
    return other if is_same else name


def is_redacted(name: str) -> bool:
    """Whether the whole of a name was taken out."""
    return bool(REDACTED_PART.fullmatch(name))


def lacks_registry(name: str) -> bool:
    """Whether the registry was taken out of an image's name, or so much that only a part of it is left."""
    registry, slash, _ = name.partition("/")
    return is_redacted(registry) if slash else "." in name and bool(REDACTED_PART.search(name))


def filled(name: str) -> str:
    """An image's name with a word in the place of each part that someone took out."""
    filled_name = REDACTED_PART.sub(REDACTED, name).strip("'\"")
    return re.sub(f"@[^@]*{REDACTED}[^@]*$", "", filled_name)  # half a digest is none


@lru_cache(maxsize=4096)
def client_of(text: str) -> str:
    """The program on a person's machine (docker, helm, …) that a text shows at work; "" if it shows none."""
    for name, client in tables.signs().clients.items():
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
    registries = tables.signs().registries
    name, _port = split_port(host)
    for registry in registries.values():
        match = _compiled(registry.hosts).fullmatch(name) if registry.hosts else None
        if match:
            return Owner(registry, match.groupdict(""))
    for registry in registries.values():
        if registry.message and _compiled(registry.message).search(message):
            return Owner(registry)
    return Owner(registries["other"])


@lru_cache(maxsize=256)
def runtime_of(message: str) -> str:
    """The container runtime that words its errors so, by the name of its systemd unit."""
    for unit, sign in tables.signs().runtimes.items():
        if _compiled(sign).search(message):
            return unit
    return "containerd"
