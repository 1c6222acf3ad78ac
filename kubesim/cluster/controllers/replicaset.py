"""The ReplicaSet controller, which keeps spec.replicas Pods.

Mirrors kubernetes pkg/controller/replicaset/{replica_set,replica_set_utils}.go, v1.36.
"""

from __future__ import annotations

from kubesim.api.clock import Clock
from kubesim.api.objects import Key, Object, key_of, metadata
from kubesim.api.resources import REPLICA_SET
from kubesim.cluster.apiserver import Component
from kubesim.cluster.controllers.base import BURST, Controller, active_pods, count_ready, is_ready

# The number of Pods up to which a ReplicaSet is synced without additional delay; a limit of kubesim.
MOST_PODS_WITHOUT_DELAY = 50


class ReplicaSetController(Controller):
    """Creates and deletes the Pods of ReplicaSets, and reports their number."""

    resource = REPLICA_SET

    def __init__(self, api: Component, clock: Clock) -> None:
        super().__init__(api, clock)
        self._sizes: dict[Key, int] = {}  # the number of Pods at the last sync

    def enqueue(self, key: Key, delay: float) -> None:
        """Queue a sync, with a delay that grows with the number of Pods, because a sync examines them all."""
        self.add_key(key, delay * max(1, self._sizes.get(key, 0) / MOST_PODS_WITHOUT_DELAY))

    def sync(self, replica_set: Object, pods: list[Object]) -> None:
        """Create or delete Pods to reach spec.replicas, and report them."""
        self._sizes[key_of(replica_set)] = len(pods)
        active = active_pods(pods)
        missing = replica_set["spec"]["replicas"] - len(active)
        if missing:
            self._scale(replica_set, active, missing)
            active = active_pods(self.controlled_by(replica_set))
        self._report(replica_set, active, len(pods) - len(active))

    def _failure_condition(self, replica_set: Object) -> Object | None:
        """The condition ReplicaFailure if this sync had a Pod refused, None otherwise. It keeps the first message."""
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
        """Create `missing` Pods until one is refused, or delete Pods if `missing` is negative; at most BURST."""
        if missing > 0:
            for _ in range(min(missing, BURST)):
                if not self.create_pod(replica_set):
                    return
        else:
            newest_first = sorted(active, key=lambda pod: metadata(pod)["creationTimestamp"], reverse=True)
            for pod in sorted(newest_first, key=_deletion_rank)[: min(-missing, BURST)]:
                self.delete_pod(replica_set, pod)

    def _report(self, replica_set: Object, active: list[Object], terminating: int) -> None:
        """Write the status. `active` are the active Pods, `terminating` is the number of those being deleted."""
        ready = count_ready(active)
        status: Object = {
            "observedGeneration": replica_set["metadata"]["generation"],
            "replicas": len(active),
            "terminatingReplicas": terminating,
        }
        if failure := self._failure_condition(replica_set):
            status["conditions"] = [failure]
        counts = {"availableReplicas": ready, "fullyLabeledReplicas": len(active), "readyReplicas": ready}
        self.report(replica_set, status, **counts)


def _deletion_rank(pod: Object) -> tuple[bool, bool, bool]:
    """The sort key for deletion: unscheduled, pending, unready Pods first.

    Mirrors ActivePodsWithRanks of kubernetes pkg/controller/controller_utils.go, v1.36, without the annotation of a
    deletion cost. After that, upstream compares the time of readiness and restarts, and chooses at random among Pods of
    about the same age; here the newest Pod is deleted.
    """
    has_node = bool(pod["spec"].get("nodeName"))
    return has_node, pod["status"]["phase"] == "Running", is_ready(pod)
