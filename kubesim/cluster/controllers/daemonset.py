"""The DaemonSet controller: one Pod on every node that the template's node selector matches.

Mirrors kubernetes pkg/controller/daemon/{daemon_controller,update}.go, v1.36, without update strategies.
"""

from __future__ import annotations

from kubesim.api.objects import Object, annotations_of, at, is_deleted, labels_of, metadata, name_of
from kubesim.api.resources import DAEMON_SET, NODE
from kubesim.api.templatehash import hash_of_template
from kubesim.cluster.apiserver import Change
from kubesim.cluster.apiserver.strategy import GENERATION
from kubesim.cluster.controllers.base import count_ready
from kubesim.cluster.controllers.revisions import REVISION_HASH, RevisionedController, revision_of
from kubesim.cluster.controllers.scheduler import matches_node

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
_TOLERATION_OF_HOST_NETWORK = {
    "effect": "NoSchedule",
    "key": "node.kubernetes.io/network-unavailable",
    "operator": "Exists",
}
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


class DaemonSetController(RevisionedController):
    """Creates the Pods of DaemonSets, and replaces those of an earlier template."""

    resource = DAEMON_SET
    watched = (NODE,)

    def hash_of(self, data: Object) -> str:
        """The hash of the template itself, not of its JSON as for other kinds. Mirrors snapshot of update.go."""
        return hash_of_template(data["spec"]["template"])

    def on_change(self, change: Change) -> None:
        """Sync all DaemonSets after any change of a node."""
        for daemon_set in self.api.list(DAEMON_SET):
            self.add(daemon_set)

    def sync(self, daemon_set: Object, owned: list[Object]) -> None:
        """Create a Pod on each matching node without one, delete misplaced and surplus ones, and roll out templates."""
        template = _with_tolerations(daemon_set["spec"]["template"])
        node_names = [name_of(node) for node in self.api.list(NODE) if matches_node(template, node)]
        revision = labels_of(self.ensure_revision(daemon_set))[REVISION_HASH]
        occupied = set(map(_node_of, owned))  # Pods that are being deleted still occupy their node
        for node_name in node_names:
            if node_name not in occupied:
                self._create(daemon_set, _on_node(template, node_name), revision)
        remaining = [pod for pod in owned if not is_deleted(pod)]
        oldest = _oldest_by_node(remaining)
        for pod in remaining:
            node_name = _node_of(pod)
            is_in_place = node_name in node_names and pod is oldest[node_name]
            if node_name and not is_in_place:
                self.delete_pod(daemon_set, pod)
        self._replace_old(daemon_set, [oldest[name] for name in node_names if name in oldest], revision)
        self._report(daemon_set, node_names, revision)

    def _create(self, daemon_set: Object, template: Object, revision: str) -> None:
        generation = annotations_of(daemon_set)[GENERATION]
        self.create_pod(daemon_set, template, **{REVISION_HASH: revision, "pod-template-generation": generation})

    def _replace_old(self, daemon_set: Object, pods: list[Object], revision: str) -> None:
        """Delete the Pods of old templates. With one node, maxUnavailable allows it in any case."""
        for pod in pods:
            if revision_of(pod) != revision:
                self.delete_pod(daemon_set, pod)

    def _report(self, daemon_set: Object, nodes: list[str], revision: str) -> None:
        """Write the status. `nodes` are the names of the matching nodes, `revision` that of the current template."""
        oldest = _oldest_by_node(self.controlled_by(daemon_set))
        placed = [oldest[name] for name in nodes if name in oldest]
        ready = count_ready(placed)
        updated = len([pod for pod in placed if revision_of(pod) == revision])
        status = {
            "currentNumberScheduled": len(placed),
            "desiredNumberScheduled": len(nodes),
            "numberMisscheduled": len(oldest) - len(placed),
            "numberReady": ready,
            "observedGeneration": metadata(daemon_set)["generation"],
        }
        self.report(
            daemon_set,
            status,
            numberAvailable=ready,
            numberUnavailable=len(nodes) - ready,
            updatedNumberScheduled=updated,
        )


def _oldest_by_node(pods: list[Object]) -> dict[str, Object]:
    """By node, the oldest Pod, which stays if there are several. Mirrors podByCreationTimestampAndPhase.

    A Pod that the controller hasn't created may have no node and is left out.
    """

    def age(pod: Object) -> tuple[bool, str, str]:
        return not pod["spec"].get("nodeName"), metadata(pod)["creationTimestamp"], name_of(pod)

    youngest_first = sorted(pods, key=age, reverse=True)
    return {_node_of(pod): pod for pod in youngest_first if _node_of(pod)}


def _node_of(pod: Object) -> str:
    """The node that a Pod runs on or, by its affinity, will be bound to; "" for none. Mirrors GetTargetNodeName."""
    if pod["spec"].get("nodeName"):
        return str(pod["spec"]["nodeName"])
    for term in at(pod, f"spec.affinity.nodeAffinity.{_REQUIRED}.nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            return str(field["values"][0])
    return ""


def _with_tolerations(template: Object) -> Object:
    """The template with the tolerations of all DaemonSets, which replace equal ones of its own."""
    spec = template["spec"]
    added = list(_TOLERATIONS)
    if spec.get("hostNetwork"):
        added.append(_TOLERATION_OF_HOST_NETWORK)
    tolerations = list(spec.get("tolerations", ()))
    for toleration in added:
        replaced = [toleration if _is_same(item, toleration) else item for item in tolerations]
        tolerations = replaced if toleration in replaced else [*replaced, toleration]
    return {**template, "spec": {**spec, "tolerations": tolerations}}


def _is_same(toleration: Object, other: Object) -> bool:
    """True if two tolerations are equal apart from tolerationSeconds. Mirrors MatchToleration."""
    return all(toleration.get(word) == other.get(word) for word in ("key", "operator", "value", "effect"))


def _on_node(template: Object, node: str) -> Object:
    """The template with a required node affinity for one node, to which the scheduler then binds the Pod.

    Other required terms are replaced, preferred ones stay. Mirrors ReplaceDaemonSetPodNodeNameNodeAffinity.
    """
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    affinity = template["spec"].get("affinity") or {}
    node_affinity = {
        **(affinity.get("nodeAffinity") or {}),
        _REQUIRED: {"nodeSelectorTerms": [{"matchFields": [field]}]},
    }
    return {**template, "spec": {**template["spec"], "affinity": {**affinity, "nodeAffinity": node_affinity}}}
