"""The words of the tables: what a text may ask for in {braces}, and a row as its condition.

They are those that a check gives, then the facts by their names, then what the message and the registry's row say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from kubesim.api.objects import name_of
from kubesim.pull import keyring
from kubesim.pull.imageref import DEFAULT_REGISTRY
from kubesim.why.judge.commands import Command, fill, quote
from kubesim.why.judge.facts import Facts
from kubesim.why.read.names import REDACTED
from kubesim.why.read.signs import Reply
from kubesim.why.read.signs_table import Client, signs
from kubesim.why.tables import Sentences

_ADDRESS = re.compile(r"[\d.]+|.*:.*")
"""An IPv4 or IPv6 address, as programs that take no port want it: without brackets."""
Word = str | int | None
"""What a check or a fact gives for a placeholder, or for a condition, which a false one doesn't meet."""
Known = Mapping[str, Word]
T = TypeVar("T")


class Words(dict[str, Any]):
    """The words of a table's row: those that are given, then the facts by their names, then what the message and the
    registry's row say; else "".
    """

    def __init__(self, facts: Facts, given: Known = MappingProxyType({})) -> None:
        names = {"namespace": facts.namespace, "pod": name_of(facts.pod), "container": facts.container["name"]}
        host = facts.registry or ("" if facts.asking.role else facts.asking.host)
        asked = {"image": facts.image or "'<image>'", "registry": host or "'<registry>'"}
        super().__init__({**names, **asked, **given})
        self._facts = facts

    def __missing__(self, name: str) -> Any:
        facts = self._facts
        if name in _WORDS:
            return _WORDS[name](facts)
        if hasattr(Facts, name):
            return getattr(facts, name)
        if facts.reply and name in facts.reply.words:
            return facts.reply.words[name]
        if facts.reply and hasattr(Reply, name):
            return getattr(facts.reply, name)
        owner = facts.owner_of_registry
        if name in owner.registry._fields:
            return getattr(owner.registry, name)
        if name in owner.parts:
            return owner.parts[name]
        # The word of another check or sentence doesn't hold here; tests/why/test_table_words.py knows that it is one.
        return name if name in facts.marks else ""


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


def _client(facts: Facts) -> Client:
    return signs().clients[facts.client]


_WORDS: Mapping[str, Callable[[Facts], Word]] = {
    "asked": lambda facts: facts.asking.host or "'<registry>'",
    "api": lambda facts: "registry-1.docker.io" if facts.asking.host == DEFAULT_REGISTRY else Words(facts)["asked"],
    "asked_host": lambda facts: keyring.split_port(Words(facts)["api"])[0].strip("[]"),
    "asked_port": lambda facts: ":".join(keyring.split_port(Words(facts)["api"], "443")),
    "place": lambda facts: f"the {facts.namespace} namespace" if facts.is_placed else "the Pod's namespace",
    "pull_with": lambda facts: fill(_client(facts).pull, Words(facts)),
    "log_in": lambda facts: fill(_client(facts).login, Words(facts)),
    "log_out": lambda facts: fill(_client(facts).logout, Words(facts)),
    "logins": lambda facts: Command(_client(facts).logins),
    "canonical": lambda facts: facts.reference.canonical if facts.reference else "",
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
    "unit": lambda facts: facts.marks[0],
    "token_refused": lambda facts: "failed to fetch oauth token" in facts.message,
    "where": lambda facts: in_namespace(facts.namespace),
}
"""What the tables may ask for, beside the facts by their own names."""


def in_namespace(namespace: str) -> Command:
    """The -n flag, unless it is the default one."""
    return Command("" if namespace == "default" else f" -n {quote(namespace, 'namespace')}")
