"""The StatefulSet controller: Pods with an ordinal in their name, created and replaced one after the other.

Mirrors kubernetes pkg/controller/statefulset/{stateful_set_control,stateful_set_utils,stateful_pod_control}.go, v1.36.
"""

from __future__ import annotations

import re

from kubesim.api.objects import Object, is_deleted, metadata, name_of
from kubesim.api.resources import STATEFUL_SET
from kubesim.cluster.controllers.base import BURST, count_ready
from kubesim.cluster.controllers.revisions import REVISION_HASH, RevisionedController, revision_of


class StatefulSetController(RevisionedController):
    """Creates the Pods of StatefulSets in order, and waits for each to be ready before it goes on."""

    resource = STATEFUL_SET
    HASH_LABEL = "controller.kubernetes.io/hash"
    CREATED = "Create Pod {0} in StatefulSet {1} successful"
    CREATE_FAILED = "Create Pod {0} in StatefulSet {1} failed error: {2}"
    DELETED = "Delete Pod {0} in StatefulSet {1} successful"

    def may_own(self, owner: Object, item: Object) -> bool:
        """Whether a Pod's name is the owner's with an ordinal. Revisions may have any name. Mirrors isMemberOf."""
        if item["kind"] != "Pod":
            return True
        return re.fullmatch(re.escape(name_of(owner)) + r"-\d+", name_of(item)) is not None

    def sync(self, stateful_set: Object, pods: list[Object]) -> None:
        """Take one step: create missing Pods or else delete surplus ones or else replace one of an old revision.

        "Update revision" is that of the current template; "current revision" the one before the update is complete.
        """
        update_revision = name_of(self.current_revision(stateful_set))
        current_revision = stateful_set["status"].get("currentRevision") or update_revision
        by_ordinal = {_ordinal(pod): pod for pod in pods}
        is_whole = self._create_missing(stateful_set, by_ordinal, current_revision, update_revision)
        if is_whole and self._delete_excess(stateful_set, by_ordinal):
            self._roll(stateful_set, by_ordinal, update_revision)
        self._report(stateful_set, current_revision, update_revision)

    def _create_missing(
        self, stateful_set: Object, pods: dict[int, Object], current_revision: str, update_revision: str
    ) -> bool:
        """Create missing Pods in order; return False if the controller has to wait before its next step.

        `pods` are by ordinal. Ordinals below the partition get the current revision, others the update revision.
        """
        partition = _partition(stateful_set)
        created = 0
        for ordinal in range(stateful_set["spec"]["replicas"]):
            pod = pods.get(ordinal)
            if pod is None:
                self._create(stateful_set, ordinal, current_revision if ordinal < partition else update_revision)
                created += 1
                is_settled = False
            else:
                is_settled = self.is_available(stateful_set, pod) and not is_deleted(pod)
            if created == BURST or (_is_ordered(stateful_set) and not is_settled):
                return False
        return True

    def _delete_excess(self, stateful_set: Object, pods: dict[int, Object]) -> bool:
        """Delete Pods beyond spec.replicas, the last first; return False if the controller has to wait."""
        replicas = stateful_set["spec"]["replicas"]
        excess = sorted((ordinal for ordinal in pods if ordinal >= replicas), reverse=True)
        for ordinal in excess:
            if not is_deleted(pods[ordinal]):
                self.delete_pod(stateful_set, pods[ordinal])
            if _is_ordered(stateful_set):
                return False
        return True

    def _roll(self, stateful_set: Object, pods: dict[int, Object], update_revision: str) -> None:
        """Delete the last Pod of an old revision, once all Pods after it are available. Its replacement comes later."""
        if stateful_set["spec"]["updateStrategy"]["type"] != "RollingUpdate":
            return
        for ordinal in range(stateful_set["spec"]["replicas"] - 1, _partition(stateful_set) - 1, -1):
            pod = pods.get(ordinal)
            if pod is None or is_deleted(pod):
                return
            if revision_of(pod) != update_revision:
                self.delete_pod(stateful_set, pod)
                return
            if not self.is_available(stateful_set, pod):
                return

    def _create(self, stateful_set: Object, ordinal: int, revision: str) -> None:
        """Create a Pod from the template of a revision."""
        templates = {name_of(item): item["data"]["spec"]["template"] for item in self.revisions(stateful_set)}
        template = templates.get(revision) or stateful_set["spec"]["template"]
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
            "availableReplicas": self.count_available(stateful_set, pods),
            "collisionCount": 0,
            "currentRevision": current_revision,
            "observedGeneration": metadata(stateful_set)["generation"],
            "replicas": len(pods),
            "updateRevision": update_revision,
        }
        up_to_date = revisions.count(current_revision)
        self.report(stateful_set, status, currentReplicas=up_to_date, readyReplicas=ready, updatedReplicas=updated)


def _is_ordered(stateful_set: Object) -> bool:
    """Whether the Pod management policy is OrderedReady: one Pod at a time."""
    return bool(stateful_set["spec"]["podManagementPolicy"] == "OrderedReady")


def _partition(stateful_set: Object) -> int:
    """The ordinal below which a rolling update leaves Pods alone."""
    return int(stateful_set["spec"]["updateStrategy"].get("rollingUpdate", {}).get("partition", 0))


def _ordinal(pod: Object) -> int:
    return int(name_of(pod).rpartition("-")[2])
