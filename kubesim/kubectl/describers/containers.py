"""The containers of a Pod or Pod template.

Mirrors describeContainers in k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kubesim.api import quantity
from kubesim.api.humanize import NONE, long_time
from kubesim.api.objects import Object
from kubesim.kubectl.describers.writer import Writer

Resolve = Callable[[str], str]


def write_containers(
    writer: Writer,
    label: str,
    containers: Sequence[Object],
    statuses: Sequence[Object] | None = None,
    resolve: Resolve = lambda path: "",
    indent: str = "",
) -> None:
    """One entry a container.

    `resolve` gives the value of a fieldRef's path; `indent` is what stands before everything in a Pod template.
    """
    by_name = {status["name"]: status for status in statuses or ()}
    writer.line(f"{indent}{label}:{'' if containers else f' {NONE}'}")
    for container in containers:
        status = by_name.get(container["name"])
        writer.line(f"{indent[:1]}{container['name']}:", 1)
        _basics(writer, container, status)
        _words(writer, "Command", container.get("command"))
        _words(writer, "Args", container.get("args"))
        if status is not None:
            _status(writer, status)
        _resources(writer, container.get("resources") or {})
        _probes(writer, container)
        _environment_sources(writer, container.get("envFrom"))
        _environment(writer, container, resolve)
        _mounts(writer, container.get("volumeMounts"))


def _basics(writer: Writer, container: Object, status: Object | None) -> None:
    if status is not None:
        writer.field("Container ID", status.get("containerID", ""), 2)
    writer.field("Image", container.get("image", ""), 2)
    if status is not None:
        writer.field("Image ID", status.get("imageID", ""), 2)
    ports = container.get("ports") or ()
    for label, key in (("Port", "containerPort"), ("Host Port", "hostPort")):
        text = ", ".join(f"{port.get(key, 0)}/{port.get('protocol', 'TCP')}" for port in ports)
        writer.field(label + "s" * (len(ports) > 1), text or NONE, 2)


def _words(writer: Writer, label: str, words: Sequence[str] | None) -> None:
    if not words:
        return
    writer.line(f"{label}:", 2)
    for word in words:
        for line in word.split("\n"):
            writer.line(line, 3)


def _status(writer: Writer, status: Object) -> None:
    _state(writer, "State", status.get("state") or {})
    last = status.get("lastState") or {}
    if last.get("terminated"):
        _state(writer, "Last State", last)
    writer.field("Ready", "True" if status.get("ready") else "False", 2)
    writer.field("Restart Count", status.get("restartCount", 0), 2)


def _state(writer: Writer, label: str, state: Object) -> None:
    if state.get("running") is not None:
        writer.field(label, "Running", 2)
        writer.field("Started", long_time(state["running"].get("startedAt")), 3)
    elif state.get("terminated") and state.get("waiting") is None:
        writer.field(label, "Terminated", 2)
        _terminated(writer, state["terminated"])
    else:
        writer.field(label, "Waiting", 2)
        writer.given(state.get("waiting") or {}, (("Reason", "reason"),), 3)


def _terminated(writer: Writer, state: Object) -> None:
    writer.given(state, (("Reason", "reason"), ("Message", "message")), 3)
    writer.field("Exit Code", state.get("exitCode", 0), 3)
    writer.field("Started", long_time(state.get("startedAt")), 3)
    writer.field("Finished", long_time(state.get("finishedAt")), 3)


def _resources(writer: Writer, resources: Object) -> None:
    for label in ("Limits", "Requests"):
        amounts: Object = resources.get(label.lower()) or {}
        if amounts:
            shown = [(name, quantity.canonical(str(text))) for name, text in sorted(amounts.items())]
            writer.section(label, shown, 2)


def _probes(writer: Writer, container: Object) -> None:
    for label in ("Liveness", "Readiness", "Startup"):
        probe = container.get(f"{label.lower()}Probe")
        if probe:
            writer.field(label, f"{_probe_action(probe)} {_probe_timing(probe)}", 2)


def _probe_timing(probe: Object) -> str:
    return (
        f"delay={probe.get('initialDelaySeconds', 0)}s timeout={probe.get('timeoutSeconds', 1)}s "
        f"period={probe.get('periodSeconds', 10)}s #success={probe.get('successThreshold', 1)} "
        f"#failure={probe.get('failureThreshold', 3)}"
    )


def _probe_action(probe: Object) -> str:
    if probe.get("exec") is not None:
        return f"exec [{' '.join(probe['exec'].get('command') or ())}]"
    if probe.get("httpGet") is not None:
        get = probe["httpGet"]
        host = f"{get.get('scheme', 'HTTP').lower()}://{get.get('host', '')}:{get['port']}"
        return f"http-get {host}{get.get('path', '')}"
    if probe.get("tcpSocket") is not None:
        return f"tcp-socket {probe['tcpSocket'].get('host', '')}:{probe['tcpSocket']['port']}"
    return "unknown"


def _environment_sources(writer: Writer, sources: Sequence[Object] | None) -> None:
    if not sources:
        return
    writer.line("Environment Variables from:", 2)
    for source in sources:
        kind = "ConfigMap" if source.get("configMapRef") else "Secret"
        reference = source.get("configMapRef") or source.get("secretRef") or {}
        prefix = f" with prefix '{source['prefix']}'" if source.get("prefix") else ""
        writer.line(f"{reference.get('name', '')}\t{kind}{prefix}\tOptional: {_optional(reference)}", 3)


def _environment(writer: Writer, container: Object, resolve: Resolve) -> None:
    variables = container.get("env")
    writer.line("Environment:" if variables else f"Environment:\t{NONE}", 2)
    for variable in variables or ():
        if variable.get("valueFrom"):
            writer.field(variable["name"], _value_from(variable["valueFrom"], container, resolve), 3)
            continue
        first, *others = variable.get("value", "").split("\n")
        writer.field(variable["name"], first, 3)
        for line in others:
            writer.line(f"\t{line}", 3)


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


def _mounts(writer: Writer, mounts: Sequence[Object] | None) -> None:
    writer.line("Mounts:" if mounts else f"Mounts:\t{NONE}", 2)
    for mount in sorted(mounts or (), key=lambda mount: str(mount["mountPath"])):
        flags = "ro" if mount.get("readOnly") else "rw"
        if mount.get("subPath"):
            flags += f',path="{mount["subPath"]}"'
        writer.line(f"{mount['mountPath']} from {mount['name']} ({flags})", 3)
