"""The status that the kubelet reports for a Pod: a pure function of the Pod, its containers and time.

Mirrors kubernetes pkg/kubelet/kubelet_pods.go (generateAPIPodStatus) and pkg/kubelet/status/generate.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.api.objects import Object
from kubesim.cluster.bootstrap import NODE_ADDRESS
from kubesim.cluster.kubelet.containers import Container
from kubesim.cluster.kubelet.worker import Worker

_ROOT = {"linux": {"gid": 0, "supplementalGroups": [0], "uid": 0}}


def generate(pod: Object, worker: Worker, now: str) -> Object:
    """The status of `pod`, whose conditions keep their transition times where they did not change."""
    spec, old = pod["spec"], pod["status"]
    waiting = "PodInitializing" if spec.get("initContainers") else "ContainerCreating"
    statuses = [_container_status(item, worker, waiting) for item in spec["containers"]]
    inits = [_container_status(item, worker, "PodInitializing") for item in spec.get("initContainers", ())]
    sidecars = [item for item in inits if item["name"] not in worker.inits]
    phase = _phase(spec, [item for item in inits if item not in sidecars], sidecars, statuses)
    incomplete = [item for item in inits if not item["ready"]] if all(map(_never_started, statuses)) else []
    unready = [item for item in (*sidecars, *statuses) if not item["ready"]]
    status: Object = {
        "conditions": list(_conditions(pod, worker, phase, incomplete, unready, now)),
        "containerStatuses": statuses,
        "hostIP": NODE_ADDRESS,
        "hostIPs": [{"ip": NODE_ADDRESS}],
        "observedGeneration": pod["metadata"]["generation"],
        "phase": phase,
        "qosClass": old["qosClass"],
        "resources": {},
        "startTime": old.get("startTime", now),
    }
    if inits:
        status["initContainerStatuses"] = inits
    if spec.get("ephemeralContainers"):
        ephemeral = [_container_status(item, worker, waiting) for item in spec["ephemeralContainers"]]
        for item in ephemeral:  # nothing probes them
            del item["started"]
            item["ready"] = False
        status["ephemeralContainerStatuses"] = ephemeral
    if worker.ip:
        status |= {"podIP": worker.ip, "podIPs": [{"ip": worker.ip}]}
    return status


def _container_status(spec: Object, worker: Worker, default_reason: str) -> Object:
    name, is_init = spec["name"], spec["name"] in worker.inits
    container, waiting = worker.containers.get(name), worker.waiting.get(name)
    status: Object = {
        "image": container.shown_image if container else spec["image"],
        "imageID": container.image_id if container else "",
        "lastState": _last_state(container, waiting),
        "name": name,
        "ready": container is not None and (container.exit_code == 0 if is_init else container.is_running),
        "restartCount": container.restarts if container else 0,
        "started": container is not None and container.is_running and not is_init,
        "state": _state(container, waiting, default_reason),
    }
    if container:
        status |= {"containerID": container.url, "resources": spec.get("resources", {}), "user": _ROOT}
        if spec.get("resources", {}).get("requests"):
            status["allocatedResources"] = spec["resources"]["requests"]
    if spec.get("volumeMounts"):
        status["volumeMounts"] = [_mount(mount) for mount in spec["volumeMounts"]]
    return status


def _last_state(container: Container | None, waiting: tuple[str, str] | None) -> Object:
    """How the container before ended: a container that waits for its restart is itself the one before."""
    ended = container if container and waiting and not container.is_running else container and container.previous
    return ended.state if ended else {}


def _state(container: Container | None, waiting: tuple[str, str] | None, default_reason: str) -> Object:
    if waiting:
        reason, message = waiting
        return {"waiting": {"message": message, "reason": reason} if message else {"reason": reason}}
    return container.state if container else {"waiting": {"reason": default_reason}}


def _mount(mount: Object) -> Object:
    return {**mount, "recursiveReadOnly": "Disabled"} if mount.get("readOnly") else mount


def _phase(spec: Object, inits: list[Object], sidecars: list[Object], statuses: list[Object]) -> str:
    """As getPhase: Pending until every container has started, then by what the containers did."""
    policy = spec["restartPolicy"]
    if any(_failed(status) and policy == "Never" for status in inits):
        return "Failed"
    if not all(status["ready"] for status in inits) or any(map(_never_started, [*sidecars, *statuses])):
        return "Pending"
    ended = [status["state"]["terminated"] for status in statuses if "terminated" in status["state"]]
    if len(ended) < len(statuses) or policy == "Always" or any("running" in item["state"] for item in sidecars):
        return "Running"
    if all(state["exitCode"] == 0 for state in ended):
        return "Succeeded"
    return "Failed" if policy == "Never" else "Running"


def _failed(status: Object) -> bool:
    return bool(status["state"].get("terminated", {}).get("exitCode"))


def _never_started(status: Object) -> bool:
    return "waiting" in status["state"] and not status["lastState"]


def _conditions(
    pod: Object, worker: Worker, phase: str, incomplete: list[Object], unready: list[Object], now: str
) -> Iterator[Object]:
    done = phase in ("Succeeded", "Failed")
    initialized = _lack("ContainersNotInitialized", "containers with incomplete status", incomplete)
    ready = _lack("ContainersNotReady", "containers with unready status", unready)
    if phase == "Succeeded":
        initialized, ready = (True, "PodCompleted", ""), (False, "PodCompleted", "")
    elif done:
        ready = (False, "PodFailed", "")
    status = {
        "PodReadyToStartContainers": (bool(worker.ip) and not done, "", ""),
        "Initialized": initialized,
        "Ready": ready,
        "ContainersReady": ready,
        "PodScheduled": (True, "", ""),
    }
    generation = pod["metadata"]["generation"]
    before = {item["type"]: item for item in pod["status"].get("conditions", ())}
    for kind, (holds, reason, message) in status.items():
        is_same = kind in before and before[kind]["status"] == str(holds)
        since = before[kind]["lastTransitionTime"] if is_same else now
        condition = {"lastProbeTime": None, "lastTransitionTime": since, "status": str(holds), "type": kind}
        if message:
            condition["message"] = message
        condition["observedGeneration"] = generation
        if reason:
            condition["reason"] = reason
        yield condition


def _lack(reason: str, text: str, statuses: list[Object]) -> tuple[bool, str, str]:
    listed = " ".join(status["name"] for status in statuses)
    return (False, reason, f"{text}: [{listed}]") if listed else (True, "", "")
