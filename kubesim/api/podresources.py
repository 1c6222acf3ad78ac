"""The resource requests of a Pod.

Mirrors PodRequests in kubernetes staging/src/k8s.io/component-helpers/resource/helpers.go, v1.36, without a Pod's
overhead and Pod-level resources (spec.resources).
"""

from __future__ import annotations

from decimal import Decimal

from kubesim.api import quantity
from kubesim.api.objects import Object
from kubesim.api.specs import ContainerSpec, PodSpec

# Amounts by resource, such as cpu (in cores) and memory (in bytes).
Amounts = dict[str, Decimal]


def pod_requests(pod: Object) -> Amounts:
    """The amounts that the scheduler reserves: the largest sum needed at one time, in init containers or later."""
    spec: PodSpec = pod["spec"]
    running: Amounts = {}  # sums of sidecars and, in the end, containers
    peak: Amounts = {}  # for each resource, its largest sum until the last init container has ended
    for container in spec.get("initContainers") or ():
        needed = _sum(running, _requests(container))
        peak = _greater(peak, needed)
        if container.get("restartPolicy") == "Always":
            running = needed
    for container in spec["containers"]:
        running = _sum(running, _requests(container))
    return _greater(running, peak)


def _sum(some: Amounts, others: Amounts) -> Amounts:
    return {name: some.get(name, Decimal()) + others.get(name, Decimal()) for name in some | others}


def _greater(some: Amounts, others: Amounts) -> Amounts:
    return {name: max(some.get(name, Decimal()), others.get(name, Decimal())) for name in some | others}


def _requests(container: ContainerSpec) -> Amounts:
    amounts = (container.get("resources") or {}).get("requests") or {}
    return {name: quantity.parse(str(amount)) for name, amount in amounts.items()}
