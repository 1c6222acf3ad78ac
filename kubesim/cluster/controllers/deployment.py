"""The Deployment controller, which rolls from one ReplicaSet to the next, and the ReplicaSet controller.

Mirrors kubernetes pkg/controller/deployment/{sync,rolling,recreate,progress}.go and
pkg/controller/replicaset/{replica_set,replica_set_utils}.go, v1.36.
"""

from __future__ import annotations

import json
import math
from typing import Self

from kubesim.api.clock import SECOND, Clock, parse_time, safe_hash
from kubesim.api.objects import (
    REVISION,
    REVISION_HISTORY,
    ROLLOUT_ANNOTATIONS,
    Object,
    bare_template,
    metadata,
    name_of,
    namespace_of,
    revision,
)
from kubesim.api.resources import DEPLOYMENT, REPLICA_SET, Resource
from kubesim.cluster.apiserver import Component
from kubesim.cluster.controllers.base import (
    BURST,
    Controller,
    Key,
    active_pods,
    dependent,
    is_deleted,
    is_ready,
    part_of,
)

HASH = "pod-template-hash"
_DESIRED, _MOST = "deployment.kubernetes.io/desired-replicas", "deployment.kubernetes.io/max-replicas"
MOST_HISTORY = 2000  # characters
FREQUENT = 50  # Pods up to which every change is answered at once


class DeploymentController(Controller):
    """Keeps one ReplicaSet per Pod template, scales between them and reports the rollout."""

    resource = DEPLOYMENT
    owned = REPLICA_SET
    syncs_deleted = True

    def sync(self, deployment: Object, owned: list[Object]) -> None:
        new = _current(deployment, owned)
        old = [item for item in owned if item is not new]
        if is_deleted(deployment):
            self._report(deployment, new, old, made=None)
            return
        if deployment["spec"].get("paused") or _is_resized(deployment, owned):
            self._resize(deployment, new, old)
        elif deployment["spec"]["strategy"]["type"] == "Recreate":
            self._recreate(deployment, new, old)
        else:
            self._roll(deployment, self._ensure_new(deployment, new, old), old)
        self._clean_up(deployment, old)
        was_new = new
        owned = self.owned_by(deployment)
        new = _current(deployment, owned)
        made = new if was_new is None else None
        self._report(deployment, new, [item for item in owned if item is not new], made)

    def _ensure_new(self, deployment: Object, new: Object | None, old: list[Object]) -> Object:
        next_revision = 1 + max((revision(item) for item in old), default=0)
        if new is None:
            size = _new_size(deployment, None, old)
            new = self.api.create(REPLICA_SET, _replica_set(deployment, next_revision, size), typed=True)
            self._record_scaling(deployment, new, 0, size)
        else:
            new = self._annotate(REPLICA_SET, new, _annotations(deployment, new, next_revision))
        self._annotate(DEPLOYMENT, deployment, {REVISION: metadata(new)["annotations"][REVISION]})
        return new

    def _annotate(self, resource: Resource, obj: Object, wanted: dict[str, str]) -> Object:
        if wanted.items() <= (metadata(obj).get("annotations") or {}).items():
            return obj
        current = self.api.get(resource, namespace_of(obj), name_of(obj))
        annotations = {**(metadata(current).get("annotations") or {}), **wanted}
        return self.api.record(resource, {**current, "metadata": {**metadata(current), "annotations": annotations}})

    def _recreate(self, deployment: Object, new: Object | None, old: list[Object]) -> None:
        """Let all old Pods go before the new ReplicaSet gets any, or is made."""
        for item in old:
            self._scale(deployment, item, 0)
        is_empty = not any(_count(item, "replicas", "terminatingReplicas") for item in old)
        if new or is_empty:
            new = self._ensure_new(deployment, new, old)
            if is_empty:
                self._scale(deployment, new, deployment["spec"]["replicas"])

    def _roll(self, deployment: Object, new: Object, old: list[Object]) -> None:
        if not self._scale(deployment, new, _new_size(deployment, new, old)):
            least = deployment["spec"]["replicas"] - _bounds(deployment)[1]
            self._scale_down(deployment, new, _active(old), least)

    def _resize(self, deployment: Object, new: Object | None, old: list[Object]) -> None:
        """Follow spec.replicas without going on with a rollout: each ReplicaSet grows or shrinks by its part.

        Mirrors scale in pkg/controller/deployment/sync.go.
        """
        replicas = deployment["spec"]["replicas"]
        everything = [*old, new] if new else old
        active = _active(everything)
        if len(active) < 2:
            for item in active or everything[-1:]:
                self._scale(deployment, item, replicas)
        elif new and new["spec"]["replicas"] == _count(new, "availableReplicas") == replicas:
            for item in old:
                self._scale(deployment, item, 0)
        elif deployment["spec"]["strategy"]["type"] == "RollingUpdate":
            for item, size in _proportional_sizes(deployment, active):
                if not self._scale(deployment, item, size):
                    self._annotate(REPLICA_SET, item, _size_annotations(deployment))

    def _scale_down(self, deployment: Object, new: Object, running: list[Object], least: int) -> None:
        """Shrink old ReplicaSets: first their Pods that are not ready, then as far as enough stay available."""
        sizes = [(item, item["spec"]["replicas"], _count(item, "availableReplicas")) for item in running]
        others = _count(new, "availableReplicas") - least  # how many more than needed there are without the old ones
        spare = others + sum(size for _, size, _ in sizes)
        available = others + sum(ready for _, _, ready in sizes)
        unready = [(item, min(spare, size - ready)) for item, size, ready in sizes]
        for item, number in unready + [(item, min(available, size)) for item, size, _ in sizes]:
            if number > 0:
                self._scale(deployment, item, item["spec"]["replicas"] - number)
                return

    def _clean_up(self, deployment: Object, old: list[Object]) -> None:
        """Once a rollout is complete, delete the oldest ReplicaSets but spec.revisionHistoryLimit."""
        keys, replicas = ("updatedReplicas", "replicas", "availableReplicas"), deployment["spec"]["replicas"]
        if any(deployment["status"].get(key, 0) != replicas for key in keys):
            return
        excess = len(old) - deployment["spec"]["revisionHistoryLimit"]
        for item in sorted(old, key=revision)[: max(0, excess)]:
            if not item["spec"]["replicas"] and not item["status"]["replicas"]:
                self.api.delete(REPLICA_SET, namespace_of(item), name_of(item))

    def _scale(self, deployment: Object, replica_set: Object, replicas: int) -> bool:
        """Give a ReplicaSet a size; say whether it had another."""
        before = replica_set["spec"]["replicas"]
        if replicas == before:
            return False
        change = {"metadata": {"annotations": _size_annotations(deployment)}, "spec": {"replicas": replicas}}
        self.api.patch(REPLICA_SET, namespace_of(replica_set), name_of(replica_set), change, "merge", typed=True)
        self._record_scaling(deployment, replica_set, before, replicas)
        return True

    def _record_scaling(self, deployment: Object, replica_set: Object, before: int, after: int) -> None:
        if before != after:
            direction = "up" if after > before else "down"
            message = f"Scaled {direction} replica set {name_of(replica_set)} from {before} to {after}"
            self.record(deployment, "ScalingReplicaSet", message)

    def _report(self, deployment: Object, new: Object | None, old: list[Object], made: Object | None) -> None:
        """Write the status; `made` is the new ReplicaSet where there was none before."""
        everything = [*old, new] if new else old
        names = ("availableReplicas", "readyReplicas", "replicas", "terminatingReplicas")
        counts = dict.fromkeys(names, 0)
        for item in everything:
            for name in names:
                counts[name] += _count(item, name)
        missing = max(counts["replicas"], deployment["spec"]["replicas"]) - counts["availableReplicas"]
        counts |= {"unavailableReplicas": max(0, missing), "updatedReplicas": _count(new, "replicas") if new else 0}
        status = {
            "conditions": self._with_failure(self._conditions(deployment, new, counts, made), everything),
            "observedGeneration": metadata(deployment)["generation"],
            "terminatingReplicas": counts.pop("terminatingReplicas"),
        }
        self.report(deployment, status, **counts)

    def _conditions(
        self, deployment: Object, new: Object | None, counts: dict[str, int], made: Object | None
    ) -> list[Object]:
        conditions = list(deployment["status"].get("conditions", ()))
        if made:
            message = f'Created new replica set "{name_of(made)}"'
            conditions = self._set(conditions, "Progressing", "True", "NewReplicaSetCreated", message)
        _, unavailable = _bounds(deployment)
        if counts["availableReplicas"] >= deployment["spec"]["replicas"] - unavailable:
            available = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
        else:
            available = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
        conditions = self._set(conditions, "Available", *available)
        progress = self._progress(deployment, new, counts, conditions)
        return self._set(conditions, "Progressing", *progress) if progress else conditions

    def _with_failure(self, conditions: list[Object], replica_sets: list[Object]) -> list[Object]:
        """The conditions with that of the ReplicaSets that could not make their Pods, the new one's if it has any."""
        failures = [condition for item in replica_sets for condition in item["status"].get("conditions", ())]
        if not failures:
            return [item for item in conditions if item["type"] != "ReplicaFailure"]
        failure = failures[-1]
        return self._set(conditions, "ReplicaFailure", "True", failure["reason"], failure["message"])

    def _progress(
        self, deployment: Object, new: Object | None, counts: dict[str, int], conditions: list[Object]
    ) -> tuple[str, str, str] | None:
        if deployment["spec"].get("paused"):
            return "Unknown", "DeploymentPaused", "Deployment is paused"
        subject = f'ReplicaSet "{name_of(new)}"' if new else f'Deployment "{name_of(deployment)}"'
        replicas, before = deployment["spec"]["replicas"], deployment["status"]
        if counts["updatedReplicas"] == counts["replicas"] == counts["availableReplicas"] == replicas:
            return "True", "NewReplicaSetAvailable", f"{subject} has successfully progressed."
        grew = any(
            counts[key] > before.get(key, 0) for key in ("updatedReplicas", "readyReplicas", "availableReplicas")
        )
        if grew or counts["replicas"] < before.get("replicas", 0) or not _find(conditions, "Progressing"):
            return "True", "ReplicaSetUpdated", f"{subject} is progressing."
        return self._late(deployment, subject, conditions)

    def _late(self, deployment: Object, subject: str, conditions: list[Object]) -> tuple[str, str, str] | None:
        """ProgressDeadlineExceeded once its time has come; until then a sync at that time is planned."""
        condition = _find(conditions, "Progressing")
        if condition is None or condition["reason"] == "NewReplicaSetAvailable":
            return None
        limit = deployment["spec"]["progressDeadlineSeconds"]
        left = limit - (self.clock.now - parse_time(condition["lastUpdateTime"])) / SECOND
        if left <= 0:
            return "False", "ProgressDeadlineExceeded", f"{subject} has timed out progressing."
        self.clock.call_later(left + 1, self.add, deployment)
        return None

    def _set(self, conditions: list[Object], kind: str, status: str, reason: str, message: str) -> list[Object]:
        """As SetDeploymentCondition: an unchanged one stays, a changed one moves to the end."""
        now, old = self.clock.timestamp(), _find(conditions, kind)
        if old and (old["status"], old["reason"]) == (status, reason):
            return conditions
        new = {
            "lastTransitionTime": old["lastTransitionTime"] if old and old["status"] == status else now,
            "lastUpdateTime": now,
            "message": message,
            "reason": reason,
            "status": status,
            "type": kind,
        }
        return [item for item in conditions if item["type"] != kind] + [new]


def _find(conditions: list[Object], kind: str) -> Object | None:
    return next((item for item in conditions if item["type"] == kind), None)


def _count(replica_set: Object, *keys: str) -> int:
    return sum(replica_set["status"].get(key, 0) for key in keys)


def _current(deployment: Object, owned: list[Object]) -> Object | None:
    """The ReplicaSet that has the Deployment's template, or None."""
    template = bare_template(deployment)
    return next((item for item in owned if bare_template(item) == template), None)


def _active(replica_sets: list[Object]) -> list[Object]:
    """Those that want Pods."""
    return [item for item in replica_sets if item["spec"]["replicas"]]


def _is_resized(deployment: Object, owned: list[Object]) -> bool:
    """Whether spec.replicas isn't what its ReplicaSets were last scaled for."""
    sizes = [(metadata(item).get("annotations") or {}).get(_DESIRED) for item in _active(owned)]
    return any(size not in (None, str(deployment["spec"]["replicas"])) for size in sizes)


def _new_size(deployment: Object, new: Object | None, old: list[Object]) -> int:
    """How many Pods the new ReplicaSet may want by now. Mirrors NewRSNewReplicas."""
    replicas: int = deployment["spec"]["replicas"]
    if deployment["spec"]["strategy"]["type"] == "Recreate":
        return replicas
    present: int = new["spec"]["replicas"] if new else 0
    room: int = replicas + _bounds(deployment)[0] - present - sum(item["spec"]["replicas"] for item in old)
    return min(replicas, present + max(0, room))


def _proportional_sizes(deployment: Object, active: list[Object]) -> list[tuple[Object, int]]:
    """What of a new size each ReplicaSet gets, by its size until now; the largest gets what is left over.

    Mirrors GetReplicaSetProportion.
    """
    replicas: int = deployment["spec"]["replicas"]
    most = replicas + _bounds(deployment)[0] if replicas else 0
    left = most - sum(item["spec"]["replicas"] for item in active)
    by_age = sorted(active, key=revision, reverse=left > 0)
    sizes = []
    for item in sorted(by_age, key=lambda item: -item["spec"]["replicas"]):
        size = item["spec"]["replicas"]
        before = int(
            (metadata(item).get("annotations") or {}).get(_MOST) or deployment["status"].get("replicas") or size
        )
        share = int(size * most / before + 0.5) - size
        share = min(share, left) if left > 0 else max(share, left)
        left -= share
        sizes.append((item, size + share))
    largest, size = sizes[0]
    return [(largest, max(0, size + left)), *sizes[1:]]


def _replica_set(deployment: Object, wanted: int, replicas: int) -> Object:
    template = deployment["spec"]["template"]
    hashed = safe_hash(json.dumps(template, sort_keys=True))
    labels = {**metadata(template).get("labels", {}), HASH: hashed}
    template = {**template, "metadata": {**metadata(template), "labels": labels}}
    selector = {**deployment["spec"]["selector"]}
    selector["matchLabels"] = {**selector.get("matchLabels", {}), HASH: hashed}
    annotations = {**_size_annotations(deployment), **_annotations(deployment, {}, wanted)}
    meta = {"annotations": annotations, "labels": labels, "name": f"{name_of(deployment)}-{hashed}"}
    return dependent(
        deployment, REPLICA_SET, meta, spec={"replicas": replicas, "selector": selector, "template": template}
    )


def _annotations(deployment: Object, new: Object, wanted: int) -> dict[str, str]:
    """What the Deployment's ReplicaSet is annotated with: as the Deployment is, and with its numbers, also past ones.

    Mirrors SetNewReplicaSetAnnotations of pkg/controller/deployment/util/deployment_util.go.
    """
    annotations, present = (metadata(obj).get("annotations") or {} for obj in (deployment, new))
    inherited = {key: value for key, value in annotations.items() if key not in ROLLOUT_ANNOTATIONS}
    if revision(new) >= wanted:
        return inherited
    if before := present.get(REVISION):
        past = ",".join(filter(None, (present.get(REVISION_HISTORY), before)))
        inherited[REVISION_HISTORY] = past if len(past) <= MOST_HISTORY else past.partition(",")[2]
    return {**inherited, REVISION: str(wanted)}


def _size_annotations(deployment: Object) -> dict[str, str]:
    """The size of the Deployment, which is noted on a ReplicaSet when it is scaled."""
    replicas = deployment["spec"]["replicas"]
    return {
        _DESIRED: str(replicas),
        _MOST: str(replicas + _bounds(deployment)[0]),
    }


def _bounds(deployment: Object) -> tuple[int, int]:
    """maxSurge (rounded up) and maxUnavailable (rounded down) in Pods; at least one of them is not 0."""
    strategy, replicas = deployment["spec"]["strategy"], deployment["spec"]["replicas"]
    if strategy["type"] == "Recreate":
        return 0, 0
    rolling = strategy["rollingUpdate"]
    surge = math.ceil(part_of(replicas, rolling["maxSurge"]))
    unavailable = math.floor(part_of(replicas, rolling["maxUnavailable"]))
    return (surge, unavailable) if surge or unavailable else (0, 1)


class ReplicaSetController(Controller):
    """Creates and deletes the Pods of ReplicaSets and reports how many there are."""

    resource = REPLICA_SET
    syncs_deleted = True

    def __init__(self, api: Component, clock: Clock) -> None:
        super().__init__(api, clock)
        self._sizes: dict[Key, int] = {}

    def resume(self, other: Self) -> None:
        super().resume(other)
        self._sizes = other._sizes.copy()

    def enqueue(self, key: Key, delay: float) -> None:
        """Plan a sync. The more Pods a ReplicaSet has the longer one takes, and the less often it comes."""
        self.add_key(key, delay * max(1, self._sizes.get(key, 0) / FREQUENT))

    def sync(self, replica_set: Object, pods: list[Object]) -> None:
        self._sizes[namespace_of(replica_set), name_of(replica_set)] = len(pods)
        if not is_deleted(replica_set):
            self._scale(replica_set, active_pods(pods))
        active = active_pods(self.owned_by(replica_set))
        self._report(replica_set, active, len(pods) - len(active))

    def _failure(self, replica_set: Object) -> Object | None:
        """The condition of a ReplicaSet that can't make its Pods; the first refusal is told until one is made."""
        if self.refusal is None:
            return None
        before: list[Object] = replica_set["status"].get("conditions", [])
        if before:
            return before[0]
        now, message = self.clock.timestamp(), self.refusal.message
        kind = {"reason": "FailedCreate", "status": "True", "type": "ReplicaFailure"}
        return {"lastTransitionTime": now, "message": message, **kind}

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
        status: Object = {
            "observedGeneration": replica_set["metadata"]["generation"],
            "replicas": len(active),
            "terminatingReplicas": terminating,
        }
        if failure := self._failure(replica_set):
            status["conditions"] = [failure]
        counts = {"availableReplicas": ready, "fullyLabeledReplicas": len(active), "readyReplicas": ready}
        self.report(replica_set, status, **counts)


def _deletion_rank(pod: Object) -> tuple[bool, bool, bool, str]:
    """Which Pod goes first: unscheduled before scheduled, pending before running, not ready before ready, new first."""
    created = metadata(pod)["creationTimestamp"]
    newest_first = "".join(chr(0x10FFFF - ord(letter)) for letter in created)
    return bool(pod["spec"].get("nodeName")), pod["status"]["phase"] == "Running", is_ready(pod), newest_first
