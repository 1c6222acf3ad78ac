"""Deployments, ReplicaSets, DaemonSets, StatefulSets, Jobs and CronJobs, and what may change in them.

Mirrors kubernetes pkg/apis/{apps,batch}/validation/validation.go, v1.36.
"""

from __future__ import annotations

import re
from typing import Any

from kubesim.api import quantity
from kubesim.api.content import dns_label, domain_path, percent
from kubesim.api.objects import Object, at, metadata
from kubesim.api.schedule import ScheduleError, parse_schedule
from kubesim.api.selectors import matches
from kubesim.cluster.apiserver.validation.errors import Errors
from kubesim.cluster.apiserver.validation.internal import internal, internal_pod_template
from kubesim.cluster.apiserver.validation.metadata import validate_label_selector
from kubesim.cluster.apiserver.validation.pods import validate_pod_template, validate_template_metadata

_RETENTION_POLICIES = ("Retain", "Delete")
_COMPLETION_MODES = ("NonIndexed", "Indexed")
_POD_REPLACEMENT_POLICIES = ("Failed", "TerminatingOrFailed")
_CONCURRENCY_POLICIES = ("Allow", "Forbid", "Replace")
_MOST_INDEXES = 100000


def validate_deployment(errors: Errors, deployment: Object) -> None:
    spec = deployment.get("spec") or {}
    errors.non_negative("spec.replicas", spec.get("replicas"))
    _validate_selector(errors, deployment)
    _validate_lasting_template(errors, spec, "ReplicaSet")
    _validate_deployment_strategy(errors, "spec.strategy", spec.get("strategy") or {})
    for name in ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"):
        errors.non_negative(f"spec.{name}", spec.get(name))
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= spec.get("minReadySeconds", 0):
        errors.invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")


def validate_replica_set(errors: Errors, replica_set: Object) -> None:
    spec = replica_set.get("spec") or {}
    errors.non_negative("spec.replicas", spec.get("replicas"))
    errors.non_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    _validate_selector(errors, replica_set)
    _validate_lasting_template(errors, spec, "ReplicaSet")


def validate_daemon_set(errors: Errors, daemon_set: Object) -> None:
    spec = daemon_set.get("spec") or {}
    _validate_selector(errors, daemon_set)
    _validate_lasting_template(errors, spec, "DaemonSet")
    errors.non_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    _validate_daemon_set_strategy(errors, "spec.updateStrategy", spec.get("updateStrategy") or {})
    errors.non_negative("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))


def validate_stateful_set(errors: Errors, stateful_set: Object) -> None:
    spec = stateful_set.get("spec") or {}
    if spec.get("podManagementPolicy") not in ("OrderedReady", "Parallel"):
        why = "must be 'OrderedReady' or 'Parallel'"
        errors.invalid("spec.podManagementPolicy", spec.get("podManagementPolicy", ""), why)
    _validate_stateful_set_strategy(errors, "spec.updateStrategy", spec.get("updateStrategy") or {})
    retention = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    for name in ("whenDeleted", "whenScaled"):
        field = f"spec.persistentVolumeClaimRetentionPolicy.{name}"
        errors.enum(field, retention.get(name), _RETENTION_POLICIES)
    errors.non_negative("spec.replicas", spec.get("replicas"))
    errors.non_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    errors.non_negative("spec.ordinals.start", (spec.get("ordinals") or {}).get("start"))
    if spec.get("serviceName"):
        errors.check("spec.serviceName", spec["serviceName"], dns_label)
    _validate_selector(errors, stateful_set)
    validate_template_metadata(errors, "spec.template", spec.get("template"))
    _validate_runs_on(errors, spec, "StatefulSet")


def _validate_lasting_template(errors: Errors, spec: Object, kind: str) -> None:
    """The template of Pods that run until they are deleted. `kind` is the one that upstream's sentence names."""
    validate_pod_template(errors, "spec.template", spec.get("template"))
    _validate_runs_on(errors, spec, kind)


def _validate_runs_on(errors: Errors, spec: Object, kind: str) -> None:
    pod_spec = (spec.get("template") or {}).get("spec") or {}
    errors.enum_optional("spec.template.spec.restartPolicy", pod_spec.get("restartPolicy"), ("Always",))
    if pod_spec.get("activeDeadlineSeconds") is not None:
        why = f"activeDeadlineSeconds in {kind} is not Supported"
        errors.forbidden("spec.template.spec.activeDeadlineSeconds", why)


def _validate_deployment_strategy(errors: Errors, field: str, strategy: Object) -> None:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "Recreate":
        if rolling is not None:
            why = "may not be specified when strategy `type` is 'Recreate'"
            errors.forbidden(f"{field}.rollingUpdate", why)
        return
    if kind != "RollingUpdate":
        errors.unsupported(field, internal("RollingStrategy", strategy), ("Recreate", "RollingUpdate"))
        return
    unavailable, surge = (rolling or {}).get("maxUnavailable"), (rolling or {}).get("maxSurge")
    where = f"{field}.rollingUpdate"
    _validate_int_or_percent(errors, f"{where}.maxUnavailable", unavailable)
    _validate_int_or_percent(errors, f"{where}.maxSurge", surge)
    if not _is_positive(unavailable) and not _is_positive(surge):
        shown = "" if unavailable is None else unavailable
        errors.invalid(f"{where}.maxUnavailable", shown, "may not be 0 when `maxSurge` is 0")
    _validate_at_most_all(errors, f"{where}.maxUnavailable", unavailable)


def _validate_daemon_set_strategy(errors: Errors, field: str, strategy: Object) -> None:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate") or {}
    if kind == "OnDelete":
        return
    if kind != "RollingUpdate":
        errors.unsupported(field, internal("RollingStrategy", strategy), ("RollingUpdate", "OnDelete"))
        return
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    where = f"{field}.rollingUpdate"
    for name, number in (("maxUnavailable", unavailable), ("maxSurge", surge)):
        _validate_int_or_percent(errors, f"{where}.{name}", number)
        _validate_at_most_all(errors, f"{where}.{name}", number)
    if _is_positive(unavailable) and _is_positive(surge):
        errors.invalid(f"{where}.maxSurge", surge, "may not be set when maxUnavailable is non-zero")
    elif not _is_positive(unavailable) and not _is_positive(surge):
        errors.required(f"{where}.maxUnavailable", "cannot be 0 when maxSurge is 0")


def _validate_stateful_set_strategy(errors: Errors, field: str, strategy: Object) -> None:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    where = f"{field}.rollingUpdate"
    if kind == "OnDelete":
        if rolling is not None:
            shown = internal("RollingUpdateStatefulSet", rolling)
            errors.invalid(where, shown, "only allowed for updateStrategy 'RollingUpdate'")
        return
    if kind != "RollingUpdate":
        errors.invalid(field, internal("StatefulSetStrategy", strategy), "must be 'RollingUpdate' or 'OnDelete'")
        return
    errors.non_negative(f"{where}.partition", (rolling or {}).get("partition"))
    unavailable = (rolling or {}).get("maxUnavailable")
    if unavailable is not None:
        _validate_int_or_percent(errors, f"{where}.maxUnavailable", unavailable)
        if not _is_positive(str(unavailable).removeprefix("-")):
            errors.invalid(f"{where}.maxUnavailable", unavailable, "cannot be 0")
        _validate_at_most_all(errors, f"{where}.maxUnavailable", unavailable)


def _validate_int_or_percent(errors: Errors, field: str, value: int | str | None) -> None:
    if isinstance(value, str):
        errors.check(field, value, percent)
    else:
        errors.non_negative(field, value)


def _validate_at_most_all(errors: Errors, field: str, value: int | str | None) -> None:
    if isinstance(value, str) and not percent(value) and quantity.whole(value[:-1]) > 100:
        errors.invalid(field, value, "must not be greater than 100%")


def _is_positive(value: int | str | None) -> bool:
    """Whether a number, or a percentage, is more than none."""
    return value is not None and re.fullmatch(r"\d*[1-9]\d*%?", str(value)) is not None


def _validate_selector(errors: Errors, workload: Object) -> None:
    """A selector that is not empty and matches the template's labels; what is said of it is each kind's own."""
    kind, selector = workload.get("kind", ""), at(workload, "spec.selector")
    labels = at(workload, "spec.template.metadata.labels") or {}
    if selector is None and kind != "DaemonSet":
        errors.required("spec.selector")
    before = len(errors)
    if selector:
        validate_label_selector(errors, "spec.selector", selector)
    is_valid = len(errors) == before
    if selector is not None and not any(selector.values()) and kind != "Job":
        what = "deployment" if kind == "ReplicaSet" else kind.lower()
        errors.invalid("spec.selector", selector, f"empty selector is invalid for {what}")
    if not is_valid:
        if kind not in ("DaemonSet", "Job"):
            errors.invalid("spec.selector", selector, "" if kind == "StatefulSet" else "invalid label selector")
    elif selector is None or not matches(selector, labels):
        why = "`selector` does not match template `labels`"
        errors.invalid("spec.template.metadata.labels", internal("map", labels), why)


def validate_job(errors: Errors, job: Object) -> None:
    _validate_job_spec(errors, "spec", job.get("spec") or {})
    _validate_generated_selector(errors, job)
    _validate_selector(errors, job)


def _validate_job_spec(errors: Errors, field: str, spec: Object) -> None:
    for name in (
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ):
        errors.non_negative(f"{field}.{name}", spec.get(name))
    _validate_completion(errors, field, spec)
    policy = spec.get("podReplacementPolicy")
    errors.enum_optional(f"{field}.podReplacementPolicy", policy, _POD_REPLACEMENT_POLICIES)
    validate_pod_template(errors, f"{field}.template", spec.get("template"))
    restart_policy = at(spec, "template.spec.restartPolicy") or ""
    where = f"{field}.template.spec.restartPolicy"
    if restart_policy == "Always":
        errors.required(where, 'valid values: "OnFailure", "Never"')
    elif restart_policy not in ("OnFailure", "Never"):
        errors.unsupported(where, restart_policy, ("OnFailure", "Never"))


def _validate_completion(errors: Errors, field: str, spec: Object) -> None:
    completions, most_failed = spec.get("completions"), spec.get("maxFailedIndexes")
    limit_per_index, mode = spec.get("backoffLimitPerIndex"), spec.get("completionMode")
    if most_failed is not None and limit_per_index is None:
        errors.required(f"{field}.backoffLimitPerIndex", "when maxFailedIndexes is specified")
    if "managedBy" in spec:
        errors.check_required(f"{field}.managedBy", spec["managedBy"], domain_path)
    errors.enum_optional(f"{field}.completionMode", mode, _COMPLETION_MODES)
    if mode == "Indexed":
        if completions is None:
            errors.required(f"{field}.completions", "when completion mode is Indexed")
        if spec.get("parallelism", 0) > _MOST_INDEXES:
            why = f"must be less than or equal to {_MOST_INDEXES} when completion mode is Indexed"
            errors.invalid(f"{field}.parallelism", spec["parallelism"], why)
        if completions is not None and most_failed is not None and completions < most_failed:
            errors.invalid(f"{field}.maxFailedIndexes", most_failed, "must be less than or equal to completions")
    elif mode == "NonIndexed":
        for name in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if spec.get(name) is not None:
                errors.invalid(f"{field}.{name}", spec[name], "requires indexed completion mode")


def _validate_generated_selector(errors: Errors, job: Object) -> None:
    """The labels by which a Job finds its Pods, unless it says that it has its own."""
    labels, selector = at(job, "spec.template.metadata.labels") or {}, at(job, "spec.selector")
    if selector is None or at(job, "spec.manualSelector"):
        return
    generated = {"controller-uid": metadata(job).get("uid", ""), "job-name": metadata(job).get("name", "")}
    generated |= {f"batch.kubernetes.io/{key}": value for key, value in generated.items()}
    for key, value in generated.items():
        where, why = f"spec.template.metadata.labels[{key}]", f"must be '{value}'"
        if key not in labels:
            errors.required(where, why)
        elif labels[key] != value:
            errors.invalid(where, internal("map", labels), why)
    of_selector = Errors()
    validate_label_selector(of_selector, "", selector)
    if not of_selector and not matches(selector, generated):
        errors.invalid("spec.selector", selector, "`selector` not auto-generated")


def validate_cron_job(errors: Errors, cron_job: Object) -> None:
    spec = cron_job.get("spec") or {}
    _validate_schedule(errors, spec)
    errors.non_negative("spec.startingDeadlineSeconds", spec.get("startingDeadlineSeconds"))
    errors.enum("spec.concurrencyPolicy", spec.get("concurrencyPolicy"), _CONCURRENCY_POLICIES)
    job_spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    _validate_job_spec(errors, "spec.jobTemplate.spec", job_spec)
    if job_spec.get("selector") is not None:
        errors.invalid("spec.jobTemplate.spec.selector", job_spec["selector"], "`selector` will be auto-generated")
    if job_spec.get("manualSelector"):
        errors.unsupported("spec.jobTemplate.spec.manualSelector", True, ("nil", "false"))
    for name in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        errors.non_negative(f"spec.{name}", spec.get(name))


def _validate_schedule(errors: Errors, spec: Object) -> None:
    if not spec.get("schedule"):
        errors.required("spec.schedule")
        return
    schedule, zone = spec["schedule"], spec.get("timeZone", "")
    is_local = zone.lower() == "local"
    without_zone = re.sub(r"^(CRON_)?TZ=\S* ", "", schedule)
    _check_schedule(errors, "spec.schedule", schedule, without_zone, "")
    if not is_local:
        _check_schedule(errors, "spec.timeZone", zone, "* * * * *", zone)
    if "TZ" in schedule:
        why = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        errors.invalid("spec.schedule", schedule, why)
    if is_local:
        why = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        errors.invalid("spec.timeZone", zone, why)


def _check_schedule(errors: Errors, field: str, value: str, schedule: str, zone: str) -> None:
    try:
        parse_schedule(schedule, zone)
    except ScheduleError as error:
        errors.invalid(field, value, str(error))


# Updates


def validate_selected_update(errors: Errors, new: Object, old: Object) -> None:
    """A workload finds its Pods by the same selector as long as it lives."""
    errors.immutable("spec.selector", at(new, "spec.selector"), at(old, "spec.selector"))


_OF_STATEFUL_SETS = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)
"""What may change in the spec of a StatefulSet."""


def validate_stateful_set_update(errors: Errors, new: Object, old: Object) -> None:
    def fixed(obj: Object) -> dict[str, Any]:
        return {name: value for name, value in obj.get("spec", {}).items() if name not in _OF_STATEFUL_SETS}

    if fixed(new) != fixed(old):
        *most, last = (f"'{name}'" for name in _OF_STATEFUL_SETS)
        fields = f"{', '.join(most)} and {last}"
        errors.forbidden("spec", f"updates to statefulset spec for fields other than {fields} are forbidden")


def validate_job_update(errors: Errors, new: Object, old: Object) -> None:
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    for name in ("completions", "selector"):
        errors.immutable(f"spec.{name}", spec.get(name), before.get(name))
    if spec.get("template") != before.get("template"):
        shown = internal_pod_template(spec.get("template") or {})
        errors.invalid("spec.template", shown, "field is immutable")
    for name in ("completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"):
        errors.immutable(f"spec.{name}", spec.get(name), before.get(name))
