"""Rules for Deployments, ReplicaSets, DaemonSets, StatefulSets, Jobs and CronJobs, and for their updates.

Mirrors kubernetes pkg/apis/{apps,batch}/validation/validation.go, v1.36.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from kubesim.api import errors
from kubesim.api.content import percent
from kubesim.api.schedule import ScheduleError, parse_schedule
from kubesim.api.selectors import matches
from kubesim.cluster.apiserver.validation.fields import Field
from kubesim.cluster.apiserver.validation.internal import (
    internal_json,
    internal_map,
    internal_pod_spec,
    internal_pod_template,
)
from kubesim.cluster.apiserver.validation.metadata import validate_label_selector
from kubesim.cluster.apiserver.validation.pods import validate_pod_template

_CONCURRENCY_POLICIES = ("Allow", "Forbid", "Replace")
_COMPLETION_MODES = ("NonIndexed", "Indexed")
# Fields of a StatefulSet's spec that may change.
_UPDATABLE = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)


class _SelectorRules(NamedTuple):
    """A kind's rules for its selector, in addition to those inside the selector."""

    is_required: bool = True
    may_be_empty: bool = False
    empty_message: str = ""
    repeats_problems: bool = False  # a selector with problems is a problem itself
    problem_message: str = ""


_SELECTOR_RULES = {
    "DaemonSet": _SelectorRules(is_required=False, empty_message="empty selector is invalid for daemonset"),
    "Deployment": _SelectorRules(
        empty_message="empty selector is invalid for deployment",
        repeats_problems=True,
        problem_message="invalid label selector",
    ),
    "Job": _SelectorRules(may_be_empty=True),
    # Upstream's message for ReplicaSets says "deployment", too.
    "ReplicaSet": _SelectorRules(
        empty_message="empty selector is invalid for deployment",
        repeats_problems=True,
        problem_message="invalid label selector",
    ),
    "StatefulSet": _SelectorRules(empty_message="empty selector is invalid for statefulset", repeats_problems=True),
}


def validate_deployment(deployment: Field) -> None:
    """Validate a new or changed Deployment."""
    spec = deployment.inner("spec")
    spec.non_negative("replicas")
    _validate_selector(spec, "Deployment")
    _validate_lasting_template(spec)
    _validate_deployment_strategy(spec.inner("strategy"))
    spec.non_negative("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
    if spec.has("progressDeadlineSeconds") and spec.get("progressDeadlineSeconds") <= spec.get("minReadySeconds", 0):
        spec.invalid("progressDeadlineSeconds", "must be greater than minReadySeconds")


def validate_replica_set(replica_set: Field) -> None:
    """Validate a new or changed ReplicaSet."""
    spec = replica_set.inner("spec")
    spec.non_negative("replicas", "minReadySeconds")
    _validate_selector(spec, "ReplicaSet")
    _validate_lasting_template(spec)


def validate_daemon_set(daemon_set: Field) -> None:
    """Validate a new or changed DaemonSet."""
    spec = daemon_set.inner("spec")
    _validate_selector(spec, "DaemonSet")
    _validate_lasting_template(spec)
    spec.non_negative("minReadySeconds")
    spec.non_negative("revisionHistoryLimit")
    strategy = spec.inner("updateStrategy")
    if strategy.get("type") == "RollingUpdate":
        _validate_daemon_rollout(strategy.inner("rollingUpdate"))


def _validate_daemon_rollout(rolling: Field) -> None:
    """Refuse maxUnavailable and maxSurge if both are 0 or none is. Mirrors ValidateRollingUpdateDaemonSet."""
    names = ("maxUnavailable", "maxSurge")
    for name in names:
        _validate_int_or_percent(rolling, name)
    for name in names:
        _refuse_more_than_all(rolling, name)
    is_zero = {_is_none(rolling.get(name)) for name in names}
    if is_zero == {True}:
        rolling.required("maxUnavailable", "cannot be 0 when maxSurge is 0")
    elif is_zero == {False}:
        rolling.invalid("maxSurge", "may not be set when maxUnavailable is non-zero")


def validate_stateful_set(stateful_set: Field) -> None:
    """Validate a new or changed StatefulSet."""
    spec = stateful_set.inner("spec")
    spec.non_negative("replicas")
    _validate_selector(spec, "StatefulSet")
    _validate_lasting_template(_without_identity(spec))


def _without_identity(spec: Field) -> Field:
    """The spec of a StatefulSet without the fields that its controller sets in each Pod, which aren't validated."""
    template = spec.get("template") or {}
    pod_spec = {key: value for key, value in template.get("spec", {}).items() if key not in ("hostname", "subdomain")}
    return Field(spec.errors, spec.path, {"template": {**template, "spec": pod_spec}})


def _validate_lasting_template(spec: Field) -> None:
    """Validate the template of Pods that must have the restart policy Always."""
    template = spec.inner("template")
    validate_pod_template(template)
    template.inner("spec").enum_optional("restartPolicy", ("Always",))


def _validate_deployment_strategy(strategy: Field) -> None:
    rolling = strategy.inner("rollingUpdate")
    if strategy.get("type") == "RollingUpdate":
        _validate_int_or_percent(rolling, "maxUnavailable")
        _validate_int_or_percent(rolling, "maxSurge")
        if _is_none(rolling.get("maxUnavailable")) and _is_none(rolling.get("maxSurge")):
            rolling.invalid("maxUnavailable", "may not be 0 when `maxSurge` is 0")
        _refuse_more_than_all(rolling, "maxUnavailable")
    elif strategy.get("type") != "Recreate":
        internal_strategy = internal_json("RollingStrategy", strategy.value)
        strategy.unsupported("", ("Recreate", "RollingUpdate"), value=internal_strategy)
    elif strategy.has("rollingUpdate"):
        strategy.forbidden("rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")


def _refuse_more_than_all(holder: Field, name: str) -> None:
    """Refuse more than 100 percent. Mirrors IsNotMoreThan100Percent."""
    value = holder.get(name)
    is_percent = isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}%", value)
    if isinstance(value, str) and is_percent and int(value[:-1]) > 100:
        holder.invalid(name, "must not be greater than 100%")


def _validate_int_or_percent(holder: Field, name: str) -> None:
    if isinstance(holder.get(name), str):
        holder.check(name, percent)
    else:
        holder.non_negative(name)


def _is_none(value: int | str | None) -> bool:
    """True if a number or percentage is 0. A malformed one counts as 0, too."""
    digits = str(value).removeprefix("-").removesuffix("%")
    return not digits.isdecimal() or not digits.strip("0")


def _validate_selector(spec: Field, kind: str) -> None:
    """Validate a workload's selector, which must match the labels of its template."""
    selector = spec.get("selector")
    rules = _SELECTOR_RULES[kind]
    if selector is None and rules.is_required:
        spec.required("selector")
    before = len(spec.errors)
    validate_label_selector(spec.inner("selector"))
    is_readable = len(spec.errors) == before
    if not rules.may_be_empty and selector is not None and not any(selector.values()):
        spec.invalid("selector", rules.empty_message)
    if not is_readable:
        if rules.repeats_problems:
            spec.invalid("selector", rules.problem_message)
        return
    labels = spec.inner("template").inner("metadata").get("labels") or {}
    if selector is None or not matches(selector, labels):
        why = "`selector` does not match template `labels`"
        spec.invalid("template.metadata.labels", why, value=internal_map(labels))


def validate_job(job: Field) -> None:
    """Validate a new or changed Job."""
    spec = job.inner("spec")
    _validate_job_spec(spec)
    _validate_selector(spec, "Job")


def _validate_job_spec(spec: Field) -> None:
    spec.non_negative("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished")
    mode = spec.get("completionMode")
    if mode not in (None, *_COMPLETION_MODES):
        spec.unsupported("completionMode", _COMPLETION_MODES)
    if mode == "Indexed" and spec.get("completions") is None:
        spec.required("completions", "when completion mode is Indexed")
    template = spec.inner("template")
    validate_pod_template(template)
    pod_spec = template.inner("spec")
    restart_policy = pod_spec.get("restartPolicy", "")
    if restart_policy == "Always":
        pod_spec.required("restartPolicy", 'valid values: "OnFailure", "Never"')
    elif restart_policy not in ("OnFailure", "Never"):
        pod_spec.unsupported("restartPolicy", ("OnFailure", "Never"))


def validate_cron_job(cron_job: Field) -> None:
    """Validate a new or changed CronJob."""
    spec = cron_job.inner("spec")
    _validate_schedule(spec)
    spec.non_negative("startingDeadlineSeconds")
    spec.enum("concurrencyPolicy", _CONCURRENCY_POLICIES)
    job_spec = spec.inner("jobTemplate").inner("spec")
    _validate_job_spec(job_spec)
    if job_spec.has("selector"):
        job_spec.invalid("selector", "`selector` will be auto-generated")
    if job_spec.get("manualSelector"):
        job_spec.unsupported("manualSelector", ("nil", "false"))
    spec.non_negative("successfulJobsHistoryLimit", "failedJobsHistoryLimit")


def _validate_schedule(spec: Field) -> None:
    """Refuse an invalid schedule. Raises StatusError (501) for `@every`, which isn't simulated."""
    schedule = spec.get("schedule")
    if not schedule:
        spec.required("schedule")
        return
    if schedule.startswith("@every "):
        raise errors.not_simulated("the schedule @every is not part of this simulator")
    try:
        parse_schedule(re.sub(r"^(CRON_)?TZ=\S* ", "", schedule))
    except ScheduleError as error:
        spec.invalid("schedule", str(error))
    if "TZ" in schedule:
        spec.invalid("schedule", "cannot use TZ or CRON_TZ in schedule, use timeZone field instead")


def validate_controller_revision(revision: Field) -> None:
    """Validate a new or changed ControllerRevision."""
    if revision.get("data") is None:
        revision.required("data", "data is mandatory")
    revision.non_negative("revision")


def validate_controller_revision_update(new: Field, old: Field) -> None:
    """Refuse a change of data. Raises StatusError (501), because kubesim doesn't know the text of the refusal."""
    if new.get("data") is not None and new.get("data") != old.get("data"):
        raise errors.not_simulated("changing the data of a ControllerRevision is not part of this simulator")


def validate_selected_update(new: Field, old: Field) -> None:
    """Refuse a change of a workload's selector."""
    new.inner("spec").immutable(old.inner("spec"), "selector")


def validate_stateful_set_update(new: Field, old: Field) -> None:
    """Refuse changes of a StatefulSet's spec except of the fields in _UPDATABLE."""
    spec = new.get("spec", {})
    before = old.get("spec", {})
    fixed = (spec.keys() | before.keys()) - set(_UPDATABLE)
    if any(spec.get(name) != before.get(name) for name in fixed):
        *names, last = _UPDATABLE
        listed = "', '".join(names)
        why = f"updates to statefulset spec for fields other than '{listed}' and '{last}' are forbidden"
        new.forbidden("spec", why)


def validate_job_update(new: Field, old: Field) -> None:
    """Refuse changes of a Job's template. Of a suspended Job, upstream compares the Pod's spec alone."""
    spec = new.inner("spec")
    before = old.inner("spec")
    spec.immutable(before, "completions", "selector")
    template = spec.get("template") or {}
    if template != (before.get("template") or {}):
        if before.get("suspend"):
            spec.invalid("template.spec", "field is immutable", value=internal_pod_spec(template.get("spec", {})))
        else:
            spec.invalid("template", "field is immutable", value=internal_pod_template(template))
