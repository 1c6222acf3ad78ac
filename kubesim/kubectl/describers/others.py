"""What is shown of Secrets, ConfigMaps, ServiceAccounts, Namespaces, Services, RBAC, Nodes, and of any other kind.

No function calls a `@shows` here: screens.json does, with the fields and lists that it gets, in the order of its
parameters.

Mirrors their describers in k8s.io/kubectl pkg/describe/describe.go and pkg/util/rbac/rbac.go, v1.36.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import product
from typing import NamedTuple

from kubesim.api import quantity
from kubesim.api.clock import SECOND, Micros, rfc3339
from kubesim.api.errors import StatusError
from kubesim.api.formats import shows
from kubesim.api.humanize import NONE, age, long_time
from kubesim.api.objects import Object, at, bare_template, is_owned_by, metadata
from kubesim.api.podresources import Amounts, pod_limits, pod_requests
from kubesim.cluster.apiserver.printers import first_three
from kubesim.kubectl.describers.screens import table

_TOKEN_TYPE = "kubernetes.io/service-account-token"


@shows
def _secret_data(data: Object | None) -> Iterator[str]:
    """How long the values are, not what they are."""
    yield from ("", "Data", "====")
    for key, value in sorted((data or {}).items()):
        yield f"{key}:\t{len(base64.b64decode(value))} bytes"


@shows
def _service_ports(ports: Sequence[Object] | None, service: str, slices: Sequence[Object] | None) -> Iterator[str]:
    for port in ports or ():
        name, protocol = port.get("name") or "<unset>", port.get("protocol", "TCP")
        yield f"Port:\t{name}\t{port['port']}/{protocol}"
        yield f"TargetPort:\t{port.get('targetPort', port['port'])}/{protocol}"
        if port.get("nodePort"):
            yield f"NodePort:\t{name}\t{port['nodePort']}/{protocol}"
        yield f"Endpoints:\t{addresses(slices or (), service, port.get('name', ''))}"


def addresses(slices: Sequence[Object], service: str, name: str) -> str:
    """Where the ready Pods of a Service serve the port of this name."""
    slices = [item for item in slices if metadata(item).get("labels", {}).get("kubernetes.io/service-name") == service]
    ready = [
        f"{endpoint['addresses'][0]}:{port['port']}"
        for item in slices
        for port in item.get("ports") or ()
        if port["name"] == name
        for endpoint in item.get("endpoints") or ()
        if endpoint["conditions"].get("ready")
    ]
    return first_three(ready, "") if slices else NONE


@shows
def _rules(rules: Sequence[Object] | None) -> Iterator[str]:
    """One line for every resource, however the rules were written down."""
    yield from table(RULE_HEADINGS, rule_rows(rules or ()))


RULE_HEADINGS = ("Resources", "Non-Resource URLs", "Resource Names", "Verbs")


class _Rule(NamedTuple):
    """A rule taken apart until it is for one URL, or for one resource (and name)."""

    verbs: Sequence[str]
    group: str = ""
    resource: str = ""
    name: str = ""
    url: str = ""

    @property
    def in_go(self) -> str:
        """How Go prints the rule, which the screen is sorted by: the verbs first."""
        return f"[{' '.join(self.verbs)}],[{self.group}],[{self.resource}],[{self.name}],[{self.url}]"

    @property
    def cells(self) -> tuple[str, ...]:
        kind, slash, part = self.resource.partition("/")
        qualified = f"{kind}.{self.group}" if self.group else kind
        return f"{qualified}{slash}{part}", f"[{self.url}]", f"[{self.name}]", f"[{' '.join(self.verbs)}]"


def rule_rows(rules: Iterable[Object]) -> list[tuple[str, ...]]:
    """The lines of a table of rules.

    Verbs for the same resource (and name) are on one line; rules for URLs stay apart.
    """
    lines: list[_Rule] = []
    verbs_of: dict[tuple[str, str, str], list[str]] = {}
    for rule in rules:
        names = rule.get("resourceNames") or [""]
        for key in product(rule.get("apiGroups") or (), rule.get("resources") or (), names):
            verbs_of.setdefault(key, []).extend(rule["verbs"])
        for url, verb in product(rule.get("nonResourceURLs") or (), rule["verbs"]):
            lines.append(_Rule([verb], url=url))
    for (group, resource, name), verbs in verbs_of.items():
        lines.append(_Rule(verbs, group, resource, name))
    return [line.cells for line in sorted(lines, key=lambda line: line.in_go)]


# A kubelet renews its Lease this often. The Lease is not kept as an object: nothing else here looks at it.
_RENEWAL: Micros = 10 * SECOND

_POD_COLUMNS = ("Namespace", "Name", "", "CPU Requests", "CPU Limits", "Memory Requests", "Memory Limits", "Age")


@shows
def _lease(node: str, leases: Sequence[Object] | StatusError | None, now: Micros) -> Iterator[str]:
    if isinstance(leases, StatusError):
        yield f"Lease:\tFailed to get lease: {leases}"
        return
    renewed = long_time(rfc3339(now - now % _RENEWAL))
    yield from ("Lease:", f"  HolderIdentity:\t{node}", "  AcquireTime:\t<unset>", f"  RenewTime:\t{renewed}")


@shows
def _node_pods(node: Object, pods: Sequence[Object] | StatusError | None, now: Micros) -> Iterator[str]:
    if pods is None or isinstance(pods, StatusError):
        yield "Pods:\tnot authorized"
        return
    pods = [pod for pod in pods if pod["spec"].get("nodeName") == node["metadata"]["name"]]
    pods = [pod for pod in pods if at(pod, "status.phase") not in ("Failed", "Succeeded")]
    status = node.get("status") or {}
    room = status.get("allocatable") or status.get("capacity") or {}
    yield f"Non-terminated Pods:\t({len(pods)} in total)"
    yield from table(_POD_COLUMNS, (_pod(pod, room, now) for pod in pods))
    yield from ("Allocated resources:", "  (Total limits may be over 100 percent, i.e., overcommitted.)")
    requests = _sum(map(pod_requests, pods))
    limits = _sum(map(pod_limits, pods))
    names = ["cpu", "memory", "ephemeral-storage", *sorted(name for name in room if name.startswith("hugepages-"))]
    rows = [(name, _share(requests, name, room), _share(limits, name, room)) for name in names]
    yield from table(("Resource", "Requests", "Limits"), rows)


@shows
def _taints(taints: Sequence[Object] | None) -> list[str]:
    return sorted(_taint(taint) for taint in taints or ())


def _taint(taint: Object) -> str:
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint['key']}{value}:{taint['effect']}"


def _pod(pod: Object, room: Mapping[str, str], now: Micros) -> tuple[str, ...]:
    meta = pod["metadata"]
    requests, limits = pod_requests(pod), pod_limits(pod)
    cpu = _share(requests, "cpu", room), _share(limits, "cpu", room)
    memory = _share(requests, "memory", room), _share(limits, "memory", room)
    return meta.get("namespace", ""), meta["name"], "", *cpu, *memory, age(meta.get("creationTimestamp"), now)


def _sum(amounts_of_pods: Iterable[Amounts]) -> Amounts:
    total: Amounts = {}
    for amounts in amounts_of_pods:
        for name, amount in amounts.items():
            total[name] = total.get(name, Decimal()) + amount
    return total


def _share(amounts: Amounts, name: str, room: Mapping[str, str]) -> str:
    amount = amounts.get(name, Decimal())
    whole = quantity.parse(str(room.get(name, "0")))
    text = quantity.canonical(f"{amount}") if name == "cpu" else quantity.canonical(f"{amount / 1024}Ki")
    return f"{text} ({int(amount / whole * 100) if whole else 0}%)"


_SHOWN_ABOVE = {f"metadata.{name}" for name in ("name", "namespace", "labels", "annotations", "managedFields")}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_ACRONYMS = {"API", "URL", "UID", "OSB", "GUID"}


@shows
def _fields(content: Object, indent: str = "", path: str = "") -> Iterator[str]:
    """Every field of an object, sorted, with its name taken apart into words."""
    for name, value in sorted(content.items()):
        if f"{path}{name}" in _SHOWN_ABOVE:
            continue
        if not isinstance(value, dict | list):
            yield f"{indent}{_label(name)}:\t{_plain(value)}"
            continue
        yield f"{indent}{_label(name)}:"
        items = value if isinstance(value, list) else [value]
        for item in items:
            if isinstance(item, dict):
                yield from _fields(item, f"{indent}  ", f"{path}{name}.")
            else:
                yield f"{indent}  {_plain(item)}"


def _plain(value: object) -> str:
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _label(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        return name
    words = _WORD.findall(name)
    return " ".join(word.upper() if word.upper() in _ACRONYMS else word[:1].upper() + word[1:] for word in words)


@shows
def _replica_sets(deployment: Object, replica_sets: Sequence[Object] | None) -> Iterator[str]:
    """The ReplicaSets of a Deployment, apart from the others the one that has its template."""
    owned = [item for item in replica_sets or () if is_owned_by(item, deployment)]
    owned.sort(key=lambda item: (item["metadata"].get("creationTimestamp") or "", item["metadata"]["name"]))
    new = [item for item in owned if bare_template(item) == bare_template(deployment)][:1]
    if owned:
        yield f"OldReplicaSets:\t{_created([item for item in owned if item not in new])}"
        yield f"NewReplicaSet:\t{_created(new)}"


def _created(replica_sets: Sequence[Object]) -> str:
    words = (
        f"{item['metadata']['name']} "
        f"({(item.get('status') or {}).get('replicas', 0)}/{item['spec'].get('replicas', 0)} replicas created)"
        for item in replica_sets
    )
    return ", ".join(words) or NONE


_PHASES = (("Running", "Running"), ("Pending", "Waiting"), ("Succeeded", "Succeeded"), ("Failed", "Failed"))


@shows
def _pods_status(owner: Object, listed: Sequence[Object] | StatusError | None) -> str:
    if isinstance(listed, StatusError):
        return f"error in fetching pods: {listed}"
    pods = [pod for pod in listed or () if is_owned_by(pod, owner)]
    phases = Counter((pod.get("status") or {}).get("phase") for pod in pods)
    return " / ".join(f"{phases[phase]} {word}" for phase, word in _PHASES)
