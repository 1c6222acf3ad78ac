"""The record of an image pull: what was asked for, what came of it, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kubesim.api.clock import Micros
from kubesim.cluster import keyring

Event = tuple[str, str, str]


class SeenSecret(NamedTuple):
    """What the kubelet saw of one of the Pod's pull secrets; `entries` are its registry keys."""

    name: str
    found: bool
    type: str | None = None
    usable: bool = False
    problem: str = ""
    entries: tuple[str, ...] = ()


class Attempt(NamedTuple):
    """One attempt: with which credentials, and what the registry answered.

    Without `secret` they are the node's own, or there are none if `username` is None, too.
    """

    secret: str | None
    entry: str | None
    username: str | None
    ok: bool
    answer: str


class Hop(NamedTuple):
    """One transition: the state, its outcome, and why."""

    state: str
    outcome: str
    detail: str


class PullTrace(NamedTuple):
    """Why a pull went as it did.

    `outcome` is Pulled, AlreadyPresent, ErrImagePull (also where a pull secret could not be read), ImagePullBackOff,
    ErrImageNeverPull or InvalidImageName; `message` is what the Pod's status shows, empty where nothing failed.
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


class PullRequest(NamedTuple):  # quicker to make than a dataclass, and one is made at every sync
    """What one container needs. `secrets`: the Pod's pull secrets in its order, with the Secret (None: not found)."""

    namespace: str
    pod: str
    uid: str
    container: str
    image: str
    policy: str
    secrets: Sequence[tuple[str, Mapping[str, Any] | None]]
    now: Micros


def see(name: str, secret: Mapping[str, Any] | None) -> SeenSecret:
    """What the kubelet sees of the pull secret `name`: missing, of no use, unreadable, or usable with its entries."""
    if secret is None:
        return SeenSecret(name, found=False, problem="not found in the Pod's namespace")
    kind = secret.get("type", "")
    try:
        entries = keyring.read_entries(secret)
    except ValueError as error:
        return SeenSecret(name, True, kind, problem=f"cannot be read: {error}")
    if kind not in keyring.DATA_KEYS:
        return SeenSecret(name, True, kind, problem=f"its type is {kind}, not {keyring.DOCKER_CONFIG_JSON}")
    problem = "" if entries else "it holds no registry entry"
    return SeenSecret(name, True, kind, not problem, problem, tuple(entry for entry, _ in entries))
