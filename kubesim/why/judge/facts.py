"""The facts on one container's image: its name, the last attempt to pull it, its Pod's Secrets, account and creators.

They come from a Scene, which is a running cluster or an export of one, and are computed when they are first asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, cached_property, lru_cache
from itertools import chain, count

from kubesim.api.clock import parse_time
from kubesim.api.objects import Object, find_named, name_of, namespace_of, pull_secret_names
from kubesim.api.resources import SECRET, SERVICE_ACCOUNT
from kubesim.pull import imageref, keyring
from kubesim.pull.attempt import Attempt, PullTrace, SeenSecret, check_secret
from kubesim.pull.imageref import DEFAULT_REGISTRY, Reference
from kubesim.pull.keyring import Match
from kubesim.why.hide.oddities import WHOLE, Flaw, Oddities
from kubesim.why.judge.asking import Asked, asked
from kubesim.why.judge.scene import ROLLED_OUT, VOLUME, Creator, Scene, containers, controllers, creators, manifest_of
from kubesim.why.read import signs, signs_table
from kubesim.why.read.names import REDACTED, filled, is_redacted, lacks_registry
from kubesim.why.read.signs import Provider, Reply, read
from kubesim.why.read.text import POD_NAME

# Hosts that are the machine itself.
LOOPBACKS = ("localhost", "127.0.0.1", "[::1]")
# Kinds of answers that registries give both for a missing image and to a user without rights.
UNCLEAR = ("scope", "denied")


def reply_to(attempt: Attempt) -> Reply:
    """The meaning of the registry's answer to an attempt."""
    return read(attempt.answer, with_credentials=attempt.username is not None)


@dataclass(frozen=True)
class Facts:
    """The facts on the image of one container of `pod`. A volume with an image counts as a container, too."""

    scene: Scene
    namespace: str
    pod: Object
    container: Object

    @property
    def image(self) -> str:
        return str(self.container.get("image", ""))

    @property
    def volume(self) -> str:
        """The name of the volume that needs the image; "" if a container needs it."""
        name = str(self.container["name"])
        return name.removeprefix(VOLUME) if name.startswith(VOLUME) else ""

    @cached_property
    def reference(self) -> Reference | None:
        """The parsed name of the image; None if it's invalid, or if its registry was removed before pasting."""
        if is_redacted(self.image) or (self.is_partial and lacks_registry(self.image)):
            return None  # parsing would take Docker Hub for the registry
        names = [self.image, filled(self.image), filled(self.image).lower()]
        for name in names if self.is_partial else names[:1]:
            with suppress(ValueError):
                return imageref.parse(name)
        return None

    @property
    def registry(self) -> str:
        """The registry's host, with any placeholder that replaces a part of it; "" if nothing names one.

        Where the image was removed from a text before pasting, it's the only host of a known registry in that text.
        """
        if self.reference is None:
            hosts = [host for host in self.pod.get("hosts", ()) if any(signs.registry_of(host).parts.values())]
            return hosts[0] if len(hosts) == 1 and is_redacted(self.image) else ""
        host = self.reference.registry
        return self.image.partition("/")[0] if REDACTED in host else host

    @cached_property
    def trace(self) -> PullTrace | None:
        """The kubelet's last attempt for this Pod and this image; None before the first."""
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
        """The meaning of the registry's last answer, else of the kubelet's message; None without either."""
        if self.attempts:
            return reply_to(self.attempts[-1])
        return read(self.trace.message, with_credentials=False) if self.trace and self.trace.message else None

    @property
    def kind(self) -> str:
        """The reply's kind, a key of `kinds` in signs.yaml; "" without a reply."""
        return self.reply.kind if self.reply else ""

    @property
    def message(self) -> str:
        """The registry's last answer, else the kubelet's message; "" if neither is known."""
        if self.attempts:
            return self.attempts[-1].answer
        return self.trace.message if self.trace else ""

    @cached_property
    def asking(self) -> Asked:
        """The host that gave the last answer, and its role: registry, mirror, token service or storage."""
        return asked(self.message, self.registry, self.reply) if self.reply else Asked(self.registry)

    @cached_property
    def provider(self) -> Provider:
        """The product or service that runs the registry, a row of `registries` in signs.yaml."""
        return signs.registry_of(self.registry or self.asking.host, self.message)

    @property
    def has_image(self) -> bool:
        """True if the node has the image and the container may start from it."""
        return self.trace is not None and self.trace.outcome in ("Pulled", "AlreadyPresent")

    @property
    def runtime(self) -> str:
        """The systemd unit of the container runtime, a key of `runtimes` in signs.yaml."""
        said = signs.runtime_of(self.message)
        return "crio" if said == "containerd" and "crio" in self.around else said

    @property
    def around(self) -> Sequence[str]:
        """The runtime and the distribution of Kubernetes that a text names, keys of `surroundings` in signs.yaml."""
        return tuple(self.pod.get("around", ()))

    @property
    def local_cluster(self) -> str:
        """The tool that runs the cluster on one's own machine, a key of `nodes` in signs.yaml; "" if none does."""
        node = str(self.pod["spec"].get("nodeName"))
        nodes = signs_table.signs().nodes
        by_name = (tool for tool, name in nodes.items() if re.match(name, node))
        return next(by_name, next((tool for tool in nodes if tool in self.around), ""))

    @property
    def is_silent(self) -> bool:
        """True if the pull failed and neither the status nor an event has a message."""
        is_unknown = self.reply is not None and self.reply.kind == "other"
        return self.scene.is_export and is_unknown and not self.message

    @property
    def is_refused(self) -> bool:
        """True if the reply means that other credentials could help."""
        return self.reply is not None and self.reply.credentials and not self.is_silent

    @property
    def is_unsure(self) -> bool:
        """True if the export doesn't show which credentials were sent."""
        return self.scene.is_export and (self.is_partial or (bool(self.names) and not self.knows_secrets))

    @property
    def events(self) -> Sequence[Object]:
        """The Pod's events in the export."""
        return self.scene.events.get((self.namespace, name_of(self.pod)), ())

    @property
    def is_partial(self) -> bool:
        """True for a Pod made from a text, whose list of pull secrets is unknown (ADDED in read/text.py)."""
        return bool(self.pod.get("partial"))

    @property
    def is_placed(self) -> bool:
        """False if a text doesn't name the Pod's namespace; `namespace` is then "default"."""
        return not self.pod.get("unplaced")

    @property
    def on_node(self) -> bool:
        """True if the text lists the image among those of the node, so that only the policy Always pulls it."""
        reference = self.reference
        return reference is not None and f"{reference.name}:{reference.tag}" in self.pod.get("there", ())

    @property
    def in_docker(self) -> bool:
        """True if the text lists the image among those of docker, whose store a node with another runtime lacks."""
        built = [imageref.parse(name) for name in self.pod.get("built", ())]
        name = self.reference and (self.reference.name, self.reference.tag)
        return name in [(reference.name, reference.tag) for reference in built]

    @property
    def is_logged_in(self) -> bool:
        """True if the text shows that a client's login at the image's registry succeeded."""
        return self.registry in [host or DEFAULT_REGISTRY for host in self.pod.get("logins", ())]

    @property
    def wanted(self) -> str:
        """The first pull secret that a piece of a manifest in the text lists; "" without one."""
        return next(iter(self.pod.get("wanted", ())), "")

    @property
    def created(self) -> str:
        """The last pull secret that a command of the text created; "" without one, or if the text lists any."""
        return "" if self.wanted else next(reversed(self.pod.get("created", ())), "")

    @property
    def port_elsewhere(self) -> str:
        """The registry's host with a port, as another place of the text has it; "" if none does."""
        here = f"{self.registry}:"
        return next((host for host in self.pod.get("hosts", ()) if host.startswith(here)), "")

    @property
    def slips(self) -> Sequence[str]:
        """The mistakes in a command of the text that created a pull secret (_SLIPS in read/text.py)."""
        return tuple(self.pod.get("slips", ()))

    @property
    def client(self) -> str:
        """The program that pulls instead of a node (docker, helm, …); "" if a node pulls."""
        return str(self.pod.get("client", ""))

    @property
    def is_node(self) -> bool:
        """True if a node pulls the image, and no client."""
        return not self.client

    @property
    def source(self) -> str:
        """The learner's input: an "export", a "text" (of describe or events), or a "message" alone."""
        return ("message" if name_of(self.pod) == POD_NAME else "text") if self.is_partial else "export"

    # Secrets

    def flaws(self, name: str, entry: str = WHOLE) -> Sequence[Flaw]:
        """The flaws of an entry of an exported Secret, or of the whole Secret without `entry`."""
        return self.oddities(name).flaws.get(entry, ())

    def oddities(self, name: str) -> Oddities:
        """The oddities of an exported Secret."""
        return self.scene.oddities.get((self.namespace, name)) or Oddities({}, {})

    @cached_property
    def knows_secrets(self) -> bool:
        """True if the credentials that the Pod's pull secrets have for the image are known."""
        return self.scene.knows_secrets and not any(map(self.is_masked, self.names))

    def is_masked(self, name: str) -> bool:
        """True if the credentials that an exported Secret has for the image were removed by hand."""
        entries = self._entries_matching(name)
        return any(Flaw.MASKED in self.flaws(name, entry) for entry in (WHOLE, *entries))

    @cached_property
    def names(self) -> list[str]:
        """The names in the Pod's imagePullSecrets."""
        return pull_secret_names(self.pod["spec"])

    @cached_property
    def secrets(self) -> list[Object]:
        """The Pod's pull secrets that exist."""
        return self._existing(self.names)

    @cached_property
    def secrets_here(self) -> list[Object]:
        """All Secrets of the Pod's namespace."""
        return self.scene.api.list(SECRET, self.namespace)

    @property
    def free_name(self) -> str:
        """A name for a pull secret that no Secret of the namespace has."""
        names = chain(["regcred"], map("regcred-{}".format, count(2)))
        return next(name for name in names if not self.scene.api.find(SECRET, self.namespace, name))

    def _existing(self, names: Sequence[str]) -> list[Object]:
        secrets = map(self.secret_named, names)
        return [secret for secret in secrets if secret is not None]

    def secret_named(self, name: str) -> Object | None:
        """The Secret with the content that the kubelet uses: of an immutable one, that of its first read."""
        return self.scene.kept.get((self.namespace, name)) or self.scene.api.find(SECRET, self.namespace, name)

    @cached_property
    def seen(self) -> tuple[SeenSecret, ...]:
        """The Pod's pull secrets as the kubelet saw them when it got the image; without the image, as they are now."""
        if self.trace and self.has_image:
            return self.trace.secrets
        return tuple(check_secret(name, self.secret_named(name)) for name in self.names)

    @cached_property
    def deleted(self) -> list[str]:
        """The pull secrets that existed at the kubelet's last attempt and have been deleted since."""
        if self.scene.is_export or self.trace is None:
            return []
        had = [seen.name for seen in self.trace.secrets if seen.exists]
        return [name for name in had if self.scene.api.find(SECRET, self.namespace, name) is None]

    @cached_property
    def matches(self) -> list[Match]:
        """The credentials of the Pod's pull secrets that match the image."""
        return self._matching(self.secrets)

    def _matching(self, secrets: list[Object]) -> list[Match]:
        """The credentials of `secrets` that match the image; none if one of the Secrets is unreadable."""
        try:
            return keyring.lookup(keyring.of_secrets(secrets), self.reference.name) if self.reference else []
        except ValueError:
            return []

    def matching_entries(self, seen: SeenSecret) -> list[str]:
        """The entries of a Secret, as the kubelet saw it, that match the image."""
        tried = [str(attempt.entry) for attempt in self.attempts if attempt.secret == seen.name]
        matching = self._entries_matching(seen.name)
        return list(dict.fromkeys([*tried, *(entry for entry in matching if entry in seen.entries)]))

    @cached_property
    def _entries_matching(self) -> Callable[[str], list[str]]:
        """The entries that match the image in the Secret with a given name, looked up once."""
        return cache(lambda name: [match.entry for match in self._matching(self._existing([name]))])

    def is_match(self, secret: Object) -> bool:
        """True if `secret` has a user and a password for the image."""
        kind = secret.get("type", "")
        blob = (secret.get("data") or {}).get(keyring.DATA_KEYS.get(kind, ""), "")
        return self.reference is not None and bool(blob) and _has_login(kind, blob, self.reference.name)

    def would_pull(self, secrets: list[Object]) -> bool:
        """True if the registry would now give the image to a Pod with these pull secrets."""
        if self.reference is None:
            return False
        candidates: Sequence[Match | None] = self._matching(secrets) or [None]
        credentials = (match.credential if match else None for match in candidates)
        return any(self.scene.registries.resolve(self.reference, credential).image for credential in credentials)

    @cached_property
    def matching_secret(self) -> str:
        """The name of a Secret in the Pod's namespace that matches the image; "" if there is none.

        One that the registry accepts is preferred.
        """
        found = [secret for secret in self.secrets_here if self.is_match(secret)]
        accepted = (secret for secret in found if self.would_pull([secret]))
        best = next(accepted, next(iter(found), None))
        return name_of(best) if best else ""

    def match_elsewhere(self, name: str = "") -> Object | None:
        """A matching Secret of a different namespace, of that `name` if one is given."""
        for secret in self.scene.api.list(SECRET):
            if namespace_of(secret) != self.namespace and name in ("", name_of(secret)) and self.is_match(secret):
                return secret
        return None

    # The ServiceAccount

    @property
    def account(self) -> str:
        """The name of the Pod's ServiceAccount."""
        return str(self.pod["spec"].get("serviceAccountName") or "default")

    @cached_property
    def service_account(self) -> Object | None:
        """The Pod's ServiceAccount, if it exists."""
        return self.scene.api.find(SERVICE_ACCOUNT, self.namespace, self.account)

    @cached_property
    def account_names(self) -> list[str]:
        """The names in the ServiceAccount's imagePullSecrets."""
        return pull_secret_names(self.service_account) if self.service_account else []

    @cached_property
    def account_secrets(self) -> list[Object]:
        """The ServiceAccount's pull secrets that exist."""
        return self._existing(self.account_names)

    @property
    def manifest(self) -> str:
        """The Pod's manifest in JSON, as `kubectl apply` recorded it; "" without that annotation."""
        return manifest_of(self.pod)

    # Who created the Pod

    @cached_property
    def creators(self) -> list[Creator]:
        """The Pod's controller, the controller of that, and so on."""
        return creators(self.scene, self.pod)

    @property
    def workload(self) -> str:
        """The creator with the Pod's template as kubectl takes it ("deployment/web"); "" if no template can be changed.

        A Job's template, for one, is immutable.
        """
        rolled = (item for item in reversed(self.creators) if item.kind in ROLLED_OUT)
        return next((f"{item.kind.lower()}/{item.name}" for item in rolled), "")

    @property
    def owner(self) -> Object | None:
        """The reference to the Pod's controller."""
        return next(controllers(self.pod), None)

    @property
    def kind_to_change(self) -> str:
        """The kind of `workload` in lower case, else that of the Pod's controller; "" for a Pod of its own."""
        if self.workload:
            return self.workload.partition("/")[0]
        return str(self.owner["kind"]).lower() if self.owner else ""


@lru_cache(maxsize=4096)
def _has_login(kind: str, blob: str, name: str) -> bool:
    """True if the content of a Secret has a user and a password for the image `name`."""
    try:
        ring = keyring.of_secrets([{"type": kind, "data": {keyring.DATA_KEYS[kind]: blob}}])
    except ValueError:
        return False
    return any(match.credential.username and match.credential.password for match in keyring.lookup(ring, name))


@lru_cache(maxsize=256)
def nearest(word: str, words: tuple[str, ...]) -> str:
    """The one of `words` that is most similar to `word`; "" if none is similar."""
    return next(iter(get_close_matches(word, words, 1, 0.8)), "")


def facts_of(scene: Scene, pod: Object) -> list[Facts]:
    """The facts on each container, and on each volume with an attempt to pull its image."""
    every = [Facts(scene, namespace_of(pod), pod, item) for item in containers(pod)]
    return [facts for facts in every if facts.trace or not facts.volume]


def gather(scene: Scene, pod: Object, container: str | None) -> Facts | None:
    """The facts on the container of that name; None if the Pod has no such container.

    Without a name, it is the first container that lacks its image, preferably one with an attempt; else the first one.
    """
    if container is not None:
        named = find_named(containers(pod), container)
        return Facts(scene, namespace_of(pod), pod, named) if named else None
    found = facts_of(scene, pod)
    lacking = [facts for facts in found if not facts.has_image]
    waiting = [facts for facts in lacking if facts.trace]
    return [*waiting, *lacking, Facts(scene, namespace_of(pod), pod, pod["spec"]["containers"][0])][0]
