"""The controllers of namespaces: what each one gets, and how it goes.

Mirrors kubernetes pkg/controller/{serviceaccount,certificates/rootcacertpublisher,namespace}, v1.36.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kubesim.api.clock import SECOND, Micros
from kubesim.api.objects import Object, is_deleted, metadata, name_of, namespace_of
from kubesim.api.resources import NAMESPACE, POD, RESOURCES, SERVICE, Resource
from kubesim.cluster.apiserver import Change
from kubesim.cluster.bootstrap import published
from kubesim.cluster.controllers.base import REACTION, Loop

# Seconds for which a deleted namespace is left alone, so that its watchers can react (namespaceDeletionGracePeriod).
GRACE = 5.0
# Seconds that what has finalizers is taken to need (finalizerEstimateSeconds).
FINALIZING = 15


class _Finding(NamedTuple):
    """Why a condition of a namespace that ends is as it is."""

    reason: str
    message: str


_REMAINING = "NamespaceContentRemaining"
_FINALIZERS_REMAINING = "NamespaceFinalizersRemaining"
# The conditions of a namespace that ends, as they are where nothing is wrong.
_FINE = {
    "NamespaceDeletionDiscoveryFailure": _Finding("ResourcesDiscovered", "All resources successfully discovered"),
    "NamespaceDeletionGroupVersionParsingFailure": _Finding(
        "ParsedGroupVersions", "All legacy kube types successfully parsed"
    ),
    "NamespaceDeletionContentFailure": _Finding(
        "ContentDeleted", "All content successfully deleted, may be waiting on finalization"
    ),
    _REMAINING: _Finding("ContentRemoved", "All content successfully removed"),
    _FINALIZERS_REMAINING: _Finding("ContentHasNoFinalizers", "All content-preserving finalizers finished"),
}
_OTHERS = tuple(item for item in RESOURCES if item.namespaced and item.simulated and item is not POD)
# The API server looks every ten seconds whether its own Service is there; here only after one was deleted.
INTERVAL: Micros = 10 * SECOND


class NamespaceController(Loop):
    """Gives a namespace its `default` ServiceAccount and CA bundle; empties and removes one that is deleted."""

    watched = (None,)

    def on_change(self, change: Change) -> None:
        if change.resource is NAMESPACE:
            if change.type != "DELETED":
                self.add(change.obj, GRACE if is_deleted(change.obj) else REACTION)
        elif change.type == "DELETED":
            self._on_lost(change)

    def _on_lost(self, change: Change) -> None:
        """Look whether a namespace that stays has lost what each has."""
        namespace = self.api.find(NAMESPACE, "", namespace_of(change.obj))
        if namespace and not is_deleted(namespace):
            delay = REACTION
            if change.resource is SERVICE:
                delay = (INTERVAL - self.clock.now % INTERVAL) / SECOND
            self.add(namespace, delay)

    def reconcile(self, _: str, name: str) -> None:
        namespace = self.api.find(NAMESPACE, "", name)
        if namespace is None:
            return
        if is_deleted(namespace):
            if "finalizers" in namespace["spec"]:  # otherwise it has been emptied
                self._empty(namespace)
            return
        for resource, obj in published(name):
            if self.api.find(resource, name, name_of(obj)) is None:
                self.api.create(resource, obj)

    def _empty(self, namespace: Object) -> None:
        """Delete all that is in a namespace, its Pods first; once nothing is left, only its own finalizers keep it.

        What is left is looked at again after half the time that it is taken to need.
        """
        name = name_of(namespace)
        pods = self._delete_all([POD], name)
        left = pods or self._delete_all(_OTHERS, name)
        # Of Pods the conditions say nothing, as upstream.
        self._report(namespace, {} if pods else _remaining(left))
        if not left:
            self._finish(name)
            return
        seconds = [pod["spec"]["terminationGracePeriodSeconds"] for pod in pods.get(POD, ())]
        self.add(namespace, max(seconds, default=FINALIZING) // 2 + 1)

    def _finish(self, name: str) -> None:
        """Let go of an emptied namespace. Mirrors finalizeNamespace and ShouldDeleteNamespaceDuringUpdate."""
        namespace = self.api.get(NAMESPACE, "", name)
        if metadata(namespace).get("finalizers"):
            self.api.record(NAMESPACE, {**namespace, "spec": {}})
        else:
            self.api.remove(NAMESPACE, namespace)

    def _delete_all(self, resources: Iterable[Resource], namespace: str) -> dict[Resource, list[Object]]:
        """Delete all objects of some types; return those that are still there."""
        left: dict[Resource, list[Object]] = {}
        for resource in resources:
            for obj in self.api.list(resource, namespace):
                if not is_deleted(obj):
                    self.api.delete_object(resource, obj)
            if objects := self.api.list(resource, namespace):
                left[resource] = objects
        return left

    def _report(self, namespace: Object, problems: Mapping[str, _Finding]) -> None:
        """Say in the namespace's conditions what keeps it. A change of them has it looked at again, as any change."""
        before = {item["type"]: item for item in namespace["status"].get("conditions", ())}
        conditions: list[Object] = []
        for kind, fine in _FINE.items():
            finding = problems.get(kind, fine)
            status = "True" if kind in problems else "False"
            old = before.get(kind, {})
            since = old["lastTransitionTime"] if old.get("status") == status else self.clock.timestamp()
            conditions.append({"lastTransitionTime": since, **finding._asdict(), "status": status, "type": kind})
        self.api.update_status(NAMESPACE, namespace, {**namespace["status"], "conditions": conditions})


def _remaining(left: Mapping[Resource, list[Object]]) -> dict[str, _Finding]:
    """The conditions that aren't fine, and why. Mirrors ProcessContentTotals of status_condition_utils.go."""
    finalizers: Counter[str] = Counter()
    for objects in left.values():
        for obj in objects:
            finalizers.update(obj["metadata"].get("finalizers", ()))
    problems: dict[str, _Finding] = {}
    if left:
        counts = [f"{item.plural}.{item.group} has {len(objects)} resource instances" for item, objects in left.items()]
        message = f"Some resources are remaining: {', '.join(sorted(counts))}"
        problems[_REMAINING] = _Finding("SomeResourcesRemain", message)
    if finalizers:
        counts = [f"{finalizer} in {count} resource instances" for finalizer, count in finalizers.items()]
        message = f"Some content in the namespace has finalizers remaining: {', '.join(sorted(counts))}"
        problems[_FINALIZERS_REMAINING] = _Finding("SomeFinalizersRemain", message)
    return problems
