"""The columns of Pods in `kubectl get pods`, how they change, and the last attempts to pull the Pods' images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kubesim.api.clock import SECOND, Micros
from kubesim.api.objects import Object, name_of, namespace_of
from kubesim.api.resources import POD
from kubesim.cluster import Cluster
from kubesim.cluster.apiserver import printers
from kubesim.why.judge.scene import VOLUME, containers

# READY and STATUS of each Pod by namespace and name. Unlike AGE, these columns don't change with time alone.
PodColumns = dict[tuple[str, str], tuple[str, str]]
# The largest number of Pods named in one change.
MOST_NAMED = 4
# Outcomes of an attempt that leave the image on the node.
PULLED = ("Pulled", "AlreadyPresent")


def pod_columns(cluster: Cluster, namespace: str | None = None, pod: str = "") -> PodColumns:
    """The columns of all Pods, of those in a namespace, or of one."""
    columns: PodColumns = {}
    for item in cluster.api.list(POD, namespace):
        if pod in ("", name_of(item)):
            name, ready, status, *_ = printers.row(item, cluster.clock.now)
            columns[namespace_of(item), name] = ready, status
    return columns


def describe_changes(before: PodColumns, after: PodColumns) -> str:
    """The difference in words: "web is ErrImagePull, db is 1/1 Running"; "" if there is none."""
    changed = [key for key in sorted(before | after) if before.get(key) != after.get(key)]
    changes = [f"{name} is {_state(after.get((namespace, name)))}" for namespace, name in changed[:MOST_NAMED]]
    if len(changed) > MOST_NAMED:
        changes.append(f"and {len(changed) - MOST_NAMED} more")
    return ", ".join(changes)


def _state(columns: tuple[str, str] | None) -> str:
    if columns is None:
        return "gone"
    ready, status = columns
    return status if ready.startswith("0/") else f"{ready} {status}"


class ContainerAttempt(NamedTuple):
    """An attempt to get a container's image, its outcome, and the end of the kubelet's back-off after it.

    An image volume counts as a container with the name volumes/NAME.
    """

    at: Micros
    container: str
    outcome: str
    until: Micros

    @property
    def pause(self) -> int:
        """The back-off in seconds, 0 without one."""
        return round(max(0, self.until - self.at) / SECOND)


def last_attempts(cluster: Cluster, pod: Object) -> Iterator[ContainerAttempt]:
    """The last attempt of each container of a Pod, if the kubelet's traces have one.

    An image volume is looked at in each sync; it has an attempt only if that failed.
    """
    for container in containers(pod):
        name = container["name"]
        trace = cluster.kubelet.traces.get((namespace_of(pod), name_of(pod), name))
        if trace is not None and (trace.message or not name.startswith(VOLUME)):
            failure = cluster.kubelet.images.node.failure_in_back_off(
                pod["metadata"]["uid"], trace.image, cluster.clock.now
            )
            yield ContainerAttempt(trace.at, name, trace.outcome, failure.until if failure else trace.at)
