"""Records of a pull, which the kubelet writes and `why` reads: its Secrets, attempts and outcome."""

from __future__ import annotations

from typing import NamedTuple

from kubesim.api.clock import Micros
from kubesim.api.objects import Object
from kubesim.pull import keyring

# Values of imagePullPolicy
ALWAYS = "Always"
NEVER = "Never"

# A transition of the pull's state machine: a state and its outcome (TRANSITIONS in cluster/kubelet/imagepull.py).
Transition = tuple[str, str]


class Waiting(NamedTuple):
    """The `waiting` state of a container."""

    reason: str
    message: str


class SeenSecret(NamedTuple):
    """A pull secret of a Pod as the kubelet found it. A `problem` says in words why none of its entries can be used."""

    name: str
    type: str | None = None  # None: the namespace has no Secret of this name
    entries: tuple[str, ...] = ()  # the registry keys of its Docker config, such as "ghcr.io"
    problem: str = ""
    is_unreadable: bool = False

    @property
    def exists(self) -> bool:
        return self.type is not None

    @property
    def usable(self) -> bool:
        return not self.problem


class Attempt(NamedTuple):
    """One request to a registry: its credentials and the registry's answer.

    `secret` is the name of the Secret with the credentials. It is None for the node's own credentials, and also for an
    anonymous request, which has no `username` either.
    """

    secret: str | None
    entry: str | None
    username: str | None
    ok: bool
    answer: str  # the registry's refusal, or "200 OK"


class PullTrace(NamedTuple):
    """The course of a pull, from the Pod's Secrets to the result.

    `outcome` is Pulled, AlreadyPresent, ErrImagePull (also for an unreadable pull secret), ImagePullBackOff,
    ErrImageNeverPull or InvalidImageName. `message` is the message in the Pod's status, "" after a success. `present`
    says that the node had the image before. `right_reason` explains why the Pod may, or may not, use that image; it is
    "" if the kubelet didn't check the Pod's right.
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
    transitions: tuple[Transition, ...]
    outcome: str
    message: str
    right_reason: str = ""


def check_secret(name: str, secret: Object | None) -> SeenSecret:
    """The result of the kubelet's look at a pull secret: its entries, or its problem. A `secret` of None is missing."""
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
