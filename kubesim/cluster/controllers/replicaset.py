"""The ReplicaSet controller. Mirrors kubernetes pkg/controller/replicaset/{replica_set,replica_set_utils}.go, v1.36."""

from __future__ import annotations

from kubesim.api.clock import Clock
from kubesim.api.numbers import integer
from kubesim.api.objects import Key, Object, annotations_of, is_deleted, key_of, metadata
from kubesim.api.resources import REPLICA_SET
from kubesim.cluster.apiserver import Component
from kubesim.cluster.controllers.base import BURST, Controller, active_pods, count_ready, is_ready

FREQUENT = 50  # Pods up to which every change is answered at once
DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"


class ReplicaSetController(Controller):
    """Creates and deletes the Pods of ReplicaSets and reports how many there are."""

    resource = REPLICA_SET
    syncs_deleted = True

    def __init__(self, api: Component, clock: Clock) -> None:
        super().__init__(api, clock)
        self._sizes: dict[Key, int] = {}

    def enqueue(self, key: Key, delay: float) -> None:
        """Plan a sync. The more Pods a ReplicaSet has the longer one takes, and the less often it comes."""
        self.add_key(key, delay * max(1, self._sizes.get(key, 0) / FREQUENT))

    def sync(self, replica_set: Object, pods: list[Object]) -> None:
        self._sizes[key_of(replica_set)] = len(pods)
        active = active_pods(pods)
        missing = replica_set["spec"]["replicas"] - len(active)
        if missing and not is_deleted(replica_set):
            self._scale(replica_set, active, missing)
            active = active_pods(self.controlled_by(replica_set))
        self._report(replica_set, active, len(pods) - len(active))

    def _failure(self, replica_set: Object) -> Object | None:
        """The condition of a ReplicaSet that can't make its Pods; the first refusal is told until one is made."""
        if self.refusal is None:
            return None
        before: list[Object] = replica_set["status"].get("conditions", [])
        if before:
            return before[0]
        return {
            "lastTransitionTime": self.clock.timestamp(),
            "message": self.refusal.message,
            "reason": "FailedCreate",
            "status": "True",
            "type": "ReplicaFailure",
        }

    def _scale(self, replica_set: Object, active: list[Object], missing: int) -> None:
        """Create Pods until one is refused, or delete some where `missing` is negative."""
        if missing > 0:
            for _ in range(min(missing, BURST)):
                if not self.create_pod(replica_set):
                    return
        else:
            newest_first = sorted(active, key=lambda pod: metadata(pod)["creationTimestamp"], reverse=True)
            for pod in sorted(newest_first, key=_deletion_rank)[: min(-missing, BURST)]:
                self.delete_pod(replica_set, pod)

    def _report(self, replica_set: Object, active: list[Object], terminating: int) -> None:
        ready = count_ready(active)
        status: Object = {
            "observedGeneration": replica_set["metadata"]["generation"],
            "replicas": len(active),
            "terminatingReplicas": terminating,
        }
        if failure := self._failure(replica_set):
            status["conditions"] = [failure]
        available = self.count_available(replica_set, active)
        counts = {"availableReplicas": available, "fullyLabeledReplicas": len(active), "readyReplicas": ready}
        self.report(replica_set, status, **counts)


def _deletion_rank(pod: Object) -> tuple[bool, bool, bool, int]:
    """Which Pod goes first: unscheduled before scheduled, pending before running, not ready before ready, cheap before
    dear.

    Mirrors ActivePodsWithRanks of kubernetes pkg/controller/controller_utils.go, v1.36, up to the cost. Behind that it
    also compares how long Pods have been ready and how often they were restarted, and leaves those of about one age to
    chance; here, the newest goes.
    """
    has_node = bool(pod["spec"].get("nodeName"))
    cost = integer(annotations_of(pod).get(DELETION_COST, "")) or 0  # another text, which a real API server refuses
    return has_node, pod["status"]["phase"] == "Running", is_ready(pod), cost
