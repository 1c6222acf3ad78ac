"""Formatters for workloads: their ReplicaSets and the phases of their Pods.

screens.json refers to them by name, with a path for each parameter. Mirrors describers of k8s.io/kubectl
pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from kubesim.api.errors import StatusError
from kubesim.api.formatters import formatter
from kubesim.api.humanize import NONE
from kubesim.api.objects import Object, at, bare_template, is_controlled_by, name_of
from kubesim.kubectl.describers.screens import Items, Listed


@formatter
def _replica_sets(deployment: Object, replica_sets: Items) -> Iterator[str]:
    """The lines about a Deployment's old ReplicaSets and its new one, whose template is the Deployment's."""
    owned = [item for item in replica_sets or () if is_controlled_by(item, deployment)]
    owned.sort(key=lambda item: (item["metadata"].get("creationTimestamp") or "", name_of(item)))
    new = [item for item in owned if bare_template(item) == bare_template(deployment)][:1]
    old = [item for item in owned if item not in new]
    if owned:
        yield f"OldReplicaSets:\t{_created(old)}"
        yield f"NewReplicaSet:\t{_created(new)}"


def _created(replica_sets: Sequence[Object]) -> str:
    texts = []
    for item in replica_sets:
        created = at(item, "status.replicas") or 0
        texts.append(f"{name_of(item)} ({created}/{item['spec'].get('replicas', 0)} replicas created)")
    return ", ".join(texts) or NONE


_PHASES = {"Running": "Running", "Pending": "Waiting", "Succeeded": "Succeeded", "Failed": "Failed"}


@formatter
def _pods_status(owner: Object, listed: Listed) -> str:
    """The number of an object's Pods in each phase, or the refusal to list them."""
    if isinstance(listed, StatusError):
        return f"error in fetching pods: {listed}"
    counts = Counter(at(pod, "status.phase") for pod in listed or () if is_controlled_by(pod, owner))
    return " / ".join(f"{counts[phase]} {word}" for phase, word in _PHASES.items())
