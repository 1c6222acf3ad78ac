"""The scheduler: gives each new Pod a node that its selector matches, or reports why none does."""

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
DELAY = 0.01
RETRY = 300.0
# How many waiting Pods are tried at once when a node may have room again, and the seconds until the next ones are.
ROUND = 100
PAUSE = 0.1
_VICTIMS = "No preemption victims found for incoming pod"
_UNHELPFUL = "Preemption is not helpful for scheduling"


class Refusal(NamedTuple):
    """Why a node does not take a Pod, and what evicting others would help.

    `lacks_room`: the node would take the Pod if it had more room.
    """

    reasons: list[str]
    preemption: str
    lacks_room: bool


class Scheduler(Part):
    """Binds Pods that have no node yet. Mirrors kubernetes pkg/scheduler/schedule_one.go, v1.36, for node selectors
    and what Pods request; without preemption.

    A new Pod is tried DELAY after it appears. One that no node takes says so, and its retry comes RETRY later; each Pod
    has one retry, the last that was planned. It may be prompted to try before that:

    - by a node that changes and then refuses it for nothing but room;
    - where it already waits for room, by a Pod that ends and leaves some.

    Where a prompted Pod is refused again, it says nothing if it already waited for room, and its retry stays where it
    is; any other says why and gets a new retry. A Pod is forgotten once it is bound, has ended or is deleted.
    """

    component = _NAME
    host = f"{_NAME}-{NODE_NAME}"  # as it calls itself on its machine
    watched = (POD, NODE)

    def __init__(self, api: Component, clock: Clock) -> None:
        super().__init__(api, clock)
        self._waiting_for_room: dict[str, Object] = {}  # by uid
        self._prompted: dict[str, Object] = {}  # by uid, those that are tried soon
        self._retries: dict[str, int] = {}  # by uid, the number of the timer
        # By node and uid, the Pods that take room there.
        self._running: Shared[str, dict[str, Object]] = Shared(dict.copy)

    def on_change(self, change: Change) -> None:
        if change.resource is POD:
            self._on_pod(change)
        elif change.type == "MODIFIED":
            self._on_node(change.obj)

    def _on_pod(self, change: Change) -> None:
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
        """Try Pods that wait again when a node gets other labels."""
        waiting = [pod for pod in self.api.list(POD) if not pod["spec"].get("nodeName")]
        self._prompt({pod["metadata"]["uid"]: pod for pod in waiting if matches_node(pod, node)})

    def _forget(self, uid: str) -> None:
        self._waiting_for_room.pop(uid, None)
        self.clock.cancel(self._retries.pop(uid, 0))

    def _prompt(self, pods: dict[str, Object]) -> None:
        if pods and not self._prompted:
            self.clock.call_later(DELAY, self._try_prompted)
        self._prompted |= pods

    def _try_prompted(self) -> None:
        """Try the next of the prompted Pods."""
        for uid, pod in list(self._prompted.items())[:ROUND]:
            del self._prompted[uid]
            self._schedule(pod, prompted=True)
        if self._prompted:
            self.clock.call_later(PAUSE, self._try_prompted)

    def _plan_retry(self, pod: Object) -> None:
        """Try a Pod after RETRY, instead of any retry that was planned before."""
        uid = pod["metadata"]["uid"]
        self.clock.cancel(self._retries.get(uid, 0))
        self._retries[uid] = self.clock.call_later(RETRY, self._schedule, pod)

    def _schedule(self, pod: Object, prompted: bool = False) -> None:
        """Bind a Pod, as it is by now, to the first node that takes it, or say why none does."""
        self.clock.work += 1
        current = self.api.current(POD, pod)
        if current is None or current["spec"].get("nodeName"):
            return
        if current["spec"].get("schedulerName", _NAME) != _NAME:  # another one's, which isn't there
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
        says_nothing_new = prompted and uid in self._waiting_for_room
        if not says_nothing_new:
            self._report_failure(current, refusals)

    def _refusal(self, pod: Object, node: Object) -> Refusal | None:
        """Why a node does not take the Pod; None: it does."""
        if not matches_node(pod, node):
            return Refusal(["node(s) didn't match Pod's node affinity/selector"], _UNHELPFUL, lacks_room=False)
        return self._shortage(pod, node)

    def _shortage(self, pod: Object, node: Object) -> Refusal | None:
        """What the node has too little of, and whether it would have enough without some of its Pods; None: nothing.

        Mirrors plugins/noderesources/fit.go.
        """
        others = (self._running.get(name_of(node)) or {}).values()
        allocatable = {key: parse(amount) for key, amount in node["status"].get("allocatable", {}).items()}
        lacking = []
        preemption = _VICTIMS
        if len(others) >= allocatable.get("pods", 0):
            lacking.append("Too many pods")
        for key, amount in _requests(pod).items():
            most = allocatable.get(key, 0)
            if amount > most - sum(_requests(other).get(key, 0) for other in others):
                lacking.append(f"Insufficient {key}")
            if amount > most:
                preemption = _UNHELPFUL
        return Refusal(lacking, preemption, lacks_room=True) if lacking else None

    def _bind(self, pod: Object, node: str) -> None:
        status = {**pod["status"], "conditions": [self._condition("True")]}
        self.api.record(POD, {**pod, "spec": {**pod["spec"], "nodeName": node}, "status": status})
        message = f"Successfully assigned {namespace_of(pod)}/{name_of(pod)} to {node}"
        self.recorder.announce(pod, "Scheduled", "Binding", message)

    def _report_failure(self, pod: Object, refusals: list[Refusal]) -> None:
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
    """The message for a Pod that these nodes refuse. Mirrors ErrNoNodesAvailable and FitError of pkg/scheduler."""
    if not refusals:
        return "no nodes available to schedule pods"
    reasons = [reason for refusal in refusals for reason in refusal.reasons]
    preemption = [refusal.preemption for refusal in refusals]
    nodes = len(refusals)
    return f"{_counted(reasons, nodes)} no new claims to deallocate, preemption: {_counted(preemption, nodes)}"


def _counted(reasons: list[str], nodes: int) -> str:
    counts = ", ".join(sorted(f"{count} {reason}" for reason, count in Counter(reasons).items()))
    return f"0/{nodes} nodes are available: {counts}."


_requests = remembered(pod_requests)
"""What a Pod takes of its node."""


def matches_node(pod: Object, node: Object) -> bool:
    """Whether the node has the labels that a Pod, or a Pod of a template, selects nodes by."""
    return matches({"matchLabels": pod["spec"].get("nodeSelector")}, labels_of(node))
