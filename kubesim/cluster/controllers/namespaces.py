"""The controllers of namespaces: what each one gets, and how it goes.

Mirrors kubernetes pkg/controller/{serviceaccount,certificates/rootcacertpublisher,namespace}, v1.36.
"""

from __future__ import annotations

from kubesim.api.clock import SECOND, Micros
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import NAMESPACE, RESOURCES
from kubesim.cluster.apiserver import Change
from kubesim.cluster.apiserver.checks import TYPED
from kubesim.cluster.bootstrap import published
from kubesim.cluster.controllers.base import REACTION, Loop, is_deleted

# Seconds for which a deleted namespace is left alone, so that its watchers can react (namespaceDeletionGracePeriod).
GRACE = 5.0
# Of these kinds, the namespace `default` has what leads to the API server. It looks every ten seconds whether its own
# Service is there; here only after one was deleted.
_OF_API_SERVER = ("Service", "Endpoints", "EndpointSlice")
INTERVAL: Micros = 10 * SECOND


class NamespaceController(Loop):
    """Gives a namespace its `default` ServiceAccount and CA bundle; empties and removes one that is deleted."""

    watched = (None,)

    def on_change(self, change: Change) -> None:
        if change.resource is NAMESPACE and change.type != "DELETED":
            self.add(change.obj, GRACE if is_deleted(change.obj) else REACTION)
        elif change.type == "DELETED" and change.resource.namespaced:
            delay = REACTION
            if change.resource.kind in _OF_API_SERVER:
                delay = (INTERVAL - self.clock.now % INTERVAL) / SECOND
            self.add_key(("", namespace_of(change.obj)), delay)

    def reconcile(self, _: str, name: str) -> None:
        namespace = self.api.find(NAMESPACE, "", name)
        if namespace is None:
            return
        if is_deleted(namespace):
            self._empty(namespace)
            return
        for resource, obj in published(name):
            if self.api.find(resource, name, name_of(obj)) is None:
                self.api.create(resource, obj, TYPED)

    def _empty(self, namespace: Object) -> None:
        """Delete all that is in a namespace; once nothing is left, it is gone."""
        name = name_of(namespace)
        is_empty = True
        for resource in RESOURCES:
            if resource.namespaced and resource.simulated:
                for obj in self.api.list(resource, name):
                    if not is_deleted(obj):
                        self.api.delete(resource, name, name_of(obj))
                if self.api.list(resource, name):
                    is_empty = False
        if is_empty:
            self.api.remove(NAMESPACE, namespace)
