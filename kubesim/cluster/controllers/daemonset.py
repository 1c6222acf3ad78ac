"""The DaemonSet controller: one Pod on every node that the template's node selector matches.

Mirrors kubernetes pkg/controller/daemon/{daemon_controller,update}.go, v1.36.
"""

from __future__ import annotations

import math

from kubesim.api.clock import Clock
from kubesim.api.objects import Object, metadata, name_of
from kubesim.api.resources import DAEMON_SET, NODE
from kubesim.cluster.apiserver import APIServer, Change
from kubesim.cluster.apiserver.strategy import GENERATION
from kubesim.cluster.controllers.base import REVISION_HASH, Controller, current_revision, is_deleted, is_ready, part_of
from kubesim.cluster.controllers.scheduler import matches_node, tolerates


class DaemonSetController(Controller):
    """Creates the Pods of DaemonSets, and replaces those of an earlier template."""

    resource = DAEMON_SET

    def __init__(self, api: APIServer, clock: Clock) -> None:
        super().__init__(api, clock)
        api.subscribe(self._on_node, NODE)

    def _on_node(self, _: Change) -> None:
        for daemon_set in self.api.list(DAEMON_SET):
            self.queue.add(daemon_set)

    def sync(self, daemon_set: Object, pods: list[Object]) -> None:
        template = daemon_set["spec"]["template"]
        matching = [node for node in self.api.list(NODE) if matches_node(template, node)]
        tolerant = _on_node(template, "")
        nodes = [name_of(node) for node in matching if tolerates(tolerant, node, "NoSchedule", "NoExecute")]
        kept_on = [name_of(node) for node in matching if tolerates(tolerant, node, "NoExecute")]
        revision = current_revision(self.api, self.resource, daemon_set)
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
        old = [pod for pod in kept if metadata(pod).get("labels", {}).get(REVISION_HASH) != hash_]
        spare = math.ceil(part_of(wanted, strategy["rollingUpdate"]["maxUnavailable"])) - (
            wanted - sum(map(is_ready, kept))
        )
        for pod in sorted(old, key=is_ready):
            if is_ready(pod):
                if spare <= 0:
                    return
                spare -= 1
            self.delete_pod(daemon_set, pod)

    def _report(self, daemon_set: Object, nodes: list[str], hash_: str) -> None:
        pods = self.owned_by(daemon_set)
        placed = [pod for pod in pods if _node_of(pod) in nodes]
        ready = sum(map(is_ready, placed))
        updated = sum(metadata(pod)["labels"].get(REVISION_HASH) == hash_ for pod in placed)
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
    spec["tolerations"] = [*template["spec"].get("tolerations", ()), *DAEMON_SET.tolerations]
    return {**template, "spec": spec}
