"""An attempt to pull an image, what the kubelet saw before, and why a container waits after it."""

from __future__ import annotations

from typing import NamedTuple

from kubesim.api.clock import Micros
from kubesim.api.objects import Object
from kubesim.pull import keyring

# Values of imagePullPolicy
ALWAYS = "Always"
NEVER = "Never"

Hop = tuple[str, str]
"""One transition of the pull: a state and its outcome."""


class Waiting(NamedTuple):
    """Why a container doesn't run, as its state says it."""

    reason: str
    message: str


class SeenSecret(NamedTuple):
    """What the kubelet saw of one of the Pod's pull secrets, and its `problem` if it's of no use."""

    name: str
    type: str | None = None  # None: there is none of that name
    entries: tuple[str, ...] = ()  # its registry keys
    problem: str = ""
    is_unreadable: bool = False

    @property
    def found(self) -> bool:
        return self.type is not None

    @property
    def usable(self) -> bool:
        return not self.problem


class Attempt(NamedTuple):
    """One attempt: with which credentials, and what the registry answered.

    Without `secret` they are the node's own, or there are none if `username` is None, too.
    """

    secret: str | None
    entry: str | None
    username: str | None
    ok: bool
    answer: str  # the refusal, or "200 OK"


class PullTrace(NamedTuple):
    """Why a pull went as it did.

    `outcome` is Pulled, AlreadyPresent, ErrImagePull (also where a pull secret could not be read), ImagePullBackOff,
    ErrImageNeverPull or InvalidImageName; `message` is what the Pod's status shows, empty where nothing failed.
    `right` is why the Pod may use the image that is on the node, or why not.
    """

    at: Micros
    namespace: str
    pod: str
    container: str
    image: str
    policy: str
    present: bool
    secrets: tuple[SeenSecret, ...]
    attempts: tuple[Attempt, ...]
    hops: tuple[Hop, ...]
    outcome: str
    message: str
    right: str = ""


def see(name: str, secret: Object | None) -> SeenSecret:
    """What the kubelet sees of the pull secret `name`: missing, of no use, unreadable, or usable with its entries."""
    if secret is None:
        return SeenSecret(name, problem="not found in the Pod's namespace")
    kind = secret.get("type", "")
    try:
        entries = tuple(entry for entry, _ in keyring.read_entries(secret))
    except ValueError as error:
        return SeenSecret(name, kind, problem=f"cannot be read: {error}", is_unreadable=True)
    if kind not in keyring.DATA_KEYS:
        return SeenSecret(name, kind, problem=f"its type is {kind}, not {keyring.DOCKER_CONFIG_JSON}")
    return SeenSecret(name, kind, entries, "" if entries else "it holds no registry entry")
