"""The Pod garbage collector: what becomes of Pods whose node isn't there.

Mirrors gcOrphaned of kubernetes pkg/controller/podgc/gc_controller.go, v1.36.
"""

from __future__ import annotations

from kubesim.api.clock import Clock
from kubesim.api.objects import Object, is_static, metadata, name_of, namespace_of
from kubesim.api.resources import NODE, POD
from kubesim.cluster.apiserver import Change, Component
from kubesim.cluster.apiserver.deletion import DeleteOptions

ORPHANED = 60.0
"""Seconds after which Pods without a node are removed: they are looked for every 20, and kept for 40."""


class PodGarbageCollector:
    """Deletes the Pods of nodes that there aren't."""

    def __init__(self, api: Component, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        api.subscribe(self._on_node, NODE)
        api.subscribe(self._on_pod, POD)

    def resume(self, _: PodGarbageCollector) -> None:
        """Go on from the state of another one: it has none but its timers."""

    def _on_node(self, change: Change) -> None:
        if change.type == "DELETED":
            self._clock.call_later(ORPHANED, self._collect_orphans)

    def _on_pod(self, change: Change) -> None:
        if change.type == "ADDED" and self._is_orphan(change.obj):
            self._clock.call_later(ORPHANED, self._collect_orphans)

    def _is_orphan(self, pod: Object) -> bool:
        node_name = pod["spec"].get("nodeName")
        return bool(node_name) and self._api.find(NODE, "", node_name) is None

    def _collect_orphans(self) -> None:
        for pod in filter(self._is_orphan, self._api.list(POD)):
            if is_static(pod):  # nobody else may delete it
                self._api.remove(POD, pod)
                continue
            self._mark_failed(pod)
            self._api.delete(POD, namespace_of(pod), name_of(pod), DeleteOptions(grace_seconds=0))

    def _mark_failed(self, pod: Object) -> None:
        """Say of a Pod that it has failed, unless it has ended: no kubelet will. Finalizers may keep it after that."""
        status = pod["status"]
        if status["phase"] in ("Succeeded", "Failed"):
            return
        generation = metadata(pod)["generation"]
        condition = {
            "lastProbeTime": None,
            "lastTransitionTime": self._clock.timestamp(),
            "message": "PodGC: node no longer exists",
            "observedGeneration": generation,
            "reason": "DeletionByPodGC",
            "status": "True",
            "type": "DisruptionTarget",
        }
        conditions = [*status.get("conditions", ()), condition]
        failed = {**status, "conditions": conditions, "observedGeneration": generation, "phase": "Failed"}
        self._api.update_status(POD, pod, failed)
