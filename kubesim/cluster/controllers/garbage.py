"""What namespaces get, how they go, what owners leave behind, and whom taints drive away.

Mirrors kubernetes pkg/controller/{garbagecollector,serviceaccount,certificates/rootcacertpublisher,namespace} and
tainteviction, v1.36.
"""

from __future__ import annotations

from kubesim.api.clock import SECOND, Clock, Micros
from kubesim.api.objects import Object, metadata, name_of, namespace_of
from kubesim.api.resources import (
    EVENT,
    NAMESPACE,
    NODE,
    POD,
    RESOURCES,
    Resource,
    find_kind,
)
from kubesim.cluster.apiserver import Change, Component
from kubesim.cluster.apiserver.deletion import DeleteOptions
from kubesim.cluster.bootstrap import published
from kubesim.cluster.controllers.base import REACTION, Loop, is_deleted, list_owned, release
from kubesim.cluster.controllers.scheduler import tolerations
from kubesim.cluster.events import Recorder

DELAY = 0.05
_CONTENT = tuple(item for item in RESOURCES if item.simulated and item.namespaced and item is not EVENT)


class GarbageCollector:
    """Deletes what an owner made when that is gone, or, by its finalizer, before or instead of that."""

    def __init__(self, api: Component, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        api.subscribe(self._on_change)

    def resume(self, _: GarbageCollector) -> None:
        """Go on from the state of another one: it has none but its timers."""

    def _on_change(self, change: Change) -> None:
        owner = change.obj
        if change.resource.template and (change.type == "DELETED" or _finalizer(owner)):
            self._clock.call_later(DELAY, self._collect, change.resource, owner)
        if change.type == "DELETED":
            self._finish_owners(owner)

    def _collect(self, resource: Resource, owner: Object) -> None:
        finalizer = _finalizer(owner)
        orphaned = finalizer == "orphan"
        options = DeleteOptions(policy="Foreground" if finalizer else "")
        dependents = [(kind, obj) for kind in _CONTENT for obj in list_owned(self._api, kind, owner)]
        for kind, obj in dependents:
            if orphaned:
                release(self._api, owner, kind, obj)
            elif self._api.find(kind, namespace_of(obj), name_of(obj)) and not is_deleted(obj):
                self._api.delete(kind, namespace_of(obj), name_of(obj), options)
        if finalizer and (orphaned or not dependents):
            self._remove(resource, owner)

    def _remove(self, resource: Resource, owner: Object) -> None:
        current = self._api.find(resource, namespace_of(owner), name_of(owner))
        if current and metadata(current)["uid"] == metadata(owner)["uid"]:
            self._api.remove(resource, current)

    def _finish_owners(self, gone: Object) -> None:
        """Look again at an owner in the foreground whose dependent is gone."""
        for reference in metadata(gone).get("ownerReferences", ()):
            resource = find_kind(reference["apiVersion"], reference["kind"])
            owner = self._api.find(resource, namespace_of(gone), reference["name"]) if resource else None
            if resource and owner and _finalizer(owner):
                self._collect(resource, owner)


def _finalizer(obj: Object) -> str:
    """How the dependents of a deleted object are dealt with before it goes: "orphan", "foregroundDeletion", or ""."""
    finalizers = metadata(obj).get("finalizers") or () if is_deleted(obj) else ()
    return next((name for name in finalizers if name in ("orphan", "foregroundDeletion")), "")


# Seconds for which a deleted namespace is left alone, so that its watchers can react (namespaceDeletionGracePeriod).
GRACE = 5.0
_PLACES = ("Service", "Endpoints", "EndpointSlice")
# The API server looks every ten seconds whether its own Service is there; here only after one was deleted.
INTERVAL: Micros = 10 * SECOND


class NamespaceController(Loop):
    """Gives a namespace its `default` ServiceAccount and CA bundle; empties and removes one that is deleted."""

    watched = (None,)

    def on_change(self, change: Change) -> None:
        if change.resource is NAMESPACE and change.type != "DELETED":
            self.add(change.obj, GRACE if is_deleted(change.obj) else REACTION)
        elif change.type == "DELETED" and change.resource.namespaced and change.resource is not EVENT:
            delay = REACTION
            if change.resource.kind in _PLACES:
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
                self.api.create(resource, obj, typed=True)

    def _empty(self, namespace: Object) -> None:
        left = 0
        for resource in RESOURCES:
            if resource.namespaced and resource.simulated:
                for obj in self.api.list(resource, name_of(namespace)):
                    if not is_deleted(obj):
                        self.api.delete(resource, name_of(namespace), name_of(obj))
                left += len(self.api.list(resource, name_of(namespace)))
        if not left:
            self.api.remove(NAMESPACE, namespace)


class TaintEvictionController:
    """Deletes Pods that do not tolerate a NoExecute taint of their node, or no longer than some seconds."""

    def __init__(self, api: Component, clock: Clock) -> None:
        self._api, self._clock = api, clock
        self._recorder = Recorder(api, clock, "taint-eviction-controller")
        api.subscribe(self._on_node, NODE)
        api.subscribe(self._on_pod, POD)

    def resume(self, other: TaintEvictionController) -> None:
        """Go on from the state of another one."""
        self._recorder.resume(other._recorder)

    def _on_node(self, change: Change) -> None:
        if change.type == "MODIFIED" and _taints(change.obj) != _taints(change.old or change.obj):
            for pod in self._api.list(POD):
                if pod["spec"].get("nodeName") == name_of(change.obj):
                    self._look(pod, change.obj, change.old)

    def _on_pod(self, change: Change) -> None:
        name, before = change.obj["spec"].get("nodeName"), (change.old or {"spec": {}})["spec"].get("nodeName")
        node = self._api.find(NODE, "", name) if name and not before and change.type != "DELETED" else None
        if node and _taints(node):
            self._look(change.obj, node, None)

    def _look(self, pod: Object, node: Object, before: Object | None) -> None:
        """Delete the Pod, or do it when the first toleration ends."""
        new = [taint for taint in _taints(node) if before is None or taint not in _taints(before)]
        matching = [tolerations(pod, taint) for taint in new]
        ends = [item["tolerationSeconds"] for of_taint in matching for item in of_taint if "tolerationSeconds" in item]
        if not all(matching):
            self._clock.call_later(REACTION, self._evict, pod, new)
        elif ends:
            self._clock.call_later(max(REACTION, min(ends)), self._evict, pod, new)

    def _evict(self, pod: Object, taints: list[Object]) -> None:
        current = self._api.find(POD, namespace_of(pod), name_of(pod))
        node = self._api.find(NODE, "", pod["spec"]["nodeName"])
        if not current or not node or metadata(current)["uid"] != metadata(pod)["uid"] or is_deleted(current):
            return
        if any(taint in _taints(node) for taint in taints):
            message = f"Marking for deletion Pod {namespace_of(pod)}/{name_of(pod)}"
            self._recorder.event(current, "Normal", "TaintManagerEviction", message)
            self._api.delete(POD, namespace_of(pod), name_of(pod))


def _taints(node: Object) -> list[Object]:
    return [taint for taint in node["spec"].get("taints", ()) if taint["effect"] == "NoExecute"]
