"""What a Pod requests of its node, and what it is limited to.

Mirrors PodRequests and PodLimits in kubernetes staging/src/k8s.io/component-helpers/resource/helpers.go, v1.36.
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
    """The sum of what goes on running; more, where an init container that ends asks for more."""
    spec: PodSpec = pod["spec"]
    init_containers = spec.get("initContainers") or ()
    sidecars = [container for container in init_containers if container.get("restartPolicy") == "Always"]
    total: Amounts = {}
    for container in (*spec["containers"], *sidecars):
        for name, amount in _amounts(container, kind).items():
            total[name] = total.get(name, Decimal()) + amount
    for container in init_containers:
        if container not in sidecars:
            for name, amount in _amounts(container, kind).items():
                total[name] = max(total.get(name, Decimal()), amount)
    return total


def _amounts(container: ContainerSpec, kind: str) -> Amounts:
    amounts = (container.get("resources") or {}).get(kind) or {}
    return {name: quantity.parse(str(amount)) for name, amount in amounts.items()}
