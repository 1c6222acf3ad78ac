"""Containers in the descriptions of Pods and Pod templates.

Mirrors describeContainers in k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from kubesim.api.humanize import NONE, long_time
from kubesim.api.objects import Object, at
from kubesim.kubectl.describers.common import Items, amounts, capital_switch, number, optional, row, section, switch

_PLAIN_FIELDS = ("metadata.name", "metadata.namespace", "metadata.uid")


def container_lines(container: Object, pod: Object | None = None, status: Object | None = None) -> Iterator[str]:
    """The lines below a container's name. In a Pod template, there is neither a Pod nor a status."""
    if status is not None:
        yield row("    Container ID", status.get("containerID"))
    yield row("    Image", container.get("image"))
    if status is not None:
        yield row("    Image ID", status.get("imageID"))
    yield from _ports(container.get("ports"))
    yield from _words(container)
    if status is not None:
        yield from _status(status)
    yield from section("    Limits", amounts(at(container, "resources.limits"), "      "))
    yield from section("    Requests", amounts(at(container, "resources.requests"), "      "))
    yield from optional("    Liveness", container.get("livenessProbe"), _probe)
    yield from optional("    Readiness", container.get("readinessProbe"), _probe)
    yield from optional("    Startup", container.get("startupProbe"), _probe)
    yield from section("    Environment Variables from", map(_env_source, container.get("envFrom") or ()))
    yield from _environment(container, pod)
    yield from _mounts(container.get("volumeMounts"))


def _ports(ports: Items) -> Iterator[str]:
    ports = ports or ()
    plural = "s" if len(ports) > 1 else ""
    for label, key in (("Port", "containerPort"), ("Host Port", "hostPort")):
        texts = []
        for port in ports:
            name = f" ({port['name']})" if port.get("name") else ""
            texts.append(f"{port.get(key, 0)}/{port.get('protocol', 'TCP')}{name}")
        yield f"    {label}{plural}:\t{', '.join(texts) or NONE}"


def _words(container: Object) -> Iterator[str]:
    """The sections Command and Args, a line for each word."""
    for label in ("Command", "Args"):
        words = container.get(label.lower())
        if words:
            yield f"    {label}:"
            for line in "\n".join(words).split("\n"):
                yield f"      {line}"


def _status(status: Object) -> Iterator[str]:
    yield row("    State", _state(status.get("state")))
    yield from _state_lines(status.get("state"))
    yield from optional("    Last State", status.get("lastState"), _state)
    yield from _state_lines(status.get("lastState"))
    yield row("    Ready", capital_switch(status.get("ready")))
    yield row("    Restart Count", number(status.get("restartCount")))


def _state(state: Object | None) -> str:
    """The name of a container's state, "Waiting" for none."""
    for name in ("running", "terminated"):
        if at(state, name) is not None:
            return name.capitalize()
    return "Waiting"


def _state_lines(state: Object | None) -> Iterator[str]:
    running = at(state, "running")
    terminated = at(state, "terminated")
    waiting = at(state, "waiting")
    if running is not None:
        yield row("      Started", long_time(running.get("startedAt")))
    if terminated is not None:
        yield from optional("      Reason", terminated.get("reason"))
        yield from optional("      Message", terminated.get("message"))
        yield row("      Exit Code", number(terminated.get("exitCode")))
        yield row("      Started", long_time(terminated.get("startedAt")))
        yield row("      Finished", long_time(terminated.get("finishedAt")))
    if waiting is not None:
        yield from optional("      Reason", waiting.get("reason"))


def _probe(probe: Object) -> str:
    """A probe in a line: its action, then its times and thresholds."""
    action = "unknown"
    if "exec" in probe:
        action = f"exec [{' '.join(probe['exec'].get('command') or ())}]"
    elif get := probe.get("httpGet"):
        host = f"{get.get('scheme', 'HTTP').lower()}://{get.get('host', '')}:{get['port']}"
        path = quote(get.get("path", ""), "$&+,/:;=@", errors="replace")  # as Go's url.URL writes it
        action = f"http-get {host}/{path.removeprefix('/')}"
    elif "tcpSocket" in probe:
        action = f"tcp-socket {probe['tcpSocket'].get('host', '')}:{probe['tcpSocket']['port']}"
    elif grpc := probe.get("grpc"):
        action = f"grpc <pod>:{grpc['port']} {grpc.get('service', '')}"
    return (
        f"{action} delay={probe.get('initialDelaySeconds', 0)}s timeout={probe.get('timeoutSeconds', 1)}s "
        f"period={probe.get('periodSeconds', 10)}s #success={probe.get('successThreshold', 1)} "
        f"#failure={probe.get('failureThreshold', 3)}"
    )


def _env_source(source: Object) -> str:
    kind = "ConfigMap" if source.get("configMapRef") else "Secret"
    reference = source.get("configMapRef") or source.get("secretRef") or {}
    prefix = f" with prefix '{source['prefix']}'" if source.get("prefix") else ""
    return f"      {reference.get('name', '')}\t{kind}{prefix}\tOptional: {switch(reference.get('optional'))}"


def _environment(container: Object, pod: Object | None) -> Iterator[str]:
    variables = container.get("env")
    yield "    Environment:" if variables else f"    Environment:\t{NONE}"
    for variable in variables or ():
        source = variable.get("valueFrom")
        value = _value_from(source, pod) if source else variable.get("value", "")
        yield f"      {variable['name']}:\t" + value.replace("\n", "\n      \t")


def _value_from(source: Object, pod: Object | None) -> str:
    """The source of a variable's value in words, for a field of the Pod with the value itself."""
    if field := source.get("fieldRef"):
        path = field["fieldPath"]
        # Empty in a template, which has no Pod, and for paths that kubectl doesn't resolve: spec, status, one label.
        value = at(pod, path) if path in _PLAIN_FIELDS else None
        return f"{value or ''} ({field.get('apiVersion', 'v1')}:{path})"
    for kind, holder in (("secretKeyRef", "in secret"), ("configMapKeyRef", "of config map")):
        if reference := source.get(kind):
            key, name = reference["key"], reference["name"]
            return f"<set to the key '{key}' {holder} '{name}'>\tOptional: {switch(reference.get('optional'))}"
    return ""


def _mounts(mounts: Items) -> Iterator[str]:
    yield "    Mounts:" if mounts else f"    Mounts:\t{NONE}"
    for mount in sorted(mounts or (), key=lambda mount: str(mount["mountPath"])):
        access = "ro" if mount.get("readOnly") else "rw"
        path = f',path="{mount["subPath"]}"' if mount.get("subPath") else ""
        yield f"      {mount['mountPath']} from {mount['name']} ({access}{path})"
