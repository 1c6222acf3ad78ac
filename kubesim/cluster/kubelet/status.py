"""The status that the kubelet reports for a Pod, a pure function of the Pod, its worker and the time.

Mirrors kubernetes pkg/kubelet/kubelet_pods.go (generateAPIPodStatus) and
pkg/kubelet/status/{generate,status_manager}.go, v1.36, without probes and readiness gates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from kubesim.api.clock import Micros, rfc3339
from kubesim.api.objects import Object
from kubesim.api.resources import POD
from kubesim.cluster.apiserver.deletion import with_deletion_timestamp
from kubesim.cluster.bootstrap import NODE_ADDRESS
from kubesim.cluster.kubelet.containers import Container
from kubesim.cluster.kubelet.worker import Worker
from kubesim.pull.attempt import Waiting
from kubesim.shell.container import User

# The state of a container whose end the kubelet doesn't know.
_UNKNOWN_END: Object = {
    "exitCode": 137,
    "finishedAt": None,
    "message": "The container could not be located when the pod was terminated",
    "reason": "ContainerStatusUnknown",
    "startedAt": None,
}

# A function from an image's digest to `image` and `imageID` of a status (NodeImages.status_names).
ImageNames = Callable[[str], tuple[str, str]]


class _ConditionValue(NamedTuple):
    """The status of a condition, "True" or "False", and its reason and message, or ""."""

    status: str
    reason: str = ""
    message: str = ""


def generate(worker: Worker, now: str, image_names: ImageNames, *, has_terminated: bool = False) -> Object:
    """The status of a Pod at the time `now`. Conditions with an unchanged status keep their transition time.

    `has_terminated`: the Pod is being deleted, and all its containers have ended.
    """
    pod = worker.pod
    spec = pod["spec"]
    old = pod["status"]
    waiting = "PodInitializing" if spec.get("initContainers") else "ContainerCreating"
    mains = [_container_status(item, worker, waiting, image_names) for item in spec["containers"]]
    inits = [_container_status(item, worker, "PodInitializing", image_names) for item in spec.get("initContainers", ())]
    phase = _last_phase(mains) if has_terminated else _phase(worker, inits, mains)
    incomplete = _unready_names(inits) if all(map(_never_started, mains)) else ()
    unready = _unready_names([item for item in (*inits, *mains) if item["name"] not in worker.regular_inits])
    values = _condition_values(phase, bool(worker.ip), incomplete, unready)
    status: Object = {
        "conditions": _conditions(pod, values, now),
        "containerStatuses": _by_name(mains),
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
    if ephemeral := [
        _ephemeral_status(item, worker, waiting, image_names) for item in spec.get("ephemeralContainers", ())
    ]:
        status["ephemeralContainerStatuses"] = _by_name(ephemeral)
    if worker.ip:
        status |= {"podIP": worker.ip, "podIPs": [{"ip": worker.ip}]}
    return status


def _by_name(statuses: list[Object]) -> list[Object]:
    """Container statuses sorted by name, as for all but init containers. Mirrors SortedContainerStatuses."""
    return sorted(statuses, key=itemgetter("name"))


def terminated(worker: Worker, now: Micros, image_names: ImageNames) -> Object:
    """The Pod with its last status and grace period 0. It is being deleted, and only finalizers keep it.

    All its containers have ended. Those without a known end get the reason ContainerStatusUnknown.
    """
    pod = worker.pod
    status = generate(worker, rfc3339(now), image_names, has_terminated=True)
    begun = _begun(status.get("initContainerStatuses", []))
    if _has_initialized(pod):
        begun += status["containerStatuses"]
    for container_status in begun:
        if "terminated" not in container_status["state"]:
            container_status["state"] = {"terminated": _UNKNOWN_END}
    return {**with_deletion_timestamp(POD, pod, now, 0), "status": status}


def _begun(inits: list[Object]) -> list[Object]:
    """The statuses up to the last init container that has started, or the first. Mirrors initializedContainers."""
    started = [index for index, status in enumerate(inits) if not _never_started(status)]
    return inits[: max(started, default=0) + 1]


def _has_initialized(pod: Object) -> bool:
    """True if the Pod's status shows that all its init containers are done. Mirrors hasPodInitialized."""
    specs = pod["spec"].get("initContainers")
    if not specs:
        return True
    status = pod["status"]
    if not all(_never_started(item) for item in status.get("containerStatuses", ())):
        return True
    inits = status.get("initContainerStatuses")
    if not inits:
        return False
    last = inits[-1]
    if specs[-1].get("restartPolicy") == "Always":
        return "running" in last["state"]
    return any(state.get("terminated", {}).get("exitCode") == 0 for state in (last["state"], last["lastState"]))


def _container_status(spec: Object, worker: Worker, default_reason: str, image_names: ImageNames) -> Object:
    """The status of a container. `default_reason` is for one that waits without a reason of its own."""
    name = spec["name"]
    is_regular_init = name in worker.regular_inits
    container = worker.containers.get(name)
    waiting = worker.waiting.get(name)
    # The runtime reports the first of the image's present names, not the one in the Pod's spec.
    image, image_id = image_names(container.digest) if container else (spec["image"], "")
    status: Object = {
        "image": image,
        "imageID": image_id,
        "lastState": _last_state(container, waiting),
        "name": name,
        "ready": container is not None and _is_ready(container, is_regular_init),
        "restartCount": container.restarts if container else 0,
        "started": container is not None and container.is_running and not is_regular_init,
        "state": _state(container, waiting, default_reason),
    }
    if container:
        status |= {
            "containerID": container.url,
            "resources": spec.get("resources", {}),
            "user": _user(container.place.user),
        }
        if spec.get("resources", {}).get("requests"):
            status["allocatedResources"] = spec["resources"]["requests"]
    if spec.get("volumeMounts"):
        status["volumeMounts"] = [_mount(mount) for mount in spec["volumeMounts"]]
    return status


def _ephemeral_status(spec: Object, worker: Worker, default_reason: str, image_names: ImageNames) -> Object:
    """The status of an ephemeral container, which is never ready and has no `started`."""
    status = _container_status(spec, worker, default_reason, image_names)
    del status["started"]
    return {**status, "ready": False}


@lru_cache(maxsize=64)
def _user(user: User) -> Object:
    return {"linux": {"gid": user.gid, "supplementalGroups": list(user.groups), "uid": user.uid}}


def _is_ready(container: Container, is_regular_init: bool) -> bool:
    """True for a running main container or sidecar, and for a regular init container that has succeeded."""
    if is_regular_init:
        return container.exit_code == 0
    return container.is_running


def _last_state(container: Container | None, waiting: Waiting | None) -> Object:
    """The state of the run before. A container that waits for its restart is itself the run before."""
    if container is None:
        return {}
    if waiting and not container.is_running:
        return container.state
    return container.previous.state if container.previous else {}


def _state(container: Container | None, waiting: Waiting | None, default_reason: str) -> Object:
    """The present state. `waiting` wins over a container, which has ended then."""
    if waiting:
        reason, message = waiting
        if not message:
            return {"waiting": {"reason": reason}}
        return {"waiting": {"message": message, "reason": reason}}
    return container.state if container else {"waiting": {"reason": default_reason}}


def _mount(mount: Object) -> Object:
    status = {"mountPath": mount["mountPath"], "name": mount["name"]}
    if mount.get("readOnly"):
        status |= {"readOnly": True, "recursiveReadOnly": "Disabled"}
    return status


def _phase(worker: Worker, inits: list[Object], mains: list[Object]) -> str:
    """The phase: Pending until every container has started, then by the states of the containers. Mirrors getPhase.

    `inits` are the statuses of the init containers, sidecars included, `mains` those of the main containers.
    """
    policy = worker.pod["spec"]["restartPolicy"]
    regular_inits = [status for status in inits if status["name"] in worker.regular_inits]
    sidecars = [status for status in inits if status["name"] in worker.sidecars]
    if policy == "Never" and any(map(_failed, regular_inits)):
        return "Failed"
    if not all(status["ready"] for status in regular_inits):
        return "Pending"
    if any(map(_never_started, [*sidecars, *mains])):
        return "Pending"
    have_ended = all("terminated" in status["state"] for status in mains)
    if policy == "Always" or not have_ended or any("running" in status["state"] for status in sidecars):
        return "Running"
    phase = _last_phase(mains)
    starts_again = phase == "Failed" and policy == "OnFailure"
    return "Running" if starts_again else phase


def _last_phase(statuses: list[Object]) -> str:
    """The phase of a Pod that has ended and won't start again. Mirrors getPhase and TerminatePod."""
    exit_codes = {status["state"].get("terminated", {}).get("exitCode") for status in statuses}
    return "Succeeded" if exit_codes == {0} else "Failed"


def _unready_names(statuses: list[Object]) -> tuple[str, ...]:
    """The names of the containers that aren't ready."""
    return tuple(status["name"] for status in statuses if not status["ready"])


def _failed(status: Object) -> bool:
    """True if a container has ended with another exit status than 0."""
    return bool(status["state"].get("terminated", {}).get("exitCode"))


def _never_started(status: Object) -> bool:
    return "waiting" in status["state"] and not status["lastState"]


def _conditions(pod: Object, values: Mapping[str, _ConditionValue], now: str) -> list[Object]:
    """The list of conditions; the identical list of the Pod's status if nothing has changed, to share memory."""
    generation = pod["metadata"]["generation"]
    last = pod["status"].get("conditions", [])
    before = {item["type"]: item for item in last}
    conditions = []
    for kind, value in values.items():
        old = before.get(kind)
        since = old["lastTransitionTime"] if old and old["status"] == value.status else now
        conditions.append(_condition(kind, value, since, generation))
    return last if conditions == last else conditions


@lru_cache(maxsize=4096)
def _condition(kind: str, value: _ConditionValue, since: str, generation: int) -> Object:
    """A condition as the API writes it. It is cached and shared by many Pods: don't change it."""
    condition: Object = {"lastProbeTime": None, "lastTransitionTime": since, "status": value.status, "type": kind}
    if value.message:
        condition["message"] = value.message
    condition["observedGeneration"] = generation
    if value.reason:
        condition["reason"] = value.reason
    return condition


@lru_cache(maxsize=1024)
def _condition_values(
    phase: str, has_address: bool, incomplete: tuple[str, ...], unready: tuple[str, ...]
) -> Mapping[str, _ConditionValue]:
    """The conditions of a Pod by type. `incomplete` and `unready` are the names of such containers."""
    has_ended = phase in ("Succeeded", "Failed")
    initialized = _true_without("containers with incomplete status", incomplete, "ContainersNotInitialized")
    ready = _true_without("containers with unready status", unready, "ContainersNotReady")
    if phase == "Succeeded":
        initialized = _ConditionValue("True", "PodCompleted")
        ready = _ConditionValue("False", "PodCompleted")
    elif has_ended:
        ready = _ConditionValue("False", "PodFailed")
    return {
        "PodReadyToStartContainers": _ConditionValue(str(has_address and not has_ended)),
        "Initialized": initialized,
        "Ready": ready,
        "ContainersReady": ready,
        "PodScheduled": _ConditionValue("True"),
    }


def _true_without(hindrance: str, names: tuple[str, ...], reason: str) -> _ConditionValue:
    """A condition that is true unless there are `names` of containers, which the message lists as Go prints a list."""
    if not names:
        return _ConditionValue("True")
    return _ConditionValue("False", reason, f"{hindrance}: [{' '.join(names)}]")
