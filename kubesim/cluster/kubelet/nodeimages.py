"""What a node remembers of images: which it has, who may use them, which pulls failed, and the queue of pulls.

Mirrors kubernetes pkg/kubelet/images/pullmanager/image_pull_manager.go and k8s.io/client-go
util/flowcontrol/backoff.go, v1.36; the names of an image are those of containerd's image store.
"""

from __future__ import annotations

from typing import NamedTuple

from kubesim.api.clock import SECOND, Micros
from kubesim.api.sharing import Shared, Stateful
from kubesim.pull.image import Image
from kubesim.pull.imageref import Reference
from kubesim.pull.keyring import Match, Owner

INITIAL_BACK_OFF: Micros = 10 * SECOND
MAX_BACK_OFF: Micros = 300 * SECOND
# A failure is forgotten when no other follows for this long.
STABLE: Micros = 2 * MAX_BACK_OFF
# By the Secret with which an image was pulled (None: every Pod may use it), a hash of the credential.
Pullers = dict[Owner | None, str]


class Failure(NamedTuple):
    """The last failed pull of one image for one Pod, and until when the next one waits."""

    error: str
    at: Micros
    delay: Micros

    @property
    def until(self) -> Micros:
        return self.at + self.delay


class Named(NamedTuple):
    """The image that a name leads to, and since when."""

    digest: str
    since: Micros


class NodeImages(Stateful):
    """The images and the memory of one node."""

    def __init__(self) -> None:
        self._images: dict[str, Image] = {}  # by their digests
        self._names: dict[str, Named] = {}  # by tag and by digest, as containerd writes them
        self._pullers: Shared[tuple[str, str], Pullers] = Shared(dict.copy)  # by digest and repository
        self._failures: Shared[str, dict[str, Failure]] = Shared(dict.copy)  # by the Pod's uid, then by the image
        self._free_at: Micros = 0  # when the last pull in the queue is over

    def add(self, reference: Reference, image: Image, match: Match | None, at: Micros) -> None:
        """Note that the kubelet's pull of `reference` with `match` (None: anonymously) is over at `at`."""
        self.load(reference, image, at)
        pullers = self._pullers.own_or((image.digest, reference.name), dict)
        pullers[match.owner if match else None] = match.credential.digest if match else ""

    def load(self, reference: Reference, image: Image, at: Micros) -> None:
        """Note that the node has an image from `at` on, however it came there."""
        self._images[image.digest] = image
        for name in (reference.canonical, f"{reference.name}@{image.digest}"):
            before = self._names.get(name)
            if before is None or before.digest != image.digest:
                self._names[name] = Named(image.digest, at)

    def tagged(self, now: Micros) -> list[tuple[str, Image]]:
        """The names with a tag, sorted, and the image that each one has."""
        tags = [name for name, named in self._names.items() if "@" not in name and named.since <= now]
        return [(name, self._images[self._names[name].digest]) for name in sorted(tags)]

    def present(self, reference: Reference, now: Micros) -> Image | None:
        """The image that the node has under this name, if its pull is over."""
        named = self._names.get(reference.canonical)
        return self._images[named.digest] if named and named.since <= now else None

    def holds(self, image: Image) -> bool:
        """Whether the content is there under any name, so that little is left to fetch."""
        return image.digest in self._images

    def pullers(self, reference: Reference) -> Pullers:
        """Who has pulled the image that the node has under this name.

        An image whose content the kubelet never pulled is everybody's. One that it pulled from other repositories alone
        is nobody's.
        """
        digest = self._names[reference.canonical].digest
        if pullers := self._pullers.get((digest, reference.name)):
            return pullers
        is_kubelets = any(digest == pulled for pulled, _ in self._pullers)
        return {} if is_kubelets else {None: ""}

    def grant(self, reference: Reference, match: Match) -> None:
        """Note that a credential gives the right to an image that was pulled with one like it."""
        pullers = self._pullers.own((self._names[reference.canonical].digest, reference.name))
        pullers[match.owner] = match.credential.digest

    def status_names(self, digest: str) -> tuple[str, str]:
        """What a container's status shows as image and imageID: the image's first tag, if it has one, and digest."""
        names = sorted(name for name, named in self._names.items() if named.digest == digest)
        tags = [name for name in names if "@" not in name]
        image_id = next(name for name in names if "@" in name)
        return tags[0] if tags else image_id, image_id

    def reserve(self, now: Micros, duration: Micros) -> Micros:
        """Take a place in the queue, as pulls go one by one; when a pull of `duration` will be over."""
        self._free_at = max(now, self._free_at) + duration
        return self._free_at

    def waits(self, uid: str, image: str, now: Micros) -> Failure | None:
        """The failure after which a Pod still waits before it tries the image again."""
        failure = (self._failures.get(uid) or {}).get(image)
        return failure if failure and now < failure.until else None

    def fail(self, uid: str, image: str, error: str, at: Micros) -> None:
        """Note a failure: the wait after it is 10 s, or double the one before, up to 5 min."""
        of_pod = self._failures.own_or(uid, dict)
        before = of_pod.get(image)
        delay = INITIAL_BACK_OFF
        if before and at - before.at <= STABLE:
            delay = min(2 * before.delay, MAX_BACK_OFF)
        of_pod[image] = Failure(error, at, delay)

    def forget_pod(self, uid: str) -> None:
        self._failures.drop(uid)
