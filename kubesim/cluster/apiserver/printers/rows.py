"""Rows of every kind: the cells beside NAME and AGE. Mirrors pkg/printers/internalversion/printers.go, v1.36."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

from kubesim.api.clock import Micros, parse_time
from kubesim.api.humanize import NONE, UNKNOWN, age, format_labels, format_selector, human_duration, node_roles
from kubesim.api.objects import Object, find_condition, metadata, remembered

_REPLICAS = "NAME  DESIRED  CURRENT  READY"
_TEMPLATE = "AGE  +CONTAINERS  +IMAGES  +SELECTOR"

Cells = Callable[[Object, Micros], list[str]]


class Column(NamedTuple):
    """One column: its heading, and whether only `-o wide` shows it."""

    name: str
    wide: bool = False


class _Printer(NamedTuple):
    """`narrow` may leave out the cells after the last column that is no wide one."""

    columns: tuple[Column, ...]
    row: Cells
    narrow: Cells


_PRINTERS: dict[str, _Printer] = {}


def _printer(kinds: str, headings: str, narrow: Cells | None = None) -> Callable[[Cells], Cells]:
    """Make a function the printer of kinds. Two spaces divide the headings; a leading "+" makes a column a wide one.

    The function gives all cells but NAME and AGE, or all where NAME isn't first; `narrow` is quicker and gives fewer.
    """
    names = headings.split("  ")
    columns = tuple(Column(name.lstrip("+"), name.startswith("+")) for name in names)
    age_at = names.index("AGE") if "AGE" in names else 0

    def register(cells: Cells) -> Cells:
        makers = (cells, narrow or cells)
        row, quick = makers if names[0] != "NAME" else (partial(_named, maker, age_at) for maker in makers)
        _PRINTERS.update(dict.fromkeys(kinds.split(), _Printer(columns, row, quick)))
        return cells

    return register


def _named(cells: Cells, age_at: int, obj: Object, now: Micros) -> list[str]:
    meta = obj["metadata"]
    row = cells(obj, now)
    row.insert(0, meta.get("name", ""))
    if age_at:
        row.insert(age_at, age(meta.get("creationTimestamp"), now))
    return row


@_printer("_", "NAME  AGE")
def _unknown(obj: Object, now: Micros) -> list[str]:
    return []


def _of(kind: str) -> _Printer:
    return _PRINTERS.get(kind) or _PRINTERS["_"]


def columns(kind: str) -> tuple[Column, ...]:
    """The columns of a kind's table, in screen order; NAME and AGE for a kind without a printer of its own."""
    return _of(kind).columns


def row(obj: Object, now: Micros) -> list[str]:
    """One cell for every column of the object's kind, wide ones too, in the order of `columns`."""
    return _of(obj.get("kind", "")).row(obj, now)


def row_of(kind: str, wide: bool) -> Cells:
    """What makes the cells of one object of a kind, perhaps without those after the last column that is shown."""
    printer = _of(kind)
    return printer.row if wide else printer.narrow


@_printer("Secret", "NAME  TYPE  DATA  AGE")
def secret(obj: Object, now: Micros) -> list[str]:
    return [obj.get("type") or "", str(len(obj.get("data") or ()))]


@_printer("ConfigMap", "NAME  DATA  AGE")
def config_map(obj: Object, now: Micros) -> list[str]:
    return [str(len(obj.get("data") or ()) + len(obj.get("binaryData") or ()))]


@_printer("Namespace", "NAME  STATUS  AGE")
def namespace(obj: Object, now: Micros) -> list[str]:
    return [(obj.get("status") or {}).get("phase", "")]


@_printer(
    "Node",
    "NAME  STATUS  ROLES  AGE  VERSION  +INTERNAL-IP  +EXTERNAL-IP  +OS-IMAGE  +KERNEL-VERSION  +CONTAINER-RUNTIME",
)
def node(obj: Object, now: Micros) -> list[str]:
    status = obj.get("status") or {}
    info = status.get("nodeInfo") or {}
    addresses = {item["type"]: item["address"] for item in reversed(status.get("addresses") or [])}
    return [
        _node_status(obj.get("spec") or {}, status),
        node_roles(obj["metadata"].get("labels")),
        info.get("kubeletVersion", ""),
        addresses.get("InternalIP", NONE),
        addresses.get("ExternalIP", NONE),
        *(info.get(field) or UNKNOWN for field in ("osImage", "kernelVersion", "containerRuntimeVersion")),
    ]


def _node_status(spec: Object, status: Object) -> str:
    ready = next((item["status"] for item in status.get("conditions") or () if item["type"] == "Ready"), None)
    words = ["Unknown" if ready is None else "Ready" if ready == "True" else "NotReady"]
    return ",".join(words + ["SchedulingDisabled"] * bool(spec.get("unschedulable")))


@_printer("Service", "NAME  TYPE  CLUSTER-IP  EXTERNAL-IP  PORT(S)  AGE  +SELECTOR")
def service(obj: Object, now: Micros) -> list[str]:
    spec = obj.get("spec") or {}
    addresses = spec.get("clusterIPs") or [spec.get("clusterIP") or NONE]
    return [
        spec.get("type", ""),
        addresses[0],
        _external_ip(spec, obj.get("status") or {}),
        ",".join(map(_port, spec.get("ports") or ())) or NONE,
        format_labels(spec.get("selector")),
    ]


def _port(port: Object) -> str:
    node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port['port']}{node_port}/{port.get('protocol', 'TCP')}"


def _external_ip(spec: Object, status: Object) -> str:
    if spec.get("type") == "ExternalName":
        return str(spec.get("externalName", ""))
    ingress = (status.get("loadBalancer") or {}).get("ingress") or ()
    balancers = sorted({item.get("ip") or item.get("hostname") or "" for item in ingress} - {""})
    found = [*balancers, *(spec.get("externalIPs") or ())]
    return ",".join(found) or ("<pending>" if spec.get("type") == "LoadBalancer" else NONE)


def _counts(obj: Object, *keys: str) -> list[str]:
    """Numbers of the status."""
    return [str((obj.get("status") or {}).get(key, 0)) for key in keys]


def _template(spec: Object) -> list[str]:
    """CONTAINERS, IMAGES, SELECTOR."""
    containers = spec["template"]["spec"]["containers"]
    return [
        ",".join(item["name"] for item in containers),
        ",".join(item.get("image", "") for item in containers),
        format_selector(spec.get("selector")),
    ]


@_printer("Deployment", f"NAME  READY  UP-TO-DATE  AVAILABLE  {_TEMPLATE}")
def deployment(obj: Object, now: Micros) -> list[str]:
    ready, *others = _counts(obj, "readyReplicas", "updatedReplicas", "availableReplicas")
    return [f"{ready}/{obj['spec'].get('replicas', 0)}", *others, *_template(obj["spec"])]


@_printer("ReplicaSet", f"{_REPLICAS}  {_TEMPLATE}")
def replica_set(obj: Object, now: Micros) -> list[str]:
    return [str(obj["spec"].get("replicas", 0)), *_counts(obj, "replicas", "readyReplicas"), *_template(obj["spec"])]


@_printer("DaemonSet", f"{_REPLICAS}  UP-TO-DATE  AVAILABLE  NODE SELECTOR  {_TEMPLATE}")
def daemon_set(obj: Object, now: Micros) -> list[str]:
    numbers = _counts(
        *(obj, "desiredNumberScheduled", "currentNumberScheduled", "numberReady"),
        *("updatedNumberScheduled", "numberAvailable"),
    )
    spec = obj["spec"]
    return [*numbers, format_labels(spec["template"]["spec"].get("nodeSelector")), *_template(spec)]


@_printer("StatefulSet", "NAME  READY  AGE  +CONTAINERS  +IMAGES")
def stateful_set(obj: Object, now: Micros) -> list[str]:
    (ready,) = _counts(obj, "readyReplicas")
    return [f"{ready}/{obj['spec'].get('replicas', 0)}", *_template(obj["spec"])[:2]]


_JOB_STATUS = ("Complete", "Failed", "Suspended", "", "SuccessCriteriaMet", "FailureTarget")


@_printer("Job", f"NAME  STATUS  COMPLETIONS  DURATION  {_TEMPLATE}")
def job(obj: Object, now: Micros) -> list[str]:
    spec, status, deleted = obj["spec"], obj.get("status") or {}, bool(metadata(obj).get("deletionTimestamp"))
    holds = [kind for kind in _JOB_STATUS if (find_condition(obj, kind) == "True" if kind else deleted)]
    wanted, parallelism = spec.get("completions"), spec.get("parallelism") or 0
    if wanted is None:
        wanted = f"1 of {parallelism}" if parallelism > 1 else 1
    start, end = status.get("startTime"), status.get("completionTime")
    duration = human_duration((parse_time(end) if end else now) - parse_time(start)) if start else ""
    word = (holds[0] or "Terminating") if holds else "Running"
    return [word, f"{status.get('succeeded', 0)}/{wanted}", duration, *_template(spec)]


@_printer("CronJob", f"NAME  SCHEDULE  TIMEZONE  SUSPEND  ACTIVE  LAST SCHEDULE  {_TEMPLATE}")
def cron_job(obj: Object, now: Micros) -> list[str]:
    spec, status = obj["spec"], obj.get("status") or {}
    last = status.get("lastScheduleTime")
    return [
        spec["schedule"],
        spec.get("timeZone") or NONE,
        str(bool(spec.get("suspend"))),
        str(len(status.get("active") or ())),
        age(last, now) if last else NONE,
        *_template(spec["jobTemplate"]["spec"]),
    ]


@_printer("ControllerRevision", "NAME  CONTROLLER  REVISION  AGE")
def controller_revision(obj: Object, now: Micros) -> list[str]:
    owners = [item for item in metadata(obj).get("ownerReferences") or () if item.get("controller")]
    names = [f"{item['kind'].lower()}.{item['apiVersion'].partition('/')[0]}/{item['name']}" for item in owners]
    return [names[0] if names else NONE, str(obj.get("revision", 0))]


@_printer("Role ClusterRole", "NAME  CREATED AT")
def role(obj: Object, now: Micros) -> list[str]:
    """CREATED AT: the one table with a point in time in it, whatever `now` is."""
    return [obj["metadata"].get("creationTimestamp") or UNKNOWN]


@_printer("RoleBinding ClusterRoleBinding", "NAME  ROLE  AGE  +USERS  +GROUPS  +SERVICEACCOUNTS")
def role_binding(obj: Object, now: Micros) -> list[str]:
    subjects = obj.get("subjects") or ()
    names = (", ".join(_subjects(subjects, kind)) for kind in ("User", "Group", "ServiceAccount"))
    return [f"{obj['roleRef']['kind']}/{obj['roleRef']['name']}", *names]


def _subjects(subjects: Sequence[Object], kind: str) -> list[str]:
    found = [item for item in subjects if item["kind"] == kind]
    return [f"{item['namespace']}/{item['name']}" if "namespace" in item else item["name"] for item in found]


@_printer("Event", "LAST SEEN  TYPE  REASON  OBJECT  +SUBOBJECT  +SOURCE  MESSAGE  +FIRST SEEN  +COUNT  +NAME")
def event(obj: Object, now: Micros) -> list[str]:
    about, series = obj.get("involvedObject") or {}, obj.get("series") or {}
    first = obj.get("firstTimestamp") or obj.get("eventTime")
    return [
        age(series.get("lastObservedTime") or obj.get("lastTimestamp") or first, now),
        obj.get("type", ""),
        obj.get("reason", ""),
        "/".join(filter(None, (about.get("kind", "").lower(), about.get("name")))),
        about.get("fieldPath", ""),
        _source(obj),
        obj.get("message", "").strip(),
        age(first, now),
        str(series.get("count") or obj.get("count") or 1),
        obj["metadata"].get("name", ""),
    ]


def _source(obj: Object) -> str:
    source = obj.get("source") or {}
    component = source.get("component") or obj.get("reportingComponent") or ""
    host = source.get("host") or obj.get("reportingInstance")
    return f"{component}, {host}" if host else component


class PodSummary(NamedTuple):
    """What READY, STATUS and RESTARTS are made of."""

    ready: int
    total: int
    status: str
    restarts: int
    restarted: str  # when the last container to be restarted had ended; "" for never


def narrow_pod(obj: Object, now: Micros) -> list[str]:
    ready, total, reason, restarts, restarted = pod_summary(obj)
    return [
        f"{ready}/{total}",
        reason,
        f"{restarts} ({age(restarted, now)} ago)" if restarts and restarted else str(restarts),
    ]


@_printer("Pod", "NAME  READY  STATUS  RESTARTS  AGE  +IP  +NODE  +NOMINATED NODE  +READINESS GATES", narrow_pod)
def pod(obj: Object, now: Micros) -> list[str]:
    """As `narrow_pod`, then IP, NODE, NOMINATED NODE, READINESS GATES."""
    spec, status = obj["spec"], obj.get("status") or {}
    addresses = status.get("podIPs")
    return [
        *narrow_pod(obj, now),
        (addresses[0].get("ip") if addresses else "") or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        _readiness_gates(spec["readinessGates"] or (), status) if "readinessGates" in spec else NONE,
    ]


def pod_status(obj: Object) -> str:
    """The STATUS of a Pod: its phase, or the reason of one of its containers."""
    return pod_summary(obj).status


@remembered
def pod_summary(obj: Object) -> PodSummary:
    """How many containers are ready, what the Pod is waiting for, and how often it was restarted."""
    spec, status = obj["spec"], obj.get("status") or {}
    containers = status.get("containerStatuses") or []
    reason, total = status.get("reason") or status.get("phase") or "", len(spec["containers"])
    if "initContainers" not in spec:
        reason, ready = _containers(containers, reason, status)
        return PodSummary(ready, total, _deleted(obj, status, reason), *_restarts(containers))
    sidecars = {item["name"] for item in spec["initContainers"] if item.get("restartPolicy") == "Always"}
    stuck, ready, counted = _initialization(spec, status, sidecars)
    reason = stuck or reason
    if not stuck or find_condition({"status": status}, "Initialized") == "True":
        reason, running = _containers(containers, reason, status)
        ready += running
        counted = [item for item in counted if item["name"] in sidecars] + containers
    return PodSummary(ready, total + len(sidecars), _deleted(obj, status, reason), *_restarts(counted))


def _initialization(spec: Object, status: Object, sidecars: set[str]) -> tuple[str, int, list[Object]]:
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


def _deleted(obj: Object, status: Object, reason: str) -> str:
    if not obj["metadata"].get("deletionTimestamp"):
        return reason
    return reason if status.get("phase") in ("Failed", "Succeeded") else "Terminating"


def _restarts(containers: Iterable[Object]) -> tuple[int, str]:
    count, last = 0, ""
    for container in containers:
        if container.get("restartCount"):
            count += container["restartCount"]
            ended = (container.get("lastState") or {}).get("terminated") or {}
            last = max(last, ended.get("finishedAt") or "")
    return count, last


def _readiness_gates(gates: Sequence[Object], status: Object) -> str:
    true = sum(find_condition({"status": status}, gate["conditionType"]) == "True" for gate in gates)
    return f"{true}/{len(gates)}" if gates else NONE
