"""What is shown of Nodes: their Lease, their taints, and the Pods on them with what these ask for.

No function calls a `@formatter` here: screens.json does. Mirrors describeNode in k8s.io/kubectl
pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from kubesim.api import quantity
from kubesim.api.clock import SECOND, Micros, rfc3339
from kubesim.api.errors import StatusError
from kubesim.api.formatters import formatter
from kubesim.api.humanize import age, long_time
from kubesim.api.objects import Object, at
from kubesim.api.podresources import Amounts, pod_limits, pod_requests
from kubesim.kubectl.describers.screens import Items, Listed, table

# How often a kubelet renews its Lease, which is not kept as an object: nothing else here looks at it.
_RENEWAL: Micros = 10 * SECOND

_POD_HEADINGS = ("Namespace", "Name", "", "CPU Requests", "CPU Limits", "Memory Requests", "Memory Limits", "Age")
_ENDED = ("Failed", "Succeeded")


@formatter
def _taints(taints: Items) -> list[str]:
    texts = []
    for taint in taints or ():
        value = f"={taint['value']}" if taint.get("value") else ""
        texts.append(f"{taint['key']}{value}:{taint['effect']}")
    return sorted(texts)


@formatter
def _lease(node: str, leases: Listed, now: Micros) -> Iterator[str]:
    if isinstance(leases, StatusError):
        yield f"Lease:\tFailed to get lease: {leases}"
        return
    yield "Lease:"
    yield f"  HolderIdentity:\t{node}"
    yield "  AcquireTime:\t<unset>"
    yield f"  RenewTime:\t{long_time(rfc3339(now - now % _RENEWAL))}"


@formatter
def _node_pods(node: Object, pods: Listed, now: Micros) -> Iterator[str]:
    if pods is None or isinstance(pods, StatusError):
        yield "Pods:\tnot authorized"
        return
    on_node = [pod for pod in pods if pod["spec"].get("nodeName") == node["metadata"]["name"]]
    running = [pod for pod in on_node if at(pod, "status.phase") not in _ENDED]
    room = at(node, "status.allocatable") or at(node, "status.capacity") or {}
    yield f"Non-terminated Pods:\t({len(running)} in total)"
    yield from table(_POD_HEADINGS, [_pod_row(pod, room, now) for pod in running])
    yield "Allocated resources:"
    yield "  (Total limits may be over 100 percent, i.e., overcommitted.)"
    requests = _sum(map(pod_requests, running))
    limits = _sum(map(pod_limits, running))
    names = ["cpu", "memory", "ephemeral-storage", *sorted(name for name in room if name.startswith("hugepages-"))]
    rows = [(name, _share(requests, name, room), _share(limits, name, room)) for name in names]
    yield from table(("Resource", "Requests", "Limits"), rows)


def _pod_row(pod: Object, room: Mapping[str, str], now: Micros) -> list[str]:
    meta = pod["metadata"]
    row = [meta.get("namespace", ""), meta["name"], ""]
    for name in ("cpu", "memory"):
        row += [_share(pod_requests(pod), name, room), _share(pod_limits(pod), name, room)]
    return [*row, age(meta.get("creationTimestamp"), now)]


def _sum(amounts_of_pods: Iterable[Amounts]) -> Amounts:
    total: Amounts = {}
    for amounts in amounts_of_pods:
        for name, amount in amounts.items():
            total[name] = total.get(name, Decimal()) + amount
    return total


def _share(amounts: Amounts, name: str, room: Mapping[str, str]) -> str:
    """An amount, and how much that is of the node's room: "500m (25%)"."""
    amount = amounts.get(name, Decimal())
    whole = quantity.parse(str(room.get(name, "0")))
    percent = int(amount / whole * 100) if whole else 0
    in_go = f"{amount}" if name == "cpu" else f"{amount / 1024}Ki"
    return f"{quantity.canonical(in_go)} ({percent}%)"
