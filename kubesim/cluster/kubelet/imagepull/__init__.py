"""The image pull: a small engine that walks through a table of transitions and records why at every hop.

Mirrors kubernetes pkg/kubelet/images/image_manager.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kubesim.api.clock import Micros
from kubesim.cluster.keyring import Keyring
from kubesim.cluster.kubelet.imagepull.nodeimages import NodeImages
from kubesim.cluster.kubelet.imagepull.steps import NEVER, STEPS, TRANSITIONS, Pull
from kubesim.cluster.kubelet.imagepull.trace import Attempt, Event, Hop, PullRequest, PullTrace, SeenSecret, see
from kubesim.cluster.registry import Registries

__all__ = ["NEVER", "Attempt", "Event", "ImageManager", "Pull", "PullRequest", "PullTrace", "SeenSecret", "see"]


class ImageManager:
    """Gets the images of one node's containers, with `credentials` that the node itself has besides pull secrets."""

    def __init__(self, registries: Registries, credentials: Iterable[Mapping[str, Any]] = ()) -> None:
        self.registries = registries
        self.own = Keyring.of_node(credentials)
        self.node = NodeImages()

    def ensure_image(self, request: PullRequest) -> Pull:
        """Get a container's image, if its Pod may use it; return what came of it and why."""
        pull = Pull(request, self.node, self.registries, self.own)
        while pull.outcome in STEPS:
            outcome, detail = STEPS[pull.outcome](pull)
            pull.hops.append(Hop(pull.outcome, outcome, detail))
            pull.outcome = TRANSITIONS[pull.outcome, outcome]
        if pull.image:
            pull.image_id = self.node.status_names(pull.image.digest)[1]
        return pull

    def back_off_end(self, uid: str, image: str, now: Micros) -> Micros | None:
        """When a Pod's wait for an image is over; None where it does not wait for it."""
        failure = self.node.failure(uid, image, now)
        return failure.until if failure and failure.until > now else None

    def shown_name(self, image_id: str) -> str:
        """What a container's status shows as its image: the first of the names of the image with this id."""
        return self.node.status_names(image_id.rpartition("@")[2])[0]
