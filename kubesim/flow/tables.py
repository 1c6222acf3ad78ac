"""The facts of this room, read from its YAML files: what is said when an image doesn't come, and why that is.

Each row becomes a record, so a word that its record doesn't have is refused when the file is read, and so is one that
it lacks. What the fields mean is at the top of each file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from kubesim.api import load_records, load_yaml

T = TypeVar("T")
Sentences = Mapping[str, str]
"""Texts by the words that must hold for them."""
NONE: Mapping[str, Any] = MappingProxyType({})


class Question(NamedTuple):
    """What a reader can answer and a text can't: `yes` and `no` are what is wrong then."""

    text: str
    yes: Verdict
    no: Verdict


class Verdict(NamedTuple):
    """What is wrong, and what fixes it: a row of causes.yaml, a kind of signs.yaml, or what else it may be."""

    problem: str
    fix: tuple[tuple[str, ...], ...]
    hop: str = ""
    check: str = ""
    needs: tuple[str, ...] = ()
    of_sign: bool = False
    also: tuple[str, ...] = ()
    grade: str = "certain"
    tell: str = ""
    ask: Question | None = None
    others: tuple[Verdict, ...] = ()
    recipe: str = ""


class Kind(NamedTuple):
    """What a sentence amounts to; `verdict` where no Secret decides, which then says what it means."""

    means: str = ""
    isnt: str = "It isn't about the user or the password."
    credentials: bool = False
    unasked: bool = False
    for_others: bool = False
    in_public: str = ""
    verdict: Verdict | None = None


class Sign(NamedTuple):
    """A sentence of a runtime, a registry or the kubelet, as regular expressions."""

    sign: tuple[str, ...]
    kind: str
    source: str
    example: str
    registry: str = "any"
    means: str = ""
    isnt: str = ""
    grade: str = ""  # how sure, where that is less than the kind's


class Registry(NamedTuple):
    """A product or service; `other` in signs.yaml is what says nothing else."""

    title: str
    rights: str
    hosts: str = ""
    message: str = ""
    who: str = ""
    users: tuple[str, ...] = ()
    hours: int = 1
    private: str = ""
    token: str = ""
    login: str = "create_secret"
    identity: str = ""
    how: str = ""
    robot: bool = False
    recipe: str = "a-registry-of-your-own"


class Client(NamedTuple):
    """A program that pulls in a node's place: how it shows, and its commands, most of which follow from its name."""

    sign: str
    pull: str = "{client} pull "
    login: str = "{client} login {registry}"
    logout: str = "{client} logout {registry}"
    logins: str = "grep -A9 auths ~/.docker/config.json | cut -d: -f1"


class Signs(NamedTuple):
    """signs.yaml."""

    registries: Mapping[str, Registry]
    runtimes: Mapping[str, str]
    nodes: Mapping[str, str]
    clients: Mapping[str, Client]
    public: str
    images: tuple[str, ...]
    kinds: Mapping[str, Kind]
    signs: tuple[Sign, ...]


class Causes(NamedTuple):
    """causes.yaml."""

    commands: Mapping[str, Sentences]
    on_a_machine: Sentences
    alternatives: Mapping[str, Verdict]
    questions: Mapping[str, Question]
    sentences: Sentences
    before_the_pull: tuple[Verdict, ...]
    after_a_failed_pull: tuple[Verdict, ...]


class Hops(NamedTuple):
    """hops.yaml."""

    titles: Sentences
    hops: Mapping[str, Mapping[str, tuple[str, ...]]]
    no_pod: Mapping[str, tuple[str, str]]
    outcome: Sentences
    image: Sentences
    list: Sentences
    secret: Sentences
    asked: Sentences
    who: Sentences
    right: Sentences
    reported: Sentences
    limits: Sentences
    mismatch: Sentences
    style: Sentences
    empty: Sentences


def read_signs(table: Any) -> Signs:
    """What signs.yaml holds, as records. Raises ValueError, whose sentence names the row."""
    table = _tuples(table)
    _whole("signs.yaml", Signs, table)
    kinds = _named("signs.yaml", _kind, table["kinds"])
    registries = _named("signs.yaml", Registry, table["registries"])
    signs = load_records(__file__, "signs.yaml", _sign, table["signs"])
    clients = _named("signs.yaml", Client, table["clients"])
    rows = {"kinds": kinds, "registries": registries, "clients": clients, "signs": signs}
    return _whole("signs.yaml", Signs, {**table, **rows})


def read_causes(table: Any) -> Causes:
    """What causes.yaml holds, as records. Raises ValueError, whose sentence names the row."""
    table = _tuples(table)
    try:
        others = _named("causes.yaml", _verdict, table["alternatives"])
        questions = _named("causes.yaml", _question, table["questions"])
        read = partial(_verdict, others, questions)
        stages = ("before_the_pull", "after_a_failed_pull")
        rows = {stage: load_records(__file__, "causes.yaml", read, table[stage]) for stage in stages}
    except KeyError as name:
        raise ValueError(f"causes.yaml: nothing is called {name}") from None
    return _whole("causes.yaml", Causes, {**table, "alternatives": others, "questions": questions, **rows})


def read_hops(table: Any) -> Hops:
    """What hops.yaml holds. Raises ValueError, whose sentence names what it shouldn't have or lacks."""
    return _whole("hops.yaml", Hops, _tuples(table))


def _whole(name: str, record: Callable[..., T], table: Any) -> T:
    return load_records(__file__, name, record, [table])[0]


def _named(name: str, record: Callable[..., T], rows: Mapping[str, Any]) -> Mapping[str, T]:
    return {key: _whole(f"{name}, {key}", record, row) for key, row in rows.items()}


def _sign(sign: Any, **row: Any) -> Sign:
    return Sign((sign,) if isinstance(sign, str) else sign, **row)


def _kind(**row: Any) -> Kind:
    verdict = {name: row.pop(name) for name in Verdict._fields if name in row}
    return Kind(**row, verdict=_verdict(**verdict) if verdict else None)


def _question(text: str, **answers: Any) -> Question:
    return Question(text, **{name: _verdict(**answer) for name, answer in answers.items()})


def _verdict(
    alternatives: Mapping[str, Verdict] = NONE, questions: Mapping[str, Question] = NONE, /, **row: Any
) -> Verdict:
    if "others" in row:
        row["others"] = tuple(
            alternatives[other] if isinstance(other, str) else _verdict(**other) for other in row["others"]
        )
    if "ask" in row:
        ask = row["ask"]
        row["ask"] = questions[ask] if isinstance(ask, str) else _question(**ask)
    return Verdict(**row)


def _yaml(name: str) -> Any:
    return load_yaml(Path(__file__).with_name(name))


def _tuples(value: Any) -> Any:
    """The same with tuples for lists, as the records have them."""
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


@cache
def signs() -> Signs:
    return read_signs(_yaml("signs.yaml"))


@cache
def causes() -> Causes:
    return read_causes(_yaml("causes.yaml"))


@cache
def hops() -> Hops:
    return read_hops(_yaml("hops.yaml"))


@cache
def vocabulary() -> frozenset[str]:
    """Every word of these files, in small letters: none of them is somebody's password."""
    texts = (path.read_text("utf-8").lower() for path in Path(__file__).parent.glob("*.yaml"))
    return frozenset(word for text in texts for word in re.findall(r"[^\W_]+", text))


@cache
def shapes() -> Any:
    """What is kept of each kind of object: texts, truths, lists and maps."""
    return _yaml("shapes.yaml")
