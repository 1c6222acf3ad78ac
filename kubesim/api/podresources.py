"""What a Pod requests of its node, and what it is limited to.

Mirrors PodRequests and PodLimits in kubernetes staging/src/k8s.io/component-helpers/resource/helpers.go, v1.36.
A Pod's overhead and what it asks for as a whole (spec.resources) are not counted.
"""

from __future__ import annotations

from decimal import Decimal

from kubesim.api import quantity
from kubesim.api.objects import Object
from kubesim.api.specs import ContainerSpec, PodSpec

Amounts = dict[str, Decimal]
"""Amounts by resource, such as cpu (in cores) and memory (in bytes)."""


def pod_requests(pod: Object) -> Amounts:
    """What the scheduler reserves for the Pod."""
    return _needed(pod, "requests")


def pod_limits(pod: Object) -> Amounts:
    """What the Pod may take at most, of what is limited."""
    return _needed(pod, "limits")


def _needed(pod: Object, kind: str) -> Amounts:
    """The most that is needed at one time: while an init container runs, with the sidecars before it, or afterwards."""
    spec: PodSpec = pod["spec"]
    running: Amounts = {}  # what goes on running
    peak: Amounts = {}  # the most until the last init container has ended
    for container in spec.get("initContainers") or ():
        meanwhile = _sum(running, _amounts(container, kind))
        peak = _greater(peak, meanwhile)
        if container.get("restartPolicy") == "Always":
            running = meanwhile
    for container in spec["containers"]:
        running = _sum(running, _amounts(container, kind))
    return _greater(running, peak)


def _sum(some: Amounts, others: Amounts) -> Amounts:
    return {name: some.get(name, Decimal()) + others.get(name, Decimal()) for name in some | others}


def _greater(some: Amounts, others: Amounts) -> Amounts:
    return {name: max(some.get(name, Decimal()), others.get(name, Decimal())) for name in some | others}


def _amounts(container: ContainerSpec, kind: str) -> Amounts:
    amounts = (container.get("resources") or {}).get(kind) or {}
    return {name: quantity.parse(str(amount)) for name, amount in amounts.items()}
