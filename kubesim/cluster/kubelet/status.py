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
from kubesim.api.objects import Object, is_deleted
from kubesim.api.resources import POD
from kubesim.cluster.apiserver.deletion import marked
from kubesim.cluster.bootstrap import NODE_ADDRESS
from kubesim.cluster.kubelet.containers import Container
from kubesim.cluster.kubelet.worker import Worker
from kubesim.pull.attempt import Waiting
from kubesim.shell.container import User

ImageNames = Callable[[str], tuple[str, str]]
"""A function from an image's digest to `image` and `imageID` of a status (NodeImages.status_names)."""


class _Holding(NamedTuple):
    """The content of a condition: status "True" or "False", and reason and message, or ""."""

    status: str
    reason: str = ""
    message: str = ""


def generate(worker: Worker, now: str, image_names: ImageNames) -> Object:
    """The status of a Pod at the time `now`. Conditions with an unchanged status keep their transition time."""
    pod = worker.pod
    spec = pod["spec"]
    old = pod["status"]
    waiting = "PodInitializing" if spec.get("initContainers") else "ContainerCreating"
    mains = [_container_status(item, worker, waiting, image_names) for item in spec["containers"]]
    first = [_container_status(item, worker, "PodInitializing", image_names) for item in spec.get("initContainers", ())]
    # For a Pod that is being deleted, this is called only by `ended`, when all containers have ended.
    phase = _last_phase(mains) if is_deleted(pod) else _phase(worker, first, mains)
    incomplete = _unready(first) if all(map(_never_started, mains)) else ""
    unready = _unready([item for item in (*first, *mains) if item["name"] not in worker.inits])
    holdings = _holdings(phase, bool(worker.ip), incomplete, unready)
    status: Object = {
        "conditions": _conditions(pod, holdings, now),
        "containerStatuses": _by_name(mains),
        "hostIP": NODE_ADDRESS,
        "hostIPs": [{"ip": NODE_ADDRESS}],
        "observedGeneration": pod["metadata"]["generation"],
        "phase": phase,
        "qosClass": old["qosClass"],
        "resources": {},
        "startTime": old.get("startTime", now),
    }
    if first:
        status["initContainerStatuses"] = first
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


def ended(worker: Worker, now: Micros, image_names: ImageNames) -> Object:
    """A deleted Pod that only finalizers keep, with grace period 0 and the status of its end.

    All its containers have ended. Those without a known end get the reason ContainerStatusUnknown.
    """
    pod = worker.pod
    status = generate(worker, rfc3339(now), image_names)
    unknown = _begun(status.get("initContainerStatuses", []))
    if _has_initialized(pod):
        unknown += status["containerStatuses"]
    for container_status in unknown:
        if "terminated" not in container_status["state"]:
            container_status["state"] = {"terminated": _UNKNOWN_END}
    return {**marked(POD, pod, now, 0), "status": status}


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


_UNKNOWN_END: Object = {
    "exitCode": 137,
    "finishedAt": None,
    "message": "The container could not be located when the pod was terminated",
    "reason": "ContainerStatusUnknown",
    "startedAt": None,
}


def _container_status(spec: Object, worker: Worker, default_reason: str, image_names: ImageNames) -> Object:
    """The status of a container. `default_reason` is for one that waits without a reason of its own."""
    name = spec["name"]
    is_init = name in worker.inits
    container = worker.containers.get(name)
    waiting = worker.waiting.get(name)
    # The runtime reports the first of the image's present names, not the one in the Pod's spec.
    image, image_id = image_names(container.digest) if container else (spec["image"], "")
    status: Object = {
        "image": image,
        "imageID": image_id,
        "lastState": _last_state(container, waiting),
        "name": name,
        "ready": container is not None and _is_ready(container, is_init),
        "restartCount": container.restarts if container else 0,
        "started": container is not None and container.is_running and not is_init,
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


def _is_ready(container: Container, is_init: bool) -> bool:
    """True for a running main container, and for an init container that has succeeded."""
    if is_init:
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


def _phase(worker: Worker, first: list[Object], mains: list[Object]) -> str:
    """The phase: Pending until every container has started, then by the states of the containers. Mirrors getPhase.

    `first` are the statuses of the init containers and sidecars, `mains` those of the other containers.
    """
    policy = worker.pod["spec"]["restartPolicy"]
    inits = [status for status in first if status["name"] in worker.inits]
    sidecars = [status for status in first if status["name"] not in worker.inits]
    if policy == "Never" and any(map(_failed, inits)):
        return "Failed"
    if not all(status["ready"] for status in inits):
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


def _unready(statuses: list[Object]) -> str:
    """The names of the containers that aren't ready, separated by spaces, as Go prints a list."""
    return " ".join([status["name"] for status in statuses if not status["ready"]])


def _failed(status: Object) -> bool:
    """True if a container has ended with another exit status than 0."""
    return bool(status["state"].get("terminated", {}).get("exitCode"))


def _never_started(status: Object) -> bool:
    return "waiting" in status["state"] and not status["lastState"]


def _conditions(pod: Object, holdings: Mapping[str, _Holding], now: str) -> list[Object]:
    """The list of conditions; the identical list of the Pod's status if nothing has changed, to share memory."""
    generation = pod["metadata"]["generation"]
    last = pod["status"].get("conditions", [])
    before = {item["type"]: item for item in last}
    conditions = []
    for kind, holding in holdings.items():
        old = before.get(kind)
        since = old["lastTransitionTime"] if old and old["status"] == holding.status else now
        conditions.append(_condition(kind, holding, since, generation))
    return last if conditions == last else conditions


@lru_cache(maxsize=4096)
def _condition(kind: str, holding: _Holding, since: str, generation: int) -> Object:
    """A condition as the API writes it. It is cached and shared by many Pods: don't change it."""
    condition: Object = {"lastProbeTime": None, "lastTransitionTime": since, "status": holding.status, "type": kind}
    if holding.message:
        condition["message"] = holding.message
    condition["observedGeneration"] = generation
    if holding.reason:
        condition["reason"] = holding.reason
    return condition


@lru_cache(maxsize=1024)
def _holdings(phase: str, has_address: bool, incomplete: str, unready: str) -> Mapping[str, _Holding]:
    """The conditions of a Pod by type. `incomplete` and `unready` are the names of such containers (`_unready`)."""
    done = phase in ("Succeeded", "Failed")
    initialized = _holds_unless("ContainersNotInitialized", "containers with incomplete status", incomplete)
    ready = _holds_unless("ContainersNotReady", "containers with unready status", unready)
    if phase == "Succeeded":
        initialized = _Holding("True", "PodCompleted")
        ready = _Holding("False", "PodCompleted")
    elif done:
        ready = _Holding("False", "PodFailed")
    return {
        "PodReadyToStartContainers": _Holding(str(has_address and not done)),
        "Initialized": initialized,
        "Ready": ready,
        "ContainersReady": ready,
        "PodScheduled": _Holding("True"),
    }


def _holds_unless(reason: str, text: str, names: str) -> _Holding:
    """A condition that is true if `names`, the containers in the way, is ""."""
    return _Holding("False", reason, f"{text}: [{names}]") if names else _Holding("True")
