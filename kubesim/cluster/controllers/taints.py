"""Whom taints drive away: the controller that deletes Pods. Mirrors kubernetes pkg/controller/tainteviction, v1.36."""

from __future__ import annotations

from collections.abc import Sequence

from kubesim.api.clock import SECOND, Clock, Micros
from kubesim.api.objects import Object, metadata, name_of, namespace_of
from kubesim.api.resources import NODE, POD
from kubesim.cluster.apiserver import Change, Component
from kubesim.cluster.controllers.base import REACTION, is_deleted
from kubesim.cluster.controllers.scheduler import tolerations
from kubesim.cluster.events import Recorder


class TaintEvictionController:
    """Deletes Pods that do not tolerate a NoExecute taint of their node, or no longer than some seconds."""

    def __init__(self, api: Component, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._recorder = Recorder(api, clock, "taint-eviction-controller")
        self._due: dict[str, Micros] = {}  # by the uids of Pods, when they will be deleted
        api.subscribe(self._on_node, NODE)
        api.subscribe(self._on_pod, POD)

    def resume(self, other: TaintEvictionController) -> None:
        """Go on from the state of another one."""
        self._recorder.resume(other._recorder)
        self._due = other._due.copy()

    def _on_node(self, change: Change) -> None:
        if change.type != "MODIFIED" or change.old is None or _taints(change.obj) == _taints(change.old):
            return
        for pod in self._api.list(POD):
            if pod["spec"].get("nodeName") == name_of(change.obj):
                self._plan(pod, _taints(change.obj))

    def _on_pod(self, change: Change) -> None:
        pod = change.obj
        if change.type == "DELETED":
            self._due.pop(metadata(pod)["uid"], None)
            return
        was_bound = change.old is not None and change.old["spec"].get("nodeName")
        if was_bound or not pod["spec"].get("nodeName"):
            return
        node = self._api.find(NODE, "", pod["spec"]["nodeName"])
        if node:
            self._plan(pod, _taints(node))

    def _plan(self, pod: Object, taints: Sequence[Object]) -> None:
        """Delete the Pod when its time on a node with these taints is over, or no longer plan to."""
        uid = metadata(pod)["uid"]
        seconds = _seconds_tolerated(pod, taints)
        if seconds is None:
            self._due.pop(uid, None)
            return
        delay = max(REACTION, seconds)
        due = self._clock.now + round(delay * SECOND)
        if uid not in self._due or due < self._due[uid]:
            self._due[uid] = due
            self._clock.call_later(delay, self._evict, pod, due)

    def _evict(self, pod: Object, due: Micros) -> None:
        uid = metadata(pod)["uid"]
        if self._due.get(uid) != due:  # planned anew, or gone
            return
        del self._due[uid]
        current = self._api.find(POD, namespace_of(pod), name_of(pod))
        if current and not is_deleted(current):
            message = f"Marking for deletion Pod {namespace_of(pod)}/{name_of(pod)}"
            self._recorder.event(current, "Normal", "TaintManagerEviction", message)
            self._api.delete(POD, namespace_of(pod), name_of(pod))


def _taints(node: Object) -> list[Object]:
    return [taint for taint in node["spec"].get("taints", ()) if taint["effect"] == "NoExecute"]


def _seconds_tolerated(pod: Object, taints: Sequence[Object]) -> float | None:
    """For how long a Pod stays on a node with these taints; None: for ever. Of each taint, the first toleration counts.

    Mirrors GetMatchingTolerations and getMinTolerationTime.
    """
    seconds = []
    for taint in taints:
        matching = tolerations(pod, taint)
        if not matching:
            return 0
        if "tolerationSeconds" in matching[0]:
            seconds.append(matching[0]["tolerationSeconds"])
    return min(seconds, default=None)
