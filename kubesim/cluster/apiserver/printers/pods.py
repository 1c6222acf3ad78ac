"""The row of a Pod, above all its STATUS. Mirrors printPod in pkg/printers/internalversion/printers.go, v1.36."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from kubesim.api.clock import Micros
from kubesim.api.humanize import NONE, age
from kubesim.api.objects import Object, remembered


class PodSummary(NamedTuple):
    """What READY, STATUS and RESTARTS are made of."""

    ready: int
    total: int
    status: str
    restarts: int
    restarted: str  # when the last container to be restarted had ended; "" for never


def narrow_pod(obj: Object, now: Micros) -> list[str]:
    """READY, STATUS, RESTARTS."""
    ready, total, reason, restarts, restarted = pod_summary(obj)
    return [
        f"{ready}/{total}",
        reason,
        f"{restarts} ({age(restarted, now)} ago)" if restarts and restarted else str(restarts),
    ]


def pod(obj: Object, now: Micros) -> list[str]:
    """As `narrow_pod`, then IP, NODE, NOMINATED NODE, READINESS GATES."""
    spec, status = obj["spec"], obj.get("status") or {}
    addresses = status.get("podIPs")
    return [
        *narrow_pod(obj, now),
        (addresses[0].get("ip") if addresses else "") or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        _readiness_gates(spec.get("readinessGates"), status) if "readinessGates" in spec else NONE,
    ]


def pod_status(obj: Object) -> str:
    """The STATUS of a Pod: its phase, or the more telling reason of one of its containers."""
    return pod_summary(obj).status


@remembered
def pod_summary(obj: Object) -> PodSummary:
    """How many containers are ready, what the Pod is waiting for, and how often it was restarted."""
    spec, status = obj["spec"], obj.get("status") or {}
    containers = status.get("containerStatuses") or []
    reason, total = status.get("reason") or status.get("phase") or "", len(spec["containers"])
    if "initContainers" not in spec:
        reason, ready = _containers(containers, reason, status)
        return PodSummary(ready, total, _deleted(obj, status, reason), *_restarts(containers))
    sidecars = {item["name"] for item in spec["initContainers"] if item.get("restartPolicy") == "Always"}
    stuck, ready, counted = _initialization(spec, status, sidecars)
    reason = stuck or reason
    if not stuck or _is_true(status, "Initialized"):
        reason, running = _containers(containers, reason, status)
        ready += running
        counted = [item for item in counted if item["name"] in sidecars] + containers
    return PodSummary(ready, total + len(sidecars), _deleted(obj, status, reason), *_restarts(counted))


def _initialization(spec: Object, status: Object, sidecars: set[str]) -> tuple[str, int, list[Object]]:
    """Why the init containers are not done ("" if they are), how many sidecars are ready, the statuses looked at."""
    statuses = status.get("initContainerStatuses") or []
    ready = 0
    for index, container in enumerate(statuses):
        state = container.get("state") or {}
        ended = state.get("terminated")
        if ended and ended.get("exitCode") == 0:
            continue
        if container["name"] in sidecars and container.get("started"):
            ready += bool(container.get("ready"))
            continue
        return _init_reason(state, f"Init:{index}/{len(spec['initContainers'])}"), ready, statuses[: index + 1]
    return "", ready, list(statuses)


def _init_reason(state: Object, progress: str) -> str:
    ended, waiting = state.get("terminated"), (state.get("waiting") or {}).get("reason")
    if ended:
        return f"Init:{_end(ended)}"
    return f"Init:{waiting}" if waiting and waiting != "PodInitializing" else progress


def _containers(containers: list[Object], reason: str, status: Object) -> tuple[str, int]:
    """The first container's reason, else the next one's; and how many containers run and are ready."""
    running = 0
    for container in reversed(containers):
        state = container.get("state") or {}
        if "running" in state:
            running += bool(container.get("ready"))
        elif "terminated" in state:
            reason = _end(state["terminated"])
        elif "waiting" in state:
            reason = state["waiting"].get("reason") or reason
    if reason == "Completed" and running:
        reason = "Running" if _is_true(status, "Ready") else "NotReady"
    return reason, running


def _end(terminated: Object) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    signal = terminated.get("signal")
    return f"Signal:{signal}" if signal else f"ExitCode:{terminated.get('exitCode', 0)}"


def _deleted(obj: Object, status: Object, reason: str) -> str:
    if not obj["metadata"].get("deletionTimestamp"):
        return reason
    return reason if status.get("phase") in ("Failed", "Succeeded") else "Terminating"


def _restarts(containers: Iterable[Object]) -> tuple[int, str]:
    count, last = 0, ""
    for container in containers:
        if container.get("restartCount"):
            count += container["restartCount"]
            ended = (container.get("lastState") or {}).get("terminated") or {}
            last = max(last, ended.get("finishedAt") or "")
    return count, last


def _readiness_gates(gates: list[Object] | None, status: Object) -> str:
    true = sum(_is_true(status, gate["conditionType"]) for gate in gates or ())
    return f"{true}/{len(gates)}" if gates else NONE


def _is_true(status: Object, condition: str) -> bool:
    found = (item for item in status.get("conditions") or () if item["type"] == condition)
    return next((item["status"] == "True" for item in found), False)
