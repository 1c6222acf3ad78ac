"""Rows of Namespaces, Nodes and Services."""

from __future__ import annotations

from kubesim.clock import Micros
from kubesim.humanize import NONE, UNKNOWN, age, format_labels, node_roles
from kubesim.objects import Object


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
