"""Descriptions of Deployments and ReplicaSets.

Mirrors describeDeployment and describeReplicaSet in k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from kubesim.api.clock import Micros
from kubesim.api.humanize import NONE, format_selector, long_time
from kubesim.api.objects import Object, is_owned_by
from kubesim.kubectl.describers.pods import write_controller, write_template
from kubesim.kubectl.describers.writer import Related, Writer

_HASH = "pod-template-hash"


def write_deployment(writer: Writer, deployment: Object, related: Related, now: Micros) -> None:
    """All of a Deployment but its events."""
    meta, spec, status = deployment["metadata"], deployment["spec"], deployment.get("status") or {}
    writer.name(deployment, ("CreationTimestamp", long_time(meta.get("creationTimestamp"))))
    writer.field("Selector", format_selector(spec.get("selector")))
    writer.field("Replicas", _replicas(spec, status))
    _strategy(writer, spec)
    write_template(writer, spec["template"])
    _conditions(writer, status)
    owned = sorted((item for item in related.get("replicasets", ()) if is_owned_by(item, deployment)), key=_creation)
    if owned:
        new = next((item for item in owned if _template(item) == _template(deployment)), None)
        writer.field("OldReplicaSets", _created([item for item in owned if item is not new]))
        writer.field("NewReplicaSet", _created([new] if new else []))


def _replicas(spec: Object, status: Object) -> str:
    counts = (f"{status.get(f'{word}Replicas', 0)} {word}" for word in ("available", "unavailable"))
    return " | ".join(
        (
            f"{spec.get('replicas', 0)} desired",
            f"{status.get('updatedReplicas', 0)} updated",
            f"{status.get('replicas', 0)} total",
            *counts,
        )
    )


def _strategy(writer: Writer, spec: Object) -> None:
    strategy = spec.get("strategy") or {}
    writer.field("StrategyType", strategy.get("type", ""))
    writer.field("MinReadySeconds", spec.get("minReadySeconds", 0))
    rolling = strategy.get("rollingUpdate")
    if rolling:
        text = f"{rolling.get('maxUnavailable')} max unavailable, {rolling.get('maxSurge')} max surge"
        writer.field("RollingUpdateStrategy", text)


def _conditions(writer: Writer, status: Object) -> None:
    conditions = status.get("conditions")
    if conditions:
        writer.line("Conditions:")
        rows = [(f"{item['type']} ", item["status"], item.get("reason", "")) for item in conditions]
        writer.table(("Type", "Status", "Reason"), rows)


def _creation(obj: Object) -> tuple[str, str]:
    return obj["metadata"].get("creationTimestamp") or "", obj["metadata"]["name"]


def _template(obj: Object) -> tuple[Object, Object]:
    """What makes two Pod templates the same: all but the hash that the controller adds."""
    template = obj["spec"]["template"]
    meta = dict(template.get("metadata") or {})
    meta["labels"] = {key: value for key, value in (meta.get("labels") or {}).items() if key != _HASH}
    return meta, template["spec"]


def _created(replica_sets: Sequence[Object]) -> str:
    words = (
        f"{item['metadata']['name']} "
        f"({(item.get('status') or {}).get('replicas', 0)}/{item['spec'].get('replicas', 0)} replicas created)"
        for item in replica_sets
    )
    return ", ".join(words) or NONE


def write_replica_set(writer: Writer, replica_set: Object, related: Related, now: Micros) -> None:
    """All of a ReplicaSet but its events."""
    spec, status = replica_set["spec"], replica_set.get("status") or {}
    writer.name(replica_set, ("Selector", format_selector(spec.get("selector"))))
    write_controller(writer, replica_set)
    writer.field("Replicas", f"{status.get('replicas', 0)} current / {spec.get('replicas', 0)} desired")
    phases = Counter(
        (pod.get("status") or {}).get("phase") for pod in related.get("pods", ()) if is_owned_by(pod, replica_set)
    )
    writer.field("Pods Status", " / ".join(f"{phases[phase]} {word}" for phase, word in _PHASES))
    write_template(writer, spec["template"])
    _conditions(writer, status)


_PHASES = (("Running", "Running"), ("Pending", "Waiting"), ("Succeeded", "Succeeded"), ("Failed", "Failed"))
