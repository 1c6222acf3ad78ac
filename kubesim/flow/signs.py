"""Reads what a runtime, a registry or the kubelet said: the kind of trouble, who was asked, whose registry it is.

The sentences are rows of signs.yaml, most specific first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from kubesim.api import load_yaml
from kubesim.api.imageref import DEFAULT_REGISTRY, LEGACY_DEFAULT_REGISTRY
from kubesim.cluster.keyring import split_port

Row = Mapping[str, Any]

MOST = 10_000
_LONGEST = 400
_WORD = 1000
"""Characters of a message that are read, of a sentence that is quoted, and of a word in it."""
_URL = re.compile(r"https?://[^\s\"'<>\\]*[^\s\"'<>\\:]")
_REQUEST = re.compile(
    r'(?:(?:request to|status code|Head|Get|Post)[: ]+\\?"?https?://|pulling from host |(?:dialing|connecting to) )'
    r'(?P<host>[^/\s"\\]+)(?P<rest>[^\s"\\]*)',
    re.I,
)
_REDACTED = re.compile(
    r"<[^<>]*>|\[[a-z][^\[\]]*\]|\$?\{+[^{}]*\}+|\$[A-Z_]+|x{3,}|\*+|…|\.{3,}|redacted|censored|\bmasked\b",
    re.IGNORECASE,
)
"""What stands where someone took a part of a name out."""
_STORAGE = re.compile(r"\bs3\b|\bblob\.core|cloudfront\.net|storage\.googleapis|cloudflarestorage")
_CODES = re.compile(r"((unauthorized|denied|\w+ unknown): )+$", re.IGNORECASE)
"""Codes of the distribution API, which belong to the sentence after them."""
_MARKS = (": ", "desc = ")
"""What a sentence of an error begins after."""
_FOR_OTHERS = ("sandbox", "resolver", "entrypoint")
"""Kinds of a pull that isn't the Pod's own; why it failed is a matter of the other signs."""
_IN_PUBLIC = {"closed": "blocked_port", "certificate": "gateway", "certificate_name": "gateway"}
"""What a kind amounts to where the registry is one that the internet knows."""
_HUB = (DEFAULT_REGISTRY, LEGACY_DEFAULT_REGISTRY, "registry-1.docker.io")


@cache
def table(name: str) -> Any:
    """What a YAML file of this folder holds."""
    return load_yaml(Path(__file__).with_name(f"{name}.yaml"))


class Reply(NamedTuple):
    """An answer: its kind, the decisive sentence in it, what that means and what it does not.

    `credentials`: different ones could help; `transport`: none would. `row` is the kind's verdict, `words` of the
    sentence's named groups are for its placeholders.
    """

    kind: str
    sentence: str
    means: str = ""
    isnt: str = ""
    credentials: bool = False
    transport: bool = False
    row: Row = MappingProxyType({})
    words: Row = MappingProxyType({})


@lru_cache(maxsize=1024)
def read(answer: str, with_credentials: bool) -> Reply:
    """What `answer` amounts to; what is part of an address in it does not count."""
    text = " ".join(word[:_WORD] for word in answer[:MOST].split()).rstrip("]")
    bare = _URL.sub(lambda url: "\0" * len(url[0]), text)
    kinds = table("signs")["kinds"]
    for number, sign in enumerate(table("signs")["signs"]):
        if found := _compiled(sign["sign"]).search(bare):
            words = {name.rstrip("234"): word for name, word in found.groupdict().items() if word}
            kind = _IN_PUBLIC.get(sign["kind"], sign["kind"]) if _is_public(text) else sign["kind"]
            by_identity = "who" in table("signs")["registries"].get(sign["registry"], {})  # a cloud knows its nodes
            if not with_credentials and (kind == "unauthorized" or (kind == "permission" and not by_identity)):
                kind = "anonymous"
            row = kinds[kind]
            means = row["means"] if kind != sign["kind"] else sign.get("means", row["means"])
            if kind in _FOR_OTHERS:
                words = {**words, "inner": _inner(text, number + 1)}
            flags = {flag: row.get(flag, False) for flag in ("credentials", "transport")}
            isnt = sign.get("isnt", row.get("isnt", ""))
            return Reply(kind, _sentence(text, found.start()), means, isnt, **flags, row=row, words=words)
    return Reply("other", _cut(text), credentials=True)


def _inner(text: str, since: int) -> str:
    """What is said of a pull for someone else: the meaning of the first sign from the row `since` on."""
    rows = table("signs")
    for sign in rows["signs"][since:]:
        if sign["kind"] not in _FOR_OTHERS and _compiled(sign["sign"]).search(text):
            return str(sign.get("means", rows["kinds"][sign["kind"]]["means"]))
    return ""


def _is_public(text: str) -> bool:
    """Whether the host that was asked, says the message, is one that the internet knows."""
    requests = [request["host"] for request in _REQUEST.finditer(text)]
    hosts = requests[-1:] or re.findall(r'(?:image|reference) "([^"/\s]+\.[^"/\s]+)/', text)[-1:]
    return any(_compiled("".join(table("signs")["public"].split())).fullmatch(split_port(host)[0]) for host in hosts)


@cache
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.IGNORECASE)


def _sentence(text: str, at: int) -> str:
    """The sentence of an error (what follows a colon) that has the character `at`, up to the end, in whole words."""
    starts = (text.rfind(mark, 0, at) + len(mark) for mark in _MARKS if mark in text[:at])
    start = max(starts, default=0)
    code = _CODES.search(text[:start])
    return _cut(text[code.start() if code else start :])


def _cut(sentence: str) -> str:
    """A sentence that is not too long, cut between words."""
    return sentence if len(sentence) <= _LONGEST else f"{sentence[:_LONGEST].rpartition(' ')[0]} …"


def filled(name: str) -> str:
    """An image's name with a word in the place of each part that someone took out."""
    return re.sub("@[^@]*redacted[^@]*$", "", _REDACTED.sub("redacted", name).strip("'\""))


class Asked(NamedTuple):
    """Who was asked, and as what: "" for the registry itself, else "mirror", "token service" or "storage"."""

    host: str
    role: str = ""


def asked(message: str, registry: str, reply: Reply) -> Asked:
    """Who was really asked: an URL in the message names a mirror, a token service or a registry's storage."""
    requests = [*_REQUEST.finditer(message)]
    host = requests[-1]["host"] if requests else registry
    rest = requests[-1]["rest"] if requests else ""
    looked_up = reply.words.get("lookup", "")
    is_elsewhere = looked_up and not f"{looked_up}.".startswith(f"{split_port(host)[0]}.")  # a Service's may be longer
    if is_elsewhere:
        host = looked_up
    if not registry:
        return Asked(host, "storage" if _STORAGE.search(host) else "")
    if _same(host, registry):
        return Asked(registry)
    if not is_elsewhere and re.match(r"(/v2)?/?$|/v2/.+/(manifests|blobs|tags)/", rest):
        return Asked(host, "mirror")
    is_token = re.search(r"fetch \w+ token", message) or re.search(r"/(token|auth|oauth2)\b", rest)
    return Asked(host, "token service" if is_token else "storage")


def _same(host: str, registry: str) -> bool:
    one, other = (_REDACTED.sub("*", name.removesuffix(":443").lower()) for name in (host, registry))
    if "*" in one or "*" in other:  # a redacted part stands for anything
        return fnmatchcase(one, other) or fnmatchcase(other, one)
    return one == other or (host in _HUB and registry in _HUB)


@lru_cache(maxsize=256)
def registry_of(host: str, message: str = "") -> Row:
    """Whose registry it is: the row of signs.yaml, with the named parts of its host."""
    rows = table("signs")["registries"]
    for row in rows.values():
        if "hosts" in row and (found := _compiled(row["hosts"]).fullmatch(split_port(host)[0])):
            return {**rows["other"], **row, **found.groupdict()}
    spoken = (row for row in rows.values() if "message" in row and _compiled(row["message"]).search(message))
    return {**rows["other"], **next(spoken, {})}


@lru_cache(maxsize=256)
def runtime_of(message: str) -> str:
    """The container runtime that words its errors so, by the name of its systemd unit."""
    spoken = (unit for unit, sign in table("signs")["runtimes"].items() if _compiled(sign).search(message))
    return next(spoken, "containerd")
