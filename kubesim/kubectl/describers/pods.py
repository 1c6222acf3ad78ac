"""Formatters for Pods and Pod templates: containers, volumes, conditions, tolerations.

screens.json refers to them by their names without the leading underscore. Mirrors describePod, describeContainers and
describeVolumes in k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from kubesim.api import quantity
from kubesim.api.clock import Micros
from kubesim.api.formatters import formatter
from kubesim.api.humanize import NONE, age
from kubesim.api.objects import Object, at, find_named
from kubesim.kubectl.describers.screens import Items, part

_PLAIN_FIELDS = ("metadata.name", "metadata.namespace", "metadata.uid")


_CONTAINER_LISTS = {
    "Init Containers:": "initContainers",
    "Containers:": "containers",
    "Ephemeral Containers:": "ephemeralContainers",
}


@formatter
def _status(pod: Object, now: Micros) -> Iterator[str]:
    meta = pod["metadata"]
    phase = at(pod, "status.phase") or ""
    is_ending = meta.get("deletionTimestamp") and phase not in ("Failed", "Succeeded")
    if not is_ending:
        yield f"Status:\t{phase}"
        return
    yield f"Status:\tTerminating (lasts {age(meta['deletionTimestamp'], now)})"
    yield f"Termination Grace Period:\t{meta.get('deletionGracePeriodSeconds', 0)}s"


@formatter
def _controlled_by(owners: Items) -> str | None:
    for owner in owners or ():
        if owner.get("controller"):
            return f"{owner['kind']}/{owner['name']}"
    return None


@formatter
def _containers(pod: Object) -> Iterator[str]:
    """The part "container" of screens.json for each container, which gets the fields "pod" and "status" in addition."""
    for heading, field in _CONTAINER_LISTS.items():
        containers = pod["spec"].get(field) or ()
        if containers or field == "containers":
            yield heading
        statuses = at(pod, f"status.{field.removesuffix('s')}Statuses") or ()
        for container in containers:
            status = find_named(statuses, container["name"])
            yield f"  {container['name']}:"
            yield from part("container", {**container, "pod": pod, "status": status})


@formatter
def _pod_conditions(conditions: Items) -> Iterator[str]:
    if not conditions:
        return
    yield "Conditions:"
    yield "  Type\tStatus"
    for condition in conditions:
        yield f"  {condition['type']} \t{condition['status']} "


@formatter
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


@formatter
def _container_ports(ports: Items) -> Iterator[str]:
    ports = ports or ()
    plural = "s" if len(ports) > 1 else ""
    for label, key in (("Port", "containerPort"), ("Host Port", "hostPort")):
        texts = []
        for port in ports:
            name = f" ({port['name']})" if port.get("name") else ""
            texts.append(f"{port.get(key, 0)}/{port.get('protocol', 'TCP')}{name}")
        yield f"    {label}{plural}:\t{', '.join(texts) or NONE}"


@formatter
def _words(container: Object) -> Iterator[str]:
    """The sections Command and Args, a line for each word."""
    for label in ("Command", "Args"):
        words = container.get(label.lower())
        if words:
            yield f"    {label}:"
            for line in "\n".join(words).split("\n"):
                yield f"      {line}"


@formatter
def _state(state: Object | None) -> str:
    """The name of a container's state, "Waiting" for none."""
    for name in ("running", "terminated"):
        if at(state, name) is not None:
            return name.capitalize()
    return "Waiting"


@formatter
def _probe(probe: Object) -> str:
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


@formatter
def _env_source(source: Object) -> Iterator[str]:
    kind = "ConfigMap" if source.get("configMapRef") else "Secret"
    reference = source.get("configMapRef") or source.get("secretRef") or {}
    prefix = f" with prefix '{source['prefix']}'" if source.get("prefix") else ""
    yield f"      {reference.get('name', '')}\t{kind}{prefix}\tOptional: {_optional(reference)}"


@formatter
def _environment(container: Object) -> Iterator[str]:
    variables = container.get("env")
    yield "    Environment:" if variables else f"    Environment:\t{NONE}"
    for variable in variables or ():
        source = variable.get("valueFrom")
        value = _value_from(source, container) if source else variable.get("value", "")
        yield f"      {variable['name']}:\t" + value.replace("\n", "\n      \t")


def _value_from(source: Object, container: Object) -> str:
    if field := source.get("fieldRef"):
        path = field["fieldPath"]
        # Empty in a template, which has no Pod, and for paths that kubectl doesn't resolve: spec, status, one label.
        value = at(container.get("pod"), path) if path in _PLAIN_FIELDS else None
        return f"{value or ''} ({field.get('apiVersion', 'v1')}:{path})"
    for kind, holder in (("secretKeyRef", "in secret"), ("configMapKeyRef", "of config map")):
        if reference := source.get(kind):
            key, name = reference["key"], reference["name"]
            return f"<set to the key '{key}' {holder} '{name}'>\tOptional: {_optional(reference)}"
    if amount := source.get("resourceFieldRef"):
        return _amount(amount, container)
    return ""


def _amount(reference: Object, container: Object) -> str:
    value = quantity.of_field(container.get("resources") or {}, reference)
    if value == "0" and reference["resource"] in ("limits.cpu", "limits.memory"):
        value = "node allocatable"
    return f"{value} ({reference['resource']})"


def _optional(reference: Object) -> str:
    return "true" if reference.get("optional") else "false"


@formatter
def _mounts(mounts: Items) -> Iterator[str]:
    yield "    Mounts:" if mounts else f"    Mounts:\t{NONE}"
    for mount in sorted(mounts or (), key=lambda mount: str(mount["mountPath"])):
        access = "ro" if mount.get("readOnly") else "rw"
        path = f',path="{mount["subPath"]}"' if mount.get("subPath") else ""
        yield f"      {mount['mountPath']} from {mount['name']} ({access}{path})"


@formatter
def _downward_item(item: Object) -> Iterator[str]:
    path = at(item, "fieldRef.fieldPath") or at(item, "resourceFieldRef.resource")
    yield f"      {path} -> {item['path']}"
