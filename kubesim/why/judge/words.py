"""The words of the tables: what a text may ask for in {braces}, and a row as its condition."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property, partial
from operator import attrgetter
from types import MappingProxyType
from typing import Any, TypeVar

from kubesim.api.objects import name_of
from kubesim.pull import keyring
from kubesim.pull.imageref import DEFAULT_REGISTRY
from kubesim.why.judge.commands import Command, fill, quote
from kubesim.why.judge.facts import Facts
from kubesim.why.judge.scene import ROLLED_OUT
from kubesim.why.read.names import REDACTED
from kubesim.why.read.signs_table import Client, Registry, Signs, signs
from kubesim.why.tables import Sentences

_ADDRESS = re.compile(r"[\d.]+|.*:.*")
"""An IPv4 or IPv6 address, as programs that take no port want it: without brackets."""
_GROUP = re.compile(r"\(\?P<(\w+)>")
"""A named group of a regular expression."""
Word = str | int | None
"""What a check or a fact gives for a placeholder, or for a condition, which a false one doesn't meet."""
Known = Mapping[str, Word]
T = TypeVar("T")


class Words(Mapping[str, Any]):
    """The words of a table's row: those that are given, and those that every row has.

    Any other word raises KeyError: a misspelled one must not pass for one that doesn't hold.
    """

    def __init__(self, facts: Facts, given: Known = MappingProxyType({})) -> None:
        self._facts = facts
        self._given = given

    def __getitem__(self, name: str) -> Any:
        return self._given[name] if name in self._given else _every_word()[name](self._facts)

    def __iter__(self) -> Iterator[str]:
        return iter({**self._given, **_every_word()})

    def __len__(self) -> int:
        return len({**self._given, **_every_word()})

    def adding(self, given: Known) -> Words:
        """Return these words and more, which outrank the former."""
        return Words(self._facts, {**self._given, **given})


@cache
def _every_word() -> Mapping[str, Callable[[Facts], Word]]:
    return every_word(signs())


def every_word(table: Signs) -> Mapping[str, Callable[[Facts], Word]]:
    """The function of the facts behind each word that every row has. A later line below outranks an earlier one."""
    facts = [name for name, value in vars(Facts).items() if isinstance(value, property | cached_property)]
    hosts = "".join(registry.hosts for registry in table.registries.values())
    groups = "".join(expression for sign in table.signs for expression in sign.sign)
    marks = (*table.runtimes, *table.nodes, *(kind.lower() for kind in (*ROLLED_OUT, "Job")))
    return {
        **{name: partial(_mark, name) for name in marks},
        **{name: partial(_part_of_host, name) for name in _GROUP.findall(hosts)},
        **{name: partial(_of_registry, name) for name in Registry._fields},
        **{name: partial(_of_reply, name) for name in ("means", "isnt", "sentence", "credentials", "transport")},
        **{name: partial(_said, name) for name in (*_GROUP.findall(groups), "inner")},
        **{name: attrgetter(name) for name in facts},
        **_WORDS,
    }


def _mark(name: str, facts: Facts) -> Word:
    """The name if it is that of the runtime, the local cluster or the kind to change; else ""."""
    return name if name in (facts.runtime, facts.local_cluster, facts.kind_to_change) else ""


def _part_of_host(name: str, facts: Facts) -> Word:
    """A part of the registry's host, such as the account of Amazon ECR."""
    return facts.owner_of_registry.parts.get(name, "")


def _of_registry(name: str, facts: Facts) -> Any:
    """A field of the registry's row in signs.yaml."""
    return getattr(facts.owner_of_registry.registry, name)


def _of_reply(name: str, facts: Facts) -> Any:
    """A field of the last answer; "" where nothing failed."""
    return getattr(facts.reply, name) if facts.reply else ""


def _said(name: str, facts: Facts) -> Word:
    """A named group of the sign that was found in the message."""
    return facts.reply.words.get(name, "") if facts.reply else ""


def first(rows: Mapping[str, T], words: Known) -> T:
    """The first row whose words (its key) all hold."""
    return next(row for needs, row in rows.items() if all(words[need] for need in needs.split()))


def say(rows: Sentences, words: Known) -> str:
    """The first sentence whose words all hold, with its words."""
    return first(rows, words).format_map(words)


def _repository(facts: Facts) -> str:
    """The image's full name without a tag, as far as nobody took a part of it out."""
    name = facts.reference.name if facts.reference else ""
    return "the image" if not name or REDACTED in name else name


def _relation(facts: Facts) -> str:
    """What the host that was asked is for the registry."""
    registry = Words(facts)["registry"]
    if facts.asking.role == "way":
        return f"to which the pull from {registry} leads"
    return f"the {facts.asking.role} of {registry}"


def _client(facts: Facts) -> Client:
    return signs().clients[facts.client]


_WORDS: Mapping[str, Callable[[Facts], Word]] = {
    "pod": lambda facts: name_of(facts.pod),
    "container": lambda facts: facts.container["name"],
    "image": lambda facts: facts.image or "'<image>'",
    "registry": lambda facts: facts.registry or ("" if facts.asking.role else facts.asking.host) or "'<registry>'",
    "namespace": lambda facts: facts.namespace,
    "asked": lambda facts: facts.asking.host or "'<registry>'",
    "api": lambda facts: "registry-1.docker.io" if facts.asking.host == DEFAULT_REGISTRY else Words(facts)["asked"],
    "asked_as": lambda facts: f"{Words(facts)['asked']}, {Words(facts)['relation']}",
    "relation": lambda facts: _relation(facts),
    "identity_of": lambda facts: facts.owner_of_registry.registry.who.partition(",")[0],
    "resolver": lambda facts: (
        f"its DNS server {facts.reply.words['dns']}" if facts.reply and "dns" in facts.reply.words else "its DNS"
    ),
    "is_inside": lambda facts: not re.fullmatch(signs().public, Words(facts)["asked_host"], re.IGNORECASE | re.VERBOSE),
    "asked_host": lambda facts: keyring.split_port(Words(facts)["api"])[0].strip("[]"),
    "asked_port": lambda facts: ":".join(keyring.split_port(Words(facts)["api"], "443")),
    "place": lambda facts: f"the {facts.namespace} namespace" if facts.is_placed else "the Pod's namespace",
    "pull_with": lambda facts: fill(_client(facts).pull, Words(facts)),
    "log_in": lambda facts: fill(_client(facts).login, Words(facts)),
    "log_out": lambda facts: fill(_client(facts).logout, Words(facts)),
    "logins": lambda facts: Command(_client(facts).logins),
    "canonical": lambda facts: facts.reference.canonical if facts.reference else "",
    "free": lambda facts: facts.free_name,
    "how": lambda facts: fill(facts.owner_of_registry.registry.how, Words(facts)),
    "inherited": lambda facts: facts.names == facts.account_names and '"imagePullSecrets"' not in facts.manifest,
    "is_export": lambda facts: facts.scene.is_export,
    "listed": lambda facts: ", ".join(facts.names),
    "lookup": lambda facts: (facts.reply and facts.reply.words.get("lookup")) or Words(facts)["asked_host"],
    "node": lambda facts: facts.pod["spec"].get("nodeName") or "'<node>'",
    "others": lambda facts: ", ".join(facts.account_names),
    "repository": lambda facts: _repository(facts),
    "role": lambda facts: facts.asking.role,
    "server": lambda facts: (
        "https://index.docker.io/v1/" if facts.registry == DEFAULT_REGISTRY else facts.registry or "'<registry>'"
    ),
    "san": lambda facts: (
        f"{'IP' if _ADDRESS.fullmatch(Words(facts)['asked_host']) else 'DNS'}:{Words(facts)['asked_host']}"
    ),
    "unit": lambda facts: facts.runtime,
    "sent": lambda facts: facts.reply is not None and (facts.reply.sent or "fetch oauth token" in facts.message),
    "token_refused": lambda facts: "failed to fetch oauth token" in facts.message,
    "where": lambda facts: in_namespace(facts.namespace),
}
"""What the tables may ask for, beside the facts by their own names."""


def in_namespace(namespace: str) -> Command:
    """The -n flag, unless it is the default one."""
    return Command("" if namespace == "default" else f" -n {quote(namespace, 'namespace')}")
