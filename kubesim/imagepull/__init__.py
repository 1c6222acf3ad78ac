"""The image pull: a small engine that walks through a table of transitions and records why at every hop.

Mirrors kubernetes pkg/kubelet/images/image_manager.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from kubesim.clock import SECOND, Micros
from kubesim.imagepull.steps import NEVER, STEPS, TRANSITIONS, Pull
from kubesim.imagepull.trace import Attempt, Event, Hop, PullRequest, PullResult, PullTrace, SecretLook, look
from kubesim.nodeimages import NodeImages
from kubesim.registry import Registries

__all__ = [
    "NEVER",
    "STEPS",
    "TRANSITIONS",
    "Attempt",
    "Event",
    "Hop",
    "ImageManager",
    "PullRequest",
    "PullResult",
    "PullTrace",
    "SecretLook",
    "look",
]


class ImageManager:
    """Gets the images of one node's containers from the registries."""

    def __init__(self, registries: Registries) -> None:
        self.registries = registries
        self.node = NodeImages()

    def ensure_image(self, request: PullRequest) -> PullResult:
        """See to it that a container's image is there and that its Pod may use it; say what came of it and why."""
        pull = Pull(request, self.node, self.registries)
        state, hops = "ParseImageName", []
        while state in STEPS:
            outcome, detail = STEPS[state](pull)
            hops.append(Hop(state, outcome, detail))
            state = TRANSITIONS[state, outcome]
        trace = _trace(pull, hops, state)
        image_id = self.node.status_names(pull.image.digest)[1] if pull.image else ""
        return PullResult(
            trace, tuple(pull.events), pull.error, pull.image, image_id, (pull.over - request.now) / SECOND
        )

    def back_off_end(self, uid: str, image: str, now: Micros) -> Micros | None:
        """The moment at which a Pod's wait for an image is over; None where it does not wait for it."""
        failure = self.node.failure(uid, image, now)
        return failure.until if failure and failure.until > now else None

    def shown_name(self, image_id: str) -> str:
        """What a container's status shows as its image: the first of the names of the image with this id."""
        return self.node.status_names(image_id.rpartition("@")[2])[0]

    def forget_pod(self, uid: str) -> None:
        """Drop what is remembered of a Pod that is gone."""
        self.node.forget_pod(uid)


def _trace(pull: Pull, hops: Sequence[Hop], outcome: str) -> PullTrace:
    request = pull.request
    return PullTrace(
        at=request.now,
        namespace=request.namespace,
        pod=request.pod,
        container=request.container,
        image=request.image,
        reference=pull.reference,
        policy=request.policy,
        present=any(hop.outcome == "present" for hop in hops),
        secrets=tuple(look(name, secret) for name, secret in request.secrets),
        attempts=tuple(pull.attempts),
        hops=tuple(hops),
        outcome=outcome,
        message=pull.error[1] if pull.error else "",
    )
