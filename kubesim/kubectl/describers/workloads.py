"""The descriptions of workloads: Deployments, ReplicaSets, DaemonSets, StatefulSets, Jobs, CronJobs.

Mirrors their describers in k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from kubesim.api.clock import parse_time
from kubesim.api.errors import StatusError
from kubesim.api.humanize import NONE, format_labels, format_selector, human_duration, long_time
from kubesim.api.objects import Object, at, bare_template, is_controlled_by, name_of
from kubesim.kubectl.describers.common import (
    RelatedList,
    Surroundings,
    capital_switch,
    conditions,
    label_rows,
    name_rows,
    number,
    optional,
    or_unset,
    row,
    switch,
)
from kubesim.kubectl.describers.pods import controller_row, template_lines

_PHASES = {"Running": "Running", "Pending": "Waiting", "Succeeded": "Succeeded", "Failed": "Failed"}


def deployment(obj: Object, surroundings: Surroundings) -> Iterator[str]:
    status = obj.get("status") or {}
    yield from name_rows(obj)
    yield row("CreationTimestamp", long_time(at(obj, "metadata.creationTimestamp")))
    yield from label_rows(obj)
    yield row("Selector", format_selector(at(obj, "spec.selector")))
    replicas = (
        f"{number(at(obj, 'spec.replicas'))} desired",
        f"{number(status.get('updatedReplicas'))} updated",
        f"{number(status.get('replicas'))} total",
        f"{number(status.get('availableReplicas'))} available",
        f"{number(status.get('unavailableReplicas'))} unavailable",
    )
    yield row("Replicas", " | ".join(replicas))
    yield row("StrategyType", at(obj, "spec.strategy.type"))
    yield row("MinReadySeconds", number(at(obj, "spec.minReadySeconds")))
    yield from optional("RollingUpdateStrategy", at(obj, "spec.strategy.rollingUpdate"), _rolling)
    yield from template_lines(at(obj, "spec.template"))
    yield from conditions(status.get("conditions"))
    yield from _replica_sets(obj, surroundings.related.get("replicasets"))


def _rolling(strategy: Object) -> str:
    return f"{strategy['maxUnavailable']} max unavailable, {strategy['maxSurge']} max surge"


def replica_set(obj: Object, surroundings: Surroundings) -> Iterator[str]:
    yield from name_rows(obj)
    yield row("Selector", format_selector(at(obj, "spec.selector")))
    yield from label_rows(obj)
    yield from controller_row(obj)
    replicas = f"{number(at(obj, 'status.replicas'))} current / {number(at(obj, 'spec.replicas'))} desired"
    yield row("Replicas", replicas)
    yield _pods_row(obj, surroundings.related.get("pods"))
    yield from template_lines(at(obj, "spec.template"))
    yield from conditions(at(obj, "status.conditions"))


def daemon_set(obj: Object, surroundings: Surroundings) -> Iterator[str]:
    status = obj.get("status") or {}
    yield from name_rows(obj)
    yield row("Selector", format_selector(at(obj, "spec.selector")))
    yield row("Node-Selector", format_labels(at(obj, "spec.template.spec.nodeSelector")))
    yield from label_rows(obj)
    yield f"Desired Number of Nodes Scheduled: {number(status.get('desiredNumberScheduled'))}"
    yield f"Current Number of Nodes Scheduled: {number(status.get('currentNumberScheduled'))}"
    yield f"Number of Nodes Scheduled with Up-to-date Pods: {number(status.get('updatedNumberScheduled'))}"
    yield f"Number of Nodes Scheduled with Available Pods: {number(status.get('numberAvailable'))}"
    yield f"Number of Nodes Misscheduled: {number(status.get('numberMisscheduled'))}"
    yield _pods_row(obj, surroundings.related.get("pods"))
    yield from template_lines(at(obj, "spec.template"))


def stateful_set(obj: Object, surroundings: Surroundings) -> Iterator[str]:
    yield from name_rows(obj)
    yield row("CreationTimestamp", long_time(at(obj, "metadata.creationTimestamp")))
    yield row("Selector", format_selector(at(obj, "spec.selector")))
    yield from label_rows(obj)
    replicas = f"{number(at(obj, 'spec.replicas'))} desired | {number(at(obj, 'status.replicas'))} total"
    yield row("Replicas", replicas)
    yield row("Update Strategy", at(obj, "spec.updateStrategy.type"))
    yield from optional("  Partition", at(obj, "spec.updateStrategy.rollingUpdate.partition"))
    yield _pods_row(obj, surroundings.related.get("pods"))
    yield from template_lines(at(obj, "spec.template"))
    yield row("Volume Claims", ",".join(at(obj, "spec.volumeClaimTemplates") or ()) or NONE)


def job(obj: Object, _surroundings: Surroundings) -> Iterator[str]:
    spec = obj.get("spec") or {}
    status = obj.get("status") or {}
    start = status.get("startTime")
    end = status.get("completionTime")
    yield from name_rows(obj)
    yield row("Selector", format_selector(spec.get("selector")))
    yield from label_rows(obj)
    yield from controller_row(obj)
    yield from optional("Parallelism", spec.get("parallelism"))
    yield row("Completions", or_unset(spec.get("completions")))
    yield from optional("Completion Mode", spec.get("completionMode"))
    yield row("Suspend", switch(spec.get("suspend")))
    yield from optional("Backoff Limit", spec.get("backoffLimit"))
    yield from optional("TTL Seconds After Finished", spec.get("ttlSecondsAfterFinished"))
    yield from optional("Start Time", start, long_time)
    yield from optional("Completed At", end, long_time)
    if start and end:
        yield row("Duration", human_duration(parse_time(end) - parse_time(start)))
    yield from optional("Active Deadline Seconds", spec.get("activeDeadlineSeconds"), _seconds)
    active = f"{number(status.get('active'))} Active ({number(status.get('ready'))} Ready)"
    ended = f"{number(status.get('succeeded'))} Succeeded / {number(status.get('failed'))} Failed"
    yield row("Pods Statuses", f"{active} / {ended}")
    yield from template_lines(spec.get("template"))


def cron_job(obj: Object, _surroundings: Surroundings) -> Iterator[str]:
    spec = obj.get("spec") or {}
    job_spec = at(obj, "spec.jobTemplate.spec") or {}
    yield from name_rows(obj)
    yield from label_rows(obj)
    yield row("Schedule", spec.get("schedule"))
    yield row("Concurrency Policy", spec.get("concurrencyPolicy"))
    yield row("Suspend", capital_switch(spec.get("suspend")))
    yield row("Time Zone", or_unset(spec.get("timeZone")))
    yield row("Successful Job History Limit", or_unset(spec.get("successfulJobsHistoryLimit")))
    yield row("Failed Job History Limit", or_unset(spec.get("failedJobsHistoryLimit")))
    yield row("Starting Deadline Seconds", or_unset(spec.get("startingDeadlineSeconds"), _seconds))
    yield row("Selector", or_unset(job_spec.get("selector"), format_selector))
    yield row("Parallelism", or_unset(job_spec.get("parallelism")))
    yield row("Completions", or_unset(job_spec.get("completions")))
    yield from optional("Active Deadline Seconds", job_spec.get("activeDeadlineSeconds"), _seconds)
    yield from template_lines(job_spec.get("template"))
    yield row("Last Schedule Time", or_unset(at(obj, "status.lastScheduleTime"), long_time))
    yield row("Active Jobs", ", ".join(item["name"] for item in at(obj, "status.active") or ()) or NONE)


def _seconds(value: int) -> str:
    return f"{value}s"


def _replica_sets(deployment: Object, replica_sets: RelatedList) -> Iterator[str]:
    """The lines about a Deployment's old ReplicaSets and its new one, whose template is the Deployment's."""
    listed = () if isinstance(replica_sets, StatusError) else replica_sets or ()
    owned = [item for item in listed if is_controlled_by(item, deployment)]
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


def _pods_row(owner: Object, listed: RelatedList) -> str:
    """The number of an object's Pods in each phase, or the refusal to list them."""
    if isinstance(listed, StatusError):
        return row("Pods Status", f"error in fetching pods: {listed}")
    counts = Counter(at(pod, "status.phase") for pod in listed or () if is_controlled_by(pod, owner))
    return row("Pods Status", " / ".join(f"{counts[phase]} {word}" for phase, word in _PHASES.items()))
