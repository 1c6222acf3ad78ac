"""The garbage collector: what owners leave behind. Mirrors kubernetes pkg/controller/garbagecollector, v1.36."""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.api.objects import Object, is_deleted, metadata, namespace_of
from kubesim.api.resources import EVENT, RESOURCES, Resource, find_kind
from kubesim.cluster.apiserver import Change
from kubesim.cluster.apiserver.deletion import FINALIZERS, DeleteOptions
from kubesim.cluster.controllers.base import Part, release

DELAY = 0.05
_OWNED = tuple(item for item in RESOURCES if item.simulated and item.namespaced and item is not EVENT)


class GarbageCollector(Part):
    """Deletes what an owner made when that is gone, or, by its finalizer, before or instead of that."""

    watched = (None,)

    def on_change(self, change: Change) -> None:
        owner = change.obj
        # A limit: what anything else owns, which no controller here makes, stays.
        if change.resource.template and (change.type == "DELETED" or _finalizer(owner)):
            self.clock.call_later(DELAY, self._collect, change.resource, owner)
        if change.type == "DELETED":
            self._finish_owners(owner)

    def _collect(self, resource: Resource, owner: Object) -> None:
        """Delete what an owner has, which is as it was a moment ago: it may be gone by now.

        Orphans, and what another owner keeps, only lose the reference. What is being deleted is left alone, because
        this is called for an owner again whenever one of its dependents is gone.
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
        """Whether an owner keeps it, as classifyReferences sees it: not one that waits for the end of what it has."""
        return any(_finalizer(owner) != "foregroundDeletion" for _, owner in self._owners(dependent))

    def _owners(self, dependent: Object) -> Iterator[tuple[Resource, Object]]:
        """Those owners that there still are."""
        for reference in metadata(dependent).get("ownerReferences", ()):
            resource = find_kind(reference["apiVersion"], reference["kind"])
            if resource is None:
                continue
            namespace = namespace_of(dependent) if resource.namespaced else ""
            owner = self.api.find(resource, namespace, reference["name"])
            if owner and metadata(owner)["uid"] == reference["uid"]:
                yield resource, owner

    def _drop_finalizer(self, resource: Resource, owner: Object, finalizer: str) -> None:
        """Say that the dependents are dealt with: unless another finalizer holds the owner, it is gone."""
        current = self.api.current(resource, owner)
        if current is None or not _finalizer(current):
            return
        others = [name for name in metadata(current).get("finalizers", ()) if name != finalizer]
        if others:
            self.api.record(resource, {**current, "metadata": {**metadata(current), "finalizers": others}})
        else:
            self.api.remove(resource, current)

    def _finish_owners(self, gone: Object) -> None:
        """Look again at an owner in the foreground whose dependent is gone, once what deletes that is done."""
        for resource, owner in self._owners(gone):
            if _finalizer(owner):
                self.clock.call_later(0, self._collect, resource, owner)


def _finalizer(obj: Object) -> str:
    """How the dependents of a deleted object are dealt with before it goes: "orphan", "foregroundDeletion", or ""."""
    if not is_deleted(obj):
        return ""
    return next((name for name in metadata(obj).get("finalizers") or () if name in FINALIZERS.values()), "")
