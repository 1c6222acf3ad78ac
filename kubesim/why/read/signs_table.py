"""What runtimes, registries and the kubelet say when an image doesn't come: the rows of signs.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from kubesim.api import load_records
from kubesim.why.tables import Verdict, content, named, tuples, verdict, whole


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


@cache
def signs() -> Signs:
    """What signs.yaml holds."""
    return read_signs(content(__file__, "signs.yaml"))


def read_signs(table: Any) -> Signs:
    """What signs.yaml holds, as records. Raises ValueError, whose sentence names the row."""
    table = tuples(table)
    whole("signs.yaml", Signs, table)
    kinds = named("signs.yaml", _kind, table["kinds"])
    registries = named("signs.yaml", Registry, table["registries"])
    rows = load_records(__file__, "signs.yaml", _sign, table["signs"])
    clients = named("signs.yaml", Client, table["clients"])
    parts = {"kinds": kinds, "registries": registries, "clients": clients, "signs": rows}
    return whole("signs.yaml", Signs, {**table, **parts})


def _sign(sign: Any, **row: Any) -> Sign:
    return Sign((sign,) if isinstance(sign, str) else sign, **row)


def _kind(**row: Any) -> Kind:
    said = {name: row.pop(name) for name in Verdict._fields if name in row}
    return Kind(**row, verdict=verdict(**said) if said else None)
