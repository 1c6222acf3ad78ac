"""Descriptions of Pods and Pod templates. Mirrors describePod in k8s.io/kubectl pkg/describe/describe.go, v1.36."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kubesim.api.clock import Micros
from kubesim.api.humanize import NONE, age, long_time
from kubesim.api.objects import Object
from kubesim.kubectl.describers.containers import write_containers
from kubesim.kubectl.describers.volumes import write_volumes
from kubesim.kubectl.describers.writer import Related, Writer

_SPEC = (
    ("Priority", "priority"),
    ("Priority Class Name", "priorityClassName"),
    ("Runtime Class Name", "runtimeClassName"),
    ("Service Account", "serviceAccountName"),
)
_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['(.*)'\]")


def write_pod(writer: Writer, pod: Object, related: Related, now: Micros) -> None:
    """All of a Pod but its events."""
    spec, status = pod["spec"], pod.get("status") or {}
    _placement(writer, pod, spec, status)
    _condition(writer, pod, status, now)
    write_controller(writer, pod)
    for label, field in (("Init Containers", "initContainers"), ("Containers", "containers")):
        if field == "containers" or spec.get(field):
            statuses = status.get(f"{field.removesuffix('s')}Statuses")
            write_containers(writer, label, spec.get(field) or (), statuses, lambda path: _field(pod, path))
    conditions = [(f"{item['type']} ", f"{item['status']} ") for item in status.get("conditions") or ()]
    if conditions:
        writer.line("Conditions:")
    for row in [("Type", "Status"), *conditions] if conditions else ():
        writer.line("\t".join(row), 1)
    write_volumes(writer, spec.get("volumes"))
    writer.field("QoS Class", status.get("qosClass", "BestEffort"))
    writer.labels("Node-Selectors", spec.get("nodeSelector"))
    writer.multiline("Tolerations", _tolerations(spec.get("tolerations")))


def _placement(writer: Writer, pod: Object, spec: Object, status: Object) -> None:
    meta = pod["metadata"]
    writer.fields((("Name", meta.get("name", "")), ("Namespace", meta.get("namespace", ""))))
    writer.given(spec, _SPEC)
    node = spec.get("nodeName")
    writer.field("Node", f"{node}/{status.get('hostIP', '')}" if node else NONE)
    if status.get("startTime"):
        writer.field("Start Time", long_time(status["startTime"]))
    writer.labels("Labels", meta.get("labels"))
    writer.annotations("Annotations", meta.get("annotations"))


def _condition(writer: Writer, pod: Object, status: Object, now: Micros) -> None:
    meta, phase = pod["metadata"], status.get("phase", "")
    if meta.get("deletionTimestamp") and phase not in ("Failed", "Succeeded"):
        writer.field("Status", f"Terminating (lasts {age(meta['deletionTimestamp'], now)})")
        writer.field("Termination Grace Period", f"{meta.get('deletionGracePeriodSeconds', 0)}s")
    else:
        writer.field("Status", phase)
    writer.given(status, (("Reason", "reason"), ("Message", "message")))
    writer.field("IP", status.get("podIP", ""))
    addresses = status.get("podIPs") or ()
    writer.line("IPs:" if addresses else f"IPs:\t{NONE}")
    writer.fields((("IP", item.get("ip", "")) for item in addresses), 1)


def write_controller(writer: Writer, obj: Object) -> None:
    """Which controller owns the object, where one does."""
    for owner in obj["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            writer.field("Controlled By", f"{owner['kind']}/{owner['name']}")


def _tolerations(tolerations: Sequence[Object] | None) -> list[str]:
    return [_toleration(item) for item in sorted(tolerations or (), key=lambda item: str(item.get("key", "")))]


def _toleration(item: Object) -> str:
    text = str(item.get("key", ""))
    if item.get("value"):
        text += f"={item['value']}"
    if item.get("effect"):
        text += f":{item['effect']}"
    if item.get("operator") == "Exists" and not item.get("value"):
        text += " op=Exists" if text else "op=Exists"
    seconds = item.get("tolerationSeconds")
    return text if seconds is None else f"{text} for {seconds}s"


def _field(pod: Object, path: str) -> str:
    """What a fieldRef gives; "" where kubectl does not work it out (spec and status)."""
    meta = pod["metadata"]
    match = _SUBSCRIPT.fullmatch(path)
    if match:
        return str((meta.get(match[1]) or {}).get(match[2], ""))
    return str(meta.get(path.removeprefix("metadata."), "")) if path in _PLAIN_FIELDS else ""


_PLAIN_FIELDS = ("metadata.name", "metadata.namespace", "metadata.uid")


def write_template(writer: Writer, template: Object) -> None:
    """The Pod template of a Deployment or ReplicaSet."""
    meta, spec = template.get("metadata") or {}, template["spec"]
    writer.line("Pod Template:")
    writer.labels("  Labels", meta.get("labels"))
    if meta.get("annotations"):
        writer.annotations("  Annotations", meta["annotations"])
    writer.given(spec, (("Service Account", "serviceAccountName"),), 1)
    if spec.get("initContainers"):
        write_containers(writer, "Init Containers", spec["initContainers"], indent="  ")
    write_containers(writer, "Containers", spec.get("containers") or (), indent="  ")
    write_volumes(writer, spec.get("volumes"), "  ")
    writer.given(spec, (("Priority Class Name", "priorityClassName"),), 1)
    writer.labels("  Node-Selectors", spec.get("nodeSelector"))
    writer.multiline("  Tolerations", _tolerations(spec.get("tolerations")))
