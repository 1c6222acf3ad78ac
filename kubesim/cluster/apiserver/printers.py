"""The tables of `kubectl get`: the columns of each kind, and cells as pure functions of an object and the time.

kinds.json lists the columns. A column has the name of a formatter (see FORMATTERS at the end) and the paths of the
formatter's arguments; without paths, the formatter gets the whole object. Mirrors kubernetes
pkg/printers/internalversion/printers.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

from kubesim.api.clock import Micros, parse_time
from kubesim.api.humanize import NONE, UNKNOWN, age, format_labels, format_selector, human_duration, node_roles
from kubesim.api.objects import Object, at, find_condition, getter, is_deleted, remembered
from kubesim.api.resources import COLUMNS, RESOURCES
from kubesim.cluster.apiserver.podsummary import pod_summary

# The text of a cell, or a function from the moment to the text for cells such as AGE.
Cell = str | Callable[[Micros], str]
Cells = Callable[[Object, Micros], list[str]]
# In the order in which they count.
_JOB_CONDITIONS = ("Complete", "Failed", "FailureTarget", "SuccessCriteriaMet")


class Column(NamedTuple):
    """A column of a table."""

    name: str  # the heading
    wide: bool  # whether only `-o wide` shows the column
    cell: Callable[[Object], Cell]


@cache
def columns(kind: str, wide: bool = True) -> tuple[Column, ...]:
    """The columns of a kind's table, in order; NAME and AGE for a kind without columns of its own."""
    table = next((resource.columns for resource in RESOURCES if resource.kind == kind), COLUMNS)
    all_columns = [_column(heading, words) for heading, words in table.items()]
    return tuple(column for column in all_columns if wide or not column.wide)


def _column(heading: str, words: str) -> Column:
    """Parse a column of kinds.json. Raises KeyError for an unknown formatter.

    "part status.ready status.replicas" calls the formatter `part` with the two values, "pod_ready" calls `pod_ready`
    with the object. A heading with "+" before it is only shown by `-o wide`.
    """
    formatter, *paths = words.split()
    write = FORMATTERS[formatter]
    getters = [getter(path) for path in paths]
    write_values = (lambda obj: write(*[value_of(obj) for value_of in getters])) if paths else write
    return Column(heading.removeprefix("+"), wide=heading.startswith("+"), cell=write_values)


@cache
def row_of(kind: str, wide: bool = True) -> Cells:
    """A function that returns an object's cells, one for each column of its kind.

    Cells that don't depend on the time are cached for each version of an object: a table may have thousands of rows.
    """
    all_columns = columns(kind, wide)

    @remembered
    def cells_of(obj: Object) -> list[Cell]:
        return [column.cell(obj) for column in all_columns]

    return lambda obj, now: [cell if isinstance(cell, str) else cell(now) for cell in cells_of(obj)]


def row(obj: Object, now: Micros) -> list[str]:
    """The cells of an object at the moment `now` for all columns of its kind, wide ones included."""
    return row_of(obj.get("kind", ""))(obj, now)


def _first_set(*values: Any, default: Any = NONE) -> Any:
    return next((value for value in values if value), default)


def _age(*times: str | None) -> Cell:
    """The age since the first of these timestamps that isn't None."""
    return partial(age, _first_set(*times, default=None))


def _completions(done: int | None, completions: int | None, parallelism: int | None) -> str:
    text = f"{done or 0}/{completions or 1}"
    if completions is None and parallelism and parallelism > 1:
        text += f" of {parallelism}"
    return text


def _controller(owners: Sequence[Object] | None) -> str:
    """The controller among the owners, as TYPE.GROUP/NAME."""
    for owner in owners or ():
        if owner.get("controller"):
            kind = owner["kind"].lower()
            group = owner["apiVersion"].rpartition("/")[0]
            return f"{kind}.{group}/{owner['name']}" if group else f"{kind}/{owner['name']}"
    return NONE


def _duration(start: str | None, end: str | None) -> Cell:
    if not start:
        return ""
    if not end:
        return _age(start)
    return human_duration(parse_time(end) - parse_time(start))


def _external_ip(spec: Object | None, ingress: Sequence[Object] | None) -> str:
    """The external addresses of a Service."""
    spec = spec or {}
    kind = spec.get("type")
    if kind == "ExternalName":
        return str(spec.get("externalName", ""))
    balancers = {_first_set(item.get("ip"), item.get("hostname"), default="") for item in ingress or ()}
    addresses = [*sorted(balancers - {""}), *(spec.get("externalIPs") or ())]
    if not addresses:
        return "<pending>" if kind == "LoadBalancer" else NONE
    return ",".join(addresses)


def _job_status(job: Object) -> str:
    held = [kind for kind in _JOB_CONDITIONS if find_condition(job, kind) == "True"]
    if is_deleted(job) and not {"Complete", "Failed"}.intersection(held):
        return "Terminating"
    return held[0] if held else "Running"


def _node_address(addresses: Sequence[Object] | None, kind: str) -> str:
    return next((item.get("address", "") for item in addresses or () if item.get("type") == kind), NONE)


def _node_status(node: Object) -> str:
    return {"": "Unknown", "True": "Ready"}.get(find_condition(node, "Ready"), "NotReady")


def _ports(ports: Sequence[Object] | None) -> str:
    texts = []
    for port in ports or ():
        node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
        texts.append(f"{port['port']}{node_port}/{port.get('protocol', 'TCP')}")
    return ",".join(texts) or NONE


def _readiness_gates(pod: Object) -> str:
    gates = at(pod, "spec.readinessGates") or ()
    met = [gate for gate in gates if find_condition(pod, gate["conditionType"]) == "True"]
    return f"{len(met)}/{len(gates)}" if gates else NONE


def _source(component: str | None, reporting: str | None, host: str | None, instance: str | None) -> str:
    """The component that reports an event, and its host."""
    component = component or reporting or ""
    host = host or instance
    return f"{component}, {host}" if host else component


def _subjects(subjects: Sequence[Object] | None, kind: str) -> str:
    """The subjects of a kind in a binding."""
    names = []
    for subject in subjects or ():
        if subject["kind"] == kind:
            names.append("/".join([subject[key] for key in ("namespace", "name") if key in subject]))
    return ", ".join(names)


def _pod_ready(pod: Object) -> str:
    summary = pod_summary(pod)
    return f"{summary.ready}/{summary.total}"


def _pod_restarts(pod: Object) -> Cell:
    summary = pod_summary(pod)
    if not summary.restarts or not summary.last_end:
        return str(summary.restarts)
    return lambda now: f"{summary.restarts} ({age(summary.last_end, now)} ago)"


# By the names by which kinds.json calls them. Each gets the values at the paths, None for a missing value.
FORMATTERS: dict[str, Callable[..., Cell]] = {
    "age": _age,
    "age_or_none": lambda time: _age(time) if time else NONE,
    "bool": lambda value: str(bool(value)),
    "completions": _completions,
    "controller": _controller,
    "count": lambda *values: str(sum(len(value or ()) for value in values)),
    "duration": _duration,
    "external_ip": _external_ip,
    "first": lambda values, value: (values or [value or NONE])[0],
    "groups": partial(_subjects, kind="Group"),
    "images": lambda containers: ",".join(item.get("image", "") for item in containers or ()),
    "job_status": _job_status,
    "labels": format_labels,
    "name_of_kind": lambda kind, name: "/".join(filter(None, ((kind or "").lower(), name))),
    "names": lambda containers: ",".join(item["name"] for item in containers or ()),
    "node_external": partial(_node_address, kind="ExternalIP"),
    "node_internal": partial(_node_address, kind="InternalIP"),
    "node_status": _node_status,
    "number": lambda number: str(number or 0),
    "once": lambda *counts: str(_first_set(*counts, default=1)),
    "or_none": _first_set,
    "or_unknown": partial(_first_set, default=UNKNOWN),
    "pair": lambda kind, name: f"{kind}/{name}",
    "part": lambda some, whole: f"{some or 0}/{whole or 0}",
    "pod_ip": lambda addresses: (addresses[0].get("ip") if addresses else "") or NONE,
    "pod_ready": _pod_ready,
    "pod_restarts": _pod_restarts,
    "pod_status": lambda pod: pod_summary(pod).status,
    "ports": _ports,
    "readiness_gates": _readiness_gates,
    "roles": node_roles,
    "selector": format_selector,
    "service_accounts": partial(_subjects, kind="ServiceAccount"),
    "source": _source,
    "text": lambda value: "" if value is None else str(value),
    "trimmed": lambda text: (text or "").strip(),
    "users": partial(_subjects, kind="User"),
}
