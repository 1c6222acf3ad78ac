"""Table rows of `kubectl get`, pure functions of an object and the time: the columns of a kind, and their cells.

Mirrors kubernetes pkg/printers/internalversion/printers.go, v1.36. A column is a formatter of this module and the paths
of what it gets, "" for the whole object. It returns a cell's text, or what writes it at a moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

from kubesim.api.clock import Micros, parse_time
from kubesim.api.humanize import NONE, UNKNOWN, age, format_labels, format_selector, human_duration, node_roles
from kubesim.api.objects import Object, at, find_condition, getter, metadata, remembered, sidecars_of
from kubesim.api.resources import COLUMNS, RESOURCES

Cells = Callable[[Object, Micros], list[str]]
Cell = str | Callable[[Micros], str]


class Column(NamedTuple):
    """One column: its heading, whether only `-o wide` shows it, and what makes its cells."""

    name: str
    wide: bool
    cell: Callable[[Object], Cell]


@cache
def columns(kind: str, wide: bool = True) -> tuple[Column, ...]:
    """The columns of a kind's table, in screen order; NAME and AGE for a kind without any of its own."""
    own = next((resource.columns for resource in RESOURCES if resource.kind == kind), COLUMNS)
    chosen = [(heading, words) for heading, words in own.items() if wide or heading[0] != "+"]
    return tuple(Column(heading.lstrip("+"), heading[0] == "+", _cell(*words.split())) for heading, words in chosen)


def _cell(formatter: str, *paths: str) -> Callable[[Object], Cell]:
    write, values = _FORMATTERS[formatter], [getter(path) for path in paths or ("",)]
    return lambda obj: write(*[value(obj) for value in values])


@cache
def row_of(kind: str, wide: bool = True) -> Cells:
    """What makes the cells of one object of a kind, one for each of its `columns`.

    Cells that do not depend on the time are made once for each version of an object, as there are thousands.
    """
    all_columns = columns(kind, wide)

    @remembered
    def kept(obj: Object) -> tuple[list[Any], list[tuple[int, Callable[[Micros], str]]]]:
        cells = [column.cell(obj) for column in all_columns]
        return cells, [(index, cell) for index, cell in enumerate(cells) if callable(cell)]

    def row(obj: Object, now: Micros) -> list[str]:
        untimed, timed = kept(obj)
        cells = untimed.copy()
        for index, cell in timed:
            cells[index] = cell(now)
        return cells

    return row


def row(obj: Object, now: Micros) -> list[str]:
    """One cell for every column of the object's kind, wide ones too."""
    return row_of(obj.get("kind", ""))(obj, now)


def _completions(done: int | None, wanted: int | None, parallelism: int | None) -> str:
    if wanted is None:
        return f"{done or 0}/1 of {parallelism}" if parallelism and parallelism > 1 else f"{done or 0}/1"
    return f"{done or 0}/{wanted}"


def _controller(owners: Sequence[Object] | None) -> str:
    controllers = [item for item in owners or () if item.get("controller")]
    names = [f"{item['kind'].lower()}.{item['apiVersion'].partition('/')[0]}/{item['name']}" for item in controllers]
    return names[0] if names else NONE


def _duration(start: str | None, end: str | None) -> Cell:
    if not start:
        return ""
    return human_duration(parse_time(end) - parse_time(start)) if end else partial(age, start)


def _external_ip(spec: Object | None, ingress: Sequence[Object] | None) -> str:
    spec = spec or {}
    if spec.get("type") == "ExternalName":
        return str(spec.get("externalName", ""))
    balancers = sorted({item.get("ip") or item.get("hostname") or "" for item in ingress or ()} - {""})
    addresses = [*balancers, *(spec.get("externalIPs") or ())]
    return ",".join(addresses) or ("<pending>" if spec.get("type") == "LoadBalancer" else NONE)


def _job_status(job: Object) -> str:
    for kind in ("Complete", "Failed"):
        if find_condition(job, kind) == "True":
            return kind
    if metadata(job).get("deletionTimestamp"):
        return "Terminating"
    ends = ("SuccessCriteriaMet", "FailureTarget")
    return next((kind for kind in ends if find_condition(job, kind) == "True"), "Running")


def _node_address(addresses: Sequence[Object] | None, kind: str) -> str:
    return next((item.get("address", "") for item in addresses or () if item.get("type") == kind), NONE)


def _node_status(node: Object) -> str:
    words = {"": "Unknown", "True": "Ready"}.get(find_condition(node, "Ready"), "NotReady")
    return f"{words},SchedulingDisabled" if at(node, "spec.unschedulable") else words


def _port(port: Object) -> str:
    node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port['port']}{node_port}/{port.get('protocol', 'TCP')}"


def shown_few(items: Sequence[str], empty: str) -> str:
    """The first three of several things, and how many more there are."""
    more = f" + {len(items) - 3} more..." if len(items) > 3 else ""
    return ",".join(items[:3]) + more or empty


def _endpoints(subsets: Sequence[Object] | None) -> str:
    endpoints = [
        address.get("ip", "") + f":{port.get('port', 0)}" * bool(port)
        for subset in subsets or ()
        for port in subset.get("ports") or [{}]
        for address in subset.get("addresses", ())
    ]
    return shown_few(endpoints, "" if subsets else NONE)


def _readiness_gates(pod: Object) -> str:
    gates = at(pod, "spec.readinessGates") or ()
    met = sum(find_condition(pod, gate["conditionType"]) == "True" for gate in gates)
    return f"{met}/{len(gates)}" if gates else NONE


def _source(component: str | None, reporting: str | None, host: str | None, instance: str | None) -> str:
    component, host = component or reporting or "", host or instance
    return f"{component}, {host}" if host else component


def _subjects(subjects: Sequence[Object] | None, kind: str) -> str:
    of_kind = [item for item in subjects or () if item["kind"] == kind]
    return ", ".join(f"{item['namespace']}/{item['name']}" if "namespace" in item else item["name"] for item in of_kind)


class PodSummary(NamedTuple):
    """What READY, STATUS and RESTARTS are made of."""

    ready: int
    total: int
    status: str
    restarts: int
    restarted: str  # when the last container to be restarted had ended; "" for never


@remembered
def pod_summary(obj: Object) -> PodSummary:
    """How many containers are ready, what the Pod is waiting for, and how often it was restarted."""
    spec, status = obj["spec"], obj.get("status") or {}
    containers, sidecars = status.get("containerStatuses") or [], sidecars_of(spec)
    reason = status.get("reason") or status.get("phase") or ""
    stuck, ready, counted = _initialization(spec, status, sidecars)
    reason = stuck or reason
    if not stuck or find_condition({"status": status}, "Initialized") == "True":
        reason, running = _containers(containers, reason, status)
        ready += running
        counted = [item for item in counted if item["name"] in sidecars] + containers
    if obj["metadata"].get("deletionTimestamp") and status.get("phase") not in ("Failed", "Succeeded"):
        reason = "Terminating"
    return PodSummary(ready, len(spec["containers"]) + len(sidecars), reason, *_restarted(counted))


def _pod_restarts(pod: Object) -> Cell:
    *_, count, last = pod_summary(pod)
    return (lambda now: f"{count} ({age(last, now)} ago)") if count and last else str(count)


def _initialization(spec: Object, status: Object, sidecars: list[str]) -> tuple[str, int, list[Object]]:
    """Why the init containers are not done ("" if they are), how many sidecars are ready, the statuses looked at."""
    statuses = status.get("initContainerStatuses") or []
    ready = 0
    for index, container in enumerate(statuses):
        state = container.get("state") or {}
        ended = state.get("terminated")
        if ended and ended.get("exitCode") == 0:
            continue
        if container["name"] in sidecars and container.get("started"):
            ready += bool(container.get("ready"))
            continue
        return _init_reason(state, f"Init:{index}/{len(spec['initContainers'])}"), ready, statuses[: index + 1]
    return "", ready, list(statuses)


def _init_reason(state: Object, progress: str) -> str:
    ended, waiting = state.get("terminated"), (state.get("waiting") or {}).get("reason")
    if ended:
        return f"Init:{_end(ended)}"
    return f"Init:{waiting}" if waiting and waiting != "PodInitializing" else progress


def _containers(containers: list[Object], reason: str, status: Object) -> tuple[str, int]:
    """The first container's reason, else the next one's; and how many containers run and are ready."""
    running = 0
    for container in reversed(containers):
        state = container.get("state") or {}
        if "running" in state:
            running += bool(container.get("ready"))
        elif "terminated" in state:
            reason = _end(state["terminated"])
        elif "waiting" in state:
            reason = state["waiting"].get("reason") or reason
    if reason == "Completed" and running:
        reason = "Running" if find_condition({"status": status}, "Ready") == "True" else "NotReady"
    return reason, running


def _end(terminated: Object) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    signal = terminated.get("signal")
    return f"Signal:{signal}" if signal else f"ExitCode:{terminated.get('exitCode', 0)}"


def _restarted(containers: Iterable[Object]) -> tuple[int, str]:
    count, last = 0, ""
    for container in containers:
        if container.get("restartCount"):
            count += container["restartCount"]
            ended = (container.get("lastState") or {}).get("terminated") or {}
            last = max(last, ended.get("finishedAt") or "")
    return count, last


_FORMATTERS: dict[str, Callable[..., Cell]] = {
    "age": lambda *times: partial(age, next(filter(None, times), None)),
    "age_or_none": lambda time: partial(age, time) if time else NONE,
    "bool": lambda value: str(bool(value)),
    "completions": _completions,
    "controller": _controller,
    "count": lambda *values: str(sum(len(value or ()) for value in values)),
    "duration": _duration,
    "endpoints": _endpoints,
    "external_ip": _external_ip,
    "groups": lambda subjects: _subjects(subjects, "Group"),
    "images": lambda containers: ",".join(item.get("image", "") for item in containers or ()),
    "job_status": _job_status,
    "labels": format_labels,
    "name_of_kind": lambda kind, name: "/".join(filter(None, ((kind or "").lower(), name))),
    "names": lambda containers: ",".join(item["name"] for item in containers or ()),
    "node_external": lambda addresses: _node_address(addresses, "ExternalIP"),
    "node_internal": lambda addresses: _node_address(addresses, "InternalIP"),
    "node_status": _node_status,
    "number": lambda *values: str(next(filter(None, values), 0)),
    "once": lambda *values: str(next(filter(None, values), 1)),
    "first": lambda values, value: (values or [value or NONE])[0],
    "or_none": lambda *values: next(filter(None, values), NONE),
    "or_unknown": lambda value: value or UNKNOWN,
    "pair": lambda kind, name: f"{kind}/{name}",
    "part": lambda some, whole: f"{some or 0}/{whole or 0}",
    "pod_ip": lambda addresses: (addresses[0].get("ip") if addresses else "") or NONE,
    "pod_ready": lambda pod: "{}/{}".format(*pod_summary(pod)),
    "pod_restarts": _pod_restarts,
    "pod_status": lambda pod: pod_summary(pod).status,
    "ports": lambda ports: ",".join(map(_port, ports or ())) or NONE,
    "readiness_gates": _readiness_gates,
    "roles": node_roles,
    "selector": format_selector,
    "slice_addresses": lambda ends: shown_few(
        [at for end in ends or () for at in end.get("addresses") or ()], "<unset>"
    ),
    "slice_ports": lambda ports: shown_few([str(item.get("port", "*")) for item in ports or ()], "<unset>"),
    "service_accounts": lambda subjects: _subjects(subjects, "ServiceAccount"),
    "source": _source,
    "text": lambda value: str(value or "").strip(),
    "users": lambda subjects: _subjects(subjects, "User"),
}
