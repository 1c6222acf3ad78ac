"""Descriptions of Pods and Pod templates: containers, volumes, conditions, tolerations.

Mirrors describePod, describeContainers and describeVolumes in k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

from kubesim.api import load_table, quantity
from kubesim.api.clock import Micros
from kubesim.api.humanize import NONE, age, long_time
from kubesim.api.objects import Object, at
from kubesim.kubectl.describers.writer import Writer, block

Resolve = Callable[[str], str]

_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['(.*)'\]")
_PLAIN_FIELDS = ("metadata.name", "metadata.namespace", "metadata.uid")


@block
def _phase(writer: Writer, pod: Object, now: Micros) -> None:
    meta, phase = pod["metadata"], at(pod, "status.phase") or ""
    if meta.get("deletionTimestamp") and phase not in ("Failed", "Succeeded"):
        writer.field("Status", f"Terminating (lasts {age(meta['deletionTimestamp'], now)})")
        writer.field("Termination Grace Period", f"{meta.get('deletionGracePeriodSeconds', 0)}s")
    else:
        writer.field("Status", phase)


@block
def _addresses(writer: Writer, addresses: Sequence[Object] | None) -> None:
    writer.line("IPs:" if addresses else f"IPs:\t{NONE}")
    writer.fields((("IP", item.get("ip", "")) for item in addresses or ()), 1)


@block
def _controller(writer: Writer, owners: Sequence[Object] | None) -> None:
    for owner in owners or ():
        if owner.get("controller"):
            writer.field("Controlled By", f"{owner['kind']}/{owner['name']}")


@block
def _containers(writer: Writer, pod: Object) -> None:
    spec, status = pod["spec"], pod.get("status") or {}
    for label, field in (("Init ", "initContainers"), ("", "containers"), ("Ephemeral ", "ephemeralContainers")):
        if field == "containers" or spec.get(field):
            statuses = status.get(f"{field.removesuffix('s')}Statuses") or ()
            _each_container(writer, f"{label}Containers", spec.get(field) or (), statuses, partial(_field, pod))


@block
def _pod_conditions(writer: Writer, conditions: Sequence[Object] | None) -> None:
    rows = [f"  {item['type']} \t{item['status']} " for item in conditions or ()]
    for row in ["Conditions:", "  Type\tStatus", *rows] if rows else ():
        writer.line(row)


@block
def _placement(writer: Writer, spec: Object, indent: str = "") -> None:
    writer.labels(f"{indent}Node-Selectors", spec.get("nodeSelector"))
    writer.multiline(f"{indent}Tolerations", _tolerations(spec.get("tolerations")))


@block
def write_template(writer: Writer, template: Object) -> None:
    meta, spec = template.get("metadata") or {}, template["spec"]
    writer.line("Pod Template:")
    writer.labels("  Labels", meta.get("labels"))
    if meta.get("annotations"):
        writer.annotations("  Annotations", meta["annotations"])
    writer.given(spec, (("Service Account", "serviceAccountName"),), 1)
    if spec.get("initContainers"):
        _each_container(writer, "Init Containers", spec["initContainers"], indent="  ")
    _each_container(writer, "Containers", spec.get("containers") or (), indent="  ")
    _volumes(writer, spec.get("volumes"), "  ")
    writer.given(spec, (("Priority Class Name", "priorityClassName"),), 1)
    _placement(writer, spec, "  ")


def _tolerations(tolerations: Sequence[Object] | None) -> list[str]:
    return [_toleration(item) for item in sorted(tolerations or (), key=lambda item: str(item.get("key", "")))]


def _toleration(item: Object) -> str:
    text = str(item.get("key", ""))
    text += f"={item['value']}" if item.get("value") else ""
    text += f":{item['effect']}" if item.get("effect") else ""
    if item.get("operator") == "Exists" and not item.get("value"):
        text += " op=Exists" if text else "op=Exists"
    seconds = item.get("tolerationSeconds")
    return text if seconds is None else f"{text} for {seconds}s"


def _field(pod: Object, path: str) -> str:
    """What a fieldRef gives; "" where kubectl does not work it out (spec and status)."""
    meta = pod["metadata"]
    if match := _SUBSCRIPT.fullmatch(path):
        return str((meta.get(match[1]) or {}).get(match[2], ""))
    return str(meta.get(path.removeprefix("metadata."), "")) if path in _PLAIN_FIELDS else ""


def _each_container(
    writer: Writer,
    label: str,
    containers: Sequence[Object],
    statuses: Sequence[Object] = (),
    resolve: Resolve = lambda path: "",
    indent: str = "",
) -> None:
    """One entry a container.

    `resolve` gives the value of a fieldRef's path; `indent` comes before everything in a Pod template.
    """
    by_name = {status["name"]: status for status in statuses}
    writer.line(f"{indent}{label}:{'' if containers else f' {NONE}'}")
    for container in containers:
        writer.line(f"{indent[:1]}{container['name']}:", 1)
        _container(writer, container, by_name.get(container["name"]))
        _environment(writer, container, resolve)
        mounts = container.get("volumeMounts")
        writer.line("Mounts:" if mounts else f"Mounts:\t{NONE}", 2)
        for mount in sorted(mounts or (), key=lambda mount: str(mount["mountPath"])):
            path = f',path="{mount["subPath"]}"' if mount.get("subPath") else ""
            flags = ("ro" if mount.get("readOnly") else "rw") + path
            writer.line(f"{mount['mountPath']} from {mount['name']} ({flags})", 3)


def _container(writer: Writer, container: Object, status: Object | None) -> None:
    if status is not None:
        writer.field("Container ID", status.get("containerID", ""), 2)
    writer.field("Image", container.get("image", ""), 2)
    if status is not None:
        writer.field("Image ID", status.get("imageID", ""), 2)
    ports = container.get("ports") or ()
    for label, key in (("Port", "containerPort"), ("Host Port", "hostPort")):
        text = ", ".join(f"{port.get(key, 0)}/{port.get('protocol', 'TCP')}" for port in ports)
        writer.field(label + "s" * (len(ports) > 1), text or NONE, 2)
    for label in ("Command", "Args"):
        if words := container.get(label.lower()):
            writer.line(f"{label}:", 2)
            for line in "\n".join(words).split("\n"):
                writer.line(line, 3)
    if status is not None:
        _status(writer, status)
    for label in ("Limits", "Requests"):
        if amounts := (container.get("resources") or {}).get(label.lower()):
            writer.section(label, ((name, quantity.canonical(str(amounts[name]))) for name in sorted(amounts)), 2)
    for label in ("Liveness", "Readiness", "Startup"):
        if probe := container.get(f"{label.lower()}Probe"):
            writer.field(label, _probe(probe), 2)


def _status(writer: Writer, status: Object) -> None:
    _state(writer, "State", status.get("state") or {})
    if (status.get("lastState") or {}).get("terminated"):
        _state(writer, "Last State", status["lastState"])
    writer.field("Ready", "True" if status.get("ready") else "False", 2)
    writer.field("Restart Count", status.get("restartCount", 0), 2)


def _state(writer: Writer, label: str, state: Object) -> None:
    if state.get("running") is not None:
        writer.field(label, "Running", 2)
        writer.field("Started", long_time(state["running"].get("startedAt")), 3)
    elif (ended := state.get("terminated")) and state.get("waiting") is None:
        writer.field(label, "Terminated", 2)
        writer.given(ended, (("Reason", "reason"), ("Message", "message")), 3)
        writer.field("Exit Code", ended.get("exitCode", 0), 3)
        writer.field("Started", long_time(ended.get("startedAt")), 3)
        writer.field("Finished", long_time(ended.get("finishedAt")), 3)
    else:
        writer.field(label, "Waiting", 2)
        writer.given(state.get("waiting") or {}, (("Reason", "reason"),), 3)


def _probe(probe: Object) -> str:
    action = "unknown"
    if "exec" in probe:
        action = f"exec [{' '.join(probe['exec'].get('command') or ())}]"
    elif get := probe.get("httpGet"):
        host = f"{get.get('scheme', 'HTTP').lower()}://{get.get('host', '')}:{get['port']}"
        action = f"http-get {host}{get.get('path', '')}"
    elif "tcpSocket" in probe:
        action = f"tcp-socket {probe['tcpSocket'].get('host', '')}:{probe['tcpSocket']['port']}"
    return (
        f"{action} delay={probe.get('initialDelaySeconds', 0)}s timeout={probe.get('timeoutSeconds', 1)}s "
        f"period={probe.get('periodSeconds', 10)}s #success={probe.get('successThreshold', 1)} "
        f"#failure={probe.get('failureThreshold', 3)}"
    )


def _environment(writer: Writer, container: Object, resolve: Resolve) -> None:
    if sources := container.get("envFrom"):
        writer.line("Environment Variables from:", 2)
        for source in sources:
            kind = "ConfigMap" if source.get("configMapRef") else "Secret"
            reference = source.get("configMapRef") or source.get("secretRef") or {}
            prefix = f" with prefix '{source['prefix']}'" if source.get("prefix") else ""
            writer.line(f"{reference.get('name', '')}\t{kind}{prefix}\tOptional: {_optional(reference)}", 3)
    variables = container.get("env")
    writer.line("Environment:" if variables else f"Environment:\t{NONE}", 2)
    for variable in variables or ():
        source = variable.get("valueFrom")
        value = _value_from(source, container, resolve) if source else variable.get("value", "")
        writer.field(variable["name"], value.replace("\n", f"\n{' ' * 6}\t"), 3)


def _value_from(source: Object, container: Object, resolve: Resolve) -> str:
    amount = source.get("resourceFieldRef")
    field, secret, config = source.get("fieldRef"), source.get("secretKeyRef"), source.get("configMapKeyRef")
    if field:
        return f"{resolve(field['fieldPath'])} ({field.get('apiVersion', 'v1')}:{field['fieldPath']})"
    if secret:
        return f"<set to the key '{secret['key']}' in secret '{secret['name']}'>\tOptional: {_optional(secret)}"
    if config:
        return f"<set to the key '{config['key']}' of config map '{config['name']}'>\tOptional: {_optional(config)}"
    return _amount(amount, container) if amount else ""


def _amount(reference: Object, container: Object) -> str:
    value = quantity.of_field(container.get("resources") or {}, reference)
    is_free = value == "0" and reference["resource"] in ("limits.cpu", "limits.memory")
    return f"{'node allocatable' if is_free else value} ({reference['resource']})"


def _optional(reference: Object) -> str:
    return "true" if reference.get("optional") else "false"


# Each source with kubectl's words for it, and the fields that are shown: label, key, and what stands for none.
_VOLUMES: Object = load_table(__file__, "volumes.json")
_SOURCES, _PROJECTIONS = _VOLUMES["sources"], _VOLUMES["projections"]


@block
def _volumes(writer: Writer, volumes: Sequence[Object] | None, indent: str = "") -> None:
    """One entry a volume; `indent` comes before everything in a Pod template."""
    writer.line(f"{indent}Volumes:" if volumes else f"{indent}Volumes:\t{NONE}")
    for volume in volumes or ():
        writer.line(f"{indent[:1]}{volume['name']}:", 1)
        source = next((name for name in _SOURCES if volume.get(name) is not None), None)
        if source is None:
            writer.line("<unknown>", 1)
            continue
        words, fields = _SOURCES[source]
        writer.field("Type", words, 2)
        parts = [(fields, volume[source])]
        for projection in volume[source].get("sources") or () if source == "projected" else ():
            parts += [(_PROJECTIONS.get(name, ()), projection[name]) for name in projection]
        for fields, values in parts:
            for label, key, default in fields:
                value = values.get(key, default)
                writer.field(label, str(value).lower() if isinstance(value, bool) else value, 2)
