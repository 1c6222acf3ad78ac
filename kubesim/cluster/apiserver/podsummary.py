"""The columns READY, STATUS and RESTARTS of `kubectl get pods`, computed from a Pod.

Mirrors printPod in kubernetes pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kubesim.api.objects import Object, at, find_condition, has_ended, is_deleted, remembered, sidecars_of
from kubesim.api.specs import ContainerStatus, PodSpec, PodStatus, TerminatedState


class PodSummary(NamedTuple):
    """The values of READY (`ready`/`total`), STATUS and RESTARTS."""

    ready: int
    total: int
    status: str
    restarts: int
    last_end: str  # the time at which a container ended last before a restart; "" for none


@remembered
def pod_summary(pod: Object) -> PodSummary:
    """The summary of a Pod, cached for each of its states."""
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
    return PodSummary(ready=ready, total=total, status=reason, restarts=restarts, last_end=_last_end(counted))


class _Initialization(NamedTuple):
    """The progress of the init containers."""

    reason: str  # of the first unfinished one, such as "Init:0/1"; "" if all are finished
    ready_sidecars: int
    visited: list[ContainerStatus]  # statuses up to the first unfinished one


def _initialization(spec: PodSpec, status: PodStatus, sidecars: Sequence[str]) -> _Initialization:
    """The progress of a Pod's init containers up to the first unfinished one. A started sidecar counts as finished."""
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
    """The reason of the first container that has ended or waits with a reason; "" without one."""
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
    """The latest time at which a container ended before its restart; "" without a restart."""
    return max((at(item, "lastState.terminated.finishedAt") or "" for item in containers), default="")
