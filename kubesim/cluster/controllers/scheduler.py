"""The scheduler, which binds Pods to nodes by node selectors and requested resources, or reports why it can't."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from kubesim.api.clock import Clock
from kubesim.api.objects import Object, has_ended, labels_of, name_of, namespace_of, remembered
from kubesim.api.podresources import pod_requests
from kubesim.api.quantity import parse
from kubesim.api.resources import NODE, POD
from kubesim.api.selectors import matches
from kubesim.api.sharing import Shared
from kubesim.cluster.apiserver import Change, Component
from kubesim.cluster.bootstrap import NODE_NAME
from kubesim.cluster.controllers.base import Part

_NAME = "default-scheduler"
DELAY = 0.01  # seconds from a change to the attempt that it causes
RETRY = 300.0  # seconds from a failed attempt to the next one, if nothing prompts it earlier
# When a node may have room again: the number of waiting Pods that are tried at once, and seconds until the next ones.
MOST_AT_ONCE = 100
SECONDS_BETWEEN = 0.1
_NO_VICTIMS = "No preemption victims found for incoming pod"
_NOT_HELPFUL = "Preemption is not helpful for scheduling"


class Refusal(NamedTuple):
    """A node's refusal of a Pod."""

    reasons: list[str]
    preemption: str  # the message about evicting other Pods, which isn't simulated
    lacks_room: bool  # whether more room on the node would help


class Scheduler(Part):
    """Binds Pods without a node. Mirrors kubernetes pkg/scheduler/schedule_one.go, v1.36, without preemption.

    A new Pod is tried DELAY after its creation. If no node takes it, an event reports the reason, and a retry is
    planned after RETRY; each Pod has at most one planned retry. Two things prompt an attempt before that:

    - A node changes, and its labels match the Pod's node selector.
    - A Pod ends and leaves room, and the waiting Pod lacks only room.

    If a prompted Pod that was already known to lack room is refused again, there is no new event, and its retry stays
    as planned. A Pod is forgotten once it is bound, has ended or is deleted.
    """

    component = _NAME
    host = f"{_NAME}-{NODE_NAME}"  # the scheduler's reportingInstance
    watched = (POD, NODE)

    def __init__(self, api: Component, clock: Clock) -> None:
        super().__init__(api, clock)
        self._waiting_for_room: dict[str, Object] = {}  # refused Pods that lack only room, by uid
        self._prompted: dict[str, Object] = {}  # Pods to try soon, by uid
        self._retries: dict[str, int] = {}  # by a Pod's uid, the number of its retry's timer
        # By node and then by uid, the Pods that take up room there.
        self._running: Shared[str, dict[str, Object]] = Shared(dict.copy)

    def on_change(self, change: Change) -> None:
        if change.resource is POD:
            self._on_pod(change)
        elif change.type == "MODIFIED":
            self._on_node(change.obj)

    def _on_pod(self, change: Change) -> None:
        """Schedule a new Pod, and keep track of the room that Pods take up on nodes."""
        pod = change.obj
        uid = pod["metadata"]["uid"]
        node = pod["spec"].get("nodeName")
        if change.type == "DELETED" or has_ended(pod):
            self._forget(uid)
            if node and self._running.own_or(node, dict).pop(uid, None):
                self._prompt(self._waiting_for_room)
        elif node:
            self._running.own_or(node, dict)[uid] = pod
        elif change.type == "ADDED":
            self.clock.call_later(DELAY, self._schedule, pod)

    def _on_node(self, node: Object) -> None:
        """Prompt the Pods without a node whose node selector matches a changed node."""
        waiting = [pod for pod in self.api.list(POD) if not pod["spec"].get("nodeName")]
        self._prompt({pod["metadata"]["uid"]: pod for pod in waiting if matches_node(pod, node)})

    def _forget(self, uid: str) -> None:
        self._waiting_for_room.pop(uid, None)
        self.clock.cancel(self._retries.pop(uid, 0))

    def _prompt(self, pods: dict[str, Object]) -> None:
        """Have these Pods tried soon, in rounds."""
        if pods and not self._prompted:
            self.clock.call_later(DELAY, self._try_prompted)
        self._prompted |= pods

    def _try_prompted(self) -> None:
        """Try at most MOST_AT_ONCE prompted Pods, and the others after SECONDS_BETWEEN."""
        for uid, pod in list(self._prompted.items())[:MOST_AT_ONCE]:
            del self._prompted[uid]
            self._schedule(pod, is_prompted=True)
        if self._prompted:
            self.clock.call_later(SECONDS_BETWEEN, self._try_prompted)

    def _plan_retry(self, pod: Object) -> None:
        """Plan the retry of a Pod, which replaces an earlier plan."""
        uid = pod["metadata"]["uid"]
        self.clock.cancel(self._retries.get(uid, 0))
        self._retries[uid] = self.clock.call_later(RETRY, self._schedule, pod)

    def _schedule(self, pod: Object, is_prompted: bool = False) -> None:
        """Bind a Pod, in its current state, to the first node that takes it, or report the refusals."""
        self.clock.work += 1
        current = self.api.current(POD, pod)
        if current is None or current["spec"].get("nodeName"):
            return
        if current["spec"].get("schedulerName", _NAME) != _NAME:  # left to another scheduler, which doesn't exist here
            return
        uid = current["metadata"]["uid"]
        refusals = []
        for node in self.api.list(NODE):
            refusal = self._refusal(current, node)
            if refusal is None:
                self._forget(uid)
                self._bind(current, name_of(node))
                return
            refusals.append(refusal)
        is_known_to_lack_room = is_prompted and uid in self._waiting_for_room
        if not is_known_to_lack_room:
            self._report_failure(current, refusals)

    def _refusal(self, pod: Object, node: Object) -> Refusal | None:
        """The node's refusal of a Pod, None if it takes the Pod."""
        if not matches_node(pod, node):
            return Refusal(["node(s) didn't match Pod's node affinity/selector"], _NOT_HELPFUL, lacks_room=False)
        return self._shortage(pod, node)

    def _shortage(self, pod: Object, node: Object) -> Refusal | None:
        """The refusal for resources that the node lacks, None if it has enough. Mirrors plugins/noderesources/fit.go.

        Its `preemption` depends on whether the node would have enough without its other Pods.
        """
        others = (self._running.get(name_of(node)) or {}).values()
        allocatable = {key: parse(amount) for key, amount in node["status"].get("allocatable", {}).items()}
        lacking = []
        preemption = _NO_VICTIMS
        if len(others) >= allocatable.get("pods", 0):
            lacking.append("Too many pods")
        for key, amount in _requests(pod).items():
            most = allocatable.get(key, 0)
            if amount > most - sum(_requests(other).get(key, 0) for other in others):
                lacking.append(f"Insufficient {key}")
            if amount > most:
                preemption = _NOT_HELPFUL
        return Refusal(lacking, preemption, lacks_room=True) if lacking else None

    def _bind(self, pod: Object, node: str) -> None:
        status = {**pod["status"], "conditions": [self._condition("True")]}
        self.api.put(POD, {**pod, "spec": {**pod["spec"], "nodeName": node}, "status": status})
        message = f"Successfully assigned {namespace_of(pod)}/{name_of(pod)} to {node}"
        self.recorder.announce(pod, "Scheduled", "Binding", message)

    def _report_failure(self, pod: Object, refusals: list[Refusal]) -> None:
        """Write the condition and the event of a Pod that no node takes, and plan its retry."""
        if any(refusal.lacks_room for refusal in refusals):
            self._waiting_for_room[pod["metadata"]["uid"]] = pod
        why = _explanation(refusals)
        condition = {**self._condition("False"), "message": why, "reason": "Unschedulable"}
        self.api.update_status(POD, pod, {**pod["status"], "conditions": [condition]})
        self.recorder.announce(pod, "FailedScheduling", "Scheduling", why)
        self._plan_retry(pod)

    def _condition(self, status: str) -> Object:
        return {
            "lastProbeTime": None,
            "lastTransitionTime": self.clock.timestamp(),
            "observedGeneration": 1,
            "status": status,
            "type": "PodScheduled",
        }


def _explanation(refusals: list[Refusal]) -> str:
    """The message about a Pod that all nodes refuse. Mirrors ErrNoNodesAvailable and FitError of pkg/scheduler."""
    if not refusals:
        return "no nodes available to schedule pods"
    reasons = [reason for refusal in refusals for reason in refusal.reasons]
    preemption = [refusal.preemption for refusal in refusals]
    nodes = len(refusals)
    return f"{_counted(reasons, nodes)} no new claims to deallocate, preemption: {_counted(preemption, nodes)}"


def _counted(reasons: list[str], nodes: int) -> str:
    counts = ", ".join(sorted(f"{count} {reason}" for reason, count in Counter(reasons).items()))
    return f"0/{nodes} nodes are available: {counts}."


# The resources that a Pod requests, cached for each state of the Pod.
_requests = remembered(pod_requests)


def matches_node(pod: Object, node: Object) -> bool:
    """True if a node's labels match the node selector of a Pod or of a Pod template."""
    return matches({"matchLabels": pod["spec"].get("nodeSelector")}, labels_of(node))
