"""What a node remembers of images: which it has, who may use them, which pulls failed, and the queue of pulls.

Mirrors kubernetes pkg/kubelet/images/pullmanager/image_pull_manager.go and k8s.io/client-go
util/flowcontrol/backoff.go, v1.36; the names of an image are those of containerd's image store.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

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
    """Who may use an image by one name: every Pod, or those with a Secret that pulled it.

    `secrets` maps namespace, name and uid of such a Secret to a hash of its credential.
    """

    public: bool = False
    secrets: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def add(self, match: Match | None) -> None:
        """Note a pull with `match`; one without credentials, or with the node's own, is for every Pod."""
        if match is None or not match.secret_name:
            self.public = True
        else:
            self.secrets[_coordinates(match)] = match.credential.digest

    def covers(self, match: Match) -> bool:
        """Whether this Secret, or the same credential in another one, has pulled the image."""
        return _coordinates(match) in self.secrets or match.credential.digest in self.secrets.values()


def _coordinates(match: Match) -> tuple[str, str, str]:
    return match.secret_namespace, match.secret_name, match.secret_uid


class Failure(NamedTuple):
    """The last failed pull of one image for one Pod, and the wait after it."""

    error: str
    at: Micros
    delay: Micros

    @property
    def until(self) -> Micros:
        return self.at + self.delay


class NodeImages:
    """The images and the memory of one node."""

    def __init__(self) -> None:
        self._images: dict[str, Image] = {}
        self._names: dict[str, tuple[str, Micros]] = {}
        self._records: dict[tuple[str, str], PulledRecord] = {}
        self._failures: dict[str, dict[str, Failure]] = {}
        self._free_at: Micros = 0

    def add(self, reference: Reference, image: Image, match: Match | None, at: Micros) -> None:
        """Note that a pull of `reference` with `match` (None: anonymously) is over at `at`."""
        self._images[image.digest] = image
        for name in (reference.canonical, f"{reference.name}@{image.digest}"):
            digest, since = self._names.get(name, ("", at))
            self._names[name] = (image.digest, since if digest == image.digest else at)
        self._records.setdefault((image.digest, reference.name), PulledRecord()).add(match)

    def present(self, reference: Reference, now: Micros) -> Image | None:
        """The image that the node has under this name, if its pull is over."""
        digest, since = self._names.get(reference.canonical, ("", 0))
        return self._images[digest] if digest and since <= now else None

    def holds(self, image: Image) -> bool:
        """Whether the content is there under any name, so that little is left to fetch."""
        return image.digest in self._images

    def record(self, image: Image, reference: Reference) -> PulledRecord:
        return self._records.get((image.digest, reference.name)) or PulledRecord()

    def status_names(self, digest: str) -> tuple[str, str]:
        """What a container's status shows as image and imageID: the image's first tag and first digest, sorted."""
        names = sorted(name for name, (of, _) in self._names.items() if of == digest)
        digests = [name for name in names if "@" in name]
        tags = [name for name in names if "@" not in name]
        return (tags + digests)[0], digests[0]

    def reserve(self, now: Micros, duration: Micros) -> Micros:
        """Take a place in the queue, as pulls go one by one; when a pull of `duration` will be over."""
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
        self._failures.pop(uid, None)
