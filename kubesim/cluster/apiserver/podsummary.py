"""What `kubectl get pods` makes of a Pod's status: READY, STATUS and RESTARTS.

Mirrors printPod in kubernetes pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kubesim.api.objects import Object, at, find_condition, has_ended, is_deleted, remembered, sidecars_of
from kubesim.api.specs import ContainerStatus, PodSpec, PodStatus, TerminatedState


class PodSummary(NamedTuple):
    """What READY, STATUS and RESTARTS are made of."""

    ready: int
    total: int
    status: str
    restarts: int
    last_end: str  # when the last container to be restarted had ended; "" for never


@remembered
def pod_summary(pod: Object) -> PodSummary:
    """How many containers are ready, what the Pod is waiting for, and how often it was restarted."""
    spec: PodSpec = pod["spec"]
    status: PodStatus = pod.get("status") or {}
    containers = status.get("containerStatuses") or []
    sidecars = sidecars_of(spec)
    initialization = _initialization(spec, status, sidecars)
    ready = initialization.ready_sidecars
    if initialization.reason and find_condition(pod, "Initialized") != "True":
        reason = initialization.reason
        counted = initialization.visited
    else:
        ready_containers = [item for item in containers if "running" in (item.get("state") or {}) and item.get("ready")]
        ready += len(ready_containers)
        of_pod = initialization.reason or status.get("reason") or status.get("phase") or ""
        reason = _reason(containers) or of_pod
        if reason == "Completed" and ready_containers:
            reason = "Running" if find_condition(pod, "Ready") == "True" else "NotReady"
        counted = [item for item in initialization.visited if item["name"] in sidecars] + containers
    if is_deleted(pod) and not has_ended(pod):
        reason = "Terminating"
    restarts = sum(container.get("restartCount", 0) for container in counted)
    total = len(spec["containers"]) + len(sidecars)
    return PodSummary(ready, total, reason, restarts, _last_end(counted))


class _Initialization(NamedTuple):
    """How far the init containers are."""

    reason: str  # why they are not done; "" if they are
    ready_sidecars: int
    visited: list[ContainerStatus]  # of those up to the one that isn't done


def _initialization(spec: PodSpec, status: PodStatus, sidecars: Sequence[str]) -> _Initialization:
    containers = status.get("initContainerStatuses") or []
    ready = 0
    for index, container in enumerate(containers):
        state = container.get("state") or {}
        ended = state.get("terminated")
        if ended and ended.get("exitCode") == 0:
            continue
        if container["name"] in sidecars and container.get("started"):
            if container.get("ready"):
                ready += 1
            continue
        waits_for = (state.get("waiting") or {}).get("reason")
        if ended:
            reason = f"Init:{_end(ended)}"
        elif waits_for and waits_for != "PodInitializing":
            reason = f"Init:{waits_for}"
        else:
            reason = f"Init:{index}/{len(spec['initContainers'])}"
        return _Initialization(reason, ready, containers[: index + 1])
    return _Initialization("", ready, containers)


def _reason(containers: Sequence[ContainerStatus]) -> str:
    """Why the first container that doesn't run doesn't; "" where all run, or none says why."""
    for container in containers:
        state = container.get("state") or {}
        if "terminated" in state:
            return _end(state["terminated"])
        if why := (state.get("waiting") or {}).get("reason"):
            return why
    return ""


def _end(terminated: TerminatedState) -> str:
    if reason := terminated.get("reason"):
        return reason
    if signal := terminated.get("signal"):
        return f"Signal:{signal}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _last_end(containers: Sequence[ContainerStatus]) -> str:
    """When the last of those that had run before had ended then; "" where none had."""
    return max((at(item, "lastState.terminated.finishedAt") or "" for item in containers), default="")
