"""Descriptions of Secrets, ConfigMaps, ServiceAccounts, Namespaces, Services, RBAC, Nodes, and of any other kind.

Mirrors their describers in k8s.io/kubectl pkg/describe/describe.go and pkg/util/rbac/rbac.go, v1.36.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import product
from typing import Any, NamedTuple

from kubesim.api import quantity
from kubesim.api.clock import SECOND, Micros, rfc3339
from kubesim.api.humanize import NONE, age, long_time
from kubesim.api.objects import Object, bare_template, is_owned_by, metadata, pull_secret_names
from kubesim.cluster.apiserver.printers import shown_few
from kubesim.kubectl.describers.writer import Writer, block

_TOKEN_TYPE = "kubernetes.io/service-account-token"


@block
def _secret_data(writer: Writer, data: Object | None, kind: str | None) -> None:
    """How long the values are, not what they are, but for a token of a ServiceAccount."""
    _heading(writer, "Data")
    for key, value in sorted((data or {}).items()):
        content = base64.b64decode(value)
        shown = key == "token" and kind == _TOKEN_TYPE
        writer.field(key, content.decode(errors="replace") if shown else f"{len(content)} bytes")


@block
def _config_data(writer: Writer, data: Object | None, binary: Object | None) -> None:
    _heading(writer, "Data")
    for key, value in sorted((data or {}).items()):
        for line in (f"{key}:", "----", *value.split("\n"), ""):
            writer.line(line)
    _heading(writer, "BinaryData")
    for key, value in sorted((binary or {}).items()):
        writer.line(f"{key}: {len(base64.b64decode(value))} bytes")
    writer.line()


def _heading(writer: Writer, text: str) -> None:
    for line in ("", text, "===="):
        writer.line(line)


@block
def _pull_secrets(writer: Writer, account: Object) -> None:
    writer.multiline("Image pull secrets", pull_secret_names(account))


@block
def _ports(writer: Writer, ports: Sequence[Object] | None, service: str, found: Sequence[Object] | None) -> None:
    slices = [item for item in found or () if metadata(item)["labels"].get("kubernetes.io/service-name") == service]
    for port in ports or ():
        name, protocol = port.get("name") or "<unset>", port.get("protocol", "TCP")
        writer.field("Port", f"{name}\t{port['port']}/{protocol}")
        writer.field("TargetPort", f"{port.get('targetPort', port['port'])}/{protocol}")
        if port.get("nodePort"):
            writer.field("NodePort", f"{name}\t{port['nodePort']}/{protocol}")
        writer.field("Endpoints", _addresses(slices, port.get("name", "")) if slices else NONE)


def _addresses(slices: Sequence[Object], name: str) -> str:
    """Where the ready Pods serve the port of this name."""
    found = [
        f"{endpoint['addresses'][0]}:{port['port']}"
        for item in slices
        for port in item.get("ports") or ()
        if port["name"] == name
        for endpoint in item.get("endpoints") or ()
        if endpoint["conditions"].get("ready")
    ]
    return shown_few(found, "")


_PORT = ("Name", "Port", "Protocol")


def _port_rows(ports: Sequence[Object]) -> list[tuple[object, ...]]:
    return [(port.get("name") or "<unset>", port["port"], port["protocol"]) for port in ports]


@block
def _subsets(writer: Writer, subsets: Sequence[Object] | None) -> None:
    for subset in subsets or ():
        for label, key in (("Addresses", "addresses"), ("NotReadyAddresses", "notReadyAddresses")):
            writer.field(label, ",".join(item["ip"] for item in subset.get(key, ())) or NONE, 1)
        if subset.get("ports"):
            writer.line("Ports:", 1)
            writer.table(_PORT, _port_rows(subset["ports"]), 2)
        writer.line()


@block
def _endpoints(writer: Writer, ports: Sequence[Object] | None, endpoints: Sequence[Object] | None) -> None:
    """What an EndpointSlice holds."""
    if ports:
        writer.line("Ports:")
        writer.table(_PORT, _port_rows(ports))
    else:
        writer.field("Ports", "<unset>")
    if not endpoints:
        writer.field("Endpoints", NONE)
        return
    writer.line("Endpoints:")
    for item in endpoints:
        writer.field("- Addresses", ",".join(item["addresses"]), 1)
        writer.line("Conditions:", 2)
        writer.field("Ready", str(item["conditions"].get("ready", "<unset>")).lower(), 3)
        writer.field("Hostname", item.get("hostname", "<unset>"), 2)
        if target := item.get("targetRef"):
            writer.field("TargetRef", f"{target['kind']}/{target['name']}", 2)
        writer.field("NodeName", item.get("nodeName", "<unset>"), 2)
        writer.field("Zone", item.get("zone", "<unset>"), 2)


class _Rule(NamedTuple):
    """One line of a role: one resource (or URL), at most one name of it, and verbs."""

    group: str
    resource: str
    name: str
    url: str
    verbs: tuple[str, ...]


@block
def _rules(writer: Writer, rules: Sequence[Object] | None) -> None:
    """One line for every resource, however the rules were written down."""
    writer.table(RULE_HEADINGS, rule_rows(rules or ()))


RULE_HEADINGS = ("Resources", "Non-Resource URLs", "Resource Names", "Verbs")


def rule_rows(rules: Iterable[Object]) -> list[tuple[str, ...]]:
    """The lines of a table of rules, in the order of the screen."""
    lines = sorted(_compact(line for rule in rules for line in _break_down(rule)), key=_rule_order)
    return [(_rule_resource(line), _bracket(line.url), _bracket(line.name), _bracket(*line.verbs)) for line in lines]


def _break_down(rule: Object) -> Iterator[_Rule]:
    names = rule.get("resourceNames") or [""]
    for group, resource, name in product(rule.get("apiGroups") or (), rule.get("resources") or (), names):
        yield from (_Rule(group, resource, name, "", (verb,)) for verb in rule["verbs"])
    for url, verb in product(rule.get("nonResourceURLs") or (), rule["verbs"]):
        yield _Rule("", "", "", url, (verb,))


def _compact(rules: Iterator[_Rule]) -> list[_Rule]:
    """Verbs for the same resource on one line; rules for URLs stay apart."""
    urls, merged = [], dict[_Rule, tuple[str, ...]]()
    for rule in rules:
        if rule.url:
            urls.append(rule)
        else:
            key = rule._replace(verbs=())
            merged[key] = merged.get(key, ()) + rule.verbs
    return urls + [key._replace(verbs=verbs) for key, verbs in merged.items()]


def _rule_order(rule: _Rule) -> str:
    """Rules are sorted by how Go prints them: by verbs first."""
    fields = (_bracket(*rule.verbs), f"[{rule.group}]", *map(_bracket, (rule.resource, rule.name, rule.url)))
    return ",".join(fields)


def _bracket(*words: str) -> str:
    return f"[{' '.join(word for word in words if word)}]"


def _rule_resource(rule: _Rule) -> str:
    name, slash, part = rule.resource.partition("/")
    return f"{name}{'.' if rule.group else ''}{rule.group}{slash}{part}"


@block
def _subjects(writer: Writer, subjects: Sequence[Object] | None) -> None:
    rows = ((item["kind"], item["name"], item.get("namespace", "")) for item in subjects or ())
    writer.table(("Kind", "Name", "Namespace"), rows)


# A kubelet renews its Lease this often. The Lease is not kept as an object: nothing else here looks at it.
_RENEWAL: Micros = 10 * SECOND

_CONDITION_COLUMNS = ("Type", "Status", "LastHeartbeatTime", "LastTransitionTime", "Reason", "Message")
_POD_COLUMNS = ("Namespace", "Name", "", "CPU Requests", "CPU Limits", "Memory Requests", "Memory Limits", "Age")


@block
def _taints(writer: Writer, taints: Sequence[Object] | None) -> None:
    writer.multiline("Taints", sorted(map(_taint, taints or ())))


@block
def _lease(writer: Writer, node: str, now: Micros) -> None:
    renewed = long_time(rfc3339(now - now % _RENEWAL))
    lease = (("HolderIdentity", node), ("AcquireTime", "<unset>"), ("RenewTime", renewed))
    writer.section("Lease", lease)


@block
def _node_conditions(writer: Writer, conditions: Sequence[Object] | None) -> None:
    if conditions:
        writer.line("Conditions:")
        writer.table(_CONDITION_COLUMNS, map(_node_condition, conditions))


@block
def _node_amounts(writer: Writer, status: Object) -> None:
    writer.section("Addresses", ((item["type"], item["address"]) for item in status.get("addresses") or ()))
    for label in ("Capacity", "Allocatable"):
        if amounts := status.get(label.lower()):
            writer.section(label, ((name, quantity.canonical(text)) for name, text in sorted(amounts.items())))


@block
def _node_pods(writer: Writer, node: Object, pods: Sequence[Object] | None, now: Micros) -> None:
    if pods is None:
        writer.field("Pods", "not authorized")
    else:
        on_it = [pod for pod in pods if _runs_on(pod, node["metadata"]["name"])]
        _resources(writer, on_it, node.get("status") or {}, now)


def _taint(taint: Object) -> str:
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint['key']}{value}:{taint['effect']}"


def _node_condition(item: Object) -> tuple[str, ...]:
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
    writer.table(_POD_COLUMNS, (_pod(pod, room, now) for pod in pods))
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


_SHOWN_ABOVE = {f"metadata.{name}" for name in ("name", "namespace", "labels", "annotations", "managedFields")}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_ACRONYMS = {"API", "URL", "UID", "OSB", "GUID"}


@block
def _fields(writer: Writer, obj: Object) -> None:
    """Every field of the object, sorted, with its name taken apart into words."""
    _each_field(writer, obj, 0, "")


def _each_field(writer: Writer, content: Object, level: int, path: str) -> None:
    for name, value in sorted(content.items()):
        if f"{path}{name}" in _SHOWN_ABOVE:
            continue
        label = _label(name)
        if isinstance(value, dict):
            writer.line(f"{label}:", level)
            _each_field(writer, value, level + 1, f"{path}{name}.")
        elif isinstance(value, list):
            writer.line(f"{label}:", level)
            _items(writer, value, level + 1, f"{path}{name}.")
        else:
            writer.field(label, _plain(value), level)


def _items(writer: Writer, items: list[Any], level: int, path: str) -> None:
    for item in items:
        if isinstance(item, dict):
            _each_field(writer, item, level, path)
        else:
            writer.line(_plain(item), level)


def _plain(value: object) -> str:
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _label(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        return name
    words = _WORD.findall(name)
    return " ".join(word.upper() if word.upper() in _ACRONYMS else word[:1].upper() + word[1:] for word in words)


@block
def _conditions(writer: Writer, conditions: Sequence[Object] | None) -> None:
    if conditions:
        writer.line("Conditions:")
        rows = [(f"{item['type']} ", item["status"], item.get("reason", "")) for item in conditions]
        writer.table(("Type", "Status", "Reason"), rows)


@block
def _replica_sets(writer: Writer, deployment: Object, found: Sequence[Object] | None) -> None:
    owned = sorted((item for item in found or () if is_owned_by(item, deployment)), key=_creation)
    if owned:
        new = next((item for item in owned if bare_template(item) == bare_template(deployment)), None)
        writer.field("OldReplicaSets", _created([item for item in owned if item is not new]))
        writer.field("NewReplicaSet", _created([new] if new else []))


def _creation(obj: Object) -> tuple[str, str]:
    return obj["metadata"].get("creationTimestamp") or "", obj["metadata"]["name"]


def _created(replica_sets: Sequence[Object]) -> str:
    words = (
        f"{item['metadata']['name']} "
        f"({(item.get('status') or {}).get('replicas', 0)}/{item['spec'].get('replicas', 0)} replicas created)"
        for item in replica_sets
    )
    return ", ".join(words) or NONE


_PHASES = (("Running", "Running"), ("Pending", "Waiting"), ("Succeeded", "Succeeded"), ("Failed", "Failed"))


@block
def _pods_status(writer: Writer, owner: Object, found: Sequence[Object] | None) -> None:
    pods = [pod for pod in found or () if is_owned_by(pod, owner)]
    phases = Counter((pod.get("status") or {}).get("phase") for pod in pods)
    writer.field("Pods Status", " / ".join(f"{phases[phase]} {word}" for phase, word in _PHASES))
