"""What rules.json can't say of kinds with a Pod template.

Mirrors kubernetes pkg/apis/{apps,batch}/validation/validation.go, v1.36.
"""

from __future__ import annotations

from typing import Any

from kubesim.api import quantity
from kubesim.api.errors import field_forbidden, invalid_value, required
from kubesim.api.objects import Object, at
from kubesim.api.schedule import ScheduleError, parse_schedule
from kubesim.api.selectors import matches
from kubesim.cluster.apiserver.validation.rules import Errors, non_negative, percent, rule, special, valid


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


@special
def strategy(field: str, given: Object | None) -> Errors:
    """A strategy that is none of RollingUpdate has no settings of it."""
    kind = (given or {}).get("type", "RollingUpdate")
    if kind != "RollingUpdate" and "rollingUpdate" in (given or {}):
        yield field_forbidden(f"{field}.rollingUpdate", f"may not be specified when strategy `type` is '{kind}'")


@special
def surge_strategy(field: str, given: Object | None) -> Errors:
    yield from strategy(field, given)
    if given and given.get("type") == "RollingUpdate":
        yield from _rolling(f"{field}.rollingUpdate", given.get("rollingUpdate") or {})


@special
def schedule(field: str, spec: Object | None) -> Errors:
    if not spec or not spec.get("schedule"):
        yield required(f"{field}.schedule")
        return
    for key in ("schedule", "timeZone"):
        zone = spec.get("timeZone", "") if key == "timeZone" else ""
        try:
            parse_schedule(spec["schedule"] if key == "schedule" else "* * * * *", zone)
        except ScheduleError as error:
            yield invalid_value(f"{field}.{key}", spec[key], str(error))


@special
def ending_policy(field: str, policy: str | None) -> Errors:
    if policy not in (None, "OnFailure", "Never"):
        yield required(field, 'valid values: "OnFailure", "Never"')


@special
def selector(_field: str, obj: Object) -> Errors:
    """A selector that is not empty and matches the template's labels."""
    found, wanted = at(obj, "spec.template.metadata.labels") or {}, at(obj, "spec.selector")
    problems = [required("spec.selector")] if wanted is None else list(rule("LabelSelector")("spec.selector", wanted))
    yield from problems
    if wanted is not None and not wanted.get("matchLabels") and not wanted.get("matchExpressions"):
        kind = obj.get("kind", "").lower().replace("replicaset", "deployment")  # as upstream has it
        yield invalid_value("spec.selector", wanted, f"empty selector is invalid for {kind}")
    if wanted is not None and problems:
        yield invalid_value("spec.selector", wanted, "invalid label selector")
    elif wanted is None or not matches(wanted, found):
        why = "`selector` does not match template `labels`"
        yield invalid_value("spec.template.metadata.labels", found or None, why)


@special
def requirement(field: str, item: Object) -> Errors:
    operator, values = item.get("operator", ""), item.get("values", ())
    if operator in ("In", "NotIn") and not values:
        yield required(f"{field}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist") and values:
        yield field_forbidden(f"{field}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
    elif operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
        yield invalid_value(f"{field}.operator", operator, "not a valid selector operator")
