"""The words of a row in the YAML tables: values for the {placeholders} in its texts and for its conditions (`needs`).

A check gives some words to its own rows. The others are common to all rows: fields of Facts, parts of the last reply,
fields of the registry's row in signs.yaml, and the properties of `Derived`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from kubesim.api.objects import name_of
from kubesim.pull import keyring
from kubesim.pull.imageref import DEFAULT_REGISTRY
from kubesim.why.judge.commands import Command, fill, quote
from kubesim.why.judge.facts import LOOPBACKS, Facts
from kubesim.why.judge.scene import ROLLED_OUT
from kubesim.why.read.names import REDACTED
from kubesim.why.read.signs_table import Client, Signs, signs
from kubesim.why.tables import Sentences

# An IPv4 or IPv6 address without brackets.
_ADDRESS = re.compile(r"[\d.]+|.*:.*")
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
# Distributions of Kubernetes with a command for containerd's client.
# What a text is about, beside runtimes and distributions (`surroundings` in signs.yaml).
_AROUND = ("reflector", "crossplane", "docker_desktop", "registries_yaml", "pushing")
# Clients with settings of their own for certificates and logins.
_OUTER = ("flux", "argocd")
_WITH_CTR = ("microk8s", "k3s", "k0s")
# The value of a word. As a condition, it holds if it is true.
Word = str | int | None
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
    names = (
        *table.runtimes,
        *table.nodes,
        *_WITH_CTR,
        *_AROUND,
        *_OUTER,
        *kinds,
    )
    return {
        **{name: partial(_is_called, name) for name in names},
        **{name: partial(_named, name) for name in table.named},
        **{name: partial(_part_of_host, name) for name in _GROUP.findall(hosts)},
        **{name: partial(_part_of_message, name) for name in (*_GROUP.findall(groups), "inner")},
        **{name: partial(_field_of_reply, name) for name in _OF_REPLY},
        **{name: attrgetter(f"provider.registry.{name}") for name in _OF_REGISTRY},
        **{name: attrgetter(name) for name in _OF_FACTS},
        **{word: attrgetter(path) for word, path in _RENAMED.items()},
        **{name: partial(_derived, name) for name, value in vars(Derived).items() if isinstance(value, property)},
    }


def _is_called(name: str, facts: Facts) -> bool:
    """True if the runtime, the local cluster, the distribution or the kind to change has that name."""
    return name in (facts.runtime, facts.local_cluster, facts.kind_to_change, facts.client, *facts.around)


def _named(name: str, facts: Facts) -> str:
    """What a command of the text names so (`named` in signs.yaml); a placeholder if none does."""
    return str(facts.pod.get("named", {}).get(name) or f"'<{name.replace('_', ' ')}>'")


def _part_of_host(name: str, facts: Facts) -> Word:
    """A part of the registry's host, such as the account of Amazon ECR."""
    return facts.provider.parts.get(name, "")


def _part_of_message(name: str, facts: Facts) -> Word:
    """A named group of the sign in the last message; "" without that group."""
    return facts.reply.words.get(name, "") if facts.reply else ""


def _field_of_reply(name: str, facts: Facts) -> Any:
    """A field of the last reply; "" without a reply."""
    return getattr(facts.reply, name) if facts.reply else ""


def _derived(name: str, facts: Facts) -> Any:
    return getattr(Derived(facts), name)


def first_that_holds(rows: Mapping[str, T], words: Known) -> T:
    """The first row whose words all hold. Its key has those words, separated by spaces; the key "" always holds."""
    return next(row for needs, row in rows.items() if all(words[need] for need in needs.split()))


def say(rows: Sentences, words: Known) -> str:
    """The first sentence whose words all hold, with the words in its placeholders."""
    return first_that_holds(rows, words).format_map(words)


def listed(names: Sequence[str], most: int = 20) -> str:
    """The first names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


class Derived(NamedTuple):
    """Words computed from the facts. Each property is the word of its name."""

    facts: Facts

    # The Pod and its image

    @property
    def pod(self) -> str:
        return name_of(self.facts.pod)

    @property
    def container(self) -> str:
        return str(self.facts.container["name"])

    @property
    def named_container(self) -> str:
        """The container's name, with a space before it; "" if it is unknown."""
        name = known_name(self.container)
        return name and f" {name}"

    @property
    def started(self) -> str:
        """The program that can't start, in parentheses; "" if the message names none."""
        program = _part_of_message("program", self.facts)
        return f" ({program})" if program else ""

    @property
    def windows(self) -> bool:
        """True if the program that can't start has a path of Windows."""
        return re.match(r"[A-Za-z]:", str(_part_of_message("program", self.facts))) is not None

    @property
    def place(self) -> str:
        """The namespace in words, also if it is unknown."""
        return f"the {self.facts.namespace} namespace" if self.facts.is_placed else "the Pod's namespace"

    @property
    def where(self) -> Command:
        """The flag -n, with a space before it, for the namespace of the Pod or, if that is unknown, of the message."""
        named = "" if self.facts.is_placed else _part_of_message("home", self.facts)
        return in_namespace(str(named) or self.facts.namespace)

    @property
    def node(self) -> str:
        return self.facts.pod["spec"].get("nodeName") or "'<node>'"

    @property
    def named_node(self) -> str:
        """The node's name, with a space before it; "" if it is unknown."""
        name = str(self.facts.pod["spec"].get("nodeName") or "")
        return name and f" {name}"

    @property
    def image(self) -> str:
        return self.facts.image or "'<image>'"

    @property
    def rest(self) -> str:
        """The image's name behind its registry."""
        name = self.facts.image.removeprefix(f"{self.facts.registry}/")
        return name if self.facts.reference else "'<repository>:<tag>'"

    @property
    def canonical(self) -> str:
        """containerd's name of the image."""
        return self.facts.reference.canonical if self.facts.reference else ""

    @property
    def repository(self) -> str:
        """The image's full name without a tag, unless a part of it was removed by hand."""
        name = self.facts.reference.name if self.facts.reference else ""
        return "the image" if not name or REDACTED in name else name

    @property
    def engine(self) -> str:
        """The program that builds images on the machine that pulls."""
        return signs().clients[self.facts.client].engine if self.facts.client else "docker"

    @property
    def builds(self) -> bool:
        """True if a build pulls the image for a Dockerfile."""
        return bool(self.facts.client) and signs().clients[self.facts.client].builds

    @property
    def sends_no_login(self) -> bool:
        """True for a client that asks a node's runtime, and has no file with logins."""
        return bool(self.facts.client) and signs().clients[self.facts.client].on_node

    @property
    def has_only(self) -> str:
        """The platforms of the image, as far as the text shows them."""
        return listed(self.facts.pod.get("platforms", ()))

    @property
    def other_node(self) -> str:
        """The platform of a node on which the image runs."""
        platforms = self.facts.pod.get("platforms", ())
        return platforms[0] if platforms else "<architecture of the image>"

    @property
    def shows_platforms(self) -> Command:
        """The command that shows the image's platforms; "" if the text shows them."""
        return Command("") if self.has_only else fill("{inspect}   # its platforms", Words(self.facts))

    @property
    def doubled(self) -> str:
        """The last part of a chart's path, if the part before is the same; else ""."""
        *_, folder, name = ("", "", *self.path.split("/"))
        return name if folder == name and self.facts.client in ("flux", "argocd", "helm") else ""

    @property
    def cloud(self) -> str:
        """The name that Flux has for the registry's cloud."""
        clouds = {"region": "aws", "acr": "azure", "location": "gcp"}
        return next((cloud for part, cloud in clouds.items() if _part_of_host(part, self.facts)), "")

    # Its pull secrets

    @property
    def listed(self) -> str:
        """The pull secrets in the Pod's list."""
        return listed(self.facts.names)

    @property
    def others(self) -> str:
        """The pull secrets in the ServiceAccount's list."""
        return listed(self.facts.account_names)

    @property
    def inherited(self) -> bool:
        """True if the Pod has its list from the ServiceAccount."""
        return self.facts.names == self.facts.account_names and '"imagePullSecrets"' not in self.facts.manifest

    # The node

    @property
    def lacks(self) -> str:
        """The scheduler's reasons against the nodes, behind a colon; "" if the message has none."""
        lack = str(_part_of_message("lack", self.facts)).strip()
        return lack and f": {lack}"

    @property
    def virtual(self) -> bool:
        """True if images are on the virtual disk of Docker Desktop."""
        return "docker_desktop" in self.facts.around

    @property
    def disk(self) -> Command:
        """The command that shows how full the disk with the images is."""
        is_machine = self.facts.client and not self.sends_no_login
        return Command(f"{self.engine} system df" if is_machine else "df -h /var/lib; crictl images   # on the node")

    # The registry and the host that was asked

    @property
    def registry(self) -> str:
        host = "" if self.facts.asking.role else self.facts.asking.host
        return self.facts.registry or host or "'<registry>'"

    @property
    def server(self) -> str:
        """The value of --docker-server."""
        if (self.facts.registry or self.asked).endswith(DEFAULT_REGISTRY):
            return "https://index.docker.io/v1/"
        return self.facts.registry or "'<registry>'"

    @property
    def identity_of(self) -> str:
        """The part of a cloud that has an identity at its registry."""
        return re.split(r",| \(", self.facts.provider.registry.who)[0]

    @property
    def has_identity(self) -> bool:
        """True if the node may have an identity at the registry's cloud; one on one's own machine has none."""
        return bool(self.facts.provider.registry.who) and not self.facts.local_cluster

    @property
    def lasting(self) -> str:
        """How long a password for this registry is valid."""
        hours = self.facts.provider.registry.hours
        return f"{hours} hour{'s' if hours > 1 else ''}"

    @property
    def path(self) -> str:
        """The image's repository within its registry."""
        return self.facts.reference.repository if self.facts.reference else "'<repository>'"

    @property
    def owner_path(self) -> str:
        """The image's repository without its last part."""
        return self.path.rpartition("/")[0] or self.path

    @property
    def project(self) -> str:
        """The project of Google Cloud in the image's name."""
        return self.path.partition("/")[0] if self.facts.reference else "'<project of the registry>'"

    @property
    def artifacts(self) -> str:
        """The repository of Artifact Registry that has the image; that of the old gcr.io is named after its host."""
        if self.registry.endswith("gcr.io"):
            return self.registry
        return self.path.split("/")[1] if self.path.count("/") > 1 else "'<repository>'"

    @property
    def location(self) -> str:
        """The location of Artifact Registry in the image's name."""
        old = {"gcr.io": "us", "us.gcr.io": "us", "eu.gcr.io": "europe", "asia.gcr.io": "asia"}
        return str(_part_of_host("location", self.facts)) or old.get(self.registry, "'<location>'")

    @property
    def how(self) -> Command:
        """The command that creates a login at this registry."""
        return fill(self.facts.provider.registry.how, Words(self.facts))

    @property
    def asked(self) -> str:
        """The host that was asked."""
        return self.facts.asking.host or "'<registry>'"

    @property
    def relation(self) -> str:
        """The relation of the host that was asked to the registry."""
        if self.facts.asking.role == "way":
            return f"to which the pull from {self.registry} leads"
        return f"the {self.facts.asking.role} of {self.registry}"

    @property
    def asked_as(self) -> str:
        return f"{self.asked}, {self.relation}"

    @property
    def api(self) -> str:
        """The host of the registry's API, and its port if that isn't the default."""
        return "registry-1.docker.io" if self.facts.asking.host == DEFAULT_REGISTRY else self.asked

    @property
    def asked_host(self) -> str:
        return keyring.split_port(self.api)[0].strip("[]")

    @property
    def asked_port(self) -> str:
        """The host of the API with its port."""
        return ":".join(keyring.split_port(self.api, "443"))

    @property
    def san(self) -> str:
        """The certificate's subjectAltName for the host."""
        return f"{'IP' if _ADDRESS.fullmatch(self.asked_host) else 'DNS'}:{self.asked_host}"

    @property
    def is_inside(self) -> bool:
        """True for a host that is none of the public registries."""
        return not re.fullmatch(signs().public, self.asked_host, re.IGNORECASE | re.VERBOSE)

    @property
    def sent_by_hosts(self) -> str:
        """The address to which a line of /etc/hosts in the text sends the host; "" without one."""
        return str((self.facts.pod.get("hosts_file") or {}).get(self.asked_host, ""))

    @property
    def lookup(self) -> str:
        """The name that DNS was asked for."""
        return (self.facts.reply and self.facts.reply.words.get("lookup")) or self.asked_host

    @property
    def resolver(self) -> str:
        """The DNS server that doesn't know the host, as a sentence; "" if the message names none."""
        server = _part_of_message("dns", self.facts)
        return f"The DNS server {server} doesn't know it." if server else ""

    @property
    def own_proxy(self) -> str:
        """The host of a proxy that is the node itself; "" for any other proxy."""
        host, _port = keyring.split_port(str(_part_of_message("proxy", self.facts)))
        return host if host in LOOPBACKS else ""

    # The request

    @property
    def sent(self) -> bool:
        """True if the message shows that credentials were sent."""
        reply = self.facts.reply
        return reply is not None and (reply.sent or "fetch oauth token" in self.facts.message)

    @property
    def lacks_scope(self) -> bool:
        """True if GitLab's token service knows the user and gives no token: that user's token has another scope."""
        is_gitlab = bool(self.facts.provider.registry.token)
        return is_gitlab and self.facts.is_partial and self.token_refused and self.facts.kind == "forbidden"

    @property
    def wrong_login(self) -> bool:
        """True if the registry says that the user and the password don't match."""
        return self.facts.reply is not None and self.facts.reply.sent and self.facts.kind == "unauthorized"

    @property
    def token_refused(self) -> bool:
        return "failed to fetch oauth token" in self.facts.message

    # Commands of the client that pulls instead of a node

    @property
    def ctr(self) -> Command:
        """containerd's client, with the namespace of the kubelet's images, as the distribution of Kubernetes has it."""
        wrapped = next((name for name in _WITH_CTR if name in self.facts.around), "")
        return Command(f"{wrapped} ctr" if wrapped else "ctr -n k8s.io")

    @property
    def distribution(self) -> str:
        """The distribution whose registries.yaml configures containerd; "" for none."""
        return next((name for name in ("rke2", "k3s") if name in self.facts.around), "")

    @property
    def certs_d(self) -> str:
        """containerd's folder of hosts.toml files."""
        is_snap = "microk8s" in self.facts.around
        return "/var/snap/microk8s/current/args/certs.d" if is_snap else "/etc/containerd/certs.d"

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


def known_name(name: str) -> str:
    """The name of a Pod or container; "" for the placeholder of an unknown one."""
    return "" if name.startswith("'<") else name


def _client(facts: Facts) -> Client:
    return signs().clients[facts.client]


def in_namespace(namespace: str) -> Command:
    """The flag -n with a space before it; nothing for the default namespace."""
    return Command("" if namespace == "default" else f" -n {quote(namespace, 'namespace')}")
