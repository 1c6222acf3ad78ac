"""The words of a row in the YAML tables: values for the {placeholders} in its texts and for its conditions (`needs`).

A check gives some words to its own rows. The others are common to all rows: fields of Facts, parts of the last reply,
fields of the registry's row in signs.yaml, and the properties of `Derived` (derived.py) and `Commands`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from operator import attrgetter
from types import MappingProxyType
from typing import Any, TypeVar

from kubesim.why.judge.commands import Command, fill
from kubesim.why.judge.derived import WITH_CTR, Derived, Word, part_of_host, part_of_message
from kubesim.why.judge.facts import Facts
from kubesim.why.judge.scene import ROLLED_OUT
from kubesim.why.read.signs_table import Client, Signs, signs
from kubesim.why.tables import Sentences

# A named group of a regular expression.
_GROUP = re.compile(r"\(\?P<(\w+)>")
# A placeholder of a command.
_SLOT = re.compile(r"\{(\w+)\}")
# Words that are fields or properties of Facts.
_OF_FACTS = (
    "account",
    "client",
    "created",
    "has_image",
    "in_docker",
    "is_logged_in",
    "is_node",
    "is_partial",
    "is_silent",
    "manifest",
    "matching_secret",
    "message",
    "names",
    "namespace",
    "on_node",
    "owner",
    "service_account",
    "source",
    "volume",
    "wanted",
    "workload",
)
# Words by other names than those of their fields in Facts.
_RENAMED = {"free": "free_name", "is_export": "scene.is_export", "role": "asking.role", "unit": "runtime"}
# Words that are fields of the registry's row in signs.yaml.
_OF_REGISTRY = ("title", "rights", "who", "private", "token", "login", "identity", "robot", "open")
# Words that are properties of the last reply.
_OF_REPLY = ("means", "isnt", "sentence", "credentials", "transport")
# What a text is about, beside runtimes and distributions (`surroundings` in signs.yaml).
_AROUND = ("reflector", "crossplane", "docker_desktop", "registries_yaml", "pushing")
# Clients with settings of their own for certificates and logins.
_OUTER = ("flux", "argocd")
Known = Mapping[str, Word]
T = TypeVar("T")


class Words(Mapping[str, Any]):
    """The words of a row: those given for it, else the common ones.

    Any other word raises KeyError. A misspelled condition must not pass for one that doesn't hold.
    """

    def __init__(self, facts: Facts, given: Known = MappingProxyType({})) -> None:
        self._facts = facts
        self._given = given

    def __getitem__(self, name: str) -> Any:
        return self._given[name] if name in self._given else _common()[name](self._facts)

    def __iter__(self) -> Iterator[str]:
        return iter({**self._given, **_common()})

    def __len__(self) -> int:
        return len({**self._given, **_common()})

    def adding(self, given: Known) -> Words:
        """These words and more, which replace words of the same name."""
        return Words(self._facts, {**self._given, **given})


@cache
def _common() -> Mapping[str, Callable[[Facts], Any]]:
    return common_words(signs())


def common_words(table: Signs) -> Mapping[str, Callable[[Facts], Any]]:
    """The words of all rows, each with the function that computes its value. `table` is signs.yaml."""
    hosts = "".join(registry.hosts for registry in table.registries.values())
    groups = "".join(expression for sign in table.signs for expression in sign.sign)
    kinds = (kind.lower() for kind in (*ROLLED_OUT, "Job"))
    names = (*table.runtimes, *table.nodes, *WITH_CTR, *_AROUND, *_OUTER, *kinds)
    derived = {**vars(Derived), **vars(Commands)}
    return {
        **{name: partial(_is_called, name) for name in names},
        **{name: partial(_named, name) for name in table.named},
        **{name: partial(part_of_host, name) for name in _GROUP.findall(hosts)},
        **{name: partial(part_of_message, name) for name in (*_GROUP.findall(groups), "inner")},
        **{name: partial(_field_of_reply, name) for name in _OF_REPLY},
        **{name: attrgetter(f"provider.registry.{name}") for name in _OF_REGISTRY},
        **{name: attrgetter(name) for name in _OF_FACTS},
        **{word: attrgetter(path) for word, path in _RENAMED.items()},
        **{name: partial(_derived, name) for name, value in derived.items() if isinstance(value, property)},
    }


def _is_called(name: str, facts: Facts) -> bool:
    """True if the runtime, the local cluster, the distribution or the kind to change has that name."""
    return name in (facts.runtime, facts.local_cluster, facts.kind_to_change, facts.client, *facts.around)


def _named(name: str, facts: Facts) -> str:
    """What a command of the text names so (`named` in signs.yaml); a placeholder if none does."""
    return str(facts.pod.get("named", {}).get(name) or f"'<{name.replace('_', ' ')}>'")


def _field_of_reply(name: str, facts: Facts) -> Any:
    """A field of the last reply; "" without a reply."""
    return getattr(facts.reply, name) if facts.reply else ""


def _derived(name: str, facts: Facts) -> Any:
    return getattr(Commands(facts), name)


def first_that_holds(rows: Mapping[str, T], words: Known) -> T:
    """The first row whose words all hold. Its key has those words, separated by spaces; the key "" always holds."""
    return next(row for needs, row in rows.items() if all(words[need] for need in needs.split()))


def say(rows: Sentences, words: Known) -> str:
    """The first sentence whose words all hold, with the words in its placeholders."""
    return first_that_holds(rows, words).format_map(words)


class Commands(Derived):
    """Words on the client that pulls, and commands whose slots are words. Each property is the word of its name."""

    @property
    def shows_platforms(self) -> Command:
        """The command that shows the image's platforms; "" if the text shows them."""
        return Command("") if self.has_only else fill("{inspect}   # its platforms", Words(self.facts))

    @property
    def how(self) -> Command:
        """The command that creates a login at this registry."""
        return fill(self.facts.provider.registry.how, Words(self.facts))

    # Commands of the client that pulls instead of a node

    @property
    def by_itself(self) -> bool:
        """True for a client that asks registries itself, with the proxy of its environment, and not by a daemon."""
        return bool(self.facts.client) and not _client(self.facts).daemon

    @property
    def pulls_by_command(self) -> bool:
        """True for a client that pulls by a command, and not by what a file says."""
        return not _client(self.facts).pull.startswith("#")

    @property
    def pull_with(self) -> Command:
        return _of_client(self.facts, _client(self.facts).pull)

    @property
    def log_in(self) -> Command:
        """The client's login; at a cloud's registry with the command that prints the password."""
        words, registry = Words(self.facts), self.facts.provider.registry
        login = _client(self.facts).login
        is_known = all(words[slot] for slot in _SLOT.findall(registry.password))
        if registry.password and is_known and login.endswith(" login {registry}"):
            login = f"{registry.password} | {login} --username {registry.users[0]} --password-stdin"
        return _of_client(self.facts, login)

    @property
    def inspect(self) -> Command:
        return inspect(self.facts, self.image)

    @property
    def tags_of(self) -> Command:
        """The command that lists the tags of the image's repository."""
        name = self.facts.reference.name if self.facts.reference else "'<registry>/<repository>'"
        return fill("skopeo list-tags docker://{name}", {"name": name})

    @property
    def log_out(self) -> Command:
        return _of_client(self.facts, _client(self.facts).logout)

    @property
    def logins(self) -> Command:
        """The command that lists the client's logins."""
        return _of_client(self.facts, _client(self.facts).logins)


def inspect(facts: Facts, image: str) -> Command:
    """The command that looks an image up with the login of a client; with that of docker if a node pulls."""
    return fill(signs().clients[facts.client or "docker"].look, Words(facts, {"image": image}))


def _of_client(facts: Facts, template: str) -> Command:
    """A client's command."""
    return fill(template, Words(facts))


def _client(facts: Facts) -> Client:
    return signs().clients[facts.client]
