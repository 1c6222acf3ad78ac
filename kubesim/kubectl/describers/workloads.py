"""Descriptions of the kinds that have a Pod template.

Mirrors their describers in k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from kubesim.api.clock import Micros, parse_time
from kubesim.api.humanize import NONE, format_labels, format_selector, human_duration, long_time
from kubesim.api.objects import Object, bare_template, is_owned_by
from kubesim.kubectl.describers.pods import write_controller, write_template
from kubesim.kubectl.describers.writer import Related, Writer, describer

_UNSET = "<unset>"


@describer("Deployment", "replicasets", "events")
def write_deployment(writer: Writer, deployment: Object, related: Related, now: Micros) -> None:
    meta, spec, status = deployment["metadata"], deployment["spec"], deployment.get("status") or {}
    writer.name(deployment, ("CreationTimestamp", long_time(meta.get("creationTimestamp"))))
    writer.field("Selector", format_selector(spec.get("selector")))
    writer.field("Replicas", _replicas(spec, status))
    _strategy(writer, spec)
    write_template(writer, spec["template"])
    _conditions(writer, status)
    owned = sorted((item for item in related.get("replicasets", ()) if is_owned_by(item, deployment)), key=_creation)
    if owned:
        new = next((item for item in owned if bare_template(item) == bare_template(deployment)), None)
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


def _created(replica_sets: Sequence[Object]) -> str:
    words = (
        f"{item['metadata']['name']} "
        f"({(item.get('status') or {}).get('replicas', 0)}/{item['spec'].get('replicas', 0)} replicas created)"
        for item in replica_sets
    )
    return ", ".join(words) or NONE


@describer("ReplicaSet", "pods", "events")
def write_replica_set(writer: Writer, replica_set: Object, related: Related, now: Micros) -> None:
    spec, status = replica_set["spec"], replica_set.get("status") or {}
    writer.name(replica_set, ("Selector", format_selector(spec.get("selector"))))
    write_controller(writer, replica_set)
    writer.field("Replicas", f"{status.get('replicas', 0)} current / {spec.get('replicas', 0)} desired")
    _pods_status(writer, replica_set, related)
    write_template(writer, spec["template"])
    _conditions(writer, status)


_PHASES = (("Running", "Running"), ("Pending", "Waiting"), ("Succeeded", "Succeeded"), ("Failed", "Failed"))


def _pods_status(writer: Writer, owner: Object, related: Related) -> None:
    pods = [pod for pod in related.get("pods", ()) if is_owned_by(pod, owner)]
    phases = Counter((pod.get("status") or {}).get("phase") for pod in pods)
    writer.field("Pods Status", " / ".join(f"{phases[phase]} {word}" for phase, word in _PHASES))


_SCHEDULED = (
    ("Desired Number of Nodes Scheduled", "desiredNumberScheduled"),
    ("Current Number of Nodes Scheduled", "currentNumberScheduled"),
    ("Number of Nodes Scheduled with Up-to-date Pods", "updatedNumberScheduled"),
    ("Number of Nodes Scheduled with Available Pods", "numberAvailable"),
    ("Number of Nodes Misscheduled", "numberMisscheduled"),
)


@describer("DaemonSet", "pods", "events")
def write_daemon_set(writer: Writer, daemon_set: Object, related: Related, now: Micros) -> None:
    spec, status = daemon_set["spec"], daemon_set.get("status") or {}
    selector = ("Selector", format_selector(spec.get("selector")))
    writer.name(daemon_set, selector, ("Node-Selector", format_labels(spec["template"]["spec"].get("nodeSelector"))))
    for label, key in _SCHEDULED:
        writer.line(f"{label}: {status.get(key, 0)}")
    _pods_status(writer, daemon_set, related)
    write_template(writer, spec["template"])


@describer("StatefulSet", "pods", "events")
def write_stateful_set(writer: Writer, stateful_set: Object, related: Related, now: Micros) -> None:
    meta, spec, status = stateful_set["metadata"], stateful_set["spec"], stateful_set.get("status") or {}
    created = ("CreationTimestamp", long_time(meta.get("creationTimestamp")))
    writer.name(stateful_set, created, ("Selector", format_selector(spec.get("selector"))))
    writer.field("Replicas", f"{spec.get('replicas', 0)} desired | {status.get('replicas', 0)} total")
    strategy = spec.get("updateStrategy") or {}
    writer.field("Update Strategy", strategy.get("type", ""))
    writer.given(strategy.get("rollingUpdate") or {}, (("Partition", "partition"),), 1)
    _pods_status(writer, stateful_set, related)
    write_template(writer, spec["template"])
    writer.field("Volume Claims", NONE)


@describer("Job", "events")
def write_job(writer: Writer, job: Object, related: Related, now: Micros) -> None:
    spec, status = job["spec"], job.get("status") or {}
    writer.name(job, ("Selector", format_selector(spec.get("selector"))))
    write_controller(writer, job)
    writer.given(spec, (("Parallelism", "parallelism"),))
    writer.field("Completions", spec.get("completions", _UNSET))
    writer.given(spec, (("Completion Mode", "completionMode"),))
    writer.field("Suspend", str(bool(spec.get("suspend"))).lower())
    writer.given(spec, (("Backoff Limit", "backoffLimit"), ("TTL Seconds After Finished", "ttlSecondsAfterFinished")))
    start, end = status.get("startTime"), status.get("completionTime")
    for label, moment in (("Start Time", start), ("Completed At", end)):
        if moment:
            writer.field(label, long_time(moment))
    if start and end:
        writer.field("Duration", human_duration(parse_time(end) - parse_time(start)))
    if "activeDeadlineSeconds" in spec:
        writer.field("Active Deadline Seconds", f"{spec['activeDeadlineSeconds']}s")
    active, ready, succeeded, failed = (status.get(key, 0) for key in ("active", "ready", "succeeded", "failed"))
    writer.field("Pods Statuses", f"{active} Active ({ready} Ready) / {succeeded} Succeeded / {failed} Failed")
    write_template(writer, spec["template"])


@describer("CronJob", "events")
def write_cron_job(writer: Writer, cron: Object, related: Related, now: Micros) -> None:
    spec, status, job = cron["spec"], cron.get("status") or {}, cron["spec"]["jobTemplate"]["spec"]
    seconds, last = spec.get("startingDeadlineSeconds"), status.get("lastScheduleTime")
    writer.name(cron)
    writer.fields(
        (
            ("Schedule", spec["schedule"]),
            ("Concurrency Policy", spec.get("concurrencyPolicy", "")),
            ("Suspend", bool(spec.get("suspend"))),
            ("Time Zone", spec.get("timeZone", _UNSET)),
            ("Successful Job History Limit", spec.get("successfulJobsHistoryLimit", _UNSET)),
            ("Failed Job History Limit", spec.get("failedJobsHistoryLimit", _UNSET)),
            ("Starting Deadline Seconds", _UNSET if seconds is None else f"{seconds}s"),
            ("Selector", format_selector(job["selector"]) if "selector" in job else _UNSET),
            ("Parallelism", job.get("parallelism", _UNSET)),
            ("Completions", job.get("completions", _UNSET)),
        )
    )
    write_template(writer, job["template"])
    writer.field("Last Schedule Time", long_time(last) if last else _UNSET)
    writer.field("Active Jobs", ", ".join(item["name"] for item in status.get("active") or ()) or NONE)
