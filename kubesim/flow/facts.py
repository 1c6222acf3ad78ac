"""What is known of one container's image: from the running cluster, or from what was exported from another one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Protocol

from kubesim.api import imageref
from kubesim.api.clock import parse_time
from kubesim.api.imageref import Reference
from kubesim.api.objects import Object, find_named, name_of, namespace_of, pull_secret_names
from kubesim.api.resources import (
    DAEMON_SET,
    DEPLOYMENT,
    REPLICA_SET,
    SECRET,
    SERVICE_ACCOUNT,
    STATEFUL_SET,
    Resource,
)
from kubesim.cluster import Cluster, keyring
from kubesim.cluster.keyring import Credential, Keyring, Match
from kubesim.cluster.kubelet.imagepull import Attempt, PullTrace, SeenSecret, see
from kubesim.cluster.registry import Answer
from kubesim.flow import signs
from kubesim.flow.signs import Asked, Reply, Row, read, table

# Kinds that replace their Pods when the Pod template changes.
_ROLLED_OUT = (DEPLOYMENT.kind, DAEMON_SET.kind, STATEFUL_SET.kind)
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class Objects(Protocol):
    """Looks objects up, as the API server does; `list` without a namespace searches all of them."""

    def find(self, resource: Resource, namespace: str, name: str) -> Object | None: ...

    def list(self, resource: Resource, namespace: str | None = None) -> list[Object]: ...


class Registries(Protocol):
    """Says what registries would answer; `tags` are none where they are not known."""

    def resolve(self, reference: Reference, credential: Credential | None) -> Answer: ...

    def tags(self, reference: Reference) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Scene:
    """Objects, the last attempts by namespace, Pod and container, and the registries.

    With `is_export` they are second-hand: what is not in it may still be in the cluster.
    """

    api: Objects
    traces: Mapping[tuple[str, str, str], PullTrace]
    registries: Registries
    is_export: bool = False


def scene_of(cluster: Cluster) -> Scene:
    return Scene(cluster.api, cluster.kubelet.traces, cluster.registries)


def first(rows: Mapping[str, Any], words: Mapping[str, Any]) -> Any:
    """The first row whose words (its key) all hold."""
    return next(row for needs, row in rows.items() if all(words.get(need) for need in needs.split()))


def say(part: str, words: Mapping[str, Any]) -> str:
    """The sentence of hops.yaml on `part`."""
    return str(first(table("hops")[part], words)).format_map(words)


def reply_to(attempt: Attempt) -> Reply:
    return read(attempt.answer, attempt.username is not None)


@dataclass(frozen=True)
class Facts:
    """One container of one Pod, and what is known of the pull of its image."""

    scene: Scene
    namespace: str
    pod: Object
    container: Object

    @property
    def image(self) -> str:
        return str(self.container.get("image", ""))

    @cached_property
    def reference(self) -> Reference | None:
        """The image's full name, None where the text is none."""
        try:
            return imageref.parse(self.image)
        except ValueError:
            return None

    @property
    def registry(self) -> str:
        return self.reference.registry if self.reference else ""

    @cached_property
    def trace(self) -> PullTrace | None:
        """The kubelet's last attempt for this Pod and this image, None while there was none."""
        trace = self.scene.traces.get((self.namespace, name_of(self.pod), self.container["name"]))
        if trace is None or trace.image != self.image:
            return None
        born = 0 if self.scene.is_export else parse_time(self.pod["metadata"]["creationTimestamp"])
        return trace if trace.at >= born else None

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        return self.trace.attempts if self.trace else ()

    @cached_property
    def reply(self) -> Reply | None:
        """What the registry said last, or the kubelet where it did not ask one; None where nothing failed."""
        if self.attempts:
            return reply_to(self.attempts[-1])
        return read(self.trace.message, False) if self.trace and self.trace.message else None

    @property
    def kind(self) -> str:
        """What kind of answer that was; "" where there was none."""
        return self.reply.kind if self.reply else ""

    @property
    def message(self) -> str:
        """The last answer, as far as it is known."""
        return self.attempts[-1].answer if self.attempts else self.trace.message if self.trace else ""

    @cached_property
    def asked(self) -> Asked:
        """Who was really asked: the registry, or a mirror, token service or storage."""
        return signs.asked(self.message, self.registry, self.reply) if self.reply else Asked(self.registry)

    @cached_property
    def owner_of_registry(self) -> Row:
        """Whose registry it is: the row of signs.yaml."""
        return signs.registry_of(self.registry, self.message)

    @property
    def has_image(self) -> bool:
        """Whether the container may start from its image."""
        return self.trace is not None and self.trace.outcome in ("Pulled", "AlreadyPresent")

    @cached_property
    def words(self) -> Mapping[str, Any]:
        return {
            "image": self.image,
            "repository": self.reference.name if self.reference else "",
            "canonical": self.reference.canonical if self.reference else "",
            "registry": self.registry,
            "namespace": self.namespace,
            "pod": name_of(self.pod),
            "container": self.container["name"],
            "has_image": self.has_image,
            "is_export": self.scene.is_export,
            "names": ", ".join(self.names),
            "inherited": self.inherited,
            "account": self.account,
            "has_account": self.has_account,
            "others": ", ".join(self.account_names),
            "node": self.pod["spec"].get("nodeName") or "'<node>'",
            "title": self.owner_of_registry["title"],
            **self._said,
        }

    @property
    def _said(self) -> Mapping[str, Any]:
        """The words of the decisive sentence, and who was asked."""
        host = keyring.split_port(self.asked.host)[0]
        is_address = re.fullmatch(r"[\d.]+|\[.*\]", host)
        given = {"lookup": host, **(self.reply.words if self.reply else {})}
        return {
            **signs.words(),
            **{key: word for key, word in self.owner_of_registry.items() if word},
            **given,
            "meaning": self.reply.means if self.reply else "",
            "role": self.asked.role,
            "asked": self.asked.host,
            "asked_host": host,
            "asked_port": self.asked.host if host != self.asked.host else f"{host}:443",
            "san": f"{'IP' if is_address else 'DNS'}:{host}",
            "unit": signs.runtime_of(self.message),
            "docker": signs.runtime_of(self.message) == "docker",
            "crio": signs.runtime_of(self.message) == "crio",
        }

    # Secrets

    @cached_property
    def names(self) -> list[str]:
        return pull_secret_names(self.pod["spec"])

    @cached_property
    def secrets(self) -> list[Object]:
        return self._existing(self.names)

    @cached_property
    def secrets_here(self) -> list[Object]:
        return self.scene.api.list(SECRET, self.namespace)

    @property
    def free_name(self) -> str:
        """A name for a pull secret that no Secret of the namespace has."""
        taken = {name_of(secret) for secret in self.secrets_here}
        names = ("regcred", *(f"regcred-{number}" for number in range(2, 1000)))
        return next(name for name in names if name not in taken)

    def _existing(self, names: Sequence[str]) -> list[Object]:
        found = (self.scene.api.find(SECRET, self.namespace, name) for name in names)
        return [secret for secret in found if secret is not None]

    @cached_property
    def seen(self) -> tuple[SeenSecret, ...]:
        """What the kubelet saw of each when it got the image, and would see now where it did not."""
        if self.trace and self.has_image:
            return self.trace.secrets
        return tuple(see(name, self.scene.api.find(SECRET, self.namespace, name)) for name in self.names)

    @cached_property
    def matches(self) -> list[Match]:
        return self._matching(self.secrets)

    def _matching(self, secrets: list[Object]) -> list[Match]:
        """The credentials among `secrets` that match the image; none where one of them cannot be read."""
        try:
            return Keyring.from_secrets(secrets).lookup(self.reference.name) if self.reference else []
        except ValueError:
            return []

    def covering(self, seen: SeenSecret) -> list[str]:
        """The entries of a Secret, as the kubelet saw it, that match the image."""
        tried = [str(attempt.entry) for attempt in self.attempts if attempt.secret == seen.name]
        matching = [match.entry for match in self._matching(self._existing([seen.name]))]
        return list(dict.fromkeys([*tried, *(entry for entry in matching if entry in seen.entries)]))

    def is_match(self, secret: Object) -> bool:
        """Whether `secret` has a user and a password for the image."""
        return any(match.credential.username and match.credential.password for match in self._matching([secret]))

    def would_pull(self, secrets: list[Object]) -> bool:
        """Whether the registry would now give the image to a Pod with these pull secrets."""
        if self.reference is None:
            return False
        candidates: Sequence[Match | None] = self._matching(secrets) or [None]
        credentials = (match.credential if match else None for match in candidates)
        return any(self.scene.registries.resolve(self.reference, credential).image for credential in credentials)

    @cached_property
    def matching_secret(self) -> str:
        """A Secret of the Pod's namespace that matches the image, if possible one that the registry accepts, or ""."""
        found = [secret for secret in self.secrets_here if self.is_match(secret)]
        accepted = (secret for secret in found if self.would_pull([secret]))
        best = next(accepted, next(iter(found), None))
        return name_of(best) if best else ""

    def elsewhere(self, name: str = "") -> tuple[str, str]:
        """Name and namespace of a matching Secret (called `name`, if given) in a different namespace, or ("", "")."""
        for secret in self.scene.api.list(SECRET):
            if namespace_of(secret) != self.namespace and name in ("", name_of(secret)) and self.is_match(secret):
                return name_of(secret), namespace_of(secret)
        return "", ""

    # The ServiceAccount

    @property
    def account(self) -> str:
        return str(self.pod["spec"].get("serviceAccountName") or "default")

    @cached_property
    def _account(self) -> Object | None:
        return self.scene.api.find(SERVICE_ACCOUNT, self.namespace, self.account)

    @property
    def has_account(self) -> bool:
        return self._account is not None

    @cached_property
    def account_names(self) -> list[str]:
        return pull_secret_names(self._account) if self._account else []

    @cached_property
    def account_secrets(self) -> list[Object]:
        return self._existing(self.account_names)

    @property
    def inherited(self) -> bool:
        """Whether the Pod's list is its ServiceAccount's and its manifest has none."""
        return bool(self.names) and self.names == self.account_names and '"imagePullSecrets"' not in self.manifest

    @property
    def manifest(self) -> str:
        """The Pod as it was applied, "" where that is not known."""
        return str(self.pod["metadata"].get("annotations", {}).get(_LAST_APPLIED, ""))

    # Who created the Pod

    @cached_property
    def workload(self) -> str:
        """What has the Pod's template, as kubectl takes it ("deployment/web"); "" where it cannot be changed there."""
        owner = self.owner or {}
        if owner.get("kind") == REPLICA_SET.kind:
            replica_set = self.scene.api.find(REPLICA_SET, self.namespace, owner["name"])
            owner = next(_owners(replica_set), {}) if replica_set else self._deployment(owner["name"])
        return f"{owner['kind'].lower()}/{owner['name']}" if owner.get("kind") in _ROLLED_OUT else ""

    def _deployment(self, replica_set: str) -> Object:
        """The Deployment of a ReplicaSet that was not exported: its name ends with a hash, a label of its Pods, too."""
        name, _, suffix = replica_set.rpartition("-")
        labels = self.pod["metadata"].get("labels") or {}
        return {"kind": DEPLOYMENT.kind, "name": name} if suffix and labels.get("pod-template-hash") == suffix else {}

    @property
    def owner(self) -> Object | None:
        return next(_owners(self.pod), None)


def _owners(obj: Object) -> Iterator[Object]:
    return (item for item in obj.get("metadata", {}).get("ownerReferences", ()) if item.get("controller"))


def in_namespace(namespace: str) -> str:
    """The -n flag, unless it is the default one."""
    return "" if namespace == "default" else f" -n {namespace}"


def nearest(word: str, words: Sequence[str]) -> str:
    """Which of `words` is most similar to `word`, "" where none is."""
    return next(iter(get_close_matches(word, words, 1, 0.8)), "")


def host_of(entry: str) -> str:
    """The host, and port, of a Docker config's entry."""
    return (keyring.registry_key(entry) or entry).partition("/")[0]


def containers(pod: Object) -> list[Object]:
    return [*pod["spec"].get("initContainers", ()), *pod["spec"].get("containers", ())]


def facts_of(scene: Scene, pod: Object) -> list[Facts]:
    return [Facts(scene, namespace_of(pod), pod, item) for item in containers(pod)]


def gather(scene: Scene, pod: Object, container: str | None) -> Facts | None:
    """The facts on the container of that name; None where the Pod has no such container.

    Without a name it is the first container whose image is not there yet, or else the first one.
    """
    if container is not None:
        named = find_named(containers(pod), container)
        return Facts(scene, namespace_of(pod), pod, named) if named else None
    found = facts_of(scene, pod)
    lacking = [facts for facts in found if not facts.has_image]
    waiting = [facts for facts in lacking if facts.trace]
    return [*waiting, *lacking, Facts(scene, namespace_of(pod), pod, pod["spec"]["containers"][0])][0]
