"""The pull secrets of a node's Pods, as its kubelet sees them.

Mirrors kubernetes pkg/kubelet/util/manager/watch_based_manager.go, v1.36.
"""

from __future__ import annotations

from typing import NamedTuple

from kubesim.api.objects import Object, metadata, namespace_of
from kubesim.api.resources import SECRET
from kubesim.cluster.apiserver import Component

Place = tuple[str, str]
"""A Secret's namespace and name."""


class Kept(NamedTuple):
    """An immutable Secret as it was read, and the uids of the node's Pods that refer to its name."""

    secret: Object
    pods: frozenset[str]


class PullSecrets:
    """Finds the Secrets of Pods. The kubelet doesn't watch an immutable one any more.

    So a Secret that takes its place isn't seen before the last Pod of the node that refers to the name is gone.
    """

    def __init__(self, api: Component) -> None:
        self._api = api
        self._kept: dict[Place, Kept] = {}

    def resume(self, other: PullSecrets) -> None:
        """Go on from the state of another one."""
        self._kept = other._kept.copy()

    @property
    def kept(self) -> dict[Place, Object]:
        """The immutable Secrets that the kubelet has read and keeps."""
        return {place: kept.secret for place, kept in self._kept.items()}

    def find(self, pod: Object, name: str) -> Object | None:
        """The Secret that a Pod refers to; None if there is none."""
        place = (namespace_of(pod), name)
        kept = self._kept.get(place)
        secret = kept.secret if kept else self._api.find(SECRET, *place)
        if secret is not None and secret.get("immutable"):
            others = kept.pods if kept else frozenset()
            self._kept[place] = Kept(secret, others | {metadata(pod)["uid"]})
        return secret

    def forget_pod(self, uid: str) -> None:
        """Keep nothing for a Pod that is gone."""
        for place, kept in list(self._kept.items()):
            pods = kept.pods - {uid}
            if pods:
                self._kept[place] = kept._replace(pods=pods)
            else:
                del self._kept[place]
