"""The ReplicaSet controller: as many Pods as asked for.

Mirrors kubernetes pkg/controller/replicaset/{replica_set,replica_set_utils}.go, v1.36.
"""

from __future__ import annotations

from kubesim.api.clock import Clock
from kubesim.api.objects import Object, metadata, name_of, namespace_of
from kubesim.api.resources import REPLICA_SET
from kubesim.cluster.apiserver import APIServer
from kubesim.cluster.controllers.base import REACTION, Controller, Key, is_active, is_ready

FREQUENT = 50  # Pods up to which every change is answered at once
# Pods that one sync creates or deletes at most. The real controller takes 500, which the rate limit of its client
# spreads over half a minute.
BURST = 100


class ReplicaSetController(Controller):
    """Creates and deletes the Pods of ReplicaSets and reports how many there are."""

    resource = REPLICA_SET

    def __init__(self, api: APIServer, clock: Clock) -> None:
        super().__init__(api, clock)
        self._sizes: dict[Key, int] = {}

    def enqueue(self, key: Key, delay: float = REACTION) -> None:
        """Plan a sync. The more Pods a ReplicaSet has the longer one takes, and the less often it comes."""
        self.queue.add_key(key, delay * max(1, self._sizes.get(key, 0) / FREQUENT))

    def sync(self, replica_set: Object, pods: list[Object]) -> None:
        """Create what is missing or delete what is too much."""
        self._sizes[namespace_of(replica_set), name_of(replica_set)] = len(pods)
        if not metadata(replica_set).get("deletionTimestamp"):
            self._scale(replica_set, list(filter(is_active, pods)))
        active = list(filter(is_active, self.owned_by(replica_set)))
        self._report(replica_set, active, len(pods) - len(active))

    def _scale(self, replica_set: Object, active: list[Object]) -> None:
        missing = replica_set["spec"]["replicas"] - len(active)
        for _ in range(min(missing, BURST)):
            if not self.create_pod(replica_set):
                return
        if missing < 0:
            for pod in sorted(active, key=_deletion_rank)[: min(-missing, BURST)]:
                self.delete_pod(replica_set, pod)

    def _report(self, replica_set: Object, active: list[Object], terminating: int) -> None:
        ready = sum(map(is_ready, active))
        status = {
            "availableReplicas": ready,
            "fullyLabeledReplicas": len(active),
            "observedGeneration": replica_set["metadata"]["generation"],
            "readyReplicas": ready,
            "replicas": len(active),
            "terminatingReplicas": terminating,
        }
        always = ("replicas", "observedGeneration", "terminatingReplicas")
        shown = {key: value for key, value in status.items() if value or key in always}
        self.api.update_status(REPLICA_SET, replica_set, shown)


def _deletion_rank(pod: Object) -> tuple[bool, bool, bool, str]:
    """Which Pod goes first: unscheduled before scheduled, pending before running, not ready before ready, new first."""
    created = metadata(pod)["creationTimestamp"]
    newest_first = "".join(chr(0x10FFFF - ord(letter)) for letter in created)
    return bool(pod["spec"].get("nodeName")), pod["status"]["phase"] == "Running", is_ready(pod), newest_first
