"""The Pod garbage collector: what becomes of Pods whose node isn't there.

Mirrors gcOrphaned of kubernetes pkg/controller/podgc/gc_controller.go, v1.36.
"""

from __future__ import annotations

from kubesim.api.objects import Object, has_ended, is_static, metadata
from kubesim.api.resources import NODE, POD
from kubesim.cluster.apiserver import Change
from kubesim.cluster.apiserver.deletion import DeleteOptions
from kubesim.cluster.controllers.base import Part

ORPHANED = 60.0
"""Seconds after which Pods without a node are removed: they are looked for every 20, and kept for 40."""


class PodGarbageCollector(Part):
    """Deletes the Pods of nodes that there aren't."""

    watched = (NODE, POD)

    def on_change(self, change: Change) -> None:
        is_node_lost = change.resource is NODE and change.type == "DELETED"
        if is_node_lost or (change.resource is POD and change.type == "ADDED" and self._is_orphan(change.obj)):
            self.clock.call_later(ORPHANED, self._collect_orphans)

    def _is_orphan(self, pod: Object) -> bool:
        node_name = pod["spec"].get("nodeName")
        return bool(node_name) and self.api.find(NODE, "", node_name) is None

    def _collect_orphans(self) -> None:
        for pod in filter(self._is_orphan, self.api.list(POD)):
            if is_static(pod):  # nobody else may delete it
                self.api.remove(POD, pod)
                continue
            self._mark_failed(pod)
            self.api.delete_object(POD, pod, DeleteOptions(grace_seconds=0))

    def _mark_failed(self, pod: Object) -> None:
        """Say of a Pod that it has failed, unless it has ended: no kubelet will. Finalizers may keep it after that."""
        if has_ended(pod):
            return
        status = pod["status"]
        generation = metadata(pod)["generation"]
        condition = {
            "lastProbeTime": None,
            "lastTransitionTime": self.clock.timestamp(),
            "message": "PodGC: node no longer exists",
            "observedGeneration": generation,
            "reason": "DeletionByPodGC",
            "status": "True",
            "type": "DisruptionTarget",
        }
        conditions = [*status.get("conditions", ()), condition]
        failed = {**status, "conditions": conditions, "observedGeneration": generation, "phase": "Failed"}
        self.api.update_status(POD, pod, failed)
