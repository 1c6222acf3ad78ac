"""A node's memory of images: their names, the credentials with a right to them, failed pulls, and the queue of pulls.

Mirrors kubernetes pkg/kubelet/images/pullmanager/image_pull_manager.go and k8s.io/client-go
util/flowcontrol/backoff.go, v1.36, without garbage collection of images. The names of an image are those of
containerd's image store. imagepull.py asks and updates it; no policy is decided here.
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
# Without another failure for this long, the next delay is INITIAL_BACK_OFF again.
STABLE: Micros = 2 * MAX_BACK_OFF
# Hashes of the credentials that pulled an image, by their Secret. The key None means that every Pod may use it.
Pullers = dict[Owner | None, str]


class Failure(NamedTuple):
    """The last failed pull of one image for one Pod, and the delay of the next pull."""

    error: str
    at: Micros
    delay: Micros

    @property
    def until(self) -> Micros:
        return self.at + self.delay


class NamedImage(NamedTuple):
    """The image of a name, and the time from which the name has it."""

    digest: str
    since: Micros


class NodeImages(Stateful):
    """The images and the memory of one node."""

    def __init__(self) -> None:
        self._images: dict[str, Image] = {}  # by their digests
        self._names: dict[str, NamedImage] = {}  # by name with tag and by name with digest, as containerd writes them
        self._pullers: Shared[tuple[str, str], Pullers] = Shared(dict.copy)  # by digest and repository
        self._failures: Shared[str, dict[str, Failure]] = Shared(dict.copy)  # by the Pod's uid, then by the image
        self._free_at: Micros = 0  # the end of the last pull in the queue

    def add(self, reference: Reference, image: Image, match: Match | None, at: Micros) -> None:
        """Store an image that the kubelet pulled with `match` (None: anonymously). The pull ends at `at`."""
        self.load(reference, image, at)
        pullers = self._pullers.own_or((image.digest, reference.name), dict)
        pullers[match.owner if match else None] = match.credential.digest if match else ""

    def load(self, reference: Reference, image: Image, at: Micros) -> None:
        """Store an image that the node has from `at` on. Pulled or imported, it gets its names here."""
        self._images[image.digest] = image
        for name in (reference.canonical, f"{reference.name}@{image.digest}"):
            before = self._names.get(name)
            if before is None or before.digest != image.digest:
                self._names[name] = NamedImage(image.digest, at)

    def tagged(self, now: Micros) -> list[tuple[str, Image]]:
        """The names with a tag and their images, sorted by name."""
        tags = [name for name, named in self._names.items() if "@" not in name and named.since <= now]
        return [(name, self._images[self._names[name].digest]) for name in sorted(tags)]

    def present(self, reference: Reference, now: Micros) -> Image | None:
        """The image with this name, if its pull is over; else None."""
        named = self._names.get(reference.canonical)
        return self._images[named.digest] if named and named.since <= now else None

    def has_content(self, image: Image) -> bool:
        """True if the node has the content of an image under any name, so that a pull takes little time."""
        return image.digest in self._images

    def pullers(self, reference: Reference) -> Pullers:
        """The credentials with a right to the image of this name, which must be present. Don't change the result.

        Every Pod may use an image that the kubelet didn't pull. If the kubelet pulled the content only under other
        repositories, nobody has a right to it under this one.
        """
        digest = self._names[reference.canonical].digest
        if pullers := self._pullers.get((digest, reference.name)):
            return pullers
        is_kubelets = any(digest == pulled for pulled, _ in self._pullers)
        return {} if is_kubelets else {None: ""}

    def grant(self, reference: Reference, match: Match) -> None:
        """Record that a credential, equal to one that pulled the image, gives a right to it as well."""
        pullers = self._pullers.own((self._names[reference.canonical].digest, reference.name))
        pullers[match.owner] = match.credential.digest

    def status_names(self, digest: str) -> tuple[str, str]:
        """`image` and `imageID` of a container's status: the image's first name with a tag, and one with its digest."""
        names = sorted(name for name, named in self._names.items() if named.digest == digest)
        tags = [name for name in names if "@" not in name]
        image_id = next(name for name in names if "@" in name)
        return tags[0] if tags else image_id, image_id

    def reserve(self, now: Micros, duration: Micros) -> Micros:
        """Enter the queue of serialized pulls with a pull of this duration. Returns the time of its end."""
        self._free_at = max(now, self._free_at) + duration
        return self._free_at

    def failure_in_back_off(self, uid: str, image: str, now: Micros) -> Failure | None:
        """The last failure of a Pod with an image while its delay isn't over; None if a pull may be tried."""
        failure = (self._failures.get(uid) or {}).get(image)
        return failure if failure and now < failure.until else None

    def fail(self, uid: str, image: str, error: str, at: Micros) -> None:
        """Record a failed pull. The delay after it is 10 s, or double the delay before, up to 5 min."""
        of_pod = self._failures.own_or(uid, dict)
        before = of_pod.get(image)
        delay = INITIAL_BACK_OFF
        if before and at - before.at <= STABLE:
            delay = min(2 * before.delay, MAX_BACK_OFF)
        of_pod[image] = Failure(error, at, delay)

    def forget_pod(self, uid: str) -> None:
        self._failures.drop(uid)
