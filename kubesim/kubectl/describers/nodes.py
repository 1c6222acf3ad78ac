"""Description of a Node. Mirrors describeNode in k8s.io/kubectl pkg/describe/describe.go, v1.36."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

from kubesim.api import quantity
from kubesim.api.clock import SECOND, Micros, rfc3339
from kubesim.api.humanize import age, long_time, node_roles
from kubesim.api.objects import Object
from kubesim.kubectl.describers.writer import Related, Writer

# A kubelet renews its Lease this often. The Lease is not kept as an object: nothing else here looks at it.
_RENEWAL: Micros = 10 * SECOND

_CONDITION = ("Type", "Status", "LastHeartbeatTime", "LastTransitionTime", "Reason", "Message")
_SYSTEM_INFO = (
    ("Machine ID", "machineID"),
    ("System UUID", "systemUUID"),
    ("Boot ID", "bootID"),
    ("Kernel Version", "kernelVersion"),
    ("OS Image", "osImage"),
    ("Operating System", "operatingSystem"),
    ("Architecture", "architecture"),
    ("Container Runtime Version", "containerRuntimeVersion"),
    ("Kubelet Version", "kubeletVersion"),
)
_POD = ("Namespace", "Name", "", "CPU Requests", "CPU Limits", "Memory Requests", "Memory Limits", "Age")


def write_node(writer: Writer, node: Object, related: Related, now: Micros) -> None:
    """All of a Node but its events."""
    pods = related.get("pods")
    meta, spec, status = node["metadata"], node.get("spec") or {}, node.get("status") or {}
    writer.name(node, ("Roles", node_roles(meta.get("labels"))), namespaced=False)
    writer.field("CreationTimestamp", long_time(meta.get("creationTimestamp")))
    writer.multiline("Taints", [_taint(item) for item in sorted(spec.get("taints") or (), key=_taint_order)])
    writer.field("Unschedulable", "true" if spec.get("unschedulable") else "false")
    _lease(writer, meta["name"], now)
    _status(writer, status)
    writer.given(spec, (("PodCIDR", "podCIDR"),))
    if spec.get("podCIDRs"):
        writer.field("PodCIDRs", ",".join(spec["podCIDRs"]))
    if pods is None:
        writer.field("Pods", "not authorized")
    else:
        _resources(writer, [pod for pod in pods if _runs_on(pod, meta["name"])], status, now)


def _taint(taint: Object) -> str:
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint['key']}{value}:{taint['effect']}"


def _taint_order(taint: Object) -> str:
    return f"{taint['effect']},{taint['key']}"


def _lease(writer: Writer, node: str, now: Micros) -> None:
    renewed = long_time(rfc3339(now - now % _RENEWAL))
    writer.section("Lease", (("HolderIdentity", node), ("AcquireTime", "<unset>"), ("RenewTime", renewed)))


def _status(writer: Writer, status: Object) -> None:
    if status.get("conditions"):
        writer.line("Conditions:")
        writer.table(_CONDITION, map(_condition, status["conditions"]))
    writer.section("Addresses", ((item["type"], item["address"]) for item in status.get("addresses") or ()))
    for label in ("Capacity", "Allocatable"):
        amounts: Mapping[str, str] = status.get(label.lower()) or {}
        if amounts:
            writer.section(label, ((name, quantity.canonical(text)) for name, text in sorted(amounts.items())))
    info = status.get("nodeInfo") or {}
    writer.section("System Info", ((label, info.get(field, "")) for label, field in _SYSTEM_INFO))


def _condition(item: Object) -> tuple[str, ...]:
    times = (long_time(item.get(key)) for key in ("lastHeartbeatTime", "lastTransitionTime"))
    return (
        *(f"{text} " for text in (item["type"], item["status"], *times, item.get("reason", ""))),
        item.get("message", ""),
    )


def _runs_on(pod: Object, node: str) -> bool:
    done = (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded")
    return pod["spec"].get("nodeName") == node and not done


def _resources(writer: Writer, pods: Sequence[Object], status: Object, now: Micros) -> None:
    room = status.get("allocatable") or status.get("capacity") or {}
    writer.field("Non-terminated Pods", f"({len(pods)} in total)")
    writer.table(_POD, (_pod(pod, room, now) for pod in pods))
    writer.line("Allocated resources:")
    writer.line("(Total limits may be over 100 percent, i.e., overcommitted.)", 1)
    requests, limits = (sum((_total(pod, kind) for pod in pods), Counter[str]()) for kind in ("requests", "limits"))
    names = ["cpu", "memory", "ephemeral-storage", *sorted(name for name in room if name.startswith("hugepages-"))]
    rows = [(name, _share(requests, name, room), _share(limits, name, room)) for name in names]
    writer.table(("Resource", "Requests", "Limits"), rows)


def _pod(pod: Object, room: Mapping[str, str], now: Micros) -> tuple[str, ...]:
    meta = pod["metadata"]
    shares = (_share(_total(pod, kind), name, room) for name in ("cpu", "memory") for kind in ("requests", "limits"))
    return meta.get("namespace", ""), meta["name"], "", *shares, age(meta.get("creationTimestamp"), now)


def _total(pod: Object, kind: str) -> Counter[str]:
    """What a Pod asks for: its containers and sidecars together, or the greediest init container if that is more."""
    inits: Sequence[Object] = pod["spec"].get("initContainers") or ()
    sidecars = [item for item in inits if item.get("restartPolicy") == "Always"]
    total = sum((_amounts(item, kind) for item in (*pod["spec"]["containers"], *sidecars)), Counter[str]())
    for item in inits:
        total |= _amounts(item, kind)
    return total


def _amounts(container: Object, kind: str) -> Counter[str]:
    """Amounts in thousandths, so that they are whole numbers."""
    amounts = ((container.get("resources") or {}).get(kind) or {}).items()
    return Counter({name: int(quantity.parse(str(text)) * 1000) for name, text in amounts})


def _share(amounts: Counter[str], name: str, room: Mapping[str, str]) -> str:
    amount = Decimal(amounts[name]) / 1000
    whole = quantity.parse(str(room.get(name, "0")))
    text = quantity.canonical(f"{amount}") if name == "cpu" else quantity.canonical(f"{amount / 1024}Ki")
    return f"{text} ({int(amount / whole * 100) if whole else 0}%)"
