"""What is shown of Pods and Pod templates: containers, volumes, conditions, tolerations.

Mirrors describePod, describeContainers and describeVolumes in k8s.io/kubectl pkg/describe/describe.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kubesim.api import quantity
from kubesim.api.clock import Micros
from kubesim.api.formats import shows
from kubesim.api.humanize import NONE, age
from kubesim.api.objects import Object, at
from kubesim.kubectl.describers.screens import part

_PLAIN_FIELDS = ("metadata.name", "metadata.namespace", "metadata.uid")


@shows
def _status(pod: Object, now: Micros) -> Iterator[str]:
    meta, phase = pod["metadata"], at(pod, "status.phase") or ""
    if not meta.get("deletionTimestamp") or phase in ("Failed", "Succeeded"):
        yield f"Status:\t{phase}"
    else:
        yield f"Status:\tTerminating (lasts {age(meta['deletionTimestamp'], now)})"
        yield f"Termination Grace Period:\t{meta.get('deletionGracePeriodSeconds', 0)}s"


@shows
def _controlled_by(owners: Sequence[Object] | None) -> str | None:
    controllers = (f"{owner['kind']}/{owner['name']}" for owner in owners or () if owner.get("controller"))
    return next(controllers, None)


@shows
def _containers(pod: Object) -> Iterator[str]:
    spec, status = pod["spec"], pod.get("status") or {}
    for label, field in (("Init ", "initContainers"), ("", "containers"), ("Ephemeral ", "ephemeralContainers")):
        if field == "containers" or spec.get(field):
            yield f"{label}Containers:"
        statuses = {item["name"]: item for item in status.get(f"{field.removesuffix('s')}Statuses") or ()}
        for container in spec.get(field) or ():
            yield f"  {container['name']}:"
            yield from part("container", {**container, "pod": pod, "status": statuses.get(container["name"])})


@shows
def _pod_conditions(conditions: Sequence[Object] | None) -> Iterator[str]:
    if conditions:
        yield from ("Conditions:", "  Type\tStatus", *(f"  {item['type']} \t{item['status']} " for item in conditions))


@shows
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


@shows
def _container_ports(ports: Sequence[Object] | None) -> Iterator[str]:
    ports = ports or ()
    names = [f" ({port['name']})" if port.get("name") else "" for port in ports]
    for label, key in (("Port", "containerPort"), ("Host Port", "hostPort")):
        numbers = [f"{port.get(key, 0)}/{port.get('protocol', 'TCP')}" for port in ports]
        text = ", ".join(f"{number}{name}" for number, name in zip(numbers, names, strict=True))
        plural = "s" if len(ports) > 1 else ""
        yield f"    {label}{plural}:\t{text or NONE}"


@shows
def _words(container: Object) -> Iterator[str]:
    for label in ("Command", "Args"):
        if words := container.get(label.lower()):
            yield from (f"    {label}:", *(f"      {line}" for line in "\n".join(words).split("\n")))


@shows
def _state(state: Object | None) -> str:
    """In which state a container is."""
    states = [name for name in ("running", "waiting", "terminated") if at(state, name) is not None]
    return states[0].capitalize() if states else "Waiting"


@shows
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


@shows
def _env_source(source: Object) -> Iterator[str]:
    kind = "ConfigMap" if source.get("configMapRef") else "Secret"
    reference = source.get("configMapRef") or source.get("secretRef") or {}
    prefix = f" with prefix '{source['prefix']}'" if source.get("prefix") else ""
    yield f"      {reference.get('name', '')}\t{kind}{prefix}\tOptional: {_optional(reference)}"


@shows
def _environment(container: Object) -> Iterator[str]:
    variables = container.get("env")
    yield "    Environment:" if variables else f"    Environment:\t{NONE}"
    for variable in variables or ():
        source = variable.get("valueFrom")
        value = _value_from(source, container) if source else variable.get("value", "")
        yield f"      {variable['name']}:\t" + value.replace("\n", "\n      \t")


def _value_from(source: Object, container: Object) -> str:
    amount = source.get("resourceFieldRef")
    secret, config = source.get("secretKeyRef"), source.get("configMapKeyRef")
    if field := source.get("fieldRef"):
        value = _field(container.get("pod"), field["fieldPath"])
        return f"{value} ({field.get('apiVersion', 'v1')}:{field['fieldPath']})"
    if secret:
        return f"<set to the key '{secret['key']}' in secret '{secret['name']}'>\tOptional: {_optional(secret)}"
    if config:
        return f"<set to the key '{config['key']}' of config map '{config['name']}'>\tOptional: {_optional(config)}"
    return _amount(amount, container) if amount else ""


def _field(pod: Object | None, path: str) -> str:
    """What a fieldRef gives; "" in a template, and where kubectl does not work it out (spec, status, one label)."""
    return str(at(pod, path) or "") if path in _PLAIN_FIELDS else ""


def _amount(reference: Object, container: Object) -> str:
    value = quantity.of_field(container.get("resources") or {}, reference)
    is_free = value == "0" and reference["resource"] in ("limits.cpu", "limits.memory")
    return f"{'node allocatable' if is_free else value} ({reference['resource']})"


def _optional(reference: Object) -> str:
    return "true" if reference.get("optional") else "false"


@shows
def _mounts(mounts: Sequence[Object] | None) -> Iterator[str]:
    yield "    Mounts:" if mounts else f"    Mounts:\t{NONE}"
    for mount in sorted(mounts or (), key=lambda mount: str(mount["mountPath"])):
        path = f',path="{mount["subPath"]}"' if mount.get("subPath") else ""
        yield f"      {mount['mountPath']} from {mount['name']} ({'ro' if mount.get('readOnly') else 'rw'}{path})"


@shows
def _downward_item(item: Object) -> Iterator[str]:
    path = at(item, "fieldRef.fieldPath") or at(item, "resourceFieldRef.resource")
    yield f"      {path} -> {item['path']}"
