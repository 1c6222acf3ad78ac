"""The decisions of a rollout: desired sizes and annotations of a Deployment's ReplicaSets, as pure computations.

deployment.py carries them out.
Mirrors kubernetes pkg/controller/deployment/{sync,rolling}.go and util/deployment_util.go, v1.36.
"""

from __future__ import annotations

import math
import re

from kubesim.api.objects import (
    DESIRED_REPLICAS,
    MAX_REPLICAS,
    REVISION,
    REVISION_HISTORY,
    ROLLOUT_ANNOTATIONS,
    TEMPLATE_HASH,
    Object,
    annotations_of,
    bare_template,
    labels_of,
    metadata,
    name_of,
    revision,
)
from kubesim.api.resources import REPLICA_SET
from kubesim.api.templatehash import hash_of_template
from kubesim.cluster.controllers.base import dependent, pods_of

MOST_HISTORY = 2000  # characters of the annotation


class Rollout:
    """A Deployment and its ReplicaSets at the beginning of a sync; it isn't updated.

    `new` is the ReplicaSet with the Deployment's current template, None before its creation; `old` are all others.
    During a rollout, there may be `surge` Pods more than `replicas`, and `unavailable` available Pods fewer.
    """

    def __init__(self, deployment: Object, replica_sets: list[Object]) -> None:
        template = bare_template(deployment)
        self.deployment = deployment
        self.new = next((item for item in replica_sets if bare_template(item) == template), None)
        self.old = [item for item in replica_sets if item is not self.new]
        self.replica_sets = [*self.old, self.new] if self.new else self.old
        self.replicas: int = deployment["spec"]["replicas"]
        self.recreates = deployment["spec"]["strategy"]["type"] == "Recreate"
        self.surge, self.unavailable = self._bounds()

    def _bounds(self) -> tuple[int, int]:
        """maxSurge (rounded up) and maxUnavailable (rounded down) in Pods; at least one of them is not 0."""
        if self.recreates:
            return 0, 0
        rolling = self.deployment["spec"]["strategy"]["rollingUpdate"]
        surge = math.ceil(pods_of(self.replicas, rolling["maxSurge"]))
        unavailable = math.floor(pods_of(self.replicas, rolling["maxUnavailable"]))
        return (surge, unavailable) if surge or unavailable else (0, 1)

    @property
    def active(self) -> list[Object]:
        """The ReplicaSets with a size above 0."""
        return [item for item in self.replica_sets if size_of(item)]

    @property
    def is_resized(self) -> bool:
        """True if spec.replicas has changed since the ReplicaSets were scaled last, by their annotations."""
        sizes = [annotations_of(item).get(DESIRED_REPLICAS) for item in self.active]
        return any(size not in (None, str(self.replicas)) for size in sizes)

    @property
    def is_complete(self) -> bool:
        """True if, by the last written status, all Pods have the current template and are available."""
        status = self.deployment["status"]
        counts = [status.get(key, 0) for key in ("updatedReplicas", "replicas", "availableReplicas")]
        return all(count == self.replicas for count in counts)

    # Sizes

    def new_size(self) -> int:
        """The size that the new ReplicaSet may have now. Mirrors NewRSNewReplicas."""
        if self.recreates:
            return self.replicas
        present = size_of(self.new) if self.new else 0
        room = self.replicas + self.surge - sum(size_of(item) for item in self.replica_sets)
        return min(self.replicas, present + max(0, room))

    def next_shrink(self, new: Object) -> tuple[Object, int] | None:
        """The old ReplicaSet to scale down now, and its new size; None if no Pod can be spared.

        Unavailable Pods of all old ReplicaSets go first, then available ones as far as maxUnavailable allows.
        """
        old = [item for item in self.old if size_of(item)]
        surplus = count(new, "availableReplicas") - (self.replicas - self.unavailable)  # old Pods not yet counted
        most_unavailable = surplus + sum(size_of(item) for item in old)
        for item in old:
            number = min(most_unavailable, size_of(item) - count(item, "availableReplicas"))
            if number > 0:
                return item, size_of(item) - number
        most_available = surplus + sum(count(item, "availableReplicas") for item in old)
        for item in old:
            number = min(most_available, size_of(item))
            if number > 0:
                return item, size_of(item) - number
        return None

    def proportional_sizes(self) -> list[tuple[Object, int]]:
        """The new sizes of the active ReplicaSets after a change of spec.replicas, in proportion to their old sizes.

        The largest one gets the remainder. Mirrors GetReplicaSetProportion.
        """
        most = self.replicas + self.surge if self.replicas else 0
        left = most - sum(size_of(item) for item in self.active)
        by_age = sorted(self.active, key=revision, reverse=left > 0)
        sizes = []
        for item in sorted(by_age, key=lambda item: -size_of(item)):
            size = size_of(item)
            before = _recorded_max_replicas(item) or self.deployment["status"].get("replicas") or most or 1
            share = int(size * most / before + 0.5) - size
            share = min(share, left) if left > 0 else max(share, left)
            left -= share
            sizes.append((item, size + share))
        largest, size = sizes[0]
        return [(largest, max(0, size + left)), *sizes[1:]]

    # Annotations and contents of a ReplicaSet

    def size_annotations(self) -> dict[str, str]:
        """The annotations with the Deployment's size, which a ReplicaSet gets whenever it is scaled."""
        return {DESIRED_REPLICAS: str(self.replicas), MAX_REPLICAS: str(self.replicas + self.surge)}

    def new_annotations(self) -> dict[str, str]:
        """The annotations of the new ReplicaSet: the Deployment's, its revision, and its former revisions.

        A ReplicaSet that becomes the new one again, as by a rollback, gets the next revision. Mirrors
        SetNewReplicaSetAnnotations.
        """
        number = 1 + max((revision(item) for item in self.old), default=0)
        of_deployment = annotations_of(self.deployment)
        annotations = {key: value for key, value in of_deployment.items() if key not in ROLLOUT_ANNOTATIONS}
        present = annotations_of(self.new) if self.new else {}
        if self.new and revision(self.new) >= number:
            return annotations
        if REVISION in present:
            earlier = present.get(REVISION_HISTORY)
            history = f"{earlier},{present[REVISION]}" if earlier else present[REVISION]
            annotations[REVISION_HISTORY] = history if len(history) <= MOST_HISTORY else history.partition(",")[2]
        return {**annotations, REVISION: str(number)}

    def new_replica_set(self) -> Object:
        """The content of a new ReplicaSet for the Deployment's current template."""
        template = self.deployment["spec"]["template"]
        template_hash = hash_of_template(template)
        labels = {**labels_of(template), TEMPLATE_HASH: template_hash}
        selector = {**self.deployment["spec"]["selector"]}
        selector["matchLabels"] = {**selector.get("matchLabels", {}), TEMPLATE_HASH: template_hash}
        spec = {
            "replicas": self.new_size(),
            "selector": selector,
            "template": {**template, "metadata": {**metadata(template), "labels": labels}},
        }
        if seconds := self.deployment["spec"].get("minReadySeconds"):
            spec["minReadySeconds"] = seconds
        annotations = {**self.size_annotations(), **self.new_annotations()}
        meta = {"annotations": annotations, "labels": labels, "name": f"{name_of(self.deployment)}-{template_hash}"}
        return dependent(self.deployment, REPLICA_SET, meta, spec=spec)


def size_of(replica_set: Object) -> int:
    """The desired number of a ReplicaSet's Pods."""
    return int(replica_set["spec"]["replicas"])


def count(replica_set: Object, key: str) -> int:
    """A number in a ReplicaSet's status, 0 if the field is missing."""
    return int(replica_set["status"].get(key, 0))


def _recorded_max_replicas(replica_set: Object) -> int:
    """The most Pods of the Deployment, by the annotation from the ReplicaSet's last scaling; 0 for an invalid one."""
    recorded = annotations_of(replica_set).get(MAX_REPLICAS, "")
    return int(recorded) if re.fullmatch("[0-9]{1,9}", recorded) else 0
