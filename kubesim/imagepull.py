"""The image pull as a table of transitions, a small engine, and the record of why.

Mirrors kubernetes pkg/kubelet/images/image_manager.go and pkg/kubelet/images/pullmanager, v1.36.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kubesim.clock import Micros
from kubesim.imageref import Reference
from kubesim.registry import Image


@dataclass(frozen=True)
class SecretLook:
    """What the kubelet saw when it looked for one of the Pod's pull secrets."""

    name: str
    found: bool
    type: str | None = None
    usable: bool = False
    problem: str = ""
    entries: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attempt:
    """One question to the registry: with whose credentials (`secret` None: anonymous), and its answer."""

    secret: str | None
    entry: str | None
    username: str | None
    ok: bool
    answer: str


@dataclass(frozen=True)
class Hop:
    """One transition taken."""

    state: str
    outcome: str
    detail: str


@dataclass(frozen=True)
class PullTrace:
    """Why a pull went as it did.

    `outcome`: Pulled, AlreadyPresent, ErrImagePull, ImagePullBackOff, ErrImageNeverPull or InvalidImageName.
    """

    at: Micros
    namespace: str
    pod: str
    container: str
    image: str
    reference: Reference | None
    policy: str
    present: bool
    secrets: tuple[SecretLook, ...]
    attempts: tuple[Attempt, ...]
    hops: tuple[Hop, ...]
    outcome: str
    message: str


@dataclass(frozen=True)
class PullRequest:
    """What one container needs. `secrets`: the Pod's pull secrets in its order, with the Secret (None: not found)."""

    namespace: str
    pod: str
    uid: str
    container: str
    image: str
    policy: str
    secrets: Sequence[tuple[str, Mapping[str, Any] | None]]
    now: Micros


@dataclass(frozen=True)
class PullResult:
    """What came of it. `events` are (type, reason, message without "spec.containers{…}: ") in order.

    `error` is (reason, message) as in status.containerStatuses[].state.waiting, or None; `image` and `image_id`
    ("docker.io/library/nginx@sha256:…") are set when the container may start; `duration` is in seconds.
    """

    trace: PullTrace
    events: tuple[tuple[str, str, str], ...]
    error: tuple[str, str] | None
    image: Image | None
    image_id: str
    duration: float
