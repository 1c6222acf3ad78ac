"""The descriptions of Pods and Pod templates.

Mirrors describePod and DescribePodTemplate in k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.api.clock import Micros
from kubesim.api.humanize import NONE, age, long_time
from kubesim.api.objects import Object, at, find_named
from kubesim.kubectl.describers.common import (
    Items,
    Surroundings,
    annotation_lines,
    label_rows,
    name_rows,
    optional,
    or_unset,
    pairs,
    row,
    section,
)
from kubesim.kubectl.describers.containers import container_lines
from kubesim.kubectl.describers.volumes import volume_lines

_CONTAINER_LISTS = {
    "Init Containers:": "initContainers",
    "Containers:": "containers",
    "Ephemeral Containers:": "ephemeralContainers",
}


def pod(obj: Object, surroundings: Surroundings) -> Iterator[str]:
    yield from name_rows(obj)
    yield from optional("Priority", at(obj, "spec.priority"))
    yield from optional("Priority Class Name", at(obj, "spec.priorityClassName"))
    yield from optional("Runtime Class Name", at(obj, "spec.runtimeClassName"))
    yield from optional("Service Account", at(obj, "spec.serviceAccountName"))
    # Between the scheduler's binding and the kubelet's first report, the Pod has a node, but no host IP.
    node = at(obj, "spec.nodeName")
    yield row("Node", f"{node}/{at(obj, 'status.hostIP') or ''}" if node else NONE)
    yield from optional("Start Time", at(obj, "status.startTime"), long_time)
    yield from label_rows(obj)
    yield from _status(obj, surroundings.now)
    yield from optional("Reason", at(obj, "status.reason"))
    yield from optional("Message", at(obj, "status.message"))
    yield from optional("SeccompProfile", at(obj, "spec.securityContext.seccompProfile.type"))
    yield from optional("LocalhostProfile", at(obj, "spec.securityContext.seccompProfile.localhostProfile"))
    yield row("IP", at(obj, "status.podIP"))
    addresses = [row("  IP", one.get("ip")) for one in at(obj, "status.podIPs") or ()]
    yield from section("IPs", addresses, says_none=True)
    yield from controller_row(obj)
    yield from _containers(obj)
    yield from _conditions(at(obj, "status.conditions"))
    yield from section("Volumes", volume_lines(at(obj, "spec.volumes"), "  "), says_none=True)
    yield row("QoS Class", or_unset(at(obj, "status.qosClass"), unset="BestEffort"))
    yield row("Node-Selectors", pairs(at(obj, "spec.nodeSelector")))
    yield row("Tolerations", _tolerations(at(obj, "spec.tolerations")))


def template_lines(template: Object | None) -> Iterator[str]:
    """The section about a Pod template; nothing without one."""
    if template is None:
        return
    spec = template.get("spec") or {}
    yield "Pod Template:"
    yield row("  Labels", pairs(at(template, "metadata.labels")))
    yield from optional("  Annotations", at(template, "metadata.annotations"), annotation_lines)
    yield from optional("  Service Account", spec.get("serviceAccountName"))
    yield from section("  Init Containers", _template_containers(spec.get("initContainers")))
    yield from section("  Containers", _template_containers(spec.get("containers")), says_none=True)
    yield from section("  Volumes", volume_lines(spec.get("volumes"), "   "), says_none=True)
    yield from optional("  Priority Class Name", spec.get("priorityClassName"))
    yield row("  Node-Selectors", pairs(spec.get("nodeSelector")))
    yield row("  Tolerations", _tolerations(spec.get("tolerations")))


def _template_containers(containers: Items) -> Iterator[str]:
    for container in containers or ():
        yield f"   {container.get('name', '')}:"
        yield from container_lines(container)


def _status(pod: Object, now: Micros) -> Iterator[str]:
    meta = pod["metadata"]
    phase = at(pod, "status.phase") or ""
    is_ending = meta.get("deletionTimestamp") and phase not in ("Failed", "Succeeded")
    if not is_ending:
        yield f"Status:\t{phase}"
        return
    yield f"Status:\tTerminating (lasts {age(meta['deletionTimestamp'], now)})"
    yield f"Termination Grace Period:\t{meta.get('deletionGracePeriodSeconds', 0)}s"


def controller_row(obj: Object) -> Iterator[str]:
    """The row of the object's controller; no row without one."""
    for owner in at(obj, "metadata.ownerReferences") or ():
        if owner.get("controller"):
            yield row("Controlled By", f"{owner['kind']}/{owner['name']}")
            return


def _containers(pod: Object) -> Iterator[str]:
    for heading, field in _CONTAINER_LISTS.items():
        containers = pod["spec"].get(field) or ()
        if containers or field == "containers":
            yield heading
        statuses = at(pod, f"status.{field.removesuffix('s')}Statuses") or ()
        for container in containers:
            yield f"  {container['name']}:"
            yield from container_lines(container, pod, find_named(statuses, container["name"]))


def _conditions(conditions: Items) -> Iterator[str]:
    if not conditions:
        return
    yield "Conditions:"
    yield "  Type\tStatus"
    for condition in conditions:
        yield f"  {condition['type']} \t{condition['status']} "


def _tolerations(tolerations: Items) -> list[str]:
    return [_toleration(item) for item in sorted(tolerations or (), key=lambda item: item.get("key", ""))]


def _toleration(item: Object) -> str:
    """A toleration in a line, such as "node.kubernetes.io/not-ready:NoExecute op=Exists for 300s"."""
    text: str = item.get("key", "")
    if item.get("value"):
        text += f"={item['value']}"
    if item.get("effect"):
        text += f":{item['effect']}"
    words = [text] if text else []
    if item.get("operator") == "Exists" and not item.get("value"):
        words.append("op=Exists")
    if "tolerationSeconds" in item:
        words.append(f"for {item['tolerationSeconds']}s")
    return " ".join(words)
