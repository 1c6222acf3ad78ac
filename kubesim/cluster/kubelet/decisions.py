"""What the kubelet decides about a Pod: pure functions of the Pod and of what runs already.

Mirrors kubernetes pkg/kubelet/kuberuntime/kuberuntime_manager.go (computePodActions) and pkg/kubelet/kubelet.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kubesim.api.objects import Object, find_named
from kubesim.cluster.kubelet.containers import Container, Worker
from kubesim.cluster.kubelet.imagepull import Event

# What the API server says of a container that waits (kubernetes pkg/kubelet/kubelet.go, GetKubeletContainerLogs).
_WAITING_WORDS = {
    "ErrImagePull": "image can't be pulled",
    "ImagePullBackOff": "trying and failing to pull image",
    "ErrImageNeverPull": "image is not present with pull policy of Never",
    "InvalidImageName": "image name is invalid",
    "CreateContainerConfigError": "container can't be started with the given config",
}


def waiting_words(pod: Object, container: str) -> str:
    """Why a container waits, as `kubectl logs` tells it."""
    status = find_named(pod["status"].get("containerStatuses", ()), container) or {}
    reason = status.get("state", {}).get("waiting", {}).get("reason", "ContainerCreating")
    return str(_WAITING_WORDS.get(reason, reason))


def marks(pod: Object) -> tuple[object, ...]:
    """What of the metadata makes the kubelet look at a Pod again."""
    meta = pod["metadata"]
    keys = ("labels", "annotations", "deletionTimestamp", "deletionGracePeriodSeconds")
    return tuple(meta.get(key) for key in keys)


def due_containers(spec: Object, worker: Worker) -> Iterator[Object]:
    """The containers to start now: the first init container that has not succeeded, or else all that do not run."""
    for init in spec.get("initContainers", ()):
        container = worker.containers.get(init["name"])
        if container is None or container.exit_code != 0:
            if container is None or restarts(spec["restartPolicy"], container, is_init=True):
                yield init
            return
    for item in spec["containers"]:
        container = worker.containers.get(item["name"])
        if container is None or restarts(spec["restartPolicy"], container):
            yield item


def split_events(events: Sequence[Event]) -> tuple[Sequence[Event], Sequence[Event]]:
    """The events of a pull that are due at once, and those that wait until it is over."""
    count = 1 if events and events[0][1] == "Pulling" else 0
    return events[:count], events[count:]


def restarts(policy: str, container: Container, is_init: bool = False) -> bool:
    """Whether a container that was started once is to be started again."""
    if container.is_running:
        return False
    if container.stopping:
        return True
    if is_init or policy == "OnFailure":
        return policy != "Never" and container.exit_code != 0
    return policy == "Always"


def full_name(spec: Object, pod: Object) -> str:
    """A container with its Pod, as the kubelet names it in messages."""
    meta = pod["metadata"]
    return f"{spec['name']} in pod {meta['name']}_{meta['namespace']}({meta['uid']})"


def go_seconds(seconds: int) -> str:
    """As Go prints a duration: 10s, 1m20s, 5m0s."""
    return f"{seconds}s" if seconds < 60 else f"{seconds // 60}m{seconds % 60}s"
