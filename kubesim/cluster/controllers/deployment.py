"""The Deployment controller, which rolls from one ReplicaSet to the next and reports the progress.

rollout.py computes the sizes; here they are carried out. Mirrors kubernetes
pkg/controller/deployment/{sync,rolling,recreate,progress}.go, v1.36.
"""

from __future__ import annotations

from typing import NamedTuple

from kubesim.api.objects import REVISION, Object, annotations_of, at, key_of, metadata, name_of, revision
from kubesim.api.resources import DEPLOYMENT, REPLICA_SET, Resource
from kubesim.cluster.controllers.base import Controller
from kubesim.cluster.controllers.rollout import Rollout, count, size_of

# The progressDeadlineSeconds that means no deadline (HasProgressDeadline).
NO_DEADLINE = 2**31 - 1


class _Condition(NamedTuple):
    """The contents of a condition."""

    status: str
    reason: str
    message: str


_AVAILABLE = _Condition("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
_UNAVAILABLE = _Condition("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")


class DeploymentController(Controller):
    """Keeps one ReplicaSet for each Pod template, scales them, and reports the rollout in the status."""

    resource = DEPLOYMENT
    owned = REPLICA_SET

    def sync(self, deployment: Object, owned: list[Object]) -> None:
        """Take the next step of the rollout, and report the state after it."""
        before = Rollout(deployment, owned)
        self._take_step(before)
        after = Rollout(deployment, self.controlled_by(deployment))
        self._report(after, created=after.new if before.new is None else None)

    def _take_step(self, rollout: Rollout) -> None:
        """Take the next step of a rollout. `rollout` describes the state before it and isn't updated."""
        if rollout.is_resized:
            self._resize(rollout)
        elif rollout.recreates:
            self._recreate(rollout)
        else:
            self._roll(rollout)
        if rollout.is_complete:
            self._clean_up(rollout)

    def _ensure_new(self, rollout: Rollout) -> Object:
        """Create the new ReplicaSet if there is none, annotate it and the Deployment, and return it."""
        new = rollout.new
        if new is None:
            new = self.api.create(REPLICA_SET, rollout.new_replica_set())
            self._emit_scaling_event(rollout.deployment, new, 0, size_of(new))
        else:
            new = self._annotate(REPLICA_SET, new, rollout.new_annotations())
        self._annotate(DEPLOYMENT, rollout.deployment, {REVISION: annotations_of(new)[REVISION]})
        return new

    def _annotate(self, resource: Resource, obj: Object, annotations: dict[str, str]) -> Object:
        """Add annotations to the stored object, unless it has them. Returns the object."""
        if annotations.items() <= annotations_of(obj).items():
            return obj
        current = self.api.get(resource, *key_of(obj))
        meta = {**metadata(current), "annotations": {**annotations_of(current), **annotations}}
        return self.api.put(resource, {**current, "metadata": meta})

    def _roll(self, rollout: Rollout) -> None:
        """Scale up the new ReplicaSet as far as maxSurge allows or, if it has its size, scale down an old one.

        A ReplicaSet that is created here has the size of `rollout.new_size` from the start.
        """
        new = self._ensure_new(rollout)
        if self._scale(rollout, new, rollout.new_size()):
            return
        if shrink := rollout.next_shrink(new):
            self._scale(rollout, *shrink)

    def _recreate(self, rollout: Rollout) -> None:
        """Scale all old ReplicaSets to 0; create or scale up the new one only when their Pods are gone."""
        for item in rollout.old:
            self._scale(rollout, item, 0)
        is_empty = not any(count(item, "replicas") or count(item, "terminatingReplicas") for item in rollout.old)
        if rollout.new or is_empty:
            new = self._ensure_new(rollout)
            if is_empty:
                self._scale(rollout, new, rollout.replicas)

    def _resize(self, rollout: Rollout) -> None:
        """Apply a changed spec.replicas without continuing the rollout: active ReplicaSets are scaled in proportion.

        Mirrors scale in pkg/controller/deployment/sync.go.
        """
        new = rollout.new
        replicas = rollout.replicas
        if len(rollout.active) < 2:
            only = rollout.active or rollout.replica_sets[-1:]  # the newest one if none has Pods
            for item in only:
                self._scale(rollout, item, replicas)
        elif new and size_of(new) == count(new, "availableReplicas") == replicas:
            for item in rollout.old:
                self._scale(rollout, item, 0)
        elif not rollout.recreates:
            for item, size in rollout.proportional_sizes():
                if not self._scale(rollout, item, size):
                    self._annotate(REPLICA_SET, item, rollout.size_annotations())

    def _clean_up(self, rollout: Rollout) -> None:
        """Delete old empty ReplicaSets beyond spec.revisionHistoryLimit, those of the lowest revisions first."""
        excess = max(0, len(rollout.old) - rollout.deployment["spec"]["revisionHistoryLimit"])
        for item in sorted(rollout.old, key=revision)[:excess]:
            if not size_of(item) and not count(item, "replicas"):
                self.api.delete_object(REPLICA_SET, item)

    def _scale(self, rollout: Rollout, replica_set: Object, replicas: int) -> bool:
        """Scale a ReplicaSet and emit the event; return False if it has this size already."""
        before = size_of(replica_set)
        if replicas == before:
            return False
        change = {"metadata": {"annotations": rollout.size_annotations()}, "spec": {"replicas": replicas}}
        self.api.patch(REPLICA_SET, *key_of(replica_set), change, "merge")
        self._emit_scaling_event(rollout.deployment, replica_set, before, replicas)
        return True

    def _emit_scaling_event(self, deployment: Object, replica_set: Object, before: int, after: int) -> None:
        if before != after:
            direction = "up" if after > before else "down"
            message = f"Scaled {direction} replica set {name_of(replica_set)} from {before} to {after}"
            self.emit_event(deployment, "ScalingReplicaSet", message)

    # The status

    def _report(self, rollout: Rollout, created: Object | None) -> None:
        """Write the status. `created` is the new ReplicaSet if this sync has created it, otherwise None."""
        counts = {}
        for key in ("availableReplicas", "readyReplicas", "replicas"):
            counts[key] = sum(count(item, key) for item in rollout.replica_sets)
        missing = max(counts["replicas"], rollout.replicas) - counts["availableReplicas"]
        counts["unavailableReplicas"] = max(0, missing)
        counts["updatedReplicas"] = count(rollout.new, "replicas") if rollout.new else 0
        status = {
            "conditions": self._conditions(rollout, counts, created),
            "observedGeneration": metadata(rollout.deployment)["generation"],
            "terminatingReplicas": sum(count(item, "terminatingReplicas") for item in rollout.replica_sets),
        }
        self.report(rollout.deployment, status, **counts)

    def _conditions(self, rollout: Rollout, counts: dict[str, int], created: Object | None) -> list[Object]:
        """The conditions of the status. A condition that changes moves to the end, as in Kubernetes."""
        conditions = _Conditions(rollout.deployment, self.clock.timestamp())
        has_deadline = rollout.deployment["spec"]["progressDeadlineSeconds"] != NO_DEADLINE
        if has_deadline and created:
            message = f'Created new replica set "{name_of(created)}"'
            conditions.set("Progressing", _Condition("True", "NewReplicaSetCreated", message))
        is_available = counts["availableReplicas"] >= rollout.replicas - rollout.unavailable
        conditions.set("Available", _AVAILABLE if is_available else _UNAVAILABLE)
        if has_deadline:
            self._note_progress(rollout, counts, conditions)
        else:
            conditions.remove("Progressing")
        if failure := _failure(rollout):
            conditions.set("ReplicaFailure", failure)
        else:
            conditions.remove("ReplicaFailure")
        return conditions.items

    def _note_progress(self, rollout: Rollout, counts: dict[str, int], conditions: _Conditions) -> None:
        """Set the condition Progressing, and queue a sync for its deadline. Mirrors syncRolloutStatus."""
        progress = conditions.find("Progressing")
        was_complete = progress is not None and progress["reason"] == "NewReplicaSetAvailable"
        if was_complete and counts["updatedReplicas"] == counts["replicas"]:
            return  # a complete rollout stays complete when Pods fail or are replaced later
        subject = f'Deployment "{name_of(rollout.deployment)}"'
        if rollout.new:
            subject = f'ReplicaSet "{name_of(rollout.new)}"'
        if counts["updatedReplicas"] == counts["replicas"] == counts["availableReplicas"] == rollout.replicas:
            message = f"{subject} has successfully progressed."
            conditions.set("Progressing", _Condition("True", "NewReplicaSetAvailable", message))
        elif progress is None or _has_progressed(rollout.deployment["status"], counts):
            conditions.renew("Progressing", _Condition("True", "ReplicaSetUpdated", f"{subject} is progressing."))
        elif not was_complete:
            deadline = rollout.deployment["spec"]["progressDeadlineSeconds"]
            left = self.seconds_left(deadline, progress["lastUpdateTime"])
            if left <= 0:
                message = f"{subject} has timed out progressing."
                conditions.set("Progressing", _Condition("False", "ProgressDeadlineExceeded", message))
            else:
                self.add(rollout.deployment, left + 1)  # as requeueStuckDeployment does


class _Conditions:
    """An editor of a Deployment's conditions; `now` is the timestamp of changes. `items` is the result."""

    def __init__(self, deployment: Object, now: str) -> None:
        self.items: list[Object] = list(deployment["status"].get("conditions", ()))
        self._now = now

    def find(self, kind: str) -> Object | None:
        return next((item for item in self.items if item["type"] == kind), None)

    def remove(self, kind: str) -> None:
        self.items = [item for item in self.items if item["type"] != kind]

    def set(self, kind: str, condition: _Condition) -> None:
        """Set a condition, unless status and reason are the same. Mirrors SetDeploymentCondition."""
        old = self.find(kind)
        if old is None or (old["status"], old["reason"]) != (condition.status, condition.reason):
            self.renew(kind, condition)

    def renew(self, kind: str, condition: _Condition) -> None:
        """Set a condition even if status and reason are the same, so that its lastUpdateTime is now."""
        old = self.find(kind)
        since = self._now
        if old and old["status"] == condition.status:
            since = old["lastTransitionTime"]
        self.remove(kind)
        self.items.append(
            {"lastTransitionTime": since, "lastUpdateTime": self._now, **condition._asdict(), "type": kind}
        )


def _failure(rollout: Rollout) -> _Condition | None:
    """The condition ReplicaFailure of the first ReplicaSet with one, the new one first; None without any."""
    for replica_set in (rollout.new, *rollout.old):
        for condition in at(replica_set, "status.conditions") or ():
            if condition["type"] == "ReplicaFailure":
                return _Condition("True", condition["reason"], condition["message"])
    return None


def _has_progressed(before: Object, counts: dict[str, int]) -> bool:
    """True if more Pods are updated, ready or available, or fewer are old, than in the status `before`.

    Mirrors DeploymentProgressing.
    """
    growing = ("updatedReplicas", "readyReplicas", "availableReplicas")
    has_more = any(counts[key] > before.get(key, 0) for key in growing)
    old_before = before.get("replicas", 0) - before.get("updatedReplicas", 0)
    old_now = counts["replicas"] - counts["updatedReplicas"]
    return has_more or old_now < old_before
