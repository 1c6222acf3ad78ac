"""The StatefulSet controller: Pods with an ordinal in their name, created and replaced one after the other.

Mirrors kubernetes pkg/controller/statefulset/{stateful_set_control,stateful_set_utils,stateful_pod_control}.go, v1.36,
without update strategies and parallel Pods.
"""

from __future__ import annotations

import re

from kubesim.api.objects import Object, is_deleted, metadata, name_of
from kubesim.api.resources import STATEFUL_SET
from kubesim.cluster.controllers.base import count_ready, is_ready
from kubesim.cluster.controllers.revisions import REVISION_HASH, RevisionedController, revision_of


class StatefulSetController(RevisionedController):
    """Creates the Pods of StatefulSets in order, and waits for each to be ready before it goes on."""

    resource = STATEFUL_SET
    HASH_LABEL = "controller.kubernetes.io/hash"
    CREATED = "Create Pod {0} in StatefulSet {1} successful"
    CREATE_FAILED = "Create Pod {0} in StatefulSet {1} failed error: {2}"
    DELETED = "Delete Pod {0} in StatefulSet {1} successful"

    def controlled_by(self, obj: Object) -> list[Object]:
        """The Pods that a StatefulSet controls, and whose name is its own with an ordinal. Mirrors isMemberOf."""
        member = re.compile(re.escape(name_of(obj)) + r"-\d+")
        return [pod for pod in super().controlled_by(obj) if member.fullmatch(name_of(pod))]

    def sync(self, stateful_set: Object, pods: list[Object]) -> None:
        """Take one step: create missing Pods or else delete surplus ones or else replace one of an old revision.

        "Update revision" is that of the current template; "current revision" the one before the update is complete.
        """
        update_revision = name_of(self.ensure_revision(stateful_set))
        current_revision = stateful_set["status"].get("currentRevision") or update_revision
        by_ordinal = {_ordinal(pod): pod for pod in pods}
        is_whole = self._create_missing(stateful_set, by_ordinal, update_revision)
        if is_whole and self._delete_excess(stateful_set, by_ordinal):
            self._roll(stateful_set, by_ordinal, update_revision)
        self._report(stateful_set, current_revision, update_revision)

    def _create_missing(self, stateful_set: Object, pods: dict[int, Object], revision: str) -> bool:
        """Create the first missing Pod; return False if the controller has to wait before its next step.

        `pods` are by ordinal.
        """
        for ordinal in range(stateful_set["spec"]["replicas"]):
            pod = pods.get(ordinal)
            if pod is None:
                self._create(stateful_set, ordinal, revision)
                return False
            if is_deleted(pod) or not is_ready(pod):
                return False
        return True

    def _delete_excess(self, stateful_set: Object, pods: dict[int, Object]) -> bool:
        """Delete the last Pod beyond spec.replicas; return False if the controller has to wait."""
        last = max(pods, default=-1)
        if last < stateful_set["spec"]["replicas"]:
            return True
        if not is_deleted(pods[last]):
            self.delete_pod(stateful_set, pods[last])
        return False

    def _roll(self, stateful_set: Object, pods: dict[int, Object], update_revision: str) -> None:
        """Delete the last Pod of an old revision, once all Pods after it are ready. Its replacement comes later."""
        for ordinal in reversed(range(stateful_set["spec"]["replicas"])):
            pod = pods[ordinal]
            if revision_of(pod) != update_revision:
                self.delete_pod(stateful_set, pod)
                return
            if not is_ready(pod):
                return

    def _create(self, stateful_set: Object, ordinal: int, revision: str) -> None:
        """Create the Pod with this ordinal, from the current template."""
        template = stateful_set["spec"]["template"]
        name = f"{name_of(stateful_set)}-{ordinal}"
        spec = {**template["spec"], "hostname": name}
        if service := stateful_set["spec"].get("serviceName"):
            spec["subdomain"] = service
        labels = {
            "apps.kubernetes.io/pod-index": str(ordinal),
            REVISION_HASH: revision,
            "statefulset.kubernetes.io/pod-name": name,
        }
        self.create_pod(stateful_set, {**template, "spec": spec}, name, **labels)

    def _report(self, stateful_set: Object, current_revision: str, update_revision: str) -> None:
        """Write the status. Once all Pods have the update revision, it becomes the current one."""
        pods = self.controlled_by(stateful_set)
        ready = count_ready(pods)
        revisions = [revision_of(pod) for pod in pods if not is_deleted(pod)]
        updated = revisions.count(update_revision)
        if updated == len(pods) == ready == stateful_set["spec"]["replicas"]:  # the update is complete
            current_revision = update_revision
        status = {
            "availableReplicas": ready,
            "collisionCount": 0,
            "currentRevision": current_revision,
            "observedGeneration": metadata(stateful_set)["generation"],
            "replicas": len(pods),
            "updateRevision": update_revision,
        }
        up_to_date = revisions.count(current_revision)
        self.report(stateful_set, status, currentReplicas=up_to_date, readyReplicas=ready, updatedReplicas=updated)


def _ordinal(pod: Object) -> int:
    return int(name_of(pod).rpartition("-")[2])
