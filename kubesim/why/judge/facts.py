"""What is known of one container's image: from the running cluster, or from what was exported from another one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from functools import cached_property, lru_cache
from itertools import chain, count

from kubesim.api.clock import parse_time
from kubesim.api.objects import Object, find_named, name_of, namespace_of, pull_secret_names
from kubesim.api.resources import SECRET, SERVICE_ACCOUNT
from kubesim.pull import imageref, keyring
from kubesim.pull.attempt import Attempt, PullTrace, SeenSecret, see
from kubesim.pull.imageref import Reference
from kubesim.pull.keyring import Match
from kubesim.why.hide.oddities import Flaw, Oddities
from kubesim.why.judge.asking import Asked, asked
from kubesim.why.judge.scene import ROLLED_OUT, VOLUME, Creator, Scene, containers, controllers, creators, manifest_of
from kubesim.why.read import signs, signs_table
from kubesim.why.read.names import REDACTED, filled, is_redacted, lacks_registry
from kubesim.why.read.signs import Owner, Reply, read
from kubesim.why.read.text import POD_NAME

UNCLEAR = ("scope", "denied")
"""Kinds of answers that are the same for a missing image and for a user without rights."""


def reply_to(attempt: Attempt) -> Reply:
    return read(attempt.answer, with_credentials=attempt.username is not None)


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

    @property
    def volume(self) -> str:
        """The name of the volume that needs the image; "" where a container does."""
        name = str(self.container["name"])
        return name.removeprefix(VOLUME) if name.startswith(VOLUME) else ""

    @cached_property
    def reference(self) -> Reference | None:
        """The image's full name, None where the text is none."""
        if is_redacted(self.image) or (self.is_partial and lacks_registry(self.image)):
            return None  # whoever took it out knows which registry that is
        names = [self.image, filled(self.image), filled(self.image).lower()]
        for name in names if self.is_partial else names[:1]:
            with suppress(ValueError):
                return imageref.parse(name)
        return None

    @property
    def registry(self) -> str:
        host = self.reference.registry if self.reference else ""
        return self.image.partition("/")[0] if REDACTED in host else host

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
        return read(self.trace.message, with_credentials=False) if self.trace and self.trace.message else None

    @property
    def kind(self) -> str:
        """What kind of answer that was; "" where there was none."""
        return self.reply.kind if self.reply else ""

    @property
    def message(self) -> str:
        """The last answer, as far as it is known."""
        if self.attempts:
            return self.attempts[-1].answer
        return self.trace.message if self.trace else ""

    @cached_property
    def asking(self) -> Asked:
        """Who was really asked: the registry, or a mirror, token service or storage."""
        return asked(self.message, self.registry, self.reply) if self.reply else Asked(self.registry)

    @cached_property
    def owner_of_registry(self) -> Owner:
        """Whose registry it is."""
        return signs.registry_of(self.registry or self.asking.host, self.message)

    @property
    def has_image(self) -> bool:
        """Whether the container may start from its image."""
        return self.trace is not None and self.trace.outcome in ("Pulled", "AlreadyPresent")

    @property
    def marks(self) -> tuple[str, ...]:
        """The runtime, what has the Pod's template, and what the node's name says of a cluster on one's own machine."""
        node = str(self.pod["spec"].get("nodeName"))
        maker = self.workload.partition("/")[0]
        if self.owner and not maker:
            maker = self.owner["kind"].lower()
        local = (name for name, start in signs_table.signs().nodes.items() if re.match(start, node))
        return (signs.runtime_of(self.message), maker, *local)

    @property
    def is_silent(self) -> bool:
        """Whether something failed, and neither the status nor an event says why."""
        is_unknown = self.reply is not None and self.reply.kind == "other"
        return self.scene.is_export and is_unknown and not self.message

    @property
    def is_refused(self) -> bool:
        """Whether different credentials could help, going by what was answered."""
        return self.reply is not None and self.reply.credentials and not self.is_silent

    @property
    def is_unsure(self) -> bool:
        """Whether the export cannot show which credentials were sent."""
        return self.scene.is_export and (self.is_partial or (bool(self.names) and not self.knows_secrets))

    @property
    def events(self) -> Sequence[Object]:
        """The Pod's events in the export."""
        return self.scene.events.get((self.namespace, name_of(self.pod)), ())

    @property
    def is_partial(self) -> bool:
        """Whether only a text is known of the Pod, so that its list of pull secrets is not."""
        return bool(self.pod.get("partial"))

    @property
    def is_placed(self) -> bool:
        """Whether the Pod's namespace is known; where a text doesn't name it, `namespace` is "default"."""
        return not self.pod.get("unplaced")

    @property
    def on_node(self) -> bool:
        """Whether a list of the node's images, in the same text, has the image, so that only Always asks for it."""
        tag = self.reference.tag if self.reference else None
        return bool(tag) and f"{self.reference.name}:{tag}" in self.pod.get("there", ()) if self.reference else False

    @property
    def client(self) -> str:
        """The program on a person's machine (docker, helm, …) that a text is about; "" where a node pulls."""
        return str(self.pod.get("client", ""))

    @property
    def is_node(self) -> bool:
        """Whether a node pulls."""
        return not self.client

    @property
    def source(self) -> str:
        """What the learner gave: an export, the text of describe or events, or a message alone."""
        return ("message" if name_of(self.pod) == POD_NAME else "text") if self.is_partial else "export"

    # Secrets

    def flaws(self, name: str, entry: str = "") -> Sequence[Flaw]:
        """What is odd about an entry of an exported Secret, or about the whole."""
        return self.oddities(name).flaws.get(entry, ())

    def oddities(self, name: str) -> Oddities:
        """What is odd about an exported Secret."""
        return self.scene.oddities.get((self.namespace, name)) or Oddities({}, {})

    @cached_property
    def knows_secrets(self) -> bool:
        """Whether it is known what the Pod's pull secrets hold for the image."""
        return self.scene.knows_secrets and not any(map(self.is_masked, self.names))

    def is_masked(self, name: str) -> bool:
        """Whether someone took out of an exported Secret what it holds for the image."""
        entries = [match.entry for match in self._matching(self._existing([name]))]
        return any(Flaw.MASKED in self.flaws(name, entry) for entry in ("", *entries))

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
    def free(self) -> str:
        """A name for a pull secret that no Secret of the namespace has."""
        names = chain(["regcred"], map("regcred-{}".format, count(2)))
        return next(name for name in names if not self.scene.api.find(SECRET, self.namespace, name))

    def _existing(self, names: Sequence[str]) -> list[Object]:
        secrets = map(self.secret_named, names)
        return [secret for secret in secrets if secret is not None]

    def secret_named(self, name: str) -> Object | None:
        """A Secret as the kubelet sees it; an immutable one stays as it was read."""
        return self.scene.kept.get((self.namespace, name)) or self.scene.api.find(SECRET, self.namespace, name)

    @cached_property
    def seen(self) -> tuple[SeenSecret, ...]:
        """What the kubelet saw of each when it got the image, and would see now where it did not."""
        if self.trace and self.has_image:
            return self.trace.secrets
        return tuple(see(name, self.secret_named(name)) for name in self.names)

    @cached_property
    def deleted(self) -> list[str]:
        """The pull secrets that the kubelet had at its last attempt, and that aren't in the cluster anymore."""
        if self.scene.is_export or self.trace is None:
            return []
        had = [seen.name for seen in self.trace.secrets if seen.found]
        return [name for name in had if self.scene.api.find(SECRET, self.namespace, name) is None]

    @cached_property
    def matches(self) -> list[Match]:
        return self._matching(self.secrets)

    def _matching(self, secrets: list[Object]) -> list[Match]:
        """The credentials among `secrets` that match the image; none where one of them cannot be read."""
        try:
            return keyring.lookup(keyring.of_secrets(secrets), self.reference.name) if self.reference else []
        except ValueError:
            return []

    def covering(self, seen: SeenSecret) -> list[str]:
        """The entries of a Secret, as the kubelet saw it, that match the image."""
        tried = [str(attempt.entry) for attempt in self.attempts if attempt.secret == seen.name]
        matching = [match.entry for match in self._matching(self._existing([seen.name]))]
        return list(dict.fromkeys([*tried, *(entry for entry in matching if entry in seen.entries)]))

    def is_match(self, secret: Object) -> bool:
        """Whether `secret` has a user and a password for the image."""
        kind = secret.get("type", "")
        blob = (secret.get("data") or {}).get(keyring.DATA_KEYS.get(kind, ""), "")
        return self.reference is not None and bool(blob) and _has_login(kind, blob, self.reference.name)

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
    def service_account(self) -> Object | None:
        return self.scene.api.find(SERVICE_ACCOUNT, self.namespace, self.account)

    @cached_property
    def account_names(self) -> list[str]:
        return pull_secret_names(self.service_account) if self.service_account else []

    @cached_property
    def account_secrets(self) -> list[Object]:
        return self._existing(self.account_names)

    @property
    def manifest(self) -> str:
        """The Pod as it was applied, "" where that is not known."""
        return manifest_of(self.pod)

    # Who created the Pod

    @cached_property
    def creators(self) -> list[Creator]:
        """What created the Pod, what created that, and so on."""
        return creators(self.scene, self.pod)

    @property
    def workload(self) -> str:
        """What has the Pod's template, as kubectl takes it ("deployment/web"); "" where it cannot be changed there."""
        rolled = (item for item in reversed(self.creators) if item.kind in ROLLED_OUT)
        return next((f"{item.kind.lower()}/{item.name}" for item in rolled), "")

    @property
    def owner(self) -> Object | None:
        return next(controllers(self.pod), None)


def seconds(stamp: str) -> float:
    """The seconds of the epoch of an API Time, which has a zone; 0 where it is none."""
    try:
        moment = datetime.fromisoformat(stamp)
        return moment.timestamp() if moment.tzinfo else 0
    except (ValueError, OverflowError):
        return 0


@lru_cache(maxsize=4096)
def _has_login(kind: str, blob: str, name: str) -> bool:
    """Whether the content of a Secret has a user and a password for the image `name`."""
    try:
        ring = keyring.of_secrets([{"type": kind, "data": {keyring.DATA_KEYS[kind]: blob}}])
    except ValueError:
        return False
    return any(match.credential.username and match.credential.password for match in keyring.lookup(ring, name))


@lru_cache(maxsize=256)
def nearest(word: str, words: tuple[str, ...]) -> str:
    """Which of `words` is most similar to `word`, "" where none is."""
    return next(iter(get_close_matches(word, words, 1, 0.8)), "")


def facts_of(scene: Scene, pod: Object) -> list[Facts]:
    """The facts on each container, and on each volume whose image was asked for."""
    every = [Facts(scene, namespace_of(pod), pod, item) for item in containers(pod)]
    return [facts for facts in every if facts.trace or not facts.volume]


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
