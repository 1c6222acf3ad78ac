"""The garbage collector, which deletes the dependents of deleted owners.

Only workloads, whose types have a Pod template, count as owners. Mirrors kubernetes pkg/controller/garbagecollector,
v1.36, for the propagation policy Background alone.
"""

from __future__ import annotations

from kubesim.api.objects import Object, is_deleted, metadata, namespace_of
from kubesim.api.resources import EVENT, RESOURCES, find_kind
from kubesim.cluster.apiserver import Change
from kubesim.cluster.controllers.base import Part, release

DELAY = 0.05  # seconds
_OWNED = tuple(item for item in RESOURCES if item.simulated and item.namespaced and item is not EVENT)


class GarbageCollector(Part):
    """Deletes the dependents of an owner after its removal."""

    watched = (None,)

    def on_change(self, change: Change) -> None:
        # A limit of kubesim: dependents of other types, which no controller here creates, are never collected.
        if change.resource.template and change.type == "DELETED":
            self.clock.call_later(DELAY, self._collect, change.obj)

    def _collect(self, owner: Object) -> None:
        """Delete the dependents of a removed owner. Those that another owner keeps only lose the reference."""
        for resource in _OWNED:
            for obj in self.api.owned_by(owner, resource):
                if self._has_owner(obj):
                    release(self.api, owner, resource, obj)
                elif not is_deleted(obj):
                    self.api.delete_object(resource, obj)

    def _has_owner(self, dependent: Object) -> bool:
        """True if one of the dependent's owners still exists."""
        for reference in metadata(dependent).get("ownerReferences", ()):
            resource = find_kind(reference["apiVersion"], reference["kind"])
            if resource is None:
                continue
            namespace = namespace_of(dependent) if resource.namespaced else ""
            owner = self.api.find(resource, namespace, reference["name"])
            if owner and metadata(owner)["uid"] == reference["uid"]:
                return True
        return False
