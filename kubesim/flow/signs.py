"""Reads what a runtime, a registry or the kubelet said: the kind of trouble, who was asked, whose registry it is.

The sentences are rows of signs.yaml, most specific first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from kubesim.api import load_yaml
from kubesim.api.imageref import DEFAULT_REGISTRY, LEGACY_DEFAULT_REGISTRY
from kubesim.cluster.keyring import split_port

Row = Mapping[str, Any]

MOST, _LONGEST, _WORD = 10_000, 400, 1000
"""Characters of a message that are read, of a sentence that is quoted, and of a word in it."""
_URL = re.compile(r"https?://[^\s\"'<>\\]+")
_REQUEST = re.compile(
    r'(?:(?:request to|status code|Head|Get|Post)[: ]+\\?"?https?://|pulling from host )'
    r'(?P<host>[^/\s"\\]+)(?P<rest>[^\s"\\]*)',
    re.I,
)
_CODES = re.compile(r"((unauthorized|denied|\w+ unknown): )+$", re.IGNORECASE)
"""Codes of the distribution API, which belong to the sentence after them."""
_MARKS = (": ", "desc = ")
"""What a sentence of an error begins after."""
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
    for sign in table("signs")["signs"]:
        if found := _compiled(sign["sign"]).search(bare):
            kind = sign["kind"]
            by_identity = "who" in table("signs")["registries"].get(sign["registry"], {})  # a cloud knows its nodes
            if not with_credentials and (kind == "unauthorized" or (kind == "permission" and not by_identity)):
                kind = "anonymous"
            row = kinds[kind]
            means = row["means"] if kind != sign["kind"] else sign.get("means", row["means"])
            flags = {flag: row.get(flag, False) for flag in ("credentials", "transport")}
            words = {name.rstrip("23"): word for name, word in found.groupdict().items() if word}
            isnt = sign.get("isnt", row.get("isnt", ""))
            return Reply(kind, _sentence(text, found.start()), means, isnt, **flags, row=row, words=words)
    return Reply("other", _cut(text), credentials=True)


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


class Asked(NamedTuple):
    """Who was asked, and as what: "" for the registry itself, else "mirror", "token service" or "storage"."""

    host: str
    role: str = ""


def asked(message: str, registry: str, reply: Reply) -> Asked:
    """Who was really asked: an URL in the message names a mirror, a token service or a registry's storage."""
    requests = [*_REQUEST.finditer(message)]
    host = requests[-1]["host"] if requests else registry
    looked_up = reply.words.get("lookup", "")
    if looked_up and looked_up != split_port(host)[0]:
        return Asked(looked_up, "" if _same(looked_up, registry) else "storage")
    if _same(host, registry):
        return Asked(registry)
    rest = requests[-1]["rest"]
    if re.match(r"(/v2)?/?$|/v2/.+/(manifests|blobs|tags)/", rest):
        return Asked(host, "mirror")
    is_token = re.search(r"fetch \w+ token", message) or re.search(r"/(token|auth|oauth2)\b", rest)
    return Asked(host, "token service" if is_token else "storage")


def _same(host: str, registry: str) -> bool:
    return host.removesuffix(":443") == registry.removesuffix(":443") or (host in _HUB and registry in _HUB)


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
