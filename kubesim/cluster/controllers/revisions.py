"""The DaemonSet controller, one Pod on every node that the template's node selector matches, and the StatefulSet
controller, Pods with an ordinal in their name, made and replaced one after the other; both keep ControllerRevisions.

Mirrors kubernetes pkg/controller/daemon/{daemon_controller,update}.go,
pkg/controller/statefulset/{stateful_set_control,stateful_set_utils,stateful_pod_control}.go and
pkg/controller/history/controller_history.go, v1.36.
"""

from __future__ import annotations

import json
import math
import re
from itertools import filterfalse

from kubesim.api.clock import content_hash
from kubesim.api.objects import Object, metadata, name_of, namespace_of
from kubesim.api.resources import CONTROLLER_REVISION, DAEMON_SET, NODE, STATEFUL_SET
from kubesim.cluster.apiserver import Change
from kubesim.cluster.apiserver.strategy import GENERATION
from kubesim.cluster.controllers.base import (
    BURST,
    Controller,
    claim,
    dependent,
    is_deleted,
    is_ready,
    list_owned,
    part_of,
)
from kubesim.cluster.controllers.scheduler import matches_node, tolerates

REVISION_HASH = "controller-revision-hash"


class RevisionedController(Controller):
    """Keeps each template that its objects have had in a ControllerRevision."""

    HASH_LABEL = REVISION_HASH

    def revisions(self, owner: Object) -> list[Object]:
        return sorted(list_owned(self.api, CONTROLLER_REVISION, owner), key=lambda item: int(item["revision"]))

    def current_revision(self, owner: Object) -> Object:
        """The revision of the present template, which is made where there is none, and becomes the newest.

        The oldest that are more than spec.revisionHistoryLimit besides it go.
        """
        claim(self.api, owner, CONTROLLER_REVISION)
        known = self.revisions(owner)
        data = {"spec": {"template": {**owner["spec"]["template"], "$patch": "replace"}}}
        number = 1 + max((item["revision"] for item in known), default=0)
        current = next((item for item in known if item["data"] == data), None)
        if current is None:
            current = self.api.create(CONTROLLER_REVISION, self._new(owner, data, number), typed=True)
        elif current is not known[-1]:
            current = self.api.record(CONTROLLER_REVISION, {**current, "revision": number})
        old = [item for item in known if name_of(item) != name_of(current)]
        for item in old[: max(0, len(old) - owner["spec"]["revisionHistoryLimit"])]:
            self.api.delete(CONTROLLER_REVISION, namespace_of(item), name_of(item))
        return current

    def _new(self, owner: Object, data: Object, number: int) -> Object:
        hash_ = content_hash(json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
        labels = {**metadata(owner["spec"]["template"]).get("labels", {}), self.HASH_LABEL: hash_}
        meta = {"labels": labels, "name": f"{name_of(owner)}-{hash_}"}
        if annotations := metadata(owner).get("annotations"):
            meta["annotations"] = annotations
        return dependent(owner, CONTROLLER_REVISION, meta, data=data, revision=number)


def _hash_of(pod: Object) -> str:
    """The revision of the template that a Pod was made from, as its controller labels it."""
    return str(metadata(pod).get("labels", {}).get(REVISION_HASH, ""))


class DaemonSetController(RevisionedController):
    """Creates the Pods of DaemonSets, and replaces those of an earlier template."""

    resource = DAEMON_SET
    watched = (NODE,)

    def on_change(self, change: Change) -> None:
        for daemon_set in self.api.list(DAEMON_SET):
            self.add(daemon_set)

    def sync(self, daemon_set: Object, pods: list[Object]) -> None:
        template = daemon_set["spec"]["template"]
        matching = [node for node in self.api.list(NODE) if matches_node(template, node)]
        tolerant = _on_node(template, "")
        nodes = [name_of(node) for node in matching if tolerates(tolerant, node, "NoSchedule", "NoExecute")]
        kept_on = [name_of(node) for node in matching if tolerates(tolerant, node, "NoExecute")]
        revision = self.current_revision(daemon_set)
        hash_, generation = metadata(revision)["labels"][REVISION_HASH], metadata(daemon_set)["annotations"][GENERATION]
        for node in nodes:
            if all(_node_of(pod) != node for pod in pods):
                labels = {REVISION_HASH: hash_, "pod-template-generation": generation}
                self.create_pod(daemon_set, _on_node(template, node), **labels)
        kept = [pod for pod in pods if not is_deleted(pod)]
        for pod in kept:
            if _node_of(pod) not in kept_on:
                self.delete_pod(daemon_set, pod)
        self._roll(daemon_set, [pod for pod in kept if _node_of(pod) in nodes], hash_, len(nodes))
        self._report(daemon_set, nodes, hash_)

    def _roll(self, daemon_set: Object, kept: list[Object], hash_: str, wanted: int) -> None:
        """Delete old Pods: those that are not available at once, others as far as enough stay available."""
        strategy = daemon_set["spec"]["updateStrategy"]
        if strategy["type"] != "RollingUpdate":
            return
        old = [pod for pod in kept if _hash_of(pod) != hash_]
        most = math.ceil(part_of(wanted, strategy["rollingUpdate"]["maxUnavailable"]))
        spare = max(0, most - (wanted - sum(map(is_ready, kept))))
        for pod in [*filterfalse(is_ready, old), *list(filter(is_ready, old))[:spare]]:
            self.delete_pod(daemon_set, pod)

    def _report(self, daemon_set: Object, nodes: list[str], hash_: str) -> None:
        pods = self.owned_by(daemon_set)
        placed = [pod for pod in pods if _node_of(pod) in nodes]
        ready = sum(map(is_ready, placed))
        updated = sum(_hash_of(pod) == hash_ for pod in placed)
        status = {
            "currentNumberScheduled": len({_node_of(pod) for pod in placed}),
            "desiredNumberScheduled": len(nodes),
            "numberMisscheduled": len(pods) - len(placed),
            "numberReady": ready,
            "observedGeneration": metadata(daemon_set)["generation"],
        }
        missing = len(nodes) - ready
        self.report(
            daemon_set, status, numberAvailable=ready, numberUnavailable=missing, updatedNumberScheduled=updated
        )


# Pods of DaemonSets stay on a node that is in trouble. Mirrors AddOrUpdateDaemonPodTolerations in
# pkg/controller/daemon/util/daemonset_util.go.
_TOLERATIONS = [
    {"effect": "NoExecute", "key": "node.kubernetes.io/not-ready", "operator": "Exists"},
    {"effect": "NoExecute", "key": "node.kubernetes.io/unreachable", "operator": "Exists"},
    {"effect": "NoSchedule", "key": "node.kubernetes.io/disk-pressure", "operator": "Exists"},
    {"effect": "NoSchedule", "key": "node.kubernetes.io/memory-pressure", "operator": "Exists"},
    {"effect": "NoSchedule", "key": "node.kubernetes.io/pid-pressure", "operator": "Exists"},
    {"effect": "NoSchedule", "key": "node.kubernetes.io/unschedulable", "operator": "Exists"},
]


def _node_of(pod: Object) -> str:
    """The node that a Pod runs on, or is meant for."""
    if pod["spec"].get("nodeName"):
        return str(pod["spec"]["nodeName"])
    terms = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    return str(terms["nodeSelectorTerms"][0]["matchFields"][0]["values"][0])


def _on_node(template: Object, node: str) -> Object:
    """The template for a Pod on one node, which the scheduler will bind there."""
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    terms = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    spec = {**template["spec"], "affinity": affinity}
    spec["tolerations"] = [*template["spec"].get("tolerations", ()), *_TOLERATIONS]
    return {**template, "spec": spec}


class StatefulSetController(RevisionedController):
    """Creates the Pods of StatefulSets in order, and waits for each to be ready before it goes on."""

    resource = STATEFUL_SET
    HASH_LABEL = "controller.kubernetes.io/hash"
    CREATED = "Create Pod {0} in StatefulSet {1} successful"
    CREATE_FAILED = "Create Pod {0} in StatefulSet {1} failed error: {2}"
    DELETED = "Delete Pod {0} in StatefulSet {1} successful"

    def sync(self, stateful_set: Object, pods: list[Object]) -> None:
        update = name_of(self.current_revision(stateful_set))
        current = stateful_set["status"].get("currentRevision") or update
        self._step(stateful_set, {_ordinal(pod): pod for pod in pods}, update, current)
        self._report(stateful_set, update, current)

    def _step(self, stateful_set: Object, pods: dict[int, Object], update: str, current: str) -> None:
        spec, start = stateful_set["spec"], stateful_set["spec"].get("ordinals", {}).get("start", 0)
        in_order = spec["podManagementPolicy"] == "OrderedReady"
        ordinals = range(start, start + spec["replicas"])
        partition = _partition(stateful_set)
        created = 0
        for ordinal in ordinals:
            pod = pods.get(ordinal)
            if pod is None:
                self._create(stateful_set, ordinal, current if ordinal < partition else update)
                created += 1
                if created == BURST:
                    return
            if in_order and (pod is None or is_deleted(pod) or not is_ready(pod)):
                return
        for ordinal in sorted(set(pods) - set(ordinals), reverse=True):
            if not is_deleted(pods[ordinal]):
                self.delete_pod(stateful_set, pods[ordinal])
            if in_order:
                return
        if spec["updateStrategy"]["type"] == "RollingUpdate":
            self._roll(stateful_set, pods, update, ordinals)

    def _create(self, stateful_set: Object, ordinal: int, revision: str) -> None:
        known = {name_of(item): item["data"]["spec"]["template"] for item in self.revisions(stateful_set)}
        template, name = known.get(revision) or stateful_set["spec"]["template"], f"{name_of(stateful_set)}-{ordinal}"
        service = stateful_set["spec"].get("serviceName")
        named = {"hostname": name, **({"subdomain": service} if service else {})}
        labels = {
            "apps.kubernetes.io/pod-index": str(ordinal),
            REVISION_HASH: revision,
            "statefulset.kubernetes.io/pod-name": name,
        }
        self.create_pod(stateful_set, {**template, "spec": {**template["spec"], **named}}, name, **labels)

    def _roll(self, stateful_set: Object, pods: dict[int, Object], update: str, wanted: range) -> None:
        """Delete the last Pod of an earlier template, once all after it are ready."""
        for ordinal in reversed(wanted):
            pod = pods.get(ordinal)
            if ordinal < _partition(stateful_set) or pod is None or is_deleted(pod):
                return
            if _hash_of(pod) != update:
                self.delete_pod(stateful_set, pod)
                return
            if not is_ready(pod):
                return

    def _report(self, stateful_set: Object, update: str, current: str) -> None:
        pods = self.owned_by(stateful_set)
        ready = sum(map(is_ready, pods))
        kept = [pod for pod in pods if not is_deleted(pod)]
        updated = sum(_hash_of(pod) == update for pod in kept)
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
        up_to_date = sum(_hash_of(pod) == current for pod in kept)
        self.report(stateful_set, status, currentReplicas=up_to_date, readyReplicas=ready, updatedReplicas=updated)


def _partition(stateful_set: Object) -> int:
    """The ordinal below which Pods keep the template that they have."""
    return int(stateful_set["spec"]["updateStrategy"].get("rollingUpdate", {}).get("partition", 0))


def _ordinal(pod: Object) -> int:
    match = re.search(r"-(\d+)$", name_of(pod))
    return int(match[1]) if match else -1
