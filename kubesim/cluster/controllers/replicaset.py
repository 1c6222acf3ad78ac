"""The ReplicaSet controller: as many Pods as asked for.

Mirrors kubernetes pkg/controller/replicaset/{replica_set,replica_set_utils}.go, v1.36.
"""

from __future__ import annotations

from kubesim.api.clock import Clock
from kubesim.api.errors import StatusError
from kubesim.api.objects import Object, clone, is_owned_by, metadata, name_of, namespace_of, owner_reference
from kubesim.api.resources import POD, REPLICA_SET
from kubesim.cluster.apiserver import APIServer, Change
from kubesim.cluster.controllers.queue import REACTION, Key, WorkQueue
from kubesim.cluster.events import Recorder

RETRY = 15.0
FREQUENT = 50  # Pods up to which every change is answered at once
# Pods that one sync creates or deletes at most. The real controller takes 500, which the rate limit of its client
# spreads over half a minute.
BURST = 100


class ReplicaSetController:
    """Creates and deletes the Pods of ReplicaSets and reports how many there are."""

    def __init__(self, api: APIServer, clock: Clock) -> None:
        self._api = api
        self._recorder = Recorder(api, clock, "replicaset-controller")
        self._queue = WorkQueue(clock, self._reconcile)
        self._sizes: dict[Key, int] = {}
        api.subscribe(self._on_replica_set, REPLICA_SET)
        api.subscribe(self._on_pod, POD)

    def _on_replica_set(self, change: Change) -> None:
        if change.type != "DELETED":
            self._add((namespace_of(change.obj), name_of(change.obj)))

    def _on_pod(self, change: Change) -> None:
        for reference in metadata(change.obj).get("ownerReferences", ()):
            if reference["kind"] == "ReplicaSet":
                self._add((namespace_of(change.obj), reference["name"]))

    def _add(self, key: Key) -> None:
        """Look at a ReplicaSet soon. The more Pods it has the longer a look takes, and the less often it comes."""
        self._queue.add_key(key, REACTION * max(1, self._sizes.get(key, 0) / FREQUENT))

    def _reconcile(self, namespace: str, name: str) -> None:
        replica_set = self._api.find(REPLICA_SET, namespace, name)
        if replica_set is None:
            self._sizes.pop((namespace, name), None)
            return
        pods = [pod for pod in self._api.list(POD, namespace) if is_owned_by(pod, replica_set)]
        self._sizes[namespace, name] = len(pods)
        active = [pod for pod in pods if _is_active(pod)]
        if not metadata(replica_set).get("deletionTimestamp"):
            self._scale(replica_set, active)
        active = [pod for pod in self._api.list(POD, namespace) if is_owned_by(pod, replica_set) and _is_active(pod)]
        self._report(replica_set, active, len(pods) - len(active))

    def _scale(self, replica_set: Object, active: list[Object]) -> None:
        missing = replica_set["spec"]["replicas"] - len(active)
        for _ in range(min(missing, BURST)):
            if not self._create(replica_set):
                return
        if missing < 0:
            for pod in sorted(active, key=_deletion_rank)[: min(-missing, BURST)]:
                self._delete(replica_set, pod)

    def _create(self, replica_set: Object) -> bool:
        template = clone(replica_set["spec"]["template"])
        meta = {**metadata(template), "generateName": f"{name_of(replica_set)}-"}
        meta |= {"namespace": namespace_of(replica_set), "ownerReferences": [owner_reference(replica_set)]}
        try:
            pod = self._api.create(POD, {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": template["spec"]})
        except StatusError as error:
            message = f"Error creating: {error.message}"
            self._recorder.event(REPLICA_SET, replica_set, "Warning", "FailedCreate", message)
            self._queue.add(replica_set, RETRY)
            return False
        self._say(replica_set, "SuccessfulCreate", f"Created pod: {name_of(pod)}")
        return True

    def _delete(self, replica_set: Object, pod: Object) -> None:
        self._api.delete(POD, namespace_of(pod), name_of(pod))
        self._say(replica_set, "SuccessfulDelete", f"Deleted pod: {name_of(pod)}")

    def _say(self, replica_set: Object, reason: str, message: str) -> None:
        self._recorder.event(REPLICA_SET, replica_set, "Normal", reason, message)

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
        told = {key: value for key, value in status.items() if value or key in always}
        self._api.update_status(REPLICA_SET, replica_set, told)


def is_ready(pod: Object) -> bool:
    """Whether the Pod's Ready condition holds."""
    conditions = pod["status"].get("conditions", ())
    return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)


def _is_active(pod: Object) -> bool:
    return not metadata(pod).get("deletionTimestamp") and pod["status"]["phase"] not in ("Succeeded", "Failed")


def _deletion_rank(pod: Object) -> tuple[bool, bool, bool, str]:
    """Which Pod goes first: unscheduled before scheduled, pending before running, not ready before ready, new first."""
    created = metadata(pod)["creationTimestamp"]
    newest_first = "".join(chr(0x10FFFF - ord(letter)) for letter in created)
    return bool(pod["spec"].get("nodeName")), pod["status"]["phase"] == "Running", is_ready(pod), newest_first
