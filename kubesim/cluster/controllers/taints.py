"""Whom taints drive away: the controller that deletes Pods; and the taint of a node that is cordoned.

Mirrors kubernetes pkg/controller/{tainteviction,nodelifecycle}, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence

from kubesim.api.clock import SECOND, Clock, Micros
from kubesim.api.objects import Object, is_deleted, metadata, name_of, namespace_of
from kubesim.api.resources import NODE, POD
from kubesim.cluster.apiserver import Change, Component
from kubesim.cluster.bootstrap import NODE_NAME
from kubesim.cluster.controllers.base import REACTION, Loop, Part
from kubesim.cluster.controllers.scheduler import UNSCHEDULABLE, tolerations


class TaintEvictionController(Part):
    """Deletes Pods that do not tolerate a NoExecute taint of their node, or no longer than some seconds."""

    component = "taint-eviction-controller"
    watched = (NODE, POD)

    def __init__(self, api: Component, clock: Clock) -> None:
        super().__init__(api, clock)
        self._evictions: dict[str, int] = {}  # by the uids of Pods, the numbers of the timers

    def on_change(self, change: Change) -> None:
        if change.resource is NODE:
            self._on_node(change)
        else:
            self._on_pod(change)

    def _on_node(self, change: Change) -> None:
        if change.type != "MODIFIED" or change.old is None:
            return
        taints = _taints(change.obj)
        if taints == _taints(change.old):
            return
        for pod in self.api.list(POD):
            if pod["spec"].get("nodeName") == name_of(change.obj):
                self._plan(pod, taints)

    def _on_pod(self, change: Change) -> None:
        pod = change.obj
        if change.type == "DELETED":
            self._cancel(pod)
            return
        spec = pod["spec"]
        if not spec.get("nodeName"):
            return
        if change.old is not None:
            old_spec = change.old["spec"]
            if all(spec.get(field) == old_spec.get(field) for field in ("nodeName", "tolerations")):
                return
        node = self.api.find(NODE, "", spec["nodeName"])
        taints = _taints(node) if node else []
        if taints:
            self._plan(pod, taints)

    def _plan(self, pod: Object, taints: Sequence[Object]) -> None:
        """Delete the Pod when its time on a node with these taints is over, or no longer plan to.

        A wait that has begun is neither shortened nor prolonged by other seconds. Mirrors processPodOnNode.
        """
        matching = [tolerations(pod, taint) for taint in taints]
        if not all(matching):
            self._cancel(pod)
            self._evict_in(0, pod)
            return
        seconds = _seconds_tolerated(matching)
        if seconds is None:
            self._cancel(pod)
        elif metadata(pod)["uid"] not in self._evictions:
            self._evict_in(seconds, pod)

    def _evict_in(self, seconds: float, pod: Object) -> None:
        number = self.clock.call_later(max(REACTION, seconds), self._evict, pod)
        self._evictions[metadata(pod)["uid"]] = number

    def _cancel(self, pod: Object) -> None:
        """No longer plan to delete the Pod."""
        number = self._evictions.pop(metadata(pod)["uid"], None)
        if number is not None:
            self.clock.cancel(number)
            self._record_eviction(pod, "Cancelling deletion of")

    def _evict(self, pod: Object) -> None:
        del self._evictions[metadata(pod)["uid"]]
        current = self.api.current(POD, pod)
        if current and not is_deleted(current):
            self._record_eviction(current, "Marking for deletion")
            self.api.delete_object(POD, current)

    def _record_eviction(self, pod: Object, doing: str) -> None:
        self.record(pod, "TaintManagerEviction", f"{doing} Pod {namespace_of(pod)}/{name_of(pod)}")


def _taints(node: Object) -> list[Object]:
    return [taint for taint in node["spec"].get("taints", ()) if taint["effect"] == "NoExecute"]


def _seconds_tolerated(matching: Sequence[Sequence[Object]]) -> float | None:
    """For how long a Pod may stay that has tolerations of each taint; None: for ever. Of each, the first one counts.

    Mirrors GetMatchingTolerations and getMinTolerationTime.
    """
    counted = [first for first, *_ in matching]
    return min((each["tolerationSeconds"] for each in counted if "tolerationSeconds" in each), default=None)


STATUS_INTERVAL: Micros = 10 * SECOND
"""How often a kubelet looks at its node and reports its status (nodeStatusUpdateFrequency)."""


class NodeLifecycleController(Loop):
    """Taints a node that is cordoned, until it is no longer. Its kubelet says so when it looks at the node again.

    So it is two of upstream's parts: the controller that taints, and as `component` the kubelet, which records events.
    Mirrors doNoScheduleTaintingPass of node_lifecycle_controller.go and recordNodeSchedulableEvent of the kubelet.
    """

    component = "kubelet"
    host = NODE_NAME
    watched = (NODE,)

    def __init__(self, api: Component, clock: Clock) -> None:
        super().__init__(api, clock)
        self._reported: dict[str, bool] = {}  # by the names of nodes, whether they were cordoned at the last look

    def on_change(self, change: Change) -> None:
        if change.type == "DELETED":
            return
        self.add(change.obj)
        was_cordoned = change.old is not None and _is_cordoned(change.old)
        if _is_cordoned(change.obj) != was_cordoned:
            until_look = (STATUS_INTERVAL - self.clock.now % STATUS_INTERVAL) / SECOND
            self.clock.call_later(until_look, self._report, name_of(change.obj))

    def reconcile(self, namespace: str, name: str) -> None:
        node = self.api.find(NODE, namespace, name)
        if node is None or _is_tainted(node) == _is_cordoned(node):
            return
        spec = dict(node["spec"])
        taints = [taint for taint in spec.pop("taints", ()) if not _is_of_cordon(taint)]
        if _is_cordoned(node):
            taints.append({**UNSCHEDULABLE, "timeAdded": self.clock.timestamp()})
        if taints:
            spec["taints"] = taints
        self.api.record(NODE, {**node, "spec": spec})

    def _report(self, name: str) -> None:
        node = self.api.find(NODE, "", name)
        if node is None or _is_cordoned(node) == self._reported.get(name, False):
            return
        self._reported[name] = _is_cordoned(node)
        reason = "NodeNotSchedulable" if _is_cordoned(node) else "NodeSchedulable"
        self.record(node, reason, f"Node {name} status is now: {reason}")


def _is_cordoned(node: Object) -> bool:
    return bool(node["spec"].get("unschedulable"))


def _is_tainted(node: Object) -> bool:
    return any(_is_of_cordon(taint) for taint in node["spec"].get("taints", ()))


def _is_of_cordon(taint: Object) -> bool:
    return UNSCHEDULABLE.items() <= taint.items()
