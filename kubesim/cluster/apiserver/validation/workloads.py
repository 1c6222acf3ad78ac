"""Kinds with a Pod template: one table of their rules, and what they have in common.

Mirrors kubernetes pkg/apis/{apps,batch}/validation/validation.go and pkg/registry/{apps,batch}/*/strategy.go, v1.36.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from kubesim.api import quantity
from kubesim.api.errors import field_forbidden, invalid_value, required
from kubesim.api.objects import Object, name_of, template_of
from kubesim.api.resources import CRON_JOB, DAEMON_SET, DEPLOYMENT, JOB, REPLICA_SET, STATEFUL_SET, Resource
from kubesim.api.schedule import ScheduleError, parse_schedule
from kubesim.api.selectors import matches
from kubesim.cluster.apiserver.validation.pods import pod_template
from kubesim.cluster.apiserver.validation.podupdate import internal_template
from kubesim.cluster.apiserver.validation.rules import (
    Errors,
    Rule,
    dns_subdomain,
    immutable,
    label_selector,
    non_negative,
    object_meta,
    one_of,
    optional,
    percent,
    struct,
    valid,
)


def _int_or_percent(field: str, value: Any) -> Errors:
    yield from (valid(percent) if isinstance(value, str) else non_negative)(field, value)


def _percents(value: Any) -> int:
    """The number before the percent sign; 0 for what is no percentage."""
    return quantity.whole(value[:-1]) if isinstance(value, str) and not percent(value) else 0


def _rolling(field: str, rolling: Object) -> Errors:
    unavailable, surge = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    yield from _int_or_percent(f"{field}.maxUnavailable", unavailable)
    yield from _int_or_percent(f"{field}.maxSurge", surge)
    if all(value == 0 or (isinstance(value, str) and not _percents(value)) for value in (unavailable, surge)):
        yield invalid_value(f"{field}.maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0")
    if _percents(unavailable) > 100:
        yield invalid_value(f"{field}.maxUnavailable", unavailable, "must not be greater than 100%")


def _strategy(field: str, strategy: Object | None, types: tuple[str, ...], rolling: Rule) -> Errors:
    strategy = strategy or {}
    yield from one_of(*types)(f"{field}.type", strategy.get("type"))
    given = strategy.get("rollingUpdate")
    if strategy.get("type") == "RollingUpdate":
        yield from rolling(f"{field}.rollingUpdate", given or {})
    elif given is not None and strategy.get("type") in types:
        why = f"may not be specified when strategy `type` is '{strategy['type']}'"
        yield field_forbidden(f"{field}.rollingUpdate", why)


def _schedule(field: str, spec: Object) -> Errors:
    if not spec.get("schedule"):
        yield required(f"{field}.schedule")
        return
    for key in ("schedule", "timeZone"):
        zone = spec.get("timeZone", "") if key == "timeZone" else ""
        try:
            parse_schedule(spec["schedule"] if key == "schedule" else "* * * * *", zone)
        except ScheduleError as error:
            yield invalid_value(f"{field}.{key}", spec[key], str(error))


class _Kind(NamedTuple):
    """`numbers` may not be negative; `fields` follow rules, `spec` one as a whole; an update leaves `fixed` alone."""

    numbers: str
    fields: dict[str, Rule]
    policies: tuple[str, ...] = ("Always",)
    spec: Rule = lambda field, spec: iter(())
    fixed: tuple[str, ...] = ("selector",)
    longest_name: int = 253


_TYPES = ("RollingUpdate", "OnDelete")
_ENDING = ("OnFailure", "Never")
_KINDS: dict[Resource, _Kind] = {
    DEPLOYMENT: _Kind(
        "replicas minReadySeconds revisionHistoryLimit progressDeadlineSeconds",
        {"strategy": partial(_strategy, types=("Recreate", "RollingUpdate"), rolling=_rolling)},
    ),
    REPLICA_SET: _Kind("replicas minReadySeconds", {}),
    DAEMON_SET: _Kind(
        "minReadySeconds revisionHistoryLimit", {"updateStrategy": partial(_strategy, types=_TYPES, rolling=_rolling)}
    ),
    STATEFUL_SET: _Kind(
        "replicas minReadySeconds revisionHistoryLimit",
        {
            "podManagementPolicy": one_of("OrderedReady", "Parallel"),
            "updateStrategy": partial(_strategy, types=_TYPES, rolling=struct(partition=non_negative)),
        },
        fixed=(),
    ),
    JOB: _Kind(
        "parallelism completions activeDeadlineSeconds backoffLimit ttlSecondsAfterFinished",
        {"completionMode": optional(one_of("NonIndexed", "Indexed"))},
        _ENDING,
        fixed=("selector", "template", "completions", "completionMode"),
    ),
    CRON_JOB: _Kind(
        "startingDeadlineSeconds successfulJobsHistoryLimit failedJobsHistoryLimit",
        {"concurrencyPolicy": one_of("Allow", "Forbid", "Replace")},
        _ENDING,
        spec=_schedule,
        fixed=(),
        longest_name=52,
    ),
}
WORKLOADS = tuple(_KINDS)
_CHANGEABLE = (
    *("replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit"),
    *("persistentVolumeClaimRetentionPolicy", "minReadySeconds"),
)


def workload(resource: Resource, obj: Object) -> Errors:
    row = _KINDS[resource]
    yield from object_meta(obj, True, dns_subdomain)
    if len(name_of(obj)) > row.longest_name:
        yield invalid_value("metadata.name", name_of(obj), f"must be no more than {row.longest_name} characters")
    yield from _spec(resource, obj)


def workload_update(resource: Resource, new: Object, old: Object) -> Errors:
    spec, before = new.get("spec", {}), old.get("spec", {})
    for key in _KINDS[resource].fixed:
        if key == "template" and spec.get(key) != before.get(key):
            yield invalid_value("spec.template", internal_template(spec.get(key, {})), "field is immutable")
        else:
            yield from immutable(f"spec.{key}", spec.get(key), before.get(key))
    if resource is STATEFUL_SET:
        fixed = [{key: value for key, value in each.items() if key not in _CHANGEABLE} for each in (spec, before)]
        if fixed[0] != fixed[1]:
            *most, last = (f"'{key}'" for key in _CHANGEABLE)
            why = f"updates to statefulset spec for fields other than {', '.join(most)} and {last} are forbidden"
            yield field_forbidden("spec", why)


def _spec(resource: Resource, obj: Object) -> Errors:
    row, spec = _KINDS[resource], obj.get("spec", {})
    yield from struct(**dict.fromkeys(row.numbers.split(), non_negative))("spec", spec)
    if resource is not CRON_JOB:
        yield from _selector(resource, spec)
    field, template = ".".join(resource.template), template_of(resource, obj)
    yield from pod_template(field, template)
    yield from _restart_policy(f"{field}.spec.restartPolicy", template.get("spec", {}), row.policies)
    yield from struct(**row.fields)("spec", spec)
    yield from row.spec("spec", spec)


def _restart_policy(field: str, spec: Object, policies: tuple[str, ...]) -> Errors:
    policy = spec.get("restartPolicy") or policies[0]
    if policies is not _ENDING:
        yield from one_of(*policies)(field, policy)
    elif policy not in policies:
        yield required(field, 'valid values: "OnFailure", "Never"')


def _selector(resource: Resource, spec: Object) -> Errors:
    selector = spec.get("selector")
    problems = [required("spec.selector")] if selector is None else list(label_selector("spec.selector", selector))
    yield from problems
    if selector is not None and not selector.get("matchLabels") and not selector.get("matchExpressions"):
        # A ReplicaSet, too, is called a Deployment here.
        kind = "deployment" if resource is REPLICA_SET else resource.singular
        yield invalid_value("spec.selector", selector, f"empty selector is invalid for {kind}")
    found = spec.get("template", {}).get("metadata", {}).get("labels", {})
    if selector is not None and problems:
        yield invalid_value("spec.selector", selector, "invalid label selector")
    elif selector is None or not matches(selector, found):
        why = "`selector` does not match template `labels`"
        yield invalid_value("spec.template.metadata.labels", found or None, why)
