"""All facts on one container's image: those on its last pull, and on its Pod's Secrets, account and creators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import cache, cached_property, lru_cache
from itertools import chain, count

from kubesim.api.objects import Object, find_named, name_of, namespace_of, pull_secret_names
from kubesim.api.resources import SECRET, SERVICE_ACCOUNT
from kubesim.pull import keyring
from kubesim.pull.attempt import SeenSecret, check_secret
from kubesim.pull.keyring import Match
from kubesim.why.hide.oddities import WHOLE, Flaw, Oddities
from kubesim.why.judge.pull_facts import PullFacts
from kubesim.why.judge.scene import ROLLED_OUT, Creator, Scene, containers, controllers, creators, manifest_of


class Facts(PullFacts):
    """The facts on the image of one container, and on the objects on which its pull depends."""

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

    @property
    def is_unsure(self) -> bool:
        """True if the export doesn't show which credentials were sent."""
        return self.scene.is_export and (self.is_partial or (bool(self.names) and not self.knows_secrets))

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
