"""The Deployment controller, which rolls from one ReplicaSet to the next.

Mirrors kubernetes pkg/controller/deployment/{sync,rolling,recreate,progress}.go, v1.36; rollout.py has what it decides.
"""

from __future__ import annotations

from typing import NamedTuple

from kubesim.api.clock import SECOND, parse_time
from kubesim.api.objects import REVISION, Object, metadata, name_of, namespace_of, revision
from kubesim.api.resources import DEPLOYMENT, REPLICA_SET, Resource
from kubesim.cluster.controllers.base import Controller, is_deleted
from kubesim.cluster.controllers.rollout import Rollout, annotations_of, count, size_of


class _Condition(NamedTuple):
    """What a condition says, and why."""

    status: str
    reason: str
    message: str


_AVAILABLE = _Condition("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
_UNAVAILABLE = _Condition("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
_PAUSED = _Condition("Unknown", "DeploymentPaused", "Deployment is paused")


class DeploymentController(Controller):
    """Keeps one ReplicaSet per Pod template, scales between them and reports the rollout."""

    resource = DEPLOYMENT
    owned = REPLICA_SET
    syncs_deleted = True

    def sync(self, deployment: Object, owned: list[Object]) -> None:
        before = Rollout(deployment, owned)
        if not is_deleted(deployment):
            self._go_on(before)
        after = Rollout(deployment, self.owned_by(deployment))
        self._report(after, made=before.new is None and after.new is not None)

    def _go_on(self, rollout: Rollout) -> None:
        if rollout.deployment["spec"].get("paused") or rollout.is_resized:
            self._resize(rollout)
        elif rollout.recreates:
            self._recreate(rollout)
        else:
            self._roll(rollout)
        if rollout.is_complete:
            self._clean_up(rollout)

    def _ensure_new(self, rollout: Rollout) -> Object:
        """The new ReplicaSet, made where there is none; the Deployment is annotated with its number."""
        new = rollout.new
        if new is None:
            new = self.api.create(REPLICA_SET, rollout.new_replica_set(), typed=True)
            self._record_scaling(rollout.deployment, new, 0, size_of(new))
        else:
            new = self._annotate(REPLICA_SET, new, rollout.new_annotations())
        self._annotate(DEPLOYMENT, rollout.deployment, {REVISION: annotations_of(new)[REVISION]})
        return new

    def _annotate(self, resource: Resource, obj: Object, annotations: dict[str, str]) -> Object:
        if annotations.items() <= annotations_of(obj).items():
            return obj
        current = self.api.get(resource, namespace_of(obj), name_of(obj))
        meta = {**metadata(current), "annotations": {**annotations_of(current), **annotations}}
        return self.api.record(resource, {**current, "metadata": meta})

    def _roll(self, rollout: Rollout) -> None:
        new = self._ensure_new(rollout)
        if self._scale(rollout, new, rollout.new_size()):
            return
        if shrink := rollout.next_shrink(new):
            self._scale(rollout, *shrink)

    def _recreate(self, rollout: Rollout) -> None:
        """Let all old Pods go before the new ReplicaSet gets any, or is made."""
        for item in rollout.old:
            self._scale(rollout, item, 0)
        is_empty = not any(count(item, "replicas") or count(item, "terminatingReplicas") for item in rollout.old)
        if rollout.new or is_empty:
            new = self._ensure_new(rollout)
            if is_empty:
                self._scale(rollout, new, rollout.replicas)

    def _resize(self, rollout: Rollout) -> None:
        """Follow spec.replicas without going on with a rollout: each ReplicaSet grows or shrinks by its part.

        Mirrors scale in pkg/controller/deployment/sync.go.
        """
        new, replicas = rollout.new, rollout.replicas
        if len(rollout.active) < 2:
            for item in rollout.active or rollout.replica_sets[-1:]:
                self._scale(rollout, item, replicas)
        elif new and size_of(new) == count(new, "availableReplicas") == replicas:
            for item in rollout.old:
                self._scale(rollout, item, 0)
        elif not rollout.recreates:
            for item, size in rollout.proportional_sizes():
                if not self._scale(rollout, item, size):
                    self._annotate(REPLICA_SET, item, rollout.size_annotations())

    def _clean_up(self, rollout: Rollout) -> None:
        """Delete the oldest ReplicaSets, but as many as spec.revisionHistoryLimit says."""
        excess = max(0, len(rollout.old) - rollout.deployment["spec"]["revisionHistoryLimit"])
        for item in sorted(rollout.old, key=revision)[:excess]:
            if not size_of(item) and not count(item, "replicas"):
                self.api.delete(REPLICA_SET, namespace_of(item), name_of(item))

    def _scale(self, rollout: Rollout, replica_set: Object, replicas: int) -> bool:
        """Give a ReplicaSet a size; say whether it had another."""
        before = size_of(replica_set)
        if replicas == before:
            return False
        change = {"metadata": {"annotations": rollout.size_annotations()}, "spec": {"replicas": replicas}}
        self.api.patch(REPLICA_SET, namespace_of(replica_set), name_of(replica_set), change, "merge", typed=True)
        self._record_scaling(rollout.deployment, replica_set, before, replicas)
        return True

    def _record_scaling(self, deployment: Object, replica_set: Object, before: int, after: int) -> None:
        if before != after:
            direction = "up" if after > before else "down"
            message = f"Scaled {direction} replica set {name_of(replica_set)} from {before} to {after}"
            self.record(deployment, "ScalingReplicaSet", message)

    # The status

    def _report(self, rollout: Rollout, made: bool) -> None:
        """Write the status; the new ReplicaSet was `made` just now."""
        counts = {}
        for key in ("availableReplicas", "readyReplicas", "replicas", "terminatingReplicas"):
            counts[key] = sum(count(item, key) for item in rollout.replica_sets)
        missing = max(counts["replicas"], rollout.replicas) - counts["availableReplicas"]
        counts["unavailableReplicas"] = max(0, missing)
        counts["updatedReplicas"] = count(rollout.new, "replicas") if rollout.new else 0
        status = {
            "conditions": self._conditions(rollout, counts, made),
            "observedGeneration": metadata(rollout.deployment)["generation"],
            "terminatingReplicas": counts.pop("terminatingReplicas"),
        }
        self.report(rollout.deployment, status, **counts)

    def _conditions(self, rollout: Rollout, counts: dict[str, int], made: bool) -> list[Object]:
        conditions = list(rollout.deployment["status"].get("conditions", ()))
        if made and rollout.new:
            message = f'Created new replica set "{name_of(rollout.new)}"'
            conditions = self._set(conditions, "Progressing", _Condition("True", "NewReplicaSetCreated", message))
        is_available = counts["availableReplicas"] >= rollout.replicas - rollout.unavailable
        conditions = self._set(conditions, "Available", _AVAILABLE if is_available else _UNAVAILABLE)
        if progress := self._progress(rollout, counts, conditions):
            conditions = self._set(conditions, "Progressing", progress)
        failures = [failure for item in rollout.replica_sets for failure in item["status"].get("conditions", ())]
        if not failures:
            return [item for item in conditions if item["type"] != "ReplicaFailure"]
        last = failures[-1]  # the new ReplicaSet's, if it has any
        return self._set(conditions, "ReplicaFailure", _Condition("True", last["reason"], last["message"]))

    def _progress(self, rollout: Rollout, counts: dict[str, int], conditions: list[Object]) -> _Condition | None:
        """What the rollout has come to; None: what was said last. Mirrors syncRolloutStatus."""
        if rollout.deployment["spec"].get("paused"):
            return _PAUSED
        subject = f'Deployment "{name_of(rollout.deployment)}"'
        if rollout.new:
            subject = f'ReplicaSet "{name_of(rollout.new)}"'
        before = rollout.deployment["status"]
        if counts["updatedReplicas"] == counts["replicas"] == counts["availableReplicas"] == rollout.replicas:
            return _Condition("True", "NewReplicaSetAvailable", f"{subject} has successfully progressed.")
        growing = ("updatedReplicas", "readyReplicas", "availableReplicas")
        has_grown = any(counts[key] > before.get(key, 0) for key in growing)
        has_shrunk = counts["replicas"] < before.get("replicas", 0)
        if has_grown or has_shrunk or not _find(conditions, "Progressing"):
            return _Condition("True", "ReplicaSetUpdated", f"{subject} is progressing.")
        return self._late(rollout.deployment, subject, conditions)

    def _late(self, deployment: Object, subject: str, conditions: list[Object]) -> _Condition | None:
        """ProgressDeadlineExceeded once its time has come; until then a sync at that time is planned."""
        progress = _find(conditions, "Progressing")
        if progress is None or progress["reason"] == "NewReplicaSetAvailable":
            return None
        limit = deployment["spec"]["progressDeadlineSeconds"]
        left = limit - (self.clock.now - parse_time(progress["lastUpdateTime"])) / SECOND
        if left <= 0:
            return _Condition("False", "ProgressDeadlineExceeded", f"{subject} has timed out progressing.")
        self.clock.call_later(left + 1, self.add, deployment)
        return None

    def _set(self, conditions: list[Object], kind: str, condition: _Condition) -> list[Object]:
        """As SetDeploymentCondition: an unchanged one stays, a changed one moves to the end."""
        old = _find(conditions, kind)
        if old and (old["status"], old["reason"]) == (condition.status, condition.reason):
            return conditions
        now = self.clock.timestamp()
        since = old["lastTransitionTime"] if old and old["status"] == condition.status else now
        new = {
            "lastTransitionTime": since,
            "lastUpdateTime": now,
            **condition._asdict(),
            "type": kind,
        }
        return [item for item in conditions if item["type"] != kind] + [new]


def _find(conditions: list[Object], kind: str) -> Object | None:
    return next((item for item in conditions if item["type"] == kind), None)
