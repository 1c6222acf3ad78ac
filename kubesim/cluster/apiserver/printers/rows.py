"""Rows of all kinds but Pods: the cells beside NAME and AGE. Mirrors internalversion/printers.go, v1.36."""

from __future__ import annotations

from collections.abc import Sequence

from kubesim.api.clock import Micros, parse_time
from kubesim.api.humanize import NONE, UNKNOWN, age, format_labels, format_selector, human_duration, node_roles
from kubesim.api.objects import Object, find_condition, metadata


def secret(obj: Object, now: Micros) -> list[str]:
    """TYPE, DATA."""
    return [obj.get("type") or "", str(len(obj.get("data") or ()))]


def config_map(obj: Object, now: Micros) -> list[str]:
    """DATA."""
    return [str(len(obj.get("data") or ()) + len(obj.get("binaryData") or ()))]


def namespace(obj: Object, now: Micros) -> list[str]:
    """STATUS."""
    return [(obj.get("status") or {}).get("phase", "")]


def node(obj: Object, now: Micros) -> list[str]:
    """STATUS, ROLES, VERSION, INTERNAL-IP, EXTERNAL-IP, OS-IMAGE, KERNEL-VERSION, CONTAINER-RUNTIME."""
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


def service(obj: Object, now: Micros) -> list[str]:
    """TYPE, CLUSTER-IP, EXTERNAL-IP, PORT(S), SELECTOR."""
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


def deployment(obj: Object, now: Micros) -> list[str]:
    """READY, UP-TO-DATE, AVAILABLE, and the template."""
    ready, *others = _counts(obj, "readyReplicas", "updatedReplicas", "availableReplicas")
    return [f"{ready}/{obj['spec'].get('replicas', 0)}", *others, *_template(obj["spec"])]


def replica_set(obj: Object, now: Micros) -> list[str]:
    """DESIRED, CURRENT, READY, and the template."""
    return [str(obj["spec"].get("replicas", 0)), *_counts(obj, "replicas", "readyReplicas"), *_template(obj["spec"])]


def daemon_set(obj: Object, now: Micros) -> list[str]:
    """DESIRED, CURRENT, READY, UP-TO-DATE, AVAILABLE, NODE SELECTOR, and the template."""
    numbers = _counts(
        *(obj, "desiredNumberScheduled", "currentNumberScheduled", "numberReady"),
        *("updatedNumberScheduled", "numberAvailable"),
    )
    spec = obj["spec"]
    return [*numbers, format_labels(spec["template"]["spec"].get("nodeSelector")), *_template(spec)]


def stateful_set(obj: Object, now: Micros) -> list[str]:
    """READY, CONTAINERS, IMAGES."""
    (ready,) = _counts(obj, "readyReplicas")
    return [f"{ready}/{obj['spec'].get('replicas', 0)}", *_template(obj["spec"])[:2]]


_JOB_STATUS = ("Complete", "Failed", "Suspended", "", "SuccessCriteriaMet", "FailureTarget")


def job(obj: Object, now: Micros) -> list[str]:
    """STATUS, COMPLETIONS, DURATION, and the template."""
    spec, status, deleted = obj["spec"], obj.get("status") or {}, bool(metadata(obj).get("deletionTimestamp"))
    holds = [kind for kind in _JOB_STATUS if (find_condition(obj, kind) == "True" if kind else deleted)]
    wanted, parallelism = spec.get("completions"), spec.get("parallelism") or 0
    if wanted is None:
        wanted = f"1 of {parallelism}" if parallelism > 1 else 1
    start, end = status.get("startTime"), status.get("completionTime")
    duration = human_duration((parse_time(end) if end else now) - parse_time(start)) if start else ""
    word = (holds[0] or "Terminating") if holds else "Running"
    return [word, f"{status.get('succeeded', 0)}/{wanted}", duration, *_template(spec)]


def cron_job(obj: Object, now: Micros) -> list[str]:
    """SCHEDULE, TIMEZONE, SUSPEND, ACTIVE, LAST SCHEDULE, and the template."""
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


def controller_revision(obj: Object, now: Micros) -> list[str]:
    """CONTROLLER, REVISION."""
    owners = [item for item in metadata(obj).get("ownerReferences") or () if item.get("controller")]
    names = [f"{item['kind'].lower()}.{item['apiVersion'].partition('/')[0]}/{item['name']}" for item in owners]
    return [names[0] if names else NONE, str(obj.get("revision", 0))]


def role(obj: Object, now: Micros) -> list[str]:
    """CREATED AT: the one table with a point in time in it, whatever `now` is."""
    return [obj["metadata"].get("creationTimestamp") or UNKNOWN]


def role_binding(obj: Object, now: Micros) -> list[str]:
    """ROLE, USERS, GROUPS, SERVICEACCOUNTS."""
    subjects = obj.get("subjects") or ()
    names = (", ".join(_subjects(subjects, kind)) for kind in ("User", "Group", "ServiceAccount"))
    return [f"{obj['roleRef']['kind']}/{obj['roleRef']['name']}", *names]


def _subjects(subjects: Sequence[Object], kind: str) -> list[str]:
    found = [item for item in subjects if item["kind"] == kind]
    return [f"{item['namespace']}/{item['name']}" if "namespace" in item else item["name"] for item in found]


def event(obj: Object, now: Micros) -> list[str]:
    """LAST SEEN, TYPE, REASON, OBJECT, SUBOBJECT, SOURCE, MESSAGE, FIRST SEEN, COUNT, NAME."""
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
