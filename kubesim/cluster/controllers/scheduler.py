"""The scheduler: gives each new Pod a node that its selector matches, or reports why none does."""

from __future__ import annotations

from collections import Counter
from functools import partial

from kubesim.api.clock import Clock
from kubesim.api.objects import Object, clone, name_of, namespace_of
from kubesim.api.resources import NODE, POD
from kubesim.cluster.apiserver import APIServer, Change
from kubesim.cluster.events import Recorder

DELAY = 0.01
RETRY = 300.0
_UNSCHEDULABLE = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


class Scheduler:
    """Binds Pods that have no node yet. Mirrors kubernetes pkg/scheduler/schedule_one.go, v1.36, for node selectors
    and taints."""

    def __init__(self, api: APIServer, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._recorder = Recorder(api, clock, "default-scheduler")
        api.subscribe(self._on_pod, POD)
        api.subscribe(self._on_node, NODE)

    def _on_pod(self, change: Change) -> None:
        if change.type == "ADDED" and not change.obj["spec"].get("nodeName"):
            self._queue(change.obj, DELAY)

    def _on_node(self, change: Change) -> None:
        """Try Pods that wait again when a node is uncordoned, untainted or labeled."""
        if change.type == "MODIFIED":
            for pod in self._api.list(POD):
                if not pod["spec"].get("nodeName") and not _refusal(pod, change.obj):
                    self._queue(pod, DELAY)

    def _queue(self, pod: Object, delay: float) -> None:
        self._clock.call_later(delay, partial(self._schedule, namespace_of(pod), name_of(pod), pod["metadata"]["uid"]))

    def _schedule(self, namespace: str, name: str, uid: str) -> None:
        pod = self._api.find(POD, namespace, name)
        if pod is None or pod["metadata"]["uid"] != uid or pod["spec"].get("nodeName"):
            return
        refusals = {name_of(node): _refusal(pod, node) for node in self._api.list(NODE)}
        node = next((node for node, refusal in refusals.items() if not refusal), None)
        if node is None:
            self._report_failure(pod, list(refusals.values()))
        else:
            self._bind(pod, node)

    def _bind(self, pod: Object, node: str) -> None:
        condition = self._condition("True")
        bound = {**pod, "spec": {**pod["spec"], "nodeName": node}}
        bound["status"] = {**pod["status"], "conditions": [condition]}
        self._api.record(POD, bound)
        message = f"Successfully assigned {namespace_of(pod)}/{name_of(pod)} to {node}"
        self._recorder.announce(POD, pod, "Scheduled", "Binding", message)

    def _report_failure(self, pod: Object, refusals: list[str]) -> None:
        nodes = len(refusals)
        reasons = ", ".join(sorted(f"{count} {refusal}" for refusal, count in Counter(refusals).items()))
        why = (
            f"0/{nodes} nodes are available: {reasons}. "
            f"no new claims to deallocate, preemption: 0/{nodes} nodes are available: {nodes} Preemption is not "
            "helpful for scheduling."
        )
        status = clone(pod["status"])
        status["conditions"] = [{**self._condition("False"), "message": why, "reason": "Unschedulable"}]
        self._api.update_status(POD, pod, status)
        self._recorder.announce(POD, pod, "FailedScheduling", "Scheduling", why)
        self._queue(pod, RETRY)

    def _condition(self, status: str) -> Object:
        return {
            "lastProbeTime": None,
            "lastTransitionTime": self._clock.timestamp(),
            "observedGeneration": 1,
            "status": status,
            "type": "PodScheduled",
        }


def _refusal(pod: Object, node: Object) -> str:
    """Why the scheduler does not give a Pod this node; "" if it may. Mirrors pkg/scheduler/framework/plugins."""
    if node["spec"].get("unschedulable") and not tolerations(pod, _UNSCHEDULABLE):
        return "node(s) were unschedulable"
    if not tolerates(pod, node, "NoSchedule", "NoExecute"):
        return "node(s) had untolerated taint(s)"
    return "" if matches_node(pod, node) else "node(s) didn't match Pod's node affinity/selector"


def tolerates(pod: Object, node: Object, *effects: str) -> bool:
    """Whether a Pod, or a Pod of a template, tolerates all taints of a node that have one of these effects."""
    return all(tolerations(pod, taint) for taint in node["spec"].get("taints", ()) if taint["effect"] in effects)


def tolerations(pod: Object, taint: Object) -> list[Object]:
    """The tolerations of the Pod that match. Mirrors ToleratesTaint in k8s.io/component-helpers."""
    return [
        item
        for item in pod["spec"].get("tolerations", ())
        if (item.get("effect") or taint["effect"]) == taint["effect"]
        and (item.get("key") or taint["key"]) == taint["key"]
        and (item.get("operator") == "Exists" or item.get("value", "") == taint.get("value", ""))
    ]


def matches_node(pod: Object, node: Object) -> bool:
    """Whether a Pod, or a Pod of a template, may run on the node."""
    labels = node["metadata"].get("labels", {})
    return all(labels.get(key) == value for key, value in (pod["spec"].get("nodeSelector") or {}).items())
