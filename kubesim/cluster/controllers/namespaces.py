"""The controllers of namespaces, in one class: the objects that each namespace gets, and its deletion.

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
from kubesim.cluster.bootstrap import namespace_objects
from kubesim.cluster.controllers.base import REACTION, Loop

# Seconds before a deleted namespace is emptied, so that its watchers can react (namespaceDeletionGracePeriod).
GRACE = 5.0
# The estimated seconds until objects with finalizers are gone (finalizerEstimateSeconds).
FINALIZING = 15
_REMAINING = "NamespaceContentRemaining"
_FINALIZERS_REMAINING = "NamespaceFinalizersRemaining"
_TYPES_BUT_PODS = tuple(item for item in RESOURCES if item.namespaced and item.simulated and item is not POD)
# The API server restores its own Service every ten seconds. Here that is planned only after a Service was deleted.
SERVICE_INTERVAL: Micros = 10 * SECOND


class _Finding(NamedTuple):
    """Reason and message of a condition of a terminating namespace."""

    reason: str
    message: str


# The conditions of a terminating namespace, in order, with their contents while there is no problem.
_WITHOUT_PROBLEMS = {
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


class NamespaceController(Loop):
    """Gives a namespace its `default` ServiceAccount and CA bundle; empties and removes a deleted namespace."""

    watched = (None,)

    def on_change(self, change: Change) -> None:
        if change.resource is NAMESPACE:
            if change.type != "DELETED":
                self.add(change.obj, GRACE if is_deleted(change.obj) else REACTION)
        elif change.type == "DELETED":
            self._on_deleted_object(change)

    def _on_deleted_object(self, change: Change) -> None:
        """Queue the namespace of a deleted object, which may be one that every namespace has."""
        namespace = self.api.find(NAMESPACE, "", namespace_of(change.obj))
        if namespace and not is_deleted(namespace):
            delay = REACTION
            if change.resource is SERVICE:
                delay = (SERVICE_INTERVAL - self.clock.now % SERVICE_INTERVAL) / SECOND
            self.add(namespace, delay)

    def reconcile(self, _: str, name: str) -> None:
        """Create the objects that a namespace must have, or empty one that is being deleted."""
        namespace = self.api.find(NAMESPACE, "", name)
        if namespace is None:
            return
        if is_deleted(namespace):
            if "finalizers" in namespace["spec"]:  # `_finish` removes them once the namespace is empty
                self._empty(namespace)
            return
        for resource, obj in namespace_objects(name):
            if self.api.find(resource, name, name_of(obj)) is None:
                self.api.create(resource, obj)

    def _empty(self, namespace: Object) -> None:
        """Delete all objects in a namespace, Pods first, and finish the namespace once it is empty.

        Otherwise the next attempt comes after half the time that the remaining objects are estimated to need.
        """
        name = name_of(namespace)
        pods = self._delete_all([POD], name)
        left = pods or self._delete_all(_TYPES_BUT_PODS, name)
        # As upstream, the conditions don't mention remaining Pods.
        self._report(namespace, {} if pods else _remaining(left))
        if not left:
            self._finish(name)
            return
        seconds = [pod["spec"]["terminationGracePeriodSeconds"] for pod in pods.get(POD, ())]
        self.add(namespace, max(seconds, default=FINALIZING) // 2 + 1)

    def _finish(self, name: str) -> None:
        """Remove an empty namespace or, if it has finalizers in its metadata, only the one in its spec.

        Mirrors finalizeNamespace and ShouldDeleteNamespaceDuringUpdate.
        """
        namespace = self.api.get(NAMESPACE, "", name)
        if metadata(namespace).get("finalizers"):
            self.api.put(NAMESPACE, {**namespace, "spec": {}})
        else:
            self.api.remove(NAMESPACE, namespace)

    def _delete_all(self, resources: Iterable[Resource], namespace: str) -> dict[Resource, list[Object]]:
        """Delete all objects of some types; return those that still exist, such as Pods in their grace period."""
        left: dict[Resource, list[Object]] = {}
        for resource in resources:
            for obj in self.api.list(resource, namespace):
                if not is_deleted(obj):
                    self.api.delete_object(resource, obj)
            if objects := self.api.list(resource, namespace):
                left[resource] = objects
        return left

    def _report(self, namespace: Object, problems: Mapping[str, _Finding]) -> None:
        """Write the namespace's conditions: `problems` by type, and no problem for the others.

        A change of them queues the namespace again, as any change does.
        """
        before = {item["type"]: item for item in namespace["status"].get("conditions", ())}
        conditions: list[Object] = []
        for kind, without_problem in _WITHOUT_PROBLEMS.items():
            finding = problems.get(kind, without_problem)
            status = "True" if kind in problems else "False"
            old = before.get(kind, {})
            since = old["lastTransitionTime"] if old.get("status") == status else self.clock.timestamp()
            conditions.append({"lastTransitionTime": since, **finding._asdict(), "status": status, "type": kind})
        self.api.update_status(NAMESPACE, namespace, {**namespace["status"], "conditions": conditions})


def _remaining(left: Mapping[Resource, list[Object]]) -> dict[str, _Finding]:
    """The problems of a namespace with remaining objects, by type of condition.

    Mirrors ProcessContentTotals of status_condition_utils.go.
    """
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
