"""The scheduler: gives each new Pod a node that its selector matches, or reports why none does."""

from __future__ import annotations

from functools import partial

from kubesim.api.clock import Clock
from kubesim.api.objects import Object, clone, name_of, namespace_of
from kubesim.api.resources import NODE, POD
from kubesim.cluster.apiserver import APIServer, Change
from kubesim.cluster.events import Recorder

DELAY = 0.01
RETRY = 300.0


class Scheduler:
    """Binds Pods that have no node yet. Mirrors kubernetes pkg/scheduler/schedule_one.go, v1.36, for node selectors."""

    def __init__(self, api: APIServer, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._recorder = Recorder(api, clock, "default-scheduler")
        api.subscribe(self._on_pod, POD)

    def _on_pod(self, change: Change) -> None:
        if change.type == "ADDED" and not change.obj["spec"].get("nodeName"):
            self._queue(change.obj, DELAY)

    def _queue(self, pod: Object, delay: float) -> None:
        self._clock.call_later(delay, partial(self._schedule, namespace_of(pod), name_of(pod), pod["metadata"]["uid"]))

    def _schedule(self, namespace: str, name: str, uid: str) -> None:
        pod = self._api.find(POD, namespace, name)
        if pod is None or pod["metadata"]["uid"] != uid or pod["spec"].get("nodeName"):
            return
        node = next((node for node in self._api.list(NODE) if matches_node(pod, node)), None)
        if node is None:
            self._report_failure(pod)
        else:
            self._bind(pod, name_of(node))

    def _bind(self, pod: Object, node: str) -> None:
        condition = self._condition("True")
        bound = {**pod, "spec": {**pod["spec"], "nodeName": node}}
        bound["status"] = {**pod["status"], "conditions": [condition]}
        self._api.record(POD, bound)
        message = f"Successfully assigned {namespace_of(pod)}/{name_of(pod)} to {node}"
        self._recorder.announce(POD, pod, "Scheduled", "Binding", message)

    def _report_failure(self, pod: Object) -> None:
        nodes = len(self._api.list(NODE))
        why = (
            f"0/{nodes} nodes are available: {nodes} node(s) didn't match Pod's node affinity/selector. "
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


def matches_node(pod: Object, node: Object) -> bool:
    """Whether a Pod, or a Pod of a template, may run on the node."""
    labels = node["metadata"].get("labels", {})
    return all(labels.get(key) == value for key, value in (pod["spec"].get("nodeSelector") or {}).items())
