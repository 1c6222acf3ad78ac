"""The pull secrets of a node's Pods, as its kubelet sees them.

Mirrors kubernetes pkg/kubelet/util/manager/watch_based_manager.go, v1.36.
"""

from __future__ import annotations

from kubesim.api.objects import Key, Object, metadata, namespace_of, pull_secret_names
from kubesim.api.resources import SECRET
from kubesim.api.sharing import Shared, Stateful
from kubesim.cluster.apiserver import Component

Secrets = list[tuple[str, Object | None]]
"""A Pod's pull secrets in its order, by name, each with the Secret as the kubelet sees it (None: there is none)."""


class PullSecrets(Stateful):
    """Finds the Secrets of Pods. The kubelet doesn't watch an immutable one any more.

    So a Secret that takes its place isn't seen before the last Pod of the node that refers to the name is gone.
    """

    def __init__(self, api: Component) -> None:
        self._api = api
        self.kept: dict[Key, Object] = {}
        """The immutable Secrets as the kubelet has read them."""
        self._pods: Shared[Key, set[str]] = Shared(set.copy)  # the uids of the Pods for which it keeps them

    def of(self, pod: Object) -> Secrets:
        """A Pod's pull secrets; an empty name in its list stands for none."""
        return [(name, self._find(pod, name)) for name in pull_secret_names(pod["spec"]) if name]

    def _find(self, pod: Object, name: str) -> Object | None:
        place = (namespace_of(pod), name)
        secret = self.kept.get(place) or self._api.find(SECRET, *place)
        if secret is not None and secret.get("immutable"):
            self.kept[place] = secret
            self._pods.own_or(place, set).add(metadata(pod)["uid"])
        return secret

    def forget(self, pod: Object) -> None:
        """Keep nothing for a Pod that is gone."""
        for name in pull_secret_names(pod["spec"]):
            place = (namespace_of(pod), name)
            if place in self.kept:
                pods = self._pods.own(place)
                pods.discard(metadata(pod)["uid"])
                if not pods:
                    del self.kept[place]
                    self._pods.drop(place)
