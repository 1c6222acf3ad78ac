"""The StatefulSet controller: Pods with an ordinal in their name, made and replaced one after the other.

Mirrors kubernetes pkg/controller/statefulset/{stateful_set_control,stateful_set_utils,stateful_pod_control}.go, v1.36.
"""

from __future__ import annotations

import re

from kubesim.api.objects import Object, metadata, name_of, template_of
from kubesim.api.resources import STATEFUL_SET
from kubesim.cluster.controllers.base import (
    REVISION_HASH,
    Controller,
    current_revision,
    is_deleted,
    is_ready,
    revisions_of,
)


class StatefulSetController(Controller):
    """Creates the Pods of StatefulSets in order, and waits for each to be ready before it goes on."""

    resource = STATEFUL_SET
    CREATED = "create Pod {0} in StatefulSet {1} successful"
    CREATE_FAILED = "create Pod {0} in StatefulSet {1} failed error: {2}"
    DELETED = "delete Pod {0} in StatefulSet {1} successful"

    def sync(self, stateful_set: Object, pods: list[Object]) -> None:
        update = current_revision(self.api, self.resource, stateful_set)
        current = stateful_set["status"].get("currentRevision") or name_of(update)
        self._step(stateful_set, {_ordinal(pod): pod for pod in pods}, update, current)
        self._report(stateful_set, name_of(update), current)

    def _step(self, stateful_set: Object, pods: dict[int, Object], update: Object, current: str) -> None:
        spec, start = stateful_set["spec"], stateful_set["spec"].get("ordinals", {}).get("start", 0)
        in_order = spec["podManagementPolicy"] == "OrderedReady"
        wanted = range(start, start + spec["replicas"])
        for ordinal in wanted:
            if self._is_settled(stateful_set, ordinal, pods.get(ordinal), update, current) or not in_order:
                continue
            return
        for ordinal in sorted(set(pods) - set(wanted), reverse=True):
            if not is_deleted(pods[ordinal]):
                self.delete_pod(stateful_set, pods[ordinal])
            if in_order:
                return
        if spec["updateStrategy"]["type"] == "RollingUpdate":
            self._roll(stateful_set, pods, name_of(update), wanted)

    def _is_settled(self, stateful_set: Object, ordinal: int, pod: Object | None, update: Object, current: str) -> bool:
        """Whether one Pod runs and is ready; a missing one is created."""
        if pod is None:
            partition = stateful_set["spec"]["updateStrategy"].get("rollingUpdate", {}).get("partition", 0)
            self._create(stateful_set, ordinal, current if ordinal < partition else name_of(update))
            return False
        return is_ready(pod) and not is_deleted(pod)

    def _create(self, stateful_set: Object, ordinal: int, revision: str) -> None:
        known = {name_of(item): item for item in revisions_of(self.api, stateful_set)}
        template = known[revision]["data"]["spec"]["template"] if revision in known else None
        template = {**(template or template_of(self.resource, stateful_set))}
        name = f"{name_of(stateful_set)}-{ordinal}"
        service = stateful_set["spec"].get("serviceName")
        template["spec"] = {**template["spec"], "hostname": name, **({"subdomain": service} if service else {})}
        labels = {
            "apps.kubernetes.io/pod-index": str(ordinal),
            REVISION_HASH: revision,
            "statefulset.kubernetes.io/pod-name": name,
        }
        self.create_pod(stateful_set, template, name, **labels)

    def _roll(self, stateful_set: Object, pods: dict[int, Object], update: str, wanted: range) -> None:
        """Delete the last Pod of an earlier template, once all after it are ready."""
        partition = stateful_set["spec"]["updateStrategy"].get("rollingUpdate", {}).get("partition", 0)
        for ordinal in reversed(wanted):
            pod = pods.get(ordinal)
            if ordinal < partition or pod is None or is_deleted(pod):
                return
            if _revision(pod) != update:
                self.delete_pod(stateful_set, pod)
                return
            if not is_ready(pod):
                return

    def _report(self, stateful_set: Object, update: str, current: str) -> None:
        pods = self.owned_by(stateful_set)
        ready = sum(map(is_ready, pods))
        kept = [pod for pod in pods if not is_deleted(pod)]
        updated = sum(_revision(pod) == update for pod in kept)
        if updated == len(pods) == ready == stateful_set["spec"]["replicas"]:
            current = update
        status = {
            "availableReplicas": ready,
            "collisionCount": 0,
            "currentRevision": current,
            "observedGeneration": metadata(stateful_set)["generation"],
            "replicas": len(pods),
            "updateRevision": update,
        }
        shown = sum(_revision(pod) == current for pod in kept)
        self.report(stateful_set, status, currentReplicas=shown, readyReplicas=ready, updatedReplicas=updated)


def _ordinal(pod: Object) -> int:
    found = re.search(r"-(\d+)$", name_of(pod))
    return int(found[1]) if found else -1


def _revision(pod: Object) -> str:
    return str(metadata(pod).get("labels", {}).get(REVISION_HASH, ""))
