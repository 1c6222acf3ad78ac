"""Rows of all kinds but Pods, in screen order. Mirrors pkg/printers/internalversion/printers.go, v1.36."""

from __future__ import annotations

from collections.abc import Sequence

from kubesim.api.clock import Micros
from kubesim.api.humanize import NONE, UNKNOWN, age, format_labels, format_selector, node_roles
from kubesim.api.objects import Object


def secret(obj: Object, now: Micros) -> list[str]:
    """NAME, TYPE, DATA, AGE."""
    meta = obj["metadata"]
    created = age(meta.get("creationTimestamp"), now)
    return [meta["name"], obj.get("type") or "", str(len(obj.get("data") or ())), created]


def config_map(obj: Object, now: Micros) -> list[str]:
    """NAME, DATA, AGE."""
    meta = obj["metadata"]
    count = len(obj.get("data") or ()) + len(obj.get("binaryData") or ())
    return [meta["name"], str(count), age(meta.get("creationTimestamp"), now)]


def namespace(obj: Object, now: Micros) -> list[str]:
    """NAME, STATUS, AGE."""
    meta = obj["metadata"]
    return [meta["name"], (obj.get("status") or {}).get("phase", ""), age(meta.get("creationTimestamp"), now)]


def node(obj: Object, now: Micros) -> list[str]:
    """NAME, STATUS, ROLES, AGE, VERSION, INTERNAL-IP, EXTERNAL-IP, OS-IMAGE, KERNEL-VERSION, CONTAINER-RUNTIME."""
    meta, status = obj["metadata"], obj.get("status") or {}
    info = status.get("nodeInfo") or {}
    addresses = {item["type"]: item["address"] for item in reversed(status.get("addresses") or [])}
    return [
        meta["name"],
        _node_status(obj.get("spec") or {}, status),
        node_roles(meta.get("labels")),
        age(meta.get("creationTimestamp"), now),
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
    """NAME, TYPE, CLUSTER-IP, EXTERNAL-IP, PORT(S), AGE, SELECTOR."""
    meta, spec = obj["metadata"], obj.get("spec") or {}
    addresses = spec.get("clusterIPs") or [spec.get("clusterIP") or NONE]
    return [
        meta["name"],
        spec.get("type", ""),
        addresses[0],
        _external_ip(spec, obj.get("status") or {}),
        ",".join(map(_port, spec.get("ports") or ())) or NONE,
        age(meta.get("creationTimestamp"), now),
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


def deployment(obj: Object, now: Micros) -> list[str]:
    """NAME, READY, UP-TO-DATE, AVAILABLE, AGE, CONTAINERS, IMAGES, SELECTOR."""
    meta, status = obj["metadata"], obj.get("status") or {}
    return [
        meta["name"],
        f"{status.get('readyReplicas', 0)}/{obj['spec'].get('replicas', 0)}",
        str(status.get("updatedReplicas", 0)),
        str(status.get("availableReplicas", 0)),
        age(meta.get("creationTimestamp"), now),
        *_template(obj["spec"]),
    ]


def replica_set(obj: Object, now: Micros) -> list[str]:
    """NAME, DESIRED, CURRENT, READY, AGE, CONTAINERS, IMAGES, SELECTOR."""
    meta, status = obj["metadata"], obj.get("status") or {}
    return [
        meta["name"],
        str(obj["spec"].get("replicas", 0)),
        str(status.get("replicas", 0)),
        str(status.get("readyReplicas", 0)),
        age(meta.get("creationTimestamp"), now),
        *_template(obj["spec"]),
    ]


def _template(spec: Object) -> list[str]:
    containers = spec["template"]["spec"]["containers"]
    return [
        ",".join(item["name"] for item in containers),
        ",".join(item.get("image", "") for item in containers),
        format_selector(spec.get("selector")),
    ]


def role(obj: Object, now: Micros) -> list[str]:
    """NAME, CREATED AT: the one table with a point in time in it, whatever `now` is."""
    return [obj["metadata"]["name"], obj["metadata"].get("creationTimestamp") or UNKNOWN]


def role_binding(obj: Object, now: Micros) -> list[str]:
    """NAME, ROLE, AGE, USERS, GROUPS, SERVICEACCOUNTS."""
    meta, reference = obj["metadata"], obj["roleRef"]
    subjects = obj.get("subjects") or ()
    return [
        meta["name"],
        f"{reference['kind']}/{reference['name']}",
        age(meta.get("creationTimestamp"), now),
        *(", ".join(_subjects(subjects, kind)) for kind in ("User", "Group", "ServiceAccount")),
    ]


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
