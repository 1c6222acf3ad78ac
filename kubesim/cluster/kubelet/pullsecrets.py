"""The pull secrets of a node's Pods as the kubelet's cache has them, which can differ from the stored Secrets.

Mirrors kubernetes pkg/kubelet/util/manager/watch_based_manager.go, v1.36, for immutable Secrets. The delays of watches
are left out: other Secrets are seen at once.
"""

from __future__ import annotations

from kubesim.api.objects import Key, Object, metadata, namespace_of, pull_secret_names
from kubesim.api.resources import SECRET
from kubesim.api.sharing import Shared, Stateful
from kubesim.cluster.apiserver import Component

# The names in a Pod's list of pull secrets, in order, each with the Secret that the kubelet sees, or None.
Secrets = list[tuple[str, Object | None]]


class PullSecrets(Stateful):
    """The lookup of pull secrets. The kubelet stops watching a Secret once it has read it as immutable.

    If that Secret is replaced by another one, the kubelet sees the old one until the last Pod on the node that refers
    to the name is gone.
    """

    def __init__(self, api: Component) -> None:
        self._api = api
        # The immutable Secrets that the kubelet has read, by namespace and name.
        self.kept: dict[Key, Object] = {}
        # For each of them, the uids of the Pods that refer to it.
        self._pods: Shared[Key, set[str]] = Shared(set.copy)

    def of(self, pod: Object) -> Secrets:
        """The pull secrets of a Pod. Empty names in its list are skipped."""
        return [(name, self._find(pod, name)) for name in pull_secret_names(pod["spec"]) if name]

    def _find(self, pod: Object, name: str) -> Object | None:
        """The Secret that the kubelet sees for a Pod. Keeps an immutable one from now on, with the Pod's reference."""
        place = (namespace_of(pod), name)
        secret = self.kept.get(place) or self._api.find(SECRET, *place)
        if secret is not None and secret.get("immutable"):
            self.kept[place] = secret
            self._pods.own_or(place, set).add(metadata(pod)["uid"])
        return secret

    def forget(self, pod: Object) -> None:
        """Drop a Pod that is gone, and the immutable Secrets that only it referred to."""
        for name in pull_secret_names(pod["spec"]):
            place = (namespace_of(pod), name)
            if place in self.kept:
                pods = self._pods.own(place)
                pods.discard(metadata(pod)["uid"])
                if not pods:
                    del self.kept[place]
                    self._pods.drop(place)
