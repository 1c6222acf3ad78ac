"""Deployments and ReplicaSets.

Mirrors kubernetes pkg/apis/apps/validation/validation.go and pkg/registry/apps/{deployment,replicaset}/strategy.go,
v1.36.
"""

from __future__ import annotations

from typing import Any

from kubesim.api import quantity
from kubesim.api.errors import field_forbidden, invalid_value, required
from kubesim.api.objects import Object
from kubesim.api.selectors import matches
from kubesim.cluster.apiserver.validation.common import (
    Errors,
    immutable,
    label_selector,
    non_negative,
    object_meta,
    object_meta_update,
    one_of,
    struct,
    valid,
)
from kubesim.cluster.apiserver.validation.names import dns_subdomain, percent
from kubesim.cluster.apiserver.validation.pods import pod_template


def deployment(obj: Object) -> Errors:
    """A new Deployment."""
    yield from object_meta(obj, True, dns_subdomain)
    yield from _deployment_spec(obj.get("spec", {}))


def deployment_update(new: Object, old: Object) -> Errors:
    """A changed Deployment."""
    yield from object_meta_update(new, old)
    yield from _deployment_spec(new.get("spec", {}))
    yield from _same_selector(new, old)


def replica_set(obj: Object) -> Errors:
    """A new ReplicaSet."""
    yield from object_meta(obj, True, dns_subdomain)
    yield from _replica_set_spec(obj.get("spec", {}))


def replica_set_update(new: Object, old: Object) -> Errors:
    """A changed ReplicaSet."""
    yield from object_meta_update(new, old)
    yield from _replica_set_spec(new.get("spec", {}))
    yield from _same_selector(new, old)


def _same_selector(new: Object, old: Object) -> Errors:
    yield from immutable("spec.selector", new.get("spec", {}).get("selector"), old.get("spec", {}).get("selector"))


def _deployment_spec(spec: Object) -> Errors:
    yield from non_negative("spec.replicas", spec.get("replicas"))
    yield from _selector(spec)
    yield from _template(spec)
    yield from _strategy(spec.get("strategy", {}))
    yield from _seconds("spec", spec)
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= spec.get("minReadySeconds", 0):
        yield invalid_value("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")


_seconds = struct(minReadySeconds=non_negative, revisionHistoryLimit=non_negative, progressDeadlineSeconds=non_negative)


def _replica_set_spec(spec: Object) -> Errors:
    yield from struct(replicas=non_negative, minReadySeconds=non_negative)("spec", spec)
    yield from _selector(spec)
    yield from _template(spec)


def _selector(spec: Object) -> Errors:
    selector = spec.get("selector")
    if selector is None:
        yield required("spec.selector")
        return
    yield from label_selector("spec.selector", selector)
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        # Upstream's own slip: it says so of ReplicaSets, too.
        yield invalid_value("spec.selector", selector, "empty selector is invalid for deployment")


def _template(spec: Object) -> Errors:
    field, selector, template = "spec.template", spec.get("selector"), spec.get("template", {})
    if list(label_selector("", selector or {})):
        yield invalid_value("spec.selector", selector, "invalid label selector")
        return
    found = template.get("metadata", {}).get("labels", {})
    # No selector at all matches nothing; an empty one is told above.
    if selector is None or not matches(selector, found):
        yield invalid_value(f"{field}.metadata.labels", found or None, "`selector` does not match template `labels`")
    yield from pod_template(field, template)
    policy = template.get("spec", {}).get("restartPolicy") or "Never"
    yield from one_of("Always")(f"{field}.spec.restartPolicy", policy)
    if "activeDeadlineSeconds" in template.get("spec", {}):
        why = "activeDeadlineSeconds in ReplicaSet is not Supported"
        yield field_forbidden(f"{field}.spec.activeDeadlineSeconds", why)


def _strategy(strategy: Object) -> Errors:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "Recreate":
        if rolling is not None:
            why = "may not be specified when strategy `type` is 'Recreate'"
            yield field_forbidden("spec.strategy.rollingUpdate", why)
    elif kind == "RollingUpdate":
        if rolling is None:
            yield required("spec.strategy.rollingUpdate", "this should be defaulted and never be nil")
        else:
            yield from _rolling("spec.strategy.rollingUpdate", rolling)
    else:
        yield from one_of("Recreate", "RollingUpdate")("spec.strategy.type", kind)


def _rolling(field: str, rolling: Object) -> Errors:
    unavailable, surge = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    yield from _int_or_percent(f"{field}.maxUnavailable", unavailable)
    yield from _int_or_percent(f"{field}.maxSurge", surge)
    if _is_zero(unavailable) and _is_zero(surge):
        yield invalid_value(f"{field}.maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0")
    if _percents(unavailable) > 100:
        yield invalid_value(f"{field}.maxUnavailable", unavailable, "must not be greater than 100%")


def _percents(value: Any) -> int:
    """The number before the percent sign; 0 for what is no percentage."""
    return quantity.whole(value[:-1]) if isinstance(value, str) and not percent(value) else 0


def _int_or_percent(field: str, value: Any) -> Errors:
    if isinstance(value, str):
        yield from valid(percent)(field, value)
    else:
        yield from non_negative(field, value)


def _is_zero(value: Any) -> bool:
    return value == 0 or (isinstance(value, str) and not percent(value) and _percents(value) == 0)
