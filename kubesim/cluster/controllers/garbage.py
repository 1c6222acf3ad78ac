"""The garbage collector: what an owner leaves behind goes after it, in the background.

Mirrors kubernetes pkg/controller/garbagecollector, v1.36.
"""

from __future__ import annotations

from functools import partial

from kubesim.api.clock import Clock
from kubesim.api.objects import Object, is_owned_by, metadata, name_of, namespace_of
from kubesim.api.resources import CONTROLLER_REVISION, JOB, POD, REPLICA_SET, Resource, find_kind
from kubesim.cluster.apiserver import APIServer, Change
from kubesim.cluster.controllers.base import is_deleted, release

DELAY = 0.05
_DEPENDENTS = (REPLICA_SET, JOB, CONTROLLER_REVISION, POD)


class GarbageCollector:
    """Deletes what an owner made when that is gone, or, by its finalizer, before or instead of that."""

    def __init__(self, api: APIServer, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        api.subscribe(self._on_change)

    def _on_change(self, change: Change) -> None:
        owner = change.obj
        if change.resource.template and (change.type == "DELETED" or _finalizer(owner)):
            self._clock.call_later(DELAY, partial(self._collect, change.resource, owner))
        if change.type == "DELETED":
            self._finish_owners(owner)

    def _collect(self, resource: Resource, owner: Object) -> None:
        finalizer = _finalizer(owner)
        orphaned = finalizer == "orphan"
        dependents = [(kind, obj) for kind in _DEPENDENTS for obj in self._owned(kind, owner)]
        for kind, obj in dependents:
            if orphaned:
                release(self._api, owner, kind, obj)
            elif self._api.find(kind, namespace_of(obj), name_of(obj)) and not is_deleted(obj):
                self._api.delete(kind, namespace_of(obj), name_of(obj), finalizer=finalizer)
        if finalizer and (orphaned or not dependents):
            self._remove(resource, owner)

    def _owned(self, resource: Resource, owner: Object) -> list[Object]:
        return [obj for obj in self._api.list(resource, namespace_of(owner)) if is_owned_by(obj, owner)]

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
