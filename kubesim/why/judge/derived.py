"""Words that are computed from the facts, for the {placeholders} and the conditions of the YAML tables (words.py)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from kubesim.api.objects import name_of
from kubesim.pull import keyring
from kubesim.pull.imageref import DEFAULT_REGISTRY
from kubesim.why.judge.commands import Command, quote
from kubesim.why.judge.facts import Facts
from kubesim.why.judge.pull_facts import LOOPBACKS
from kubesim.why.read.names import REDACTED
from kubesim.why.read.signs_table import signs

# The value of a word. As a condition, it holds if it is true.
Word = str | int | None
# An IPv4 or IPv6 address without brackets.
_ADDRESS = re.compile(r"[\d.]+|.*:.*")
# Distributions of Kubernetes with a command for containerd's client.
WITH_CTR = ("microk8s", "k3s", "k0s")


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
        program = part_of_message("program", self.facts)
        return f" ({program})" if program else ""

    @property
    def windows(self) -> bool:
        """True if the program that can't start has a path of Windows."""
        return re.match(r"[A-Za-z]:", str(part_of_message("program", self.facts))) is not None

    @property
    def place(self) -> str:
        """The namespace in words, also if it is unknown."""
        return f"the {self.facts.namespace} namespace" if self.facts.is_placed else "the Pod's namespace"

    @property
    def where(self) -> Command:
        """The flag -n, with a space before it, for the namespace of the Pod or, if that is unknown, of the message."""
        named = "" if self.facts.is_placed else part_of_message("home", self.facts)
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
    def doubled(self) -> str:
        """The last part of a chart's path, if the part before is the same; else ""."""
        *_, folder, name = ("", "", *self.path.split("/"))
        return name if folder == name and self.facts.client in ("flux", "argocd", "helm") else ""

    @property
    def cloud(self) -> str:
        """The name that Flux has for the registry's cloud."""
        clouds = {"region": "aws", "acr": "azure", "location": "gcp"}
        return next((cloud for part, cloud in clouds.items() if part_of_host(part, self.facts)), "")

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
        lack = str(part_of_message("lack", self.facts)).strip()
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
        return str(part_of_host("location", self.facts)) or old.get(self.registry, "'<location>'")

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
        server = part_of_message("dns", self.facts)
        return f"The DNS server {server} doesn't know it." if server else ""

    @property
    def own_proxy(self) -> str:
        """The host of a proxy that is the node itself; "" for any other proxy."""
        host, _port = keyring.split_port(str(part_of_message("proxy", self.facts)))
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

    # The distribution of Kubernetes

    @property
    def ctr(self) -> Command:
        """containerd's client, with the namespace of the kubelet's images, as the distribution of Kubernetes has it."""
        wrapped = next((name for name in WITH_CTR if name in self.facts.around), "")
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


def part_of_host(name: str, facts: Facts) -> Word:
    """A part of the registry's host, such as the account of Amazon ECR."""
    return facts.provider.parts.get(name, "")


def part_of_message(name: str, facts: Facts) -> Word:
    """A named group of the sign in the last message; "" without that group."""
    return facts.reply.words.get(name, "") if facts.reply else ""


def listed(names: Sequence[str], most: int = 20) -> str:
    """The first names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def known_name(name: str) -> str:
    """The name of a Pod or container; "" for the placeholder of an unknown one."""
    return "" if name.startswith("'<") else name


def in_namespace(namespace: str) -> Command:
    """The flag -n with a space before it; nothing for the default namespace."""
    return Command("" if namespace == "default" else f" -n {quote(namespace, 'namespace')}")
