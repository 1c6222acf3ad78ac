"""The description of a Node.

Mirrors describeNode in k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.api.clock import SECOND, Micros, rfc3339
from kubesim.api.errors import StatusError
from kubesim.api.humanize import long_time, node_roles
from kubesim.api.objects import Object, at
from kubesim.kubectl.describers.common import (
    Items,
    RelatedList,
    Surroundings,
    amounts,
    label_rows,
    optional,
    row,
    section,
    switch,
    table,
    text,
)

# The interval at which a kubelet renews its Lease. The Lease isn't stored as an object, because only describe reads it.
_RENEWAL: Micros = 10 * SECOND
_SYSTEM_INFO = {
    "Machine ID": "machineID",
    "System UUID": "systemUUID",
    "Boot ID": "bootID",
    "Kernel Version": "kernelVersion",
    "OS Image": "osImage",
    "Operating System": "operatingSystem",
    "Architecture": "architecture",
    "Container Runtime Version": "containerRuntimeVersion",
    "Kubelet Version": "kubeletVersion",
}
_CONDITIONS = ("Type", "Status", "LastHeartbeatTime", "LastTransitionTime", "Reason", "Message")


def node(obj: Object, surroundings: Surroundings) -> Iterator[str]:
    yield row("Name", at(obj, "metadata.name"))
    yield row("Roles", node_roles(at(obj, "metadata.labels")))
    yield from label_rows(obj)
    yield row("CreationTimestamp", long_time(at(obj, "metadata.creationTimestamp")))
    yield row("Taints", _taints(at(obj, "spec.taints")))
    yield row("Unschedulable", switch(at(obj, "spec.unschedulable")))
    yield from _lease(at(obj, "metadata.name"), surroundings.related.get("leases"), surroundings.now)
    yield from _conditions(at(obj, "status.conditions"))
    yield "Addresses:"
    for address in at(obj, "status.addresses") or ():
        yield row(f"  {address.get('type', '')}", address.get("address"))
    yield from section("Capacity", amounts(at(obj, "status.capacity"), "  "))
    yield from section("Allocatable", amounts(at(obj, "status.allocatable"), "  "))
    yield "System Info:"
    for label, field in _SYSTEM_INFO.items():
        yield row(f"  {label}", at(obj, f"status.nodeInfo.{field}"))
    yield from optional("PodCIDR", at(obj, "spec.podCIDR"))
    yield from optional("PodCIDRs", at(obj, "spec.podCIDRs"), ",".join)


def _taints(taints: Items) -> list[str]:
    texts = []
    for taint in taints or ():
        value = f"={taint['value']}" if taint.get("value") else ""
        texts.append(f"{taint['key']}{value}:{taint['effect']}")
    return sorted(texts)


def _lease(node: str, leases: RelatedList, now: Micros) -> Iterator[str]:
    if isinstance(leases, StatusError):
        yield f"Lease:\tFailed to get lease: {leases}"
        return
    yield "Lease:"
    yield f"  HolderIdentity:\t{node}"
    yield "  AcquireTime:\t<unset>"
    yield f"  RenewTime:\t{long_time(rfc3339(now - now % _RENEWAL))}"


def _conditions(conditions: Items) -> Iterator[str]:
    """The section about conditions. kubectl writes a space after each cell but the last."""
    if not conditions:
        return
    yield "Conditions:"
    rows = []
    for one in conditions:
        times = [long_time(one.get(field)) for field in ("lastHeartbeatTime", "lastTransitionTime")]
        cells = (text(one.get("type")), text(one.get("status")), *times, text(one.get("reason")))
        rows.append([*(f"{cell} " for cell in cells), text(one.get("message"))])
    yield from table(_CONDITIONS, rows)
