"""The garbage collector, which deletes or orphans the dependents of deleted owners.

Only workloads, whose types have a Pod template, count as owners. Mirrors kubernetes pkg/controller/garbagecollector,
v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.api.objects import Object, is_deleted, metadata, namespace_of
from kubesim.api.resources import EVENT, RESOURCES, Resource, find_kind
from kubesim.cluster.apiserver import Change
from kubesim.cluster.apiserver.deletion import FINALIZERS, DeleteOptions
from kubesim.cluster.controllers.base import Part, release

DELAY = 0.05  # seconds
_OWNED = tuple(item for item in RESOURCES if item.simulated and item.namespaced and item is not EVENT)


class GarbageCollector(Part):
    """Deletes the dependents of an owner after its removal or, for foreground deletion, before it.

    An owner's finalizer (see deletion.FINALIZERS) keeps it until its dependents are deleted or orphaned.
    """

    watched = (None,)

    def on_change(self, change: Change) -> None:
        owner = change.obj
        # A limit of kubesim: dependents of other types, which no controller here creates, are never collected.
        if change.resource.template and (change.type == "DELETED" or _finalizer(owner)):
            self.clock.call_later(DELAY, self._collect, change.resource, owner)
        if change.type == "DELETED":
            self._finish_owners(owner)

    def _collect(self, resource: Resource, owner: Object) -> None:
        """Delete or orphan the dependents of `owner`, whose state is from a moment ago: it may be gone by now.

        Dependents that another owner keeps only lose the reference. Those that are already being deleted are left
        alone, because this is called again whenever a dependent of the owner is gone.
        """
        finalizer = _finalizer(owner)
        options = DeleteOptions(policy="Foreground" if finalizer else "")
        for kind, obj in self._dependents(owner):
            if finalizer == "orphan" or self._is_kept(obj):
                release(self.api, owner, kind, obj)
            elif not is_deleted(obj):
                self.api.delete_object(kind, obj, options)
        if finalizer and not self._dependents(owner):
            self._drop_finalizer(resource, owner, finalizer)

    def _dependents(self, owner: Object) -> list[tuple[Resource, Object]]:
        return [(kind, obj) for kind in _OWNED for obj in self.api.owned_by(owner, kind)]

    def _is_kept(self, dependent: Object) -> bool:
        """Whether an owner keeps the dependent, which one in foreground deletion doesn't. See classifyReferences."""
        return any(_finalizer(owner) != "foregroundDeletion" for _, owner in self._owners(dependent))

    def _owners(self, dependent: Object) -> Iterator[tuple[Resource, Object]]:
        """The owners of a dependent that still exist."""
        for reference in metadata(dependent).get("ownerReferences", ()):
            resource = find_kind(reference["apiVersion"], reference["kind"])
            if resource is None:
                continue
            namespace = namespace_of(dependent) if resource.namespaced else ""
            owner = self.api.find(resource, namespace, reference["name"])
            if owner and metadata(owner)["uid"] == reference["uid"]:
                yield resource, owner

    def _drop_finalizer(self, resource: Resource, owner: Object, finalizer: str) -> None:
        """Remove the finalizer from the owner, and the owner itself if no other finalizer keeps it."""
        current = self.api.current(resource, owner)
        if current is None or not _finalizer(current):
            return
        others = [name for name in metadata(current).get("finalizers", ()) if name != finalizer]
        if others:
            self.api.record(resource, {**current, "metadata": {**metadata(current), "finalizers": others}})
        else:
            self.api.remove(resource, current)

    def _finish_owners(self, gone: Object) -> None:
        """Collect for the waiting owners of a removed dependent again, after the current write is complete."""
        for resource, owner in self._owners(gone):
            if _finalizer(owner):
                self.clock.call_later(0, self._collect, resource, owner)


def _finalizer(obj: Object) -> str:
    """The garbage collector's finalizer of a deleted object: "orphan" or "foregroundDeletion", "" for none."""
    if not is_deleted(obj):
        return ""
    return next((name for name in metadata(obj).get("finalizers") or () if name in FINALIZERS.values()), "")
