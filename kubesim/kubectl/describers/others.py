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
from kubesim.api.humanize import NONE, age, format_labels, long_time, node_roles
from kubesim.api.objects import Object, pull_secret_names
from kubesim.kubectl.describers.writer import Related, Writer, describer

_TOKEN_TYPE = "kubernetes.io/service-account-token"


@describer("Secret")
def write_secret(writer: Writer, secret: Object, related: Related, now: Micros) -> None:
    """A Secret: how long its values are, not what they are, but for a token of a ServiceAccount."""
    kind = secret.get("type", "")
    writer.name(secret)
    writer.line()
    writer.field("Type", kind)
    _heading(writer, "Data")
    for key, value in sorted((secret.get("data") or {}).items()):
        content = base64.b64decode(value)
        shown = key == "token" and kind == _TOKEN_TYPE
        writer.field(key, content.decode(errors="replace") if shown else f"{len(content)} bytes")


@describer("ConfigMap", "events")
def write_config_map(writer: Writer, config_map: Object, related: Related, now: Micros) -> None:
    writer.name(config_map)
    _heading(writer, "Data")
    for key, value in sorted((config_map.get("data") or {}).items()):
        for line in (f"{key}:", "----", *value.split("\n"), ""):
            writer.line(line)
    _heading(writer, "BinaryData")
    for key, value in sorted((config_map.get("binaryData") or {}).items()):
        writer.line(f"{key}: {len(base64.b64decode(value))} bytes")
    writer.line()


def _heading(writer: Writer, text: str) -> None:
    for line in ("", text, "===="):
        writer.line(line)


@describer("ServiceAccount", "events")
def write_service_account(writer: Writer, account: Object, related: Related, now: Micros) -> None:
    """All of a ServiceAccount but its events; whether its pull secrets exist doesn't show."""
    writer.name(account)
    names = pull_secret_names(account)
    writer.field("Image pull secrets", names[0] if names else NONE)
    for name in names[1:]:
        # Spaces and no empty cell, as in kubectl; on the screen it is the same.
        writer.line(f"{'':19}\t{name}")


@describer("Namespace")
def write_namespace(writer: Writer, namespace: Object, related: Related, now: Micros) -> None:
    """A Namespace; quotas and limit ranges are not simulated, so there are none."""
    status = namespace.get("status") or {}
    writer.name(namespace, namespaced=False)
    writer.field("Status", status.get("phase", ""))
    for line in ("", "No resource quota.", "", "No LimitRange resource."):
        writer.line(line)


@describer("Service", "events")
def write_service(writer: Writer, service: Object, related: Related, now: Micros) -> None:
    spec = service.get("spec") or {}
    writer.name(service)
    writer.field("Selector", format_labels(spec.get("selector")))
    writer.field("Type", spec.get("type", ""))
    writer.given(spec, (("IP Family Policy", "ipFamilyPolicy"),))
    writer.field("IP Families", ",".join(spec.get("ipFamilies") or ()) or NONE)
    writer.field("IP", spec.get("clusterIP", ""))
    writer.field("IPs", ",".join(spec.get("clusterIPs") or ()) or NONE)
    writer.given(spec, (("External Name", "externalName"),))
    for port in spec.get("ports") or ():
        _port(writer, port)
    writer.field("Session Affinity", spec.get("sessionAffinity", ""))
    policies = (f"{where} Traffic Policy" for where in ("External", "Internal"))
    writer.given(spec, ((label, label[0].lower() + label[1:].replace(" ", "")) for label in policies))


def _port(writer: Writer, port: Object) -> None:
    name, protocol = port.get("name") or "<unset>", port.get("protocol", "TCP")
    writer.field("Port", f"{name}\t{port['port']}/{protocol}")
    writer.field("TargetPort", f"{port.get('targetPort', port['port'])}/{protocol}")
    if port.get("nodePort"):
        writer.field("NodePort", f"{name}\t{port['nodePort']}/{protocol}")
    # EndpointSlices are not simulated.
    writer.field("Endpoints", NONE)


class _Rule(NamedTuple):
    """One line of a role: one resource (or URL), at most one name of it, and verbs."""

    group: str
    resource: str
    name: str
    url: str
    verbs: tuple[str, ...]


@describer("ClusterRole Role")
def write_role(writer: Writer, role: Object, related: Related, now: Micros) -> None:
    """A Role or ClusterRole, one line for every resource, however its rules were written down."""
    writer.name(role, namespaced=False)
    writer.line("PolicyRule:")
    writer.table(RULE_HEADINGS, rule_rows(role.get("rules") or ()))


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


@describer("ClusterRoleBinding RoleBinding")
def write_role_binding(writer: Writer, binding: Object, related: Related, now: Micros) -> None:
    writer.name(binding, namespaced=False)
    writer.section("Role", (("Kind", binding["roleRef"]["kind"]), ("Name", binding["roleRef"]["name"])))
    writer.line("Subjects:")
    writer.table(("Kind", "Name", "Namespace"), map(_subject, binding.get("subjects") or ()))


def _subject(subject: Object) -> Sequence[str]:
    return subject["kind"], subject["name"], subject.get("namespace", "")


# A kubelet renews its Lease this often. The Lease is not kept as an object: nothing else here looks at it.
_RENEWAL: Micros = 10 * SECOND

_CONDITION_COLUMNS = ("Type", "Status", "LastHeartbeatTime", "LastTransitionTime", "Reason", "Message")
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
_POD_COLUMNS = ("Namespace", "Name", "", "CPU Requests", "CPU Limits", "Memory Requests", "Memory Limits", "Age")


@describer("Node", "pods", "events")
def write_node(writer: Writer, node: Object, related: Related, now: Micros) -> None:
    pods = related.get("pods")
    meta, spec, status = node["metadata"], node.get("spec") or {}, node.get("status") or {}
    writer.name(node, ("Roles", node_roles(meta.get("labels"))), namespaced=False)
    writer.field("CreationTimestamp", long_time(meta.get("creationTimestamp")))
    writer.multiline("Taints", sorted(map(_taint, spec.get("taints") or ())))
    writer.field("Unschedulable", "true" if spec.get("unschedulable") else "false")
    renewed = long_time(rfc3339(now - now % _RENEWAL))
    writer.section("Lease", (("HolderIdentity", meta["name"]), ("AcquireTime", "<unset>"), ("RenewTime", renewed)))
    _node_status(writer, status)
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


def _node_status(writer: Writer, status: Object) -> None:
    if status.get("conditions"):
        writer.line("Conditions:")
        writer.table(_CONDITION_COLUMNS, map(_node_condition, status["conditions"]))
    writer.section("Addresses", ((item["type"], item["address"]) for item in status.get("addresses") or ()))
    for label in ("Capacity", "Allocatable"):
        amounts: Mapping[str, str] = status.get(label.lower()) or {}
        if amounts:
            writer.section(label, ((name, quantity.canonical(text)) for name, text in sorted(amounts.items())))
    info = status.get("nodeInfo") or {}
    writer.section("System Info", ((label, info.get(field, "")) for label, field in _SYSTEM_INFO))


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


@describer("Event", "events")
def write_generic(writer: Writer, obj: Object, related: Related, now: Micros) -> None:
    """Every field of the object, sorted, with its name taken apart into words."""
    writer.name(obj)
    _fields(writer, obj, 0, "")


def _fields(writer: Writer, content: Object, level: int, path: str) -> None:
    for name, value in sorted(content.items()):
        if f"{path}{name}" in _SHOWN_ABOVE:
            continue
        label = _label(name)
        if isinstance(value, dict):
            writer.line(f"{label}:", level)
            _fields(writer, value, level + 1, f"{path}{name}.")
        elif isinstance(value, list):
            writer.line(f"{label}:", level)
            _items(writer, value, level + 1, f"{path}{name}.")
        else:
            writer.field(label, _plain(value), level)


def _items(writer: Writer, items: list[Any], level: int, path: str) -> None:
    for item in items:
        if isinstance(item, dict):
            _fields(writer, item, level, path)
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
