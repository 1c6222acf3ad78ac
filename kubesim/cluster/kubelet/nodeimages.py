"""What one node remembers of images: which it holds, who earned them, which pulls failed, and the queue of pulls.

Mirrors kubernetes pkg/kubelet/images/pullmanager/image_pull_manager.go and k8s.io/client-go
util/flowcontrol/backoff.go, v1.36; the names of an image are those of containerd's image store.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kubesim.api.clock import SECOND, Micros
from kubesim.api.imageref import Reference
from kubesim.cluster.keyring import Match
from kubesim.cluster.registry import Image

INITIAL_BACK_OFF: Micros = 10 * SECOND
MAX_BACK_OFF: Micros = 300 * SECOND
# A failure is forgotten when no other follows for this long.
STABLE: Micros = 2 * MAX_BACK_OFF


@dataclass(slots=True)
class PulledRecord:
    """Who earned one image name: everybody, or the secrets that pulled it (namespace, name, uid: credential hash)."""

    public: bool = False
    secrets: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def add(self, match: Match | None) -> None:
        """Note a pull with `match` (None: anonymously)."""
        if match is None:
            self.public = True
        else:
            self.secrets[_coordinates(match)] = match.credential.digest

    def earned_by(self, match: Match) -> bool:
        """Whether this secret, or the same credential in another one, has pulled the image."""
        return _coordinates(match) in self.secrets or match.credential.digest in self.secrets.values()


def _coordinates(match: Match) -> tuple[str, str, str]:
    return match.secret_namespace, match.secret_name, match.secret_uid


@dataclass(frozen=True, slots=True)
class Failure:
    """The last failed pull of one image for one Pod, and how long it is waited after it."""

    error: str
    at: Micros
    delay: Micros

    @property
    def until(self) -> Micros:
        """The moment from which the next attempt may be made."""
        return self.at + self.delay


class NodeImages:
    """The images and the memory of one node."""

    def __init__(self) -> None:
        self._images: dict[str, Image] = {}
        self._names: dict[str, tuple[str, Micros]] = {}
        self._records: dict[str, dict[str, PulledRecord]] = {}
        self._failures: dict[str, dict[str, Failure]] = {}
        self._free_at: Micros = 0
        self._complete_at: Micros = 0

    def preload(self, image: Image, *references: Reference) -> None:
        """Put an image on the node without the kubelet's doing: every Pod may use it."""
        for reference in references:
            self._store(reference, image, 0)

    def add(self, reference: Reference, image: Image, match: Match | None, at: Micros) -> None:
        """Note that the kubelet's pull of `reference` with `match` (None: anonymously) is over at `at`."""
        self._store(reference, image, at)
        records = self._records.setdefault(image.digest, {})
        records.setdefault(reference.name, PulledRecord()).add(match)

    def _store(self, reference: Reference, image: Image, at: Micros) -> None:
        self._complete_at = max(self._complete_at, at)
        self._images[image.digest] = image
        for name in (reference.canonical, f"{reference.name}@{image.digest}"):
            digest, since = self._names.get(name, ("", at))
            self._names[name] = (image.digest, since if digest == image.digest else at)

    def present(self, reference: Reference, now: Micros) -> Image | None:
        """The image that the node has under this name, if its pull is over."""
        digest, since = self._names.get(reference.canonical, ("", 0))
        return self._images[digest] if digest and since <= now else None

    def holds(self, image: Image) -> bool:
        """Whether the content is there under any name, so that little is left to fetch."""
        return image.digest in self._images

    def record(self, image: Image, reference: Reference) -> PulledRecord | None:
        """Who earned the image under this name; None when the kubelet never pulled it under any name."""
        records = self._records.get(image.digest)
        return None if records is None else records.get(reference.name, PulledRecord())

    def status_names(self, digest: str) -> tuple[str, str]:
        """What a container's status shows as image and imageID: the image's first tag and first digest, sorted."""
        names = sorted(name for name, (of, _) in self._names.items() if of == digest)
        digests = [name for name in names if "@" in name]
        tags = [name for name in names if "@" not in name]
        return (tags + digests)[0], digests[0]

    def reserve(self, now: Micros, duration: Micros) -> Micros:
        """Take a place in the queue, as pulls go one by one; the moment at which a pull of `duration` will be over."""
        self._free_at = max(now, self._free_at) + duration
        return self._free_at

    def failure(self, uid: str, image: str, now: Micros) -> Failure | None:
        """The Pod's last failure with the image, unless it is too long ago to count."""
        failure = self._failures.get(uid, {}).get(image)
        return failure if failure and now - failure.at <= STABLE else None

    def fail(self, uid: str, image: str, error: str, at: Micros) -> None:
        """Note a failure: the wait after it is 10 s, or double the one before, up to 5 min."""
        before = self.failure(uid, image, at)
        delay = min(2 * before.delay, MAX_BACK_OFF) if before else INITIAL_BACK_OFF
        self._failures.setdefault(uid, {})[image] = Failure(error, at, delay)

    def forget_pod(self, uid: str) -> None:
        """Drop the failures of a Pod that is gone."""
        self._failures.pop(uid, None)
