"""The garbage collector: what an owner leaves behind goes after it, in the background.

Mirrors kubernetes pkg/controller/garbagecollector, v1.36.
"""

from __future__ import annotations

from kubesim.apiserver import APIServer, Change
from kubesim.clock import Clock
from kubesim.objects import Object, is_owned_by, name_of, namespace_of
from kubesim.resources import POD, REPLICA_SET

DELAY = 0.05
_DEPENDENTS = (REPLICA_SET, POD)


class GarbageCollector:
    """Deletes the ReplicaSets and Pods of an owner that is gone."""

    def __init__(self, api: APIServer, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        api.subscribe(self._on_change)

    def _on_change(self, change: Change) -> None:
        if change.type == "DELETED" and change.resource.group == "apps":
            owner = change.obj
            self._clock.call_later(DELAY, lambda: self._collect(owner))

    def _collect(self, owner: Object) -> None:
        for resource in _DEPENDENTS:
            for obj in self._api.list(resource, namespace_of(owner)):
                if is_owned_by(obj, owner) and not obj["metadata"].get("deletionTimestamp"):
                    self._api.delete(resource, namespace_of(obj), name_of(obj))
